package geo

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calltrail/decode/fuzzbound"
)

// The databases of the captures: documentation networks only. pcaps/geo says how they are made.
const (
	testCity     = "../../pcaps/geo/city.mmdb"
	testASN      = "../../pcaps/geo/asn.mmdb"
	testNetworks = "../../pcaps/geo/networks.csv"
)

func newDB(tb testing.TB, cfg Config) *DB {
	tb.Helper()
	db, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

func testDB(tb testing.TB) *DB {
	tb.Helper()
	return newDB(tb, Config{City: testCity, ASN: testASN, Networks: testNetworks})
}

// text writes a Place with its pointers followed.
func text(p Place) string {
	s := fmt.Sprintf("%s/%s/%s", p.Country, p.Subdivision, p.City)
	if p.Latitude != nil && p.Longitude != nil {
		s += fmt.Sprintf(" %.4f,%.4f", *p.Latitude, *p.Longitude)
	}
	if p.AccuracyKM != nil {
		s += fmt.Sprintf(" %d km", *p.AccuracyKM)
	}
	return s + fmt.Sprintf(" AS%d %s (%s)", p.ASNumber, p.ASOrg, p.Network)
}

func TestLookup(t *testing.T) {
	const nowhere = "// AS0  ()"
	tests := []struct{ name, addr, want string }{
		{"Mumbai", "192.0.2.1", "IN/MH/Mumbai 19.0760,72.8777 20 km AS64496 Example Broadband India (isp)"},
		{"last of Mumbai", "192.0.2.63", "IN/MH/Mumbai 19.0760,72.8777 20 km AS64496 Example Broadband India (isp)"},
		{"Noida", "192.0.2.64", "IN/UP/Noida 28.5355,77.3910 20 km AS64496 Example Broadband India (isp)"},
		{"London", "198.51.100.9", "GB/ENG/London 51.5074,-0.1278 20 km AS64497 Example Broadband UK (isp)"},
		{"Shenzhen", "203.0.113.20", "CN/GD/Shenzhen 22.5431,114.0579 50 km AS64498 Example Telecom Shenzhen (isp)"},
		{"hosting company", "198.51.100.140", "NL/NH/Amsterdam 52.3676,4.9041 50 km AS64499 Example Hosting B.V. (hosting)"},
		{"IPv6 Mumbai", "2001:db8:91::1", "IN/MH/Mumbai 19.0760,72.8777 50 km AS64496 Example Broadband India (isp)"},
		{"IPv6 London", "2001:db8:44:1::1", "GB/ENG/London 51.5074,-0.1278 50 km AS64497 Example Broadband UK (isp)"},
		{"IPv6 Shenzhen", "2001:db8:86::1", "CN/GD/Shenzhen 22.5431,114.0579 100 km AS64498 Example Telecom Shenzhen (isp)"},
		{"IPv6 hosting", "2001:db8:bad::1", "NL/NH/Amsterdam 52.3676,4.9041 100 km AS64499 Example Hosting B.V. (hosting)"},
		{"IPv4 in IPv6", "::ffff:192.0.2.1", "IN/MH/Mumbai 19.0760,72.8777 20 km AS64496 Example Broadband India (isp)"},
		{"zone", "2001:db8:91::1%eth0", "IN/MH/Mumbai 19.0760,72.8777 50 km AS64496 Example Broadband India (isp)"},
		{"in no database", "192.0.2.128", nowhere},
		{"IPv6 in no database", "2001:db8::1", nowhere},
		{"private", "10.1.2.3", nowhere},
		{"shared", "100.64.1.2", nowhere},
		{"loopback", "127.0.0.1", nowhere},
		{"link-local", "169.254.1.1", nowhere},
		{"unique local", "fd00::1", nowhere},
		{"multicast", "224.0.1.75", nowhere},
		{"unspecified", "0.0.0.0", nowhere},
	}
	db := testDB(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, pass := range []string{"first", "again"} {
				if got := text(db.Lookup(netip.MustParseAddr(tt.addr))); got != tt.want {
					t.Errorf("%s look-up of %s:\n got %s\nwant %s", pass, tt.addr, got, tt.want)
				}
			}
		})
	}
	if got := text(db.Lookup(netip.Addr{})); got != nowhere {
		t.Errorf("no address: %s", got)
	}
	if n := db.Stats().BadRecords; n != 0 {
		t.Errorf("%d bad records in good databases", n)
	}
}

func TestPartsOfTheConfiguration(t *testing.T) {
	addr := netip.MustParseAddr("198.51.100.140")
	tests := []struct {
		name   string
		cfg    Config
		want   string
		builds string
	}{
		{"nothing", Config{}, "// AS0  ()", ""},
		{"city only", Config{City: testCity}, "NL/NH/Amsterdam 52.3676,4.9041 50 km AS0  ()", "GeoLite2-City"},
		{"ASN only", Config{ASN: testASN}, "// AS64499 Example Hosting B.V. ()", "GeoLite2-ASN"},
		{"classes without ASN", Config{City: testCity, Networks: testNetworks}, "NL/NH/Amsterdam 52.3676,4.9041 50 km AS0  ()", "GeoLite2-City"},
		{"hosting from the list", Config{ASN: testASN, HostingASNs: []uint32{64499}}, "// AS64499 Example Hosting B.V. (hosting)", "GeoLite2-ASN"},
		{"list beside the file", Config{ASN: testASN, Networks: testNetworks, HostingASNs: []uint32{64497}}, "// AS64499 Example Hosting B.V. (hosting)", "GeoLite2-ASN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := newDB(t, tt.cfg)
			if got := text(db.Lookup(addr)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			var types []string
			for _, b := range db.Builds() {
				types = append(types, b.Type)
				if want := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC); b.Built != want {
					t.Errorf("%s built %s, want %s", b.Type, b.Built, want)
				}
			}
			if got := strings.Join(types, " "); got != tt.builds {
				t.Errorf("databases %q, want %q", got, tt.builds)
			}
		})
	}
	t.Run("the list wins over the file", func(t *testing.T) {
		db := newDB(t, Config{ASN: testASN, Networks: testNetworks, HostingASNs: []uint32{64496}})
		if got := db.Lookup(netip.MustParseAddr("192.0.2.1")).Network; got != "hosting" {
			t.Errorf("class %q, want hosting", got)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(testCity)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"no file", Config{City: filepath.Join(dir, "none.mmdb")}, []string{"city database", "none.mmdb is not there", "configuration"}},
		{"folder", Config{City: dir}, []string{"not a regular file"}},
		{"empty file", Config{City: write("empty.mmdb", nil)}, []string{"empty.mmdb", "cut short"}},
		{"not a database", Config{ASN: write("text.mmdb", []byte("hello"))}, []string{"ASN database", "text.mmdb", "not in GeoIP2 format"}},
		{"cut short", Config{City: write("half.mmdb", whole[:len(whole)/2])}, []string{"half.mmdb", "cut short"}},
		{"ASN for City", Config{City: testASN}, []string{"of type GeoLite2-ASN", "use a City or Country database"}},
		{"City for ASN", Config{ASN: testCity}, []string{"of type GeoLite2-City", "use an ASN or ISP database"}},
		{"another kind", Config{City: write("domain.mmdb", domains(t))}, []string{"of type GeoIP2-Domain", "use a City or Country database"}},
		{"city for anonymiser", Config{Anonymiser: testCity}, []string{"anonymiser database", "use an Anonymous-IP database"}},
		{"both", Config{City: filepath.Join(dir, "a"), ASN: filepath.Join(dir, "b")}, []string{"city database", "; ", "ASN database"}},
		{"class unknown", Config{Networks: write("class.csv", []byte("asn,class\n64496,home\n"))}, []string{"class.csv", "line 2", `class "home"`, "hosting, vpn, tor, mobile, isp"}},
		{"AS number", Config{Networks: write("asn.csv", []byte("64496,isp\nAS,isp\n"))}, []string{"line 2", `"AS" is not an AS number`}},
		{"AS number too large", Config{Networks: write("large.csv", []byte("4294967296,isp\n"))}, []string{"line 1"}},
		{"AS twice", Config{Networks: write("twice.csv", []byte("64496,isp\nAS64496,vpn\n"))}, []string{"line 2", "64496 is there twice"}},
		{"columns", Config{Networks: write("columns.csv", []byte("64496\n"))}, []string{"line 1", "two columns"}},
		{"host bits", Config{Networks: write("host.csv", []byte("192.0.2.1/24,vpn\n"))}, []string{"line 1", "write 192.0.2.0/24"}},
		{"no prefix", Config{Networks: write("prefix.csv", []byte("64496,isp\n192.0.2.0/33,vpn\n"))}, []string{"line 2", `"192.0.2.0/33" is not a prefix`}},
		{"no address", Config{Networks: write("address.csv", []byte("192.0.2,vpn\n"))}, []string{"line 1", `"192.0.2" is not an address`}},
		{"IPv4 in IPv6", Config{Networks: write("mapped.csv", []byte("::ffff:192.0.2.1,vpn\n"))}, []string{"line 1", "IPv4 in its own form"}},
		{"prefix twice", Config{Networks: write("again.csv", []byte("192.0.2.1,vpn\n192.0.2.1/32,tor\n"))}, []string{"line 2", "192.0.2.1/32 is there twice"}},
		{"cells", Config{Cells: write("cells.csv", []byte("404,10,1,2,91,72,,\n"))}, []string{"cell table", "line 1", "latitude"}},
		{"negative time", Config{Settle: -1}, []string{"negative"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg)
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of more than one line: %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q without %q", err, want)
				}
			}
		})
	}
}

func TestNetworksFile(t *testing.T) {
	got, err := parseNetworks([]byte("# classes\nasn,class\n64496,isp\nas64497, mobile\n192.0.2.0/24,hosting\n4294967295,vpn\n0,tor\n2001:db8::1,tor\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint32]class{64496: 5, 64497: 4, 4294967295: vpn, 0: tor}
	if fmt.Sprint(got.systems) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got.systems, want)
	}
	for addr, want := range map[string]string{"192.0.2.0": "hosting", "192.0.1.255": "", "2001:db8::1": "tor", "2001:db8::2": ""} {
		if got := got.prefixes.find(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s is %q, want %q", addr, got, want)
		}
	}
}

// A record of the wrong type is counted; the rest of the place is still told.
func TestBadRecord(t *testing.T) {
	b, err := os.ReadFile(testASN)
	if err != nil {
		t.Fatal(err)
	}
	const key = "autonomous_system_number"
	at := strings.Index(string(b), key) + len(key)
	if b[at] != 0xC2 { // type 6, uint32, of two bytes
		t.Fatalf("control byte %#x after the first %s", b[at], key)
	}
	b[at] = 0x42 // type 2, UTF-8 string, of two bytes
	path := filepath.Join(t.TempDir(), "asn.mmdb")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db := newDB(t, Config{City: testCity, ASN: path})
	bad := 0
	for _, a := range []string{"192.0.2.1", "198.51.100.9", "198.51.100.140", "203.0.113.20"} {
		p := db.Lookup(netip.MustParseAddr(a))
		if p.City == "" {
			t.Errorf("%s: the city is lost too", a)
		}
		if p.ASNumber == 0 {
			bad++
		}
	}
	if got := db.Stats().BadRecords; bad != 1 || got != 1 {
		t.Errorf("%d places without AS number, %d bad records counted, want 1 and 1", bad, got)
	}
}

func TestNoAllocationOnAHit(t *testing.T) {
	db := testDB(t)
	for _, a := range []string{"192.0.2.1", "2001:db8:bad::1", "10.0.0.1", "192.0.2.200"} {
		addr := netip.MustParseAddr(a)
		db.Lookup(addr)
		if n := testing.AllocsPerRun(100, func() { db.Lookup(addr) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", a, n)
		}
	}
}

// More addresses than slots: every answer is still the right one.
func TestRecentKeepsAnswersApart(t *testing.T) {
	db := testDB(t)
	homes := []struct{ prefix, city string }{
		{"2001:db8:91::", "Mumbai"}, {"2001:db8:44::", "London"}, {"2001:db8:86::", "Shenzhen"}, {"2001:db8:77::", ""},
	}
	for i := range 3 * recentSlots {
		home := homes[i%len(homes)]
		addr := netip.MustParseAddr(fmt.Sprintf("%s%x", home.prefix, i+1))
		for range 2 {
			if got := db.Lookup(addr).City; got != home.city {
				t.Fatalf("%s is in %q, want %q", addr, got, home.city)
			}
		}
	}
}

func FuzzParseNetworks(f *testing.F) {
	for _, seed := range []string{"asn,class\n64496,isp\n", "AS1,hosting", "\"1\",\"tor\"", "1,isp\n1,isp", "#", "as,vpn", "prefix,class\n192.0.2.0/24,vpn\n192.0.2.0/25,tor\n", "::/0,isp\n0.0.0.0/0,vpn\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzbound.CheckList(t, len(text), func() { _, _ = parseNetworks(text) })
		n, err := parseNetworks(text)
		if (err != nil) == (n != nil) {
			t.Fatalf("%v beside the error %v", n, err)
		}
		if err != nil {
			return
		}
		for asn, c := range n.systems {
			if c.String() == "" {
				t.Errorf("AS %d without class", asn)
			}
		}
		for _, table := range [][]span[class]{n.prefixes.v4, n.prefixes.v6} {
			for i := 1; i < len(table); i++ {
				if !table[i-1].before(table[i].point) {
					t.Errorf("span %d does not begin after the one before", i)
				}
			}
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	db := testDB(b)
	one := netip.MustParseAddr("192.0.2.1")
	var many [4 * recentSlots]netip.Addr
	for i := range many {
		many[i] = netip.MustParseAddr(fmt.Sprintf("2001:db8:91::%x", i))
	}
	b.Run("hit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			db.Lookup(one)
		}
	})
	b.Run("hit_parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				db.Lookup(one)
			}
		})
	})
	b.Run("miss", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			db.Lookup(many[i%len(many)])
			i++
		}
	})
	b.Run("private", func(b *testing.B) {
		private := netip.MustParseAddr("10.0.0.1")
		for b.Loop() {
			db.Lookup(private)
		}
	})
}
