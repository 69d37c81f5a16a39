package route

import (
	"net/netip"
	"strings"
	"testing"
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// example is a provider of 192.0.2.0/24 and 2001:db8:91::/48 with an SBC, a private network inside a NAT, and trunks by
// prefix, by prefix on an interface, by VLAN and by interface.
func example() Config {
	return Config{
		Prefixes: prefixes("192.0.2.0/24", "2001:db8:91::/48", "10.20.0.0/16"),
		SBCs:     prefixes("192.0.2.250/31", "2001:db8:91:ffff::/64"),
		Numbers:  []string{"+911204", "+9122400"},
		Trunks: []Trunk{
			{Name: "london", Peer: "Example UK", Prefixes: prefixes("198.51.100.0/25", "2001:db8:44::/48")},
			{Name: "hosted", Peer: "Example Hosting", Prefixes: prefixes("192.0.2.128/28")}, // within our own
			{Name: "left", Prefixes: prefixes("10.99.0.0/24"), Interface: "eth1"},
			{Name: "right", Prefixes: prefixes("10.99.0.0/24"), Interface: "eth2"},
			{Name: "right-300", Prefixes: prefixes("10.99.0.0/24"), Interface: "eth2", VLAN: 300},
			{Name: "vlan-400", VLAN: 400},
			{Name: "cable", Peer: "Example Telecom", Interface: "eth4"},
		},
		Taps: []Tap{{"inside0", NATInside}, {"outside0", NATOutside}, {"eth1", NATNone}},
	}
}

func table(tb testing.TB, cfg Config) *Table {
	tb.Helper()
	t, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

func TestRoles(t *testing.T) {
	tests := []struct {
		name, addr, tap string
		vlan            uint16
		role            Role
		trunk           string
	}{
		{"first of ours", "192.0.2.0", "", 0, Subscriber, ""},
		{"before ours", "192.0.1.255", "", 0, Foreign, ""},
		{"last of ours", "192.0.2.255", "", 0, Subscriber, ""},
		{"after ours", "192.0.3.0", "", 0, Foreign, ""},
		{"before the SBC", "192.0.2.249", "", 0, Subscriber, ""},
		{"SBC", "192.0.2.250", "", 0, OwnSBC, ""},
		{"second SBC", "192.0.2.251", "", 0, OwnSBC, ""},
		{"after the SBC", "192.0.2.252", "", 0, Subscriber, ""},
		{"before the trunk within ours", "192.0.2.127", "", 0, Subscriber, ""},
		{"trunk within ours", "192.0.2.128", "", 0, OnTrunk, "hosted"},
		{"last of it", "192.0.2.143", "", 0, OnTrunk, "hosted"},
		{"after it", "192.0.2.144", "", 0, Subscriber, ""},
		{"trunk", "198.51.100.127", "", 0, OnTrunk, "london"},
		{"after the trunk", "198.51.100.128", "", 0, Foreign, ""},
		{"trunk of any interface", "198.51.100.1", "eth9", 7, OnTrunk, "london"},
		{"IPv6 ours", "2001:db8:91::1", "", 0, Subscriber, ""},
		{"IPv6 SBC", "2001:db8:91:ffff::1", "", 0, OwnSBC, ""},
		{"IPv6 beside the SBC", "2001:db8:91:fffe:ffff:ffff:ffff:ffff", "", 0, Subscriber, ""},
		{"IPv6 after ours", "2001:db8:92::", "", 0, Foreign, ""},
		{"IPv6 trunk", "2001:db8:44:1::1", "", 0, OnTrunk, "london"},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "", 0, Subscriber, ""},
		{"zone", "2001:db8:91::1%eth0", "", 0, Subscriber, ""},
		{"same prefix, first interface", "10.99.0.1", "eth1", 0, OnTrunk, "left"},
		{"same prefix, second interface", "10.99.0.1", "eth2", 0, OnTrunk, "right"},
		{"same prefix, VLAN", "10.99.0.1", "eth2", 300, OnTrunk, "right-300"},
		{"same prefix, other VLAN", "10.99.0.1", "eth2", 301, OnTrunk, "right"},
		{"VLAN of the other interface", "10.99.0.1", "eth1", 300, OnTrunk, "left"},
		{"same prefix, no interface", "10.99.0.1", "", 300, "", ""},
		{"VLAN", "203.0.113.1", "eth9", 400, OnTrunk, "vlan-400"},
		{"not that VLAN", "203.0.113.1", "eth9", 401, Foreign, ""},
		{"interface", "203.0.113.1", "eth4", 0, OnTrunk, "cable"},
		{"interface before VLAN", "203.0.113.1", "eth4", 400, OnTrunk, "cable"},
		{"private on that interface", "10.1.1.1", "eth4", 0, OnTrunk, "cable"},
		{"ours on that interface", "192.0.2.1", "eth4", 0, Subscriber, ""},
		{"private of ours", "10.20.255.255", "", 0, Subscriber, ""},
		{"private of nobody", "10.21.0.0", "", 0, "", ""},
		{"private inside", "10.21.0.0", "inside0", 0, Subscriber, ""},
		{"shared inside", "100.64.0.1", "inside0", 0, Subscriber, ""},
		{"unique local inside", "fd00::1", "inside0", 0, Subscriber, ""},
		{"private outside", "10.21.0.0", "outside0", 0, "", ""},
		{"shared outside", "100.127.255.255", "outside0", 0, "", ""},
		{"after the shared ones, inside", "100.128.0.0", "inside0", 0, Foreign, ""},
		{"private without NAT", "10.21.0.0", "eth1", 0, "", ""},
		{"multicast", "224.0.1.75", "inside0", 0, "", ""},
		{"unspecified", "0.0.0.0", "inside0", 0, "", ""},
	}
	table := table(t, example())
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			end := End{Addr: netip.MustParseAddr(tt.addr), Tap: tt.tap, VLAN: tt.vlan}
			if got := table.Of(end); got != tt.role {
				t.Errorf("role %q, want %q", got, tt.role)
			}
			trunk := ""
			if in := table.Route(end, End{}, "").Ingress; in != nil {
				trunk = in.Trunk
			}
			if trunk != tt.trunk {
				t.Errorf("trunk %q, want %q", trunk, tt.trunk)
			}
		})
	}
	if got := table.Of(End{}); got != "" {
		t.Errorf("no address: role %q", got)
	}
}

func TestDirections(t *testing.T) {
	const (
		here    = "192.0.2.1"
		sbc     = "192.0.2.250"
		trunk   = "198.51.100.1"
		foreign = "203.0.113.1"
		unknown = "10.21.0.1"
	)
	tests := []struct {
		src, dst, called string
		want             Direction
	}{
		{here, "192.0.2.2", "", OnNet},
		{here, trunk, "", Originating},
		{here, foreign, "", Originating},
		{trunk, here, "", Terminating},
		{foreign, here, "", Terminating},
		{trunk, foreign, "", Transit},
		{trunk, trunk, "", Transit},
		{here, sbc, "+911204555", OnNet},
		{here, sbc, "+911205555", Originating}, // a range beside ours
		{here, sbc, "+91120", Originating},     // less than our range
		{here, sbc, "+911204", OnNet},          // all of it
		{here, sbc, "911204555", Originating},  // not in E.164 form: no number of ours
		{here, sbc, "", Unknown},
		{trunk, sbc, "+9122400999", Terminating},
		{trunk, sbc, "+9122401999", Transit},
		{foreign, sbc, "", Unknown},
		{sbc, here, "+911204555", Unknown},
		{sbc, trunk, "+442079460123", Unknown},
		{sbc, sbc, "+911204555", Unknown},
		{here, trunk, "+911204555", Originating}, // the end counts before the number
		{unknown, here, "", Unknown},
		{here, unknown, "", Unknown},
	}
	table := table(t, example())
	for _, tt := range tests {
		src, dst := End{Addr: netip.MustParseAddr(tt.src)}, End{Addr: netip.MustParseAddr(tt.dst)}
		if got := table.Route(src, dst, tt.called).Direction; got != tt.want {
			t.Errorf("%s to %s, number %q: %q, want %q", tt.src, tt.dst, tt.called, got, tt.want)
		}
	}
}

func TestTrunksOfACall(t *testing.T) {
	in := End{Addr: netip.MustParseAddr("203.0.113.1"), Tap: "eth4"}
	r := table(t, example()).Route(in, End{Addr: netip.MustParseAddr("198.51.100.1"), Tap: "eth4"}, "")
	want := Result{Direction: Transit, Src: OnTrunk, Dst: OnTrunk}
	ingress, egress := Link{Peer: "Example Telecom", Trunk: "cable", Interface: "eth4"}, Link{Peer: "Example UK", Trunk: "london"}
	if r.Ingress == nil || *r.Ingress != ingress || r.Egress == nil || *r.Egress != egress {
		t.Fatalf("in by %+v, out by %+v, want %+v and %+v", r.Ingress, r.Egress, ingress, egress)
	}
	if r.Ingress, r.Egress = nil, nil; r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
}

// Without a configuration records are as they were before there was one; with a part of it only what follows from that part
// is said.
func TestPartsOfTheConfiguration(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	private := netip.MustParseAddr("10.0.0.1")
	for _, tt := range []struct {
		name     string
		cfg      Config
		src, dst netip.Addr
		want     Result
	}{
		{"nothing", Config{}, a, b, Result{}},
		{"numbers only", Config{Numbers: []string{"+91120"}}, a, b, Result{}},
		{"tap without NAT only", Config{Taps: []Tap{{"eth0", NATNone}}}, private, b, Result{}},
		{"tap inside only", Config{Taps: []Tap{{"eth0", NATInside}}}, private, b, Result{Direction: Unknown, Src: Subscriber}},
		{"trunks only", Config{Trunks: []Trunk{{Name: "x", Prefixes: prefixes("198.51.100.0/24")}}}, a, b, Result{Direction: Unknown, Dst: OnTrunk}},
		{"SBCs only", Config{SBCs: prefixes("192.0.2.1/32")}, a, b, Result{Direction: Unknown, Src: OwnSBC}},
		{"prefixes only", Config{Prefixes: prefixes("192.0.2.0/24")}, a, b, Result{Direction: Originating, Src: Subscriber, Dst: Foreign}},
		{"everything is ours", Config{Prefixes: prefixes("0.0.0.0/0")}, a, b, Result{Direction: OnNet, Src: Subscriber, Dst: Subscriber}},
		{"IPv6 says nothing of IPv4", Config{Prefixes: prefixes("::/0")}, a, b, Result{Direction: Transit, Src: Foreign, Dst: Foreign}},
	} {
		got := table(t, tt.cfg).Route(End{Addr: tt.src, Tap: "eth0"}, End{Addr: tt.dst, Tap: "eth0"}, "+91120")
		got.Ingress, got.Egress = nil, nil
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	trunk := func(name string, vlan uint16, list ...string) Trunk {
		return Trunk{Name: name, VLAN: vlan, Prefixes: prefixes(list...)}
	}
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no prefix", Config{Prefixes: make([]netip.Prefix, 1)}, "hold a prefix that is none"},
		{"host bits", Config{Prefixes: prefixes("192.0.2.1/24")}, "write 192.0.2.0/24"},
		{"IPv4 in IPv6", Config{SBCs: prefixes("::ffff:192.0.2.0/120")}, "IPv4 in its own form"},
		{"ours and the SBC's", Config{Prefixes: prefixes("192.0.2.0/24"), SBCs: prefixes("192.0.2.0/24")}, "of the own prefixes and of the own SBCs"},
		{"two trunks", Config{Trunks: []Trunk{trunk("a", 0, "192.0.2.0/24"), trunk("b", 0, "192.0.2.0/24")}}, "of trunk a and of trunk b"},
		{"two trunks of a VLAN", Config{Trunks: []Trunk{trunk("a", 5), trunk("b", 5)}}, "of trunk a and of trunk b"},
		{"one name", Config{Trunks: []Trunk{trunk("a", 5), trunk("a", 6)}}, "trunk a is there twice"},
		{"no name", Config{Trunks: []Trunk{trunk("", 5)}}, `trunk 1: name ""`},
		{"name of control characters", Config{Trunks: []Trunk{trunk("a\x1b[2J", 5)}}, "octets of text"},
		{"peer", Config{Trunks: []Trunk{{Name: "a", Peer: strings.Repeat("x", 129), VLAN: 5}}}, "trunk a: peer"},
		{"nowhere", Config{Trunks: []Trunk{trunk("a", 0)}}, "nothing tells its packets"},
		{"VLAN", Config{Trunks: []Trunk{trunk("a", 4095)}}, "VLAN 4095"},
		{"number", Config{Numbers: []string{"911204"}}, `number range "911204"`},
		{"number of letters", Config{Numbers: []string{"+91x"}}, "number range"},
		{"empty number", Config{Numbers: []string{"+"}}, "number range"},
		{"NAT", Config{Taps: []Tap{{"eth0", "both"}}}, "write inside, outside or none"},
		{"tap twice", Config{Taps: []Tap{{"eth0", NATInside}, {"eth0", NATNone}}}, "no name of its own"},
		{"ours, twice", Config{Prefixes: prefixes("192.0.2.0/24", "192.0.2.0/24")}, ""},
		{"one prefix, two VLANs", Config{Trunks: []Trunk{trunk("a", 5, "192.0.2.0/24"), trunk("b", 6, "192.0.2.0/24")}}, ""},
		{"too many numbers", Config{Numbers: make([]string, maxNumbers+1)}, "more than 65536"},
		{"too many prefixes", Config{Prefixes: make([]netip.Prefix, maxPrefixes+1)}, "more than 65536"},
	} {
		_, err := New(tt.cfg)
		switch {
		case tt.want == "" && err != nil, tt.want != "" && err == nil:
			t.Errorf("%s: %v", tt.name, err)
		case err != nil && (!strings.Contains(err.Error(), tt.want) || strings.ContainsAny(err.Error(), "\n\x1b")):
			t.Errorf("%s: %q without %q", tt.name, err, tt.want)
		}
	}
}

// The order of trunks in the configuration does not matter.
func TestOrderDoesNotMatter(t *testing.T) {
	forward, backward := example(), example()
	for i, j := 0, len(backward.Trunks)-1; i < j; i, j = i+1, j-1 {
		backward.Trunks[i], backward.Trunks[j] = backward.Trunks[j], backward.Trunks[i]
	}
	a, b := table(t, forward), table(t, backward)
	for _, addr := range []string{"10.99.0.1", "192.0.2.128", "203.0.113.1", "192.0.2.1"} {
		for _, tap := range []string{"", "eth1", "eth2", "eth4"} {
			for _, vlan := range []uint16{0, 300, 400} {
				end := End{netip.MustParseAddr(addr), tap, vlan}
				x, y := a.Route(end, End{}, ""), b.Route(end, End{}, "")
				if x.Src != y.Src || (x.Ingress == nil) != (y.Ingress == nil) || x.Ingress != nil && *x.Ingress != *y.Ingress {
					t.Errorf("%s on %q VLAN %d: %+v or %+v", addr, tap, vlan, x, y)
				}
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	table := table(t, example())
	src, dst := End{Addr: netip.MustParseAddr("2001:db8:44::1"), Tap: "eth2"}, End{Addr: netip.MustParseAddr("192.0.2.250")}
	if n := testing.AllocsPerRun(100, func() { table.Route(src, dst, "+912240012345") }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkRoute(b *testing.B) {
	table := table(b, example())
	src, dst := End{Addr: netip.MustParseAddr("2001:db8:44::1"), Tap: "eth2"}, End{Addr: netip.MustParseAddr("192.0.2.250")}
	b.ReportAllocs()
	for b.Loop() {
		table.Route(src, dst, "+912240012345")
	}
}
