package reassembly

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
	"calltrail/decode/sip"
)

func TestFraming(t *testing.T) {
	const line = "MESSAGE sip:b SIP/2.0\r\n"
	for _, c := range []struct {
		name        string
		in          string
		want        outcome
		head, total int
		fault       lengthFault
	}{
		{"nothing", "", wanting, 0, 0, 0},
		{"a part of the start line", line[:7], wanting, 0, 0, 0},
		{"of a status line", "SIP/", wanting, 0, 0, 0},
		{"no start line", "Via: x\r\n", noise, 0, 0, 0},
		{"a start line of HTTP", "GET / HTTP/1.1\r\n", noise, 0, 0, 0},
		{"a version without a status: the end of a line that was split", "SIP/2.0\r\n", noise, 0, 0, 0},
		{"a version without a URI: likewise", "example.com SIP/2.0\r\n", noise, 0, 0, 0},
		{"a line that does not end", strings.Repeat("A", 64) + " " + strings.Repeat("b", 4096), noise, 0, 0, 0},
		{"a head that goes on", line + "l: 3\r\n", wanting, 0, 0, 0},
		{"and ends with half a line end", line + "l: 3\r\n\r", wanting, 0, 0, 0},
		{"Content-Length (RFC 3261 section 20.14)", line + "Content-Length: 3\r\n\r\nabc+", framed, 44, 47, 0},
		{"its short form", line + "l: 3\r\n\r\nabc", framed, 31, 34, 0},
		{"in any letter case, with white space, folded", line + "CONTENT-length \t:\r\n  3 \r\n\r\nab", wanting, 50, 53, 0},
		{"bare line feeds", "BYE sip:b SIP/2.0\nL:1\n\nx", framed, 23, 24, 0},
		{"a header field of which the name only begins alike", line + "Language: 5\r\nContent-Lengths: 4\r\n\r\n", framed, 58, 58, lengthMissing},
		{"none", line + "\r\nabc", framed, 25, 25, lengthMissing},
		{"negative", line + "l: -5\r\n\r\nabc", framed, 32, 32, lengthInvalid},
		{"empty", line + "l:\r\n\r\nabc", framed, 29, 29, lengthInvalid},
		{"a number and something", line + "l: 5 6\r\n\r\nabc", framed, 33, 33, lengthInvalid},
		{"2^31", line + "l: 2147483648\r\n\r\nabc", framed, 40, 40, lengthTooLong},
		{"more digits than any integer has", line + "l: " + strings.Repeat("9", 99) + "\r\n\r\n", framed, 129, 129, lengthTooLong},
		{"leading zeros", line + "l: 0000000000000000000000003\r\n\r\nabc", framed, 55, 58, 0},
		{"the longest message", line + "l: 65504\r\n\r\n", wanting, 35, 65535, 0},
		{"several, the same", line + "l: 3\r\nContent-Length: 3\r\n\r\nabc", framed, 50, 53, 0},
		{"several, different: the first one counts", line + "Content-Length: 1\r\nl: 3\r\n\r\nabc", framed, 50, 51, lengthsDiffer},
		{"several, the first one no number", line + "l: x\r\nl: 3\r\n\r\nabc", framed, 37, 40, lengthsDiffer},
		{"a head without end", line + strings.Repeat("x: y\r\n", sip.MaxMessage/6), endless, 0, 0, 0},
	} {
		if c.name == "the longest message" {
			c.in = line + fmt.Sprintf("l: %d\r\n\r\n", sip.MaxMessage-len(line)-12)
			c.total = sip.MaxMessage
		}
		var f framing
		if got := f.look([]byte(c.in)); got != c.want || f.head != c.head || f.total != c.total || f.fault != c.fault {
			t.Errorf("%s: %d, head %d, total %d, fault %b; want %d, %d, %d, %b", c.name, got, f.head, f.total, f.fault, c.want, c.head, c.total, c.fault)
		}
	}
	over := line + fmt.Sprintf("l: %d\r\n\r\n", sip.MaxMessage-len(line)-12+1)
	var f framing
	if f.look([]byte(over)) != framed || f.fault != lengthTooLong {
		t.Error("one octet more than the longest message is not too long")
	}
}

// What a method of which the first octets are missing looks like must not be taken for one.
func TestBegins(t *testing.T) {
	for _, c := range []struct {
		tail, p string
		want    bool
	}{
		{"v=0", "INVITE sip:b SIP/2.0\r\n", true},
		{"what ", "SIP/2.0 200 OK\r\n", true},
		{"INV", "ITE sip:b SIP/2.0\r\n", false},
		{"PR", "ACK sip:b SIP/2.0\r\n", false},
		{"INVITE ", "sip:b SIP/2.0\r\n", false},
		{"INVITE sip:b ", "SIP/2.0\r\n", false},
		{strings.Repeat("x", 4000), "BYE sip:b SIP/2.0\r\n", true},
	} {
		if got := begins([]byte(c.tail), []byte(c.p)); got != c.want {
			t.Errorf("%q then %q: %t", c.tail, c.p, got)
		}
	}
}

// Whatever the octets are: looked at one by one, or all at once, they come to the same, within bounds.
func FuzzFraming(f *testing.F) {
	for _, seed := range []string{
		inviteOf("one", 50), answer200("two"), "SIP/2.0 200 OK\nl\n : 5\n\n", "INVITE sip:b SIP/2.0\r\nl: 99999999999\r\n\r\n", "\r\n\r\n",
	} {
		f.Add([]byte(seed), uint16(7))
	}
	f.Fuzz(func(t *testing.T, b []byte, step uint16) {
		b = b[:min(len(b), sip.MaxMessage)]
		var at, by framing
		want := at.look(b)
		fuzzbound.Check(t, len(b), func() { new(framing).look(b) })
		if want == framed && (at.head > at.total || at.total > len(b) || at.head == 0 || headerEnds(b) != at.head) {
			t.Fatalf("head %d, total %d of %d", at.head, at.total, len(b))
		}
		for n := 0; ; n = min(len(b), n+1+int(step)) {
			switch got := by.look(b[:n:n]); {
			case got == wanting && n < len(b):
				continue
			case got != want || by.total != at.total || by.fault != at.fault:
				t.Fatalf("%d after %d octets, %d at once: %+v %+v", got, n, want, by, at)
			}
			break
		}
	})
}

// headerEnds finds the end of a head the simple way.
func headerEnds(b []byte) int {
	end := 0
	for {
		line, rest, ok := bytes.Cut(b[end:], []byte{'\n'})
		if !ok {
			return 0
		}
		end = len(b) - len(rest)
		if len(bytes.TrimSuffix(line, []byte{'\r'})) == 0 {
			return end
		}
	}
}
