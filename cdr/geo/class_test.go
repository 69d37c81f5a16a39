package geo

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func textFile(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// What is said of fewer addresses counts before what is said of more, and the place says who said it.
func TestWhoNamesTheClass(t *testing.T) {
	networks := textFile(t, "networks.csv", "64496,isp\n64498,mobile\n192.0.2.2,isp\n192.0.2.64/26,mobile\n192.0.2.64/27,hosting\n192.0.2.64,tor\n2001:db8:91:5::/64,vpn\n")
	all := newDB(t, Config{City: testCity, ASN: testASN, Anonymiser: testAnonymiser, Networks: networks, HostingASNs: []uint32{64497}})
	for _, tt := range []struct{ addr, class, by string }{
		{"192.0.2.1", "tor", ByAnonymiser},
		{"192.0.2.2", "isp", ByPrefix}, // the operator knows better than the database
		{"192.0.2.3", "vpn", ByAnonymiser},
		{"192.0.2.4", "vpn", ByAnonymiser},
		{"192.0.2.5", "hosting", ByAnonymiser},
		{"192.0.2.6", "vpn", ByAnonymiser},
		{"192.0.2.7", "tor", ByAnonymiser},
		{"192.0.2.8", "isp", ByASN}, // known to the database as nothing
		{"192.0.2.9", "isp", ByASN},
		{"192.0.2.63", "isp", ByASN},
		{"192.0.2.64", "tor", ByPrefix},
		{"192.0.2.65", "hosting", ByPrefix},
		{"192.0.2.95", "hosting", ByPrefix},
		{"192.0.2.96", "mobile", ByPrefix},
		{"192.0.2.127", "mobile", ByPrefix},
		{"192.0.2.128", "", ""},
		{"198.51.100.9", "hosting", ByASN}, // HostingASNs
		{"198.51.100.140", "", ""},
		{"203.0.113.20", "mobile", ByASN},
		{"203.0.113.64", "vpn", ByAnonymiser},
		{"2001:db8:91:5::1", "vpn", ByPrefix},
		{"2001:db8:91:6::1", "isp", ByASN},
		{"::ffff:192.0.2.1", "tor", ByAnonymiser},
		{"10.0.0.1", "", ""},
	} {
		p := all.Lookup(netip.MustParseAddr(tt.addr))
		if p.Network != tt.class || p.NetworkBy != tt.by {
			t.Errorf("%s is %q by %q, want %q by %q", tt.addr, p.Network, p.NetworkBy, tt.class, tt.by)
		}
	}
	// Each source alone.
	one := netip.MustParseAddr("192.0.2.1")
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{Anonymiser: testAnonymiser}, "tor by anonymiser"},
		{Config{Networks: textFile(t, "n.csv", "prefix,class\n192.0.2.0/24,vpn\n")}, "vpn by prefix"},
		{Config{Networks: textFile(t, "n.csv", "64496,isp\n0,tor\n")}, " by "}, // an unknown system is not number 0
		{Config{City: testCity, Networks: textFile(t, "n.csv", "0,tor\n")}, " by "},
	} {
		p := newDB(t, tt.cfg).Lookup(one)
		if got := p.Network + " by " + p.NetworkBy; got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.cfg, got, tt.want)
		}
	}
	if got := len(newDB(t, Config{Anonymiser: testAnonymiser}).Builds()); got != 1 {
		t.Errorf("%d databases are named, want 1", got)
	}
}

// A database of a vendor whose types nobody has heard of is read by what it holds.
func TestAnyVendor(t *testing.T) {
	record := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("IN")}}
	for _, tt := range []struct {
		name, kind string
		record     mmdbtype.DataType // nil: none at all
		want       Kind
	}{
		{"places", "Example Places 2026", record, KindCity},
		{"systems", "Example Systems", mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(64496)}, KindASN},
		{"anonymisers", "Example Relays", is("is_public_proxy"), KindAnonymiser},
		{"another format", "ipinfo country_asn.mmdb", mmdbtype.Map{"country": mmdbtype.String("IN"), "asn": mmdbtype.String("AS64496")}, 0},
		{"a list", "List", mmdbtype.Slice{mmdbtype.String("x")}, 0},
		{"City by name only", "GeoLite2-City", mmdbtype.Map{"domain": mmdbtype.String("x")}, 0},
		{"empty", "GeoIP2-Anonymous-IP", nil, KindAnonymiser},
		{"empty country", "GeoIP2-Country", nil, KindCity},
		{"empty unknown", "Example Places", nil, 0},
	} {
		networks := map[string]mmdbtype.DataType{"192.0.2.0/24": tt.record}
		if tt.record == nil {
			networks = nil
		}
		_, kinds, err := openAny(database(t, tt.kind, november, networks))
		if kinds != tt.want || (err != nil) != (tt.name == "a list") {
			t.Errorf("%s: %v %v, want %v", tt.name, kinds, err, tt.want)
		}
	}
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, database(t, "Example Places 2026", november, map[string]mmdbtype.DataType{"192.0.2.0/24": record}), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := newDB(t, Config{City: path}).Lookup(netip.MustParseAddr("192.0.2.1")).Country; got != "IN" {
		t.Errorf("country %q, want IN", got)
	}
}

// The flat table says what a look through all prefixes says, at their ends and beside them.
func TestLongestPrefixWins(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		all := make(map[netip.Prefix]class)
		for range 1 + random.IntN(40) {
			p := randomPrefix(random, round%2 == 0)
			all[p] = class(1 + random.IntN(len(classNames)))
		}
		var list []classed
		for p, c := range all {
			list = append(list, classed{p, c})
		}
		table := newPrefixTable(list)
		for p := range all {
			first, last := ends(p)
			for _, s := range []point{first, last} {
				addr := addrOf(s, p.Addr().Is4())
				for _, a := range []netip.Addr{addr, addr.Next(), addr.Prev()} {
					if a.IsValid() && table.find(a) != longest(all, a) {
						t.Fatalf("round %d: %s is %v, want %v of %v", round, a, table.find(a), longest(all, a), all)
					}
				}
			}
		}
	}
}

// randomPrefix is short of address bits, so that prefixes lie in each other and end together.
func randomPrefix(random *rand.Rand, v4 bool) netip.Prefix {
	pick := func(n int) byte { return []byte{0, 1, 127, 128, 255}[random.IntN(n)] }
	if v4 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{pick(5), pick(2), pick(5), pick(5)}), random.IntN(33)).Masked()
	}
	b := [16]byte{pick(5), 6: pick(5), 7: pick(5), 8: pick(5), 15: pick(5)}
	return netip.PrefixFrom(netip.AddrFrom16(b), []int{0, 1, 8, 56, 60, 63, 64, 65, 72, 127, 128}[random.IntN(11)]).Masked()
}

func addrOf(s point, v4 bool) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], s.hi)
	binary.BigEndian.PutUint64(b[8:], s.lo)
	if v4 {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.AddrFrom16(b)
}

func longest(all map[netip.Prefix]class, a netip.Addr) (c class) {
	bits := -1
	for p, of := range all {
		if p.Contains(a) && p.Bits() > bits {
			bits, c = p.Bits(), of
		}
	}
	return c
}

func TestPrefixLookupDoesNotAllocate(t *testing.T) {
	n, err := parseNetworks([]byte("192.0.2.0/24,vpn\n2001:db8::/32,tor\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"192.0.2.1", "2001:db8::1", "203.0.113.1"} {
		addr := netip.MustParseAddr(a)
		if got := testing.AllocsPerRun(100, func() { n.prefixes.find(addr) }); got != 0 {
			t.Errorf("%s: %v allocations, want 0", a, got)
		}
	}
}

func TestTooManyNetworks(t *testing.T) {
	_, err := parseNetworks([]byte(strings.Repeat("# filler\n", 3) + manyNetworks(maxNetworks+2)))
	if err == nil || !strings.Contains(err.Error(), "more than the 1048576 rows") {
		t.Fatalf("error %v, want that there are too many", err)
	}
}

func manyNetworks(n int) string {
	var b strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&b, "%d,vpn\n", i)
	}
	return b.String()
}

func BenchmarkPrefixes(b *testing.B) {
	var list []classed
	for i := range 100_000 {
		list = append(list, classed{netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(i >> 12), byte(i >> 4), byte(i << 4), 0}), 28), vpn})
	}
	table := newPrefixTable(list)
	addr := netip.MustParseAddr("12.34.48.9")
	b.ReportAllocs()
	for b.Loop() {
		table.find(addr)
	}
}

func BenchmarkLookupAll(b *testing.B) {
	db := newDB(b, Config{City: testCity, ASN: testASN, Anonymiser: testAnonymiser, Networks: testNetworks})
	var many [4 * recentSlots]netip.Addr
	for i := range many {
		many[i] = netip.MustParseAddr(fmt.Sprintf("2001:db8:91::%x", i))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		db.Lookup(many[i%len(many)])
		i++
	}
}
