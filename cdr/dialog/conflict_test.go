package dialog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"calltrail/decode/sip"
)

// shown is what a call keeps of conflicting header fields.
func shown(c *Call) string {
	var list []string
	for id := range sip.HeaderIDs {
		if values := c.Text.Conflicting(sip.HeaderID(id)); values != nil {
			list = append(list, fmt.Sprintf("%s: %q", sip.HeaderID(id), values))
		}
	}
	return strings.Join(list, "; ")
}

// mostConflicts are as many values as a call keeps, and as long.
func mostConflicts() *conflicts {
	all := new(conflicts)
	for i := range all {
		all[i] = slices.Repeat([][]byte{[]byte(strings.Repeat("c", maxConflictingTexts/maxConflicting))}, maxConflicting)
	}
	return all
}

// All values are kept in the order of the message, long and compact forms alike, without the secrets of their URIs; of an
// ordinary message nothing.
func TestConflicting(t *testing.T) {
	const invite = "0.000 A>B INVITE"
	first := parse(t, &readSteps(t, "message", invite)[0]).SIP
	value := func(id sip.HeaderID) string { return string(first.Value(id)) }
	for _, c := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"none", nil, ""},
		{"a field that may be there twice", []string{"Contact: <sip:x@example.com>"}, ""},
		{"Call-ID", []string{"i: abc:def@example.com", "CALL-id: abc:def@example.com"}, fmt.Sprintf("Call-ID: [%q %q %q]", value(sip.HeaderCallID), "abc:def@example.com", "abc:def@example.com")},
		{"From and To", []string{"f: <sip:x:secret@example.com>;tag=2", "t : tel:+12025550100,,1234#"}, fmt.Sprintf("From: [%q %q]; To: [%q %q]",
			value(sip.HeaderFrom), "<sip:x:***@example.com>;tag=2", value(sip.HeaderTo), "tel:+12025550100,***")},
		{"CSeq", []string{"CSeq: 4711 BYE", "CSeq:", "cseq: sip:x:secret@example.com"}, `CSeq: ["1 INVITE" "4711 BYE" "sip:x:***@example.com"]`},
		{"Content-Length", []string{"l: 3", "Content-Length: -1"}, `Content-Length: ["3" "-1" "0"]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := emptyTable()
			table.Handle(withHeaders(t, invite, c.headers...))
			call := table.calls["c1@example.com"][0]
			if got := shown(call); got != c.want || call.Text.full {
				t.Errorf("got  %s\nwant %s, full %t", got, c.want, call.Text.full)
			}
			// What comes later with the same fault says nothing new, and a restart forgets nothing.
			table.Handle(withHeaders(t, "1.000 B>A 180 INVITE ttag=9", "i: later@example.com", "f: <sip:later@example.com>", "t: <sip:later@example.com>",
				"CSeq: 9 BYE", "l: 9"))
			for want := range strings.SplitSeq(c.want, "; ") {
				if !strings.Contains(shown(call), want) {
					t.Errorf("after the answer %s", shown(call))
				}
			}
			again := restore(t, emptyTable(), snapshotOf(t, table), epoch+2e9)
			if shown(again) != shown(call) || shown(call) == "" || again.Anomalies != call.Anomalies {
				t.Errorf("after a restart %s\nbefore it %s", shown(again), shown(call))
			}
		})
	}
}

// A call that an answer was ambiguous in has the answer's values, and is saved with them.
func TestConflictingAnswer(t *testing.T) {
	table := emptyTable()
	handle(t, table, "0.000 A>B INVITE")
	handle(t, table, "0.100 B>A 180 INVITE ttag=9")
	handle(t, table, "0.110 A>B INFO branch=i cseq=2 ttag=9")
	var saved []byte
	table.Save, table.Gone = func(c *Call) { saved, _ = c.AppendSnapshot(nil) }, func(Key) {}
	table.Handle(withHeaders(t, "0.120 B>A 200 INFO branch=i cseq=2 ttag=9", "l: 7"))
	if saved == nil {
		t.Fatal("not saved")
	}
	if got := shown(restore(t, emptyTable(), saved, epoch+1e9)); got != `Content-Length: ["7" "0"]` {
		t.Errorf("got %s", got)
	}
}

// The legs of a forked call share their INVITE's values, and what one of them sees later is its own.
func TestConflictingFork(t *testing.T) {
	table := emptyTable()
	table.Handle(withHeaders(t, "0.000 A>B INVITE", "l: 3"))
	handle(t, table, "1.000 B>A 200 INVITE ttag=9")
	handle(t, table, "1.010 B>A 200 INVITE ttag=8")
	table.Handle(withHeaders(t, "2.000 A>B BYE branch=z cseq=2 ttag=8", "t: <sip:x@example.com>"))
	legs := table.calls["c1@example.com"]
	const shared = `Content-Length: ["3" "0"]`
	if len(legs) != 2 || shown(legs[0]) != shared || !strings.HasPrefix(shown(legs[1]), "To: ") || !strings.HasSuffix(shown(legs[1]), shared) ||
		legs[0].Anomalies&sip.Duplicates != sip.DuplicateLength || legs[1].Anomalies != sip.DuplicateLength|sip.DuplicateTo {
		for _, leg := range legs {
			t.Errorf("%v: %s", leg.Anomalies, shown(leg))
		}
	}
}

// However many and long, they stay within their bound, and push out nothing else.
func TestConflictingIsBounded(t *testing.T) {
	long := strings.Repeat("x", sip.MaxValue-20)
	for _, c := range []struct {
		name, header string
		want         int // values
	}{
		{"many", "f: <sip:x@example.com>", maxConflicting},
		{"long", "f: <sip:" + long + "@h>", 2}, // of 1 KiB, with the call's own short one
		{"longer by the redactor's marks", "f: <sip:" + long[:990] + ":@h>;tag=y;pn-a=;pn-b=;pn-c=", 2},
	} {
		table := emptyTable()
		table.Handle(withHeaders(t, "0.000 A>B INVITE contact=A", append(slices.Repeat([]string{c.header}, 40), "P-Asserted-Identity: <sip:kept@example.com>")...))
		call := table.calls["c1@example.com"][0]
		size := 0
		for _, v := range call.Text.Conflicting(sip.HeaderFrom) {
			size += len(v)
			if len(v) > sip.MaxValue {
				t.Errorf("%s: a value of %d octets", c.name, len(v))
			}
		}
		if n := len(call.Text.Conflicting(sip.HeaderFrom)); n != c.want || size > maxConflictingTexts || !call.Text.full {
			t.Errorf("%s: %d values, want %d, of %d octets, full %t", c.name, n, c.want, size, call.Text.full)
		}
		if !call.Text.has(From) || !call.Text.has(Contact) || !call.Text.has(PAssertedIdentity) {
			t.Errorf("%s: the call's own values were pushed out", c.name)
		}
	}
}

// A damaged snapshot brings no more than a message could.
func TestConflictingRefused(t *testing.T) {
	value := func(n int) []byte { return []byte(strings.Repeat("v", n)) }
	for name, lists := range map[string][][][]byte{
		"more fields":     make([][][]byte, len(conflicting)+1),
		"more values":     {slices.Repeat([][]byte{value(1)}, maxConflicting+1)},
		"a longer value":  {{value(sip.MaxValue + 1)}},
		"more octets":     {{value(sip.MaxValue), value(sip.MaxValue), value(1)}},
		"an empty value":  {{nil}},
		"in a later list": {nil, nil, nil, nil, {value(sip.MaxValue + 1)}},
	} {
		body := damagedMore(t, func(_ *snapshotHead, _ *callState, m *callMore) { m.Conflicts = lists })
		if _, err := emptyTable().Restore(body, epoch); err == nil || !strings.Contains(err.Error(), "values of a header field") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
