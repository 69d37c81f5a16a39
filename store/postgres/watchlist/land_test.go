package watchlist

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/record"
)

// full is a call that has something in every place that is compared.
func full(n int) record.Call {
	c := sample(n)
	c.Asserted = &record.Asserted{Raw: `"A <sip:no@display.name>" <sip:Boss@PBX.example;user=phone>;x=<y>`, Header: "pai", E164: "+4420794600" + fmt.Sprintf("%02d", n)}
	c.Connected = &record.Connected{Raw: "<sip:desk@example.org>", E164: "+4930123400" + fmt.Sprintf("%02d", n)}
	c.Redirects = []record.Redirect{{Raw: "<sip:x@y>", Source: "diversion", E164: "+33140000" + fmt.Sprintf("%03d", n)}, {Raw: "<sip:z@y>", Source: "diversion"}}
	return c
}

// What an entry finds in a call that has just landed, and what it does not find by a hair. The same entries, added after
// the call and searched for, find the same.
func TestLandingAndNearMisses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		entry Entry
		want  string // roles of the hits
	}{
		{Entry{Kind: Number, Value: "+911204100007"}, "caller"},
		{Entry{Kind: Number, Value: "+911126000007"}, "callee"},
		{Entry{Kind: Number, Value: "+442079460007"}, "asserted"},
		{Entry{Kind: Number, Value: "+493012340007"}, "connected"},
		{Entry{Kind: Number, Value: "+33140000007"}, "diverted"},
		{Entry{Kind: Number, Value: "+911204100008"}, ""},
		{Entry{Kind: Number, Value: "+9112041000070"}, ""},
		{Entry{Kind: Number, Value: "+91120410000"}, ""}, // the first digits, but not as a prefix
		{Entry{Kind: NumberPrefix, Value: "+91120410000"}, "caller"},
		{Entry{Kind: NumberPrefix, Value: "+911204100007"}, "caller"},
		{Entry{Kind: NumberPrefix, Value: "+91120411"}, ""},
		{Entry{Kind: NumberPrefix, Value: "+9112041000070"}, ""},
		{Entry{Kind: NumberPrefix, Value: "+91"}, "callee caller"},
		{Entry{Kind: NumberPrefix, Value: "+331"}, "diverted"},
		{Entry{Kind: NumberPrefix, Value: "+9"}, "callee caller"},
		{Entry{Kind: Address, Value: "203.0.113.7"}, "caller_signalling contact"},
		{Entry{Kind: Address, Value: "203.0.113.8"}, ""},
		{Entry{Kind: Address, Value: "198.51.100.10"}, "callee_signalling"},
		{Entry{Kind: Prefix, Value: "203.0.113.0/29"}, "caller_signalling contact"},
		{Entry{Kind: Prefix, Value: "203.0.113.8/29"}, ""},
		{Entry{Kind: Prefix, Value: "203.0.113.7/32"}, "caller_signalling contact"},
		{Entry{Kind: Prefix, Value: "203.0.113.6/31"}, "caller_signalling contact"},
		{Entry{Kind: Prefix, Value: "203.0.112.0/24"}, ""},
		{Entry{Kind: Prefix, Value: "cb00:7107::/32"}, ""}, // the same bits in IPv6
		{Entry{Kind: SIPURI, Value: "sip:+911204100007@example.net"}, "caller"},
		{Entry{Kind: SIPURI, Value: "+911126000007@EXAMPLE.org:5060"}, "callee request_uri"},
		{Entry{Kind: SIPURI, Value: "Boss@pbx.example"}, "asserted"},
		{Entry{Kind: SIPURI, Value: "boss@pbx.example"}, ""}, // a user's case counts (RFC 3261 section 19.1.4)
		{Entry{Kind: SIPURI, Value: "no@display.name"}, ""},
		{Entry{Kind: SIPURI, Value: "desk@example.org"}, "connected"},
		{Entry{Kind: SIPURI, Value: "anna@203.0.113.7"}, "sip_contact"},
		{Entry{Kind: SIPURI, Value: "anna@203.0.113.70"}, ""},
		{Entry{Kind: UserAgent, Value: "example/1.0"}, "caller_agent"},
		{Entry{Kind: UserAgent, Value: "example/1"}, ""},
		{Entry{Kind: UserAgent, Value: "*ample/*"}, "caller_agent"},
		{Entry{Kind: UserAgent, Value: "gateway_*"}, "callee_agent"},
		{Entry{Kind: UserAgent, Value: "gate_ay*"}, ""}, // only * stands for something
		{Entry{Kind: UserAgent, Value: "gateway%"}, ""},
		{Entry{Kind: UserAgent, Value: `gateway\_7`}, ""},
		// The call began at ten and seven seconds; its end plays no part.
		{Entry{Kind: Number, Value: "+911204100007", From: ten.Add(7 * time.Second), Until: ten.Add(7*time.Second + time.Microsecond)}, "caller"},
		{Entry{Kind: Number, Value: "+911204100007", Until: ten.Add(7 * time.Second)}, ""},
		{Entry{Kind: Number, Value: "+911204100007", From: ten.Add(7*time.Second + time.Microsecond)}, ""},
		{Entry{Kind: Address, Value: "203.0.113.7", Until: ten.Add(7 * time.Second)}, ""},
		{Entry{Kind: Prefix, Value: "203.0.113.0/24", From: ten.Add(8 * time.Second)}, ""},
		{Entry{Kind: SIPURI, Value: "desk@example.org", Until: ten}, ""},
		{Entry{Kind: UserAgent, Value: "example/1.0", From: ten.Add(time.Hour)}, ""},
	}
	const roles = `SELECT coalesce(string_agg(h.role, ' ' ORDER BY h.role), '') FROM calltrail.watchlist_hit h WHERE h.entry_id = `
	for _, after := range []bool{false, true} {
		w := newWorld(t)
		if after {
			w.land(full(7))
		}
		ids := make([]int64, len(cases))
		for i, tt := range cases {
			tt.entry.List = fmt.Sprintf("list-%d", i)
			ids[i] = w.add(tt.entry).Entries[0]
		}
		if after {
			for i := range cases {
				if _, err := Match(t.Context(), w.conn, Scope{Entry: ids[i]}, "tester", nil); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			w.land(full(7))
		}
		for i, tt := range cases {
			if got := w.rows(roles + fmt.Sprint(ids[i]))[0]; got != tt.want {
				t.Errorf("searched for %v: %s %s %v: found as %q, want %q", after, tt.entry.Kind, tt.entry.Value, tt.entry.From, got, tt.want)
			}
		}
	}
}

func TestRemovedFindsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.add(Entry{Kind: Number, Value: "+911204100001"}, Entry{Kind: Address, Value: "203.0.113.1"}, Entry{Kind: UserAgent, Value: "example*"},
		Entry{Kind: NumberPrefix, Value: "+91"}, Entry{Kind: Prefix, Value: "203.0.113.0/24"}, Entry{Kind: SIPURI, Value: "anna@203.0.113.1"})
	for _, id := range c.Entries {
		if _, err := Remove(t.Context(), w.conn, id, "tester", "closed"); err != nil {
			t.Fatal(err)
		}
	}
	w.land(sample(1))
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_hit`, "0")
	if _, err := Match(t.Context(), w.conn, Scope{List: "scam"}, "tester", nil); err != ErrNotListed { //nolint:errorlint // it is returned as it is
		t.Errorf("a search for a list that is empty: %v", err)
	}
}

// A call is found once as caller, whatever the number of its revisions and in however many transactions they come; what a
// later revision knows more is found too.
func TestOneHitForAllRevisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(Entry{Kind: Number, Value: "+911204100001"}, Entry{Kind: Number, Value: "+493012340001"}, Entry{Kind: Address, Value: "203.0.113.1"})
	revision := func(n int) record.Call {
		c := sample(1)
		c.Revision, c.RecordID, c.Final = n, uid(1, n, c.StartedAt), n == 4
		if n >= 3 {
			c.Connected = &record.Connected{E164: "+493012340001"}
		}
		return c
	}
	w.land(revision(1), revision(2))
	w.land(revision(3))
	w.land(revision(4))
	if _, err := Match(t.Context(), w.conn, Scope{List: "scam"}, "tester", nil); err != nil {
		t.Fatal(err)
	}
	w.want(`SELECT h.role || ' ' || CASE WHEN r.revision <= 2 THEN 'at once' ELSE r.revision::text END
		FROM calltrail.watchlist_hit h JOIN calltrail.call_record r USING (day, record_id) ORDER BY 1`,
		"caller at once; caller_signalling at once; connected 3; contact at once")
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_hit WHERE job_id IS NOT NULL`, "0")
}

// Whether entries come first or records do, the same is found: any entries, any calls, in any mixture.
func TestSearchEqualsLanding(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	digits := func(n int) string {
		s := "+91"
		for range n {
			s += string(rune('1' + random.IntN(2)))
		}
		return s
	}
	var calls []record.Call
	for n := range 300 {
		c := full(n)
		start := record.Time(ten.AddDate(0, 0, random.IntN(60)).UnixMicro())
		c.StartedAt, c.EndedAt, c.LastSeenAt, c.Day = start, start+1_000_000, start+1_000_000, start.Day()
		c.RecordID = uid(n, 1, start)
		c.Caller.E164, c.Callee.E164, c.Asserted.E164, c.Connected.E164 = digits(8), digits(8), digits(8), digits(8)
		c.Redirects[0].E164 = digits(8)
		c.Src.IP = netip.AddrFrom4([4]byte{203, 0, 113, byte(random.IntN(256))})
		c.SIP.UserAgent = fmt.Sprintf("Phone %d.%d", random.IntN(4), random.IntN(4))
		c.ReqURI = fmt.Sprintf("sip:user%d@example.org", random.IntN(20))
		calls = append(calls, c)
	}
	var entries []Entry
	for n := range 120 {
		e := Entry{List: fmt.Sprintf("l%d", random.IntN(3)), Kind: Kinds()[n%6]}
		switch e.Kind {
		case Number:
			e.Value = digits(8)
		case NumberPrefix:
			e.Value = digits(4 + random.IntN(5))
		case Address:
			e.Value = netip.AddrFrom4([4]byte{203, 0, 113, byte(random.IntN(256))}).String()
		case Prefix:
			e.Value = netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(random.IntN(256))}), 25+random.IntN(8)).Masked().String()
		case SIPURI:
			e.Value = fmt.Sprintf("user%d@example.org", random.IntN(30))
		case UserAgent:
			e.Value = fmt.Sprintf("phone %d.*", random.IntN(5))
		}
		if random.IntN(3) == 0 {
			e.From = ten.AddDate(0, 0, random.IntN(60))
		}
		if random.IntN(3) == 0 {
			e.Until = ten.AddDate(0, 0, 60)
		}
		entries = append(entries, e)
	}
	const all = `SELECT concat_ws(' ', e.list, e.kind, e.value, h.call_uid, h.role, h.matched) FROM calltrail.watchlist_hit h JOIN calltrail.watchlist_entry e USING (entry_id) ORDER BY 1`
	first, last := newWorld(t), newWorld(t)
	first.add(slices.Clone(entries)...)
	first.land(calls...)
	last.land(calls[:150]...)
	last.add(slices.Clone(entries)...)
	last.land(calls[150:]...)
	for n := range 3 {
		if _, err := Match(t.Context(), last.conn, Scope{List: fmt.Sprintf("l%d", n)}, "tester", nil); err != nil {
			t.Fatal(err)
		}
	}
	landed, searched := first.rows(all), last.rows(all)
	if len(landed) < 100 || !slices.Equal(landed, searched) {
		t.Errorf("seed %d: %d hits as records land, %d after a search:\n%s", seed, len(landed), len(searched), difference(landed, searched))
	}
}

// difference is what only one of two lists has.
func difference(a, b []string) string {
	var s strings.Builder
	for _, line := range a {
		if !slices.Contains(b, line) {
			s.WriteString("only landed: " + line + "\n")
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			s.WriteString("only searched: " + line + "\n")
		}
	}
	return s.String()
}
