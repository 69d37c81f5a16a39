package record

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
)

// hostile is a call in which all that a sender chooses is length octets of fill, and every list is full.
func hostile(fill string, length int) *Call {
	long := strings.Repeat(fill, length/len(fill))
	party := Party{Raw: long, Display: long, User: long, Host: long}
	c := &Call{
		Schema: SchemaCall, CallUID: uuid.UUID{1}, Revision: 1, Kind: KindSIP, Day: "2023-11-14", Sensor: "s",
		StartedAt: 1_700_000_000_000_000, LastSeenAt: 1_700_000_000_000_000, Disposition: InProgress, Visibility: OneWay,
		Caller: party, Callee: party, AuthUser: long, AuthRealm: long, Privacy: long, ReqURI: long,
		Asserted: &Asserted{Raw: long, Header: "pai"}, Connected: &Connected{Raw: long},
		SIP: &SIP{
			CallID: long, FromTag: long, ToTag: long, SessionID: long, ICID: long, Transport: "udp", UserAgent: long,
			ServerAgent: long, InstanceID: long, Contact: long, Reason: long, Conflicting: &Conflicting{},
		},
		TLS:      &TLS{ServerName: long, Version: long},
		App:      &App{Name: "webrtc", Confidence: "weak", Media: "unknown"},
		Cell:     &CellInfo{Type: long, ID: long, MCC: long, MNC: long, Area: long, Cell: long},
		Passport: &Passport{Orig: long, OrigID: long}, Observer: Observer{Version: "1"},
	}
	at := Addr{netip.MustParseAddr("2001:db8::1"), 5060}
	for range 2 * MaxList {
		c.Flags = append(c.Flags, "sip_content_length_invalid")
		c.Octets = append(c.Octets, Octets{"caller.raw", strings.Repeat("A", 1368)})
		c.SIP.Via = append(c.SIP.Via, long)
		for _, l := range c.SIP.Conflicting.lists() {
			*l.values = append(*l.values, long)
		}
		c.SIP.Attempts = append(c.SIP.Attempts, Attempt{407, c.StartedAt})
		c.Redirects = append(c.Redirects, Redirect{Raw: long, Reason: long, Source: "diversion"})
		c.Path = append(c.Path, Hop{at, at, c.StartedAt})
		c.Media = append(c.Media, Media{Type: "audio", Codec: long, CName: long, Signalled: &at, Observed: &Flow{at, at}})
		c.Passport.Dest = append(c.Passport.Dest, long)
		c.TLS.ALPN = append(c.TLS.ALPN, long)
		c.App.Evidence = append(c.App.Evidence, "webrtc.ice")
		c.Tunnel = append(c.Tunnel, Tunnel{Type: "gtpu", ID: new(uint32(1)), Src: &at.IP, Dst: &at.IP})
	}
	return c
}

// What is too much is cut, in the bytes and in the struct alike, and the record says so.
func TestAppendFits(t *testing.T) {
	entries := func(c *Call) [5]int {
		return [5]int{len(c.Octets), len(c.SIP.Via), len(c.Redirects), len(c.Media), len(c.Path)}
	}
	via := strings.Repeat("v", MaxValue)
	many := func(n int, s string) []string { return slices.Repeat([]string{s}, n) }
	base := func() *Call { return &Call{Schema: SchemaCall, SIP: &SIP{CallID: "a", Transport: "udp"}} }
	for _, tt := range []struct {
		name string
		call func(c *Call)
		want [5]int // entries of octets, via, redirects, media, path
		cut  bool
	}{
		{"a list at its bound", func(c *Call) { c.SIP.Via = many(MaxList, "v") }, [5]int{0, MaxList, 0, 0, 0}, false},
		{"a list past its bound", func(c *Call) { c.SIP.Via = many(MaxList+1, "v") }, [5]int{0, MaxList, 0, 0, 0}, true},
		{"large, and it fits", func(c *Call) { c.SIP.Via = many(MaxList, via) }, [5]int{0, MaxList, 0, 0, 0}, false},
		{"octets go first", func(c *Call) {
			c.SIP.Via = many(MaxList, via)
			c.Octets = slices.Repeat([]Octets{{"sip.via", strings.Repeat("A", 1368)}}, MaxList)
		}, [5]int{22, MaxList, 0, 0, 0}, true},
		{"then Via", func(c *Call) {
			c.SIP.Via = many(MaxList, via)
			c.Octets = slices.Repeat([]Octets{{"sip.via", "AA=="}}, MaxList)
			c.Redirects = slices.Repeat([]Redirect{{Raw: via, Reason: via, Source: "refer"}}, 31)
		}, [5]int{0, 0, 31, 0, 0}, true},
		{"then redirects", func(c *Call) {
			c.SIP.Via = []string{"v"}
			c.Redirects = slices.Repeat([]Redirect{{Raw: via, Reason: via, Source: "refer"}}, MaxList)
			c.Media = []Media{{Codec: "PCMA"}}
			c.Path = make([]Hop, 2)
		}, [5]int{0, 0, 31, 1, 2}, true},
		{"then texts, before media and path", func(c *Call) {
			*c = *hostile("\x01", maxText)
			c.Flags = nil
		}, [5]int{0, 0, 0, MaxList, MaxList}, true},
	} {
		c := base()
		tt.call(c)
		got := c.Append(nil)
		if len(got) > MaxRecord {
			t.Errorf("%s: %d octets", tt.name, len(got))
		}
		if n := entries(c); n != tt.want {
			t.Errorf("%s: octets, via, redirects, media, path have %v entries, want %v", tt.name, n, tt.want)
		}
		if slices.Contains(c.Flags, FlagTruncated) != tt.cut {
			t.Errorf("%s: flags %v", tt.name, c.Flags)
		}
	}
}

// Conflicting values go after Via and before redirects, the longest list first.
func TestAppendFitsConflicting(t *testing.T) {
	value := strings.Repeat("v", MaxValue)
	many := func(n int) []string { return slices.Repeat([]string{value}, n) }
	counts := func(c *Conflicting) (n [5]int) {
		if c != nil {
			for i, l := range c.lists() {
				n[i] = len(*l.values)
			}
		}
		return n
	}
	for _, tt := range []struct {
		name           string
		values         [5]int // of call_id, from, to, cseq, content_length
		vias, redirect int
		want           [5]int
		wantRedirects  int
		cut            bool
	}{
		{"as much as a call keeps", [5]int{2, 2, 2, 2, 2}, 0, MaxList, [5]int{2, 2, 2, 2, 2}, MaxList, false},
		{"Via first", [5]int{2, 2, 2, 2, 2}, MaxList, MaxList, [5]int{2, 2, 2, 2, 2}, MaxList, true},
		{"a list past its bound", [5]int{MaxList + 1}, 0, 0, [5]int{MaxList}, 0, true},
		{"the longest list first", [5]int{2, 30, 2, 2, 31}, 0, 0, [5]int{2, 28, 2, 2, 29}, 0, true},
		{"then redirects", [5]int{2, 2, 2, 2, 2}, 1, 2 * MaxList, [5]int{2, 2, 2, 2, 2}, MaxList, true},
	} {
		c := &Call{Schema: SchemaCall, SIP: &SIP{CallID: "a", Transport: "udp", Via: many(tt.vias), Conflicting: &Conflicting{}}}
		for i, l := range c.SIP.Conflicting.lists() {
			*l.values = many(tt.values[i])
		}
		c.Redirects = slices.Repeat([]Redirect{{Raw: value, Source: "refer"}}, tt.redirect)
		got := c.Append(nil)
		if len(got) > MaxRecord || slices.Contains(c.Flags, FlagTruncated) != tt.cut {
			t.Errorf("%s: %d octets, flags %v", tt.name, len(got), c.Flags)
		}
		if n := counts(c.SIP.Conflicting); n != tt.want || len(c.Redirects) != tt.wantRedirects {
			t.Errorf("%s: %v values and %d redirects, want %v and %d", tt.name, n, len(c.Redirects), tt.want, tt.wantRedirects)
		}
		var back Call
		if err := json.Unmarshal(got, &back); err != nil || counts(back.SIP.Conflicting) != tt.want {
			t.Errorf("%s: the bytes say %v: %v", tt.name, counts(back.SIP.Conflicting), err)
		}
	}
}

// Whatever the octets are, and however they are escaped, the record fits and can be read.
func TestAppendFitsHostileText(t *testing.T) {
	for _, fill := range []string{"a", "\x01", `\x00`, "\x00", "\xff", "é", "\U0001F600"} {
		c := hostile(fill, maxText)
		got := c.Append(nil)
		if len(got) > MaxRecord {
			t.Errorf("%q: %d octets", fill, len(got))
		}
		var back Call
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q: %v", fill, err)
		}
		if len(c.SIP.CallID) < leastText || len(c.Media) == 0 || len(c.Path) == 0 {
			t.Errorf("%q: call_id of %d octets, %d media, %d hops are left", fill, len(c.SIP.CallID), len(c.Media), len(c.Path))
		}
		if len(c.Flags) > MaxList || c.Flags[len(c.Flags)-1] != FlagTruncated {
			t.Errorf("%q: %d flags, the last %q", fill, len(c.Flags), c.Flags[len(c.Flags)-1])
		}
		if len(c.TLS.ALPN) != MaxList || len(c.App.Evidence) != MaxList {
			t.Errorf("%q: %d protocols and %d rules, want %d of each", fill, len(c.TLS.ALPN), len(c.App.Evidence), MaxList)
		}
		if fill == "é" {
			// The struct says what the bytes say.
			if d := cmp.Diff(c, &back, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
				t.Errorf("-struct +bytes\n%s", d)
			}
		}
		again := hostile(fill, maxText)
		if string(again.Append([]byte("before"))) != "before"+string(got) {
			t.Errorf("%q: the same call gives other bytes", fill)
		}
	}
	long := strings.Repeat("\x01", 4*MaxValue)
	r := &Registration{
		Schema: SchemaRegistration, AOR: Party{Raw: long, Display: long, User: long, Host: long}, Contact: long,
		AuthUser: long, AuthRealm: long, UserAgent: long, CallID: long,
		Octets: slices.Repeat([]Octets{{"contact", strings.Repeat("A", 1368)}}, MaxList),
	}
	if n := len(r.Append(nil)); n > MaxRecord || !slices.Contains(r.Flags, FlagTruncated) {
		t.Errorf("registration: %d octets, flags %v", n, r.Flags)
	}
	m := &Message{
		Schema: SchemaMessage, Caller: Party{Raw: long, Display: long, User: long, Host: long}, Asserted: &Asserted{Raw: long}, Callee: Party{Raw: long, Display: long, User: long, Host: long},
		ReqURI: long, CallID: long, UserAgent: long, Octets: slices.Repeat([]Octets{{"caller.raw", strings.Repeat("A", 1368)}}, 2*MaxList),
		Tunnel: make([]Tunnel, 2*MaxList),
	}
	if n := len(m.Append(nil)); n > MaxRecord || !slices.Contains(m.Flags, FlagTruncated) || len(m.Tunnel) != MaxList {
		t.Errorf("message: %d octets, flags %v, %d tunnels", n, m.Flags, len(m.Tunnel))
	}
}
