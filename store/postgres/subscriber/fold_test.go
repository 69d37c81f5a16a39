package subscriber

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Events of one session and address, as "S10" for a Start at second 10, "I" an Interim-Update, "E" a Stop, with "/5" the seconds
// that it had been open; and the rows they make, "10-30" or "10-" with "?" when the beginning was not seen, "!" for one that
// supersedes, and the last time it was heard of when it is open.
func TestFold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stored, events, want string }{
		{"", "S10 E30", "10-30"},
		{"", "E30 S10", "10-30"}, // in the order of time, not of the file
		{"", "S10 I20", "10- heard 20"},
		{"", "S10 S10 S12 E30 E30 E32", "10-30"},
		{"", "S10 S20", "10- heard 10, 20- heard 20"}, // the number again: the first has lost its end
		{"", "S10 S20 E30", "10- heard 10, 20-30"},
		{"", "S10 E30 S40 E50", "10-30, 40-50"},
		{"", "E30/20", "10-30"},
		{"", "I30/20", "10- heard 30"},
		{"", "I30 I40", "30-? heard 40"},
		{"", "I30 E40", "30-40?"},
		{"", "E30", "wrong 1"},
		{"", "E30 S40", "wrong 1, 40- heard 40"},
		{"", "S10 E10", "10-11"},
		{"10-", "E30", "10-30!"},
		{"10-", "S10 I10", ""},
		{"10-", "I20", ""}, // alive is kept hourly
		{"10-", "I20 I3609", ""},
		{"10-", "I20 I3610", "10-! heard 3610"},
		{"10-30", "S10 I20 E30", ""},
		{"10-30", "S13", ""},    // within what is known
		{"10-30", "E25/15", ""}, // another Stop says that it went on
		{"10-30", "S30", "30- heard 30"},
		{"10-30", "E40/5", "35-40"},
		{"20-?", "S10", "10-! heard 20"}, // the Start came late
		{"20-30?", "S10", "10-30!"},
		{"20-", "S10", "10- heard 10"}, // another: this one's Start was seen
		{"10-30, 40-", "E50", "40-50!"},
	} {
		var got []string
		var stored []assignment
		for text := range strings.SplitSeq(c.stored, ", ") {
			if text == "" {
				continue
			}
			text, unseen := strings.CutSuffix(text, "?")
			var from, until int
			n, _ := fmt.Sscanf(text, "%d-%d", &from, &until)
			a := assignment{from: second(from), startSeen: !unseen, lastSeen: second(from)}
			if n == 2 {
				a.until, a.lastSeen = second(until), second(until)
			}
			a.identify()
			stored = append(stored, a)
		}
		var events []*event
		for i, text := range strings.Fields(c.events) {
			at, elapsed := 0, -1
			_, _ = fmt.Sscanf(text[1:], "%d/%d", &at, &elapsed) // without the second number it stays -1
			e := event{kind: map[byte]eventKind{'S': start, 'I': interim, 'E': stop}[text[0]], at: second(at), elapsed: time.Duration(elapsed) * time.Second}
			e.address, e.line = netip.MustParsePrefix("198.51.100.1/32"), i+1
			events = append(events, &e)
		}
		list := fold(stored, events, func(line int, _ string) { got = append(got, fmt.Sprint("wrong ", line)) })
		for _, a := range list {
			s := fmt.Sprintf("%d-", a.from.Unix()-second(0).Unix())
			if !a.open() {
				s += fmt.Sprint(a.until.Unix() - second(0).Unix())
			}
			if !a.startSeen {
				s += "?"
			}
			if a.supersedes != [16]byte{} {
				s += "!"
			}
			if a.open() {
				s += fmt.Sprint(" heard ", a.lastSeen.Unix()-second(0).Unix())
			}
			got = append(got, s)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%q and %s: got %q, want %q", c.stored, c.events, text, c.want)
		}
	}
}

func second(n int) time.Time { return time.Unix(1779962400+int64(n), 0).UTC() }
