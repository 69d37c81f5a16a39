package geo

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

const someLines = `# access lines of a test, at sea
prefix,latitude,longitude,range_m,date,name
192.0.2.0/24,18.5,71.25,25000,2026-10-01,pool west
192.0.2.64/26,18.25,71.5,900,2026-10-02,"exchange 7, ADSL"
192.0.2.65,18.125,71.5,,,
100.64.0.0/10,-18.5,-71.25,65536000,2026-10-03,sector
2001:db8:91::/48,0,0,1000,,v6
::/0,1,1,,,every IPv6
`

func TestAccessLines(t *testing.T) {
	db := newDB(t, Config{AccessLines: textFile(t, "lines.csv", someLines)})
	for _, tt := range []struct{ ip, want string }{
		{"192.0.2.1", "18.500000,71.250000 25 km 2026-10-01 pool west"},
		{"192.0.2.127", "18.250000,71.500000 1 km 2026-10-02 exchange 7, ADSL"},
		{"192.0.2.65", "18.125000,71.500000"}, // the longest prefix is an address
		{"::ffff:192.0.2.65", "18.125000,71.500000"},
		{"192.0.2.128", "18.500000,71.250000 25 km 2026-10-01 pool west"}, // again the one around
		{"100.100.1.1", "-18.500000,-71.250000 65535 km 2026-10-03 sector"},
		{"192.0.3.1", "none"},
		{"2001:db8:91::9", "0.000000,0.000000 1 km v6"},
		{"2001:db8:92::9", "1.000000,1.000000 every IPv6"},
		{"fe80::1%eth0", "1.000000,1.000000 every IPv6"},
	} {
		if got := lineText(db.Line(netip.MustParseAddr(tt.ip))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.ip, got, tt.want)
		}
	}
	if got := lineText(newDB(t, Config{}).Line(netip.MustParseAddr("192.0.2.1"))); got != "none" {
		t.Errorf("without a list: %s", got)
	}
}

func lineText(p Place, ok bool) string {
	if !ok {
		return "none"
	}
	s := fmt.Sprintf("%.6f,%.6f", *p.Latitude, *p.Longitude)
	if p.AccuracyKM != nil {
		s += fmt.Sprintf(" %d km", *p.AccuracyKM)
	}
	if !p.Dated.IsZero() {
		s += p.Dated.Format(" 2006-01-02")
	}
	return strings.TrimRight(s+" "+p.Line, " ")
}

func TestBadAccessLines(t *testing.T) {
	const good = "192.0.2.0/24,18.5,71.25,1500,2026-10-01,pool"
	for _, tt := range []struct{ row, want string }{
		{"192.0.2.1/24,1,1,,,", "192.0.2.1/24\" is an address within a prefix: write 192.0.2.0/24"},
		{"192.0.2.0/33,1,1,,,", "is not a prefix"},
		{"pool,1,1,,,", `"pool" is not an address`},
		{"fe80::1%eth0,1,1,,,", "is not an address"},
		{"::ffff:192.0.2.0/120,1,1,,,", "write IPv4 in its own form"},
		{",1,1,,,", "is not an address"},
		{"192.0.2.0/24,1,1,,,", "192.0.2.0/24 is there twice"},
		{"198.51.100.0/24,90.1,1,,,", `latitude "90.1"`},
		{"198.51.100.0/24,NaN,1,,,", "latitude"},
		{"198.51.100.0/24,1,-180.1,,,", "longitude"},
		{"198.51.100.0/24,1,1,-5,,", `range "-5"`},
		{"198.51.100.0/24,1,1,,01.10.2026,", `date "01.10.2026"`},
		{"198.51.100.0/24,1,1,,,a\x07b", `name "a\ab": use at most 128`},
		{"198.51.100.0/24,1,1,,," + strings.Repeat("n", 129), "use at most 128 octets"},
		{"198.51.100.0/24,1,1,,,\xff", "name"},
		{"198.51.100.0/24,1,1,,", "5 columns, want prefix,latitude"},
	} {
		table, err := parseLines([]byte("\n" + good + "\n" + tt.row + "\n203.0.113.0/24,1,1,,,\n"))
		if table != nil || err == nil || !strings.Contains(err.Error(), "line 3: ") || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v beside %v, want an error of line 3 with %q", tt.row, table, err, tt.want)
		}
	}
	_, err := parseLines([]byte(good + strings.Repeat("\nx,1,1,,,", maxBadLines+3)))
	if err == nil || !strings.HasPrefix(err.Error(), "line 2: ") || !strings.HasSuffix(err.Error(), "line 21: \"x\" is not an address; the lines behind it were not read") {
		t.Errorf("error %v, want lines 2 to 21 and that it read no more", err)
	}
	if _, err := parseLines([]byte(good + "\n\"192")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("an open quote: %v", err)
	}
}

func TestTooManyAccessLines(t *testing.T) {
	var b strings.Builder
	for i := range maxLines + 1 {
		_, _ = fmt.Fprintf(&b, "10.%d.%d.%d,1,1,,,\n", i>>16, i>>8&255, i&255)
	}
	if _, err := parseLines([]byte(b.String())); err == nil || !strings.Contains(err.Error(), "line 1048577: it has more than the 1048576 rows") {
		t.Errorf("error %v, want that there are too many", err)
	}
}

// A file with a mistake changes nothing, and a look-up allocates only the answer's three numbers.
func TestAccessLinesAreKeptWhenTheNewFileIsBad(t *testing.T) {
	path := textFile(t, "lines.csv", someLines)
	db := newDB(t, Config{AccessLines: path})
	if err := os.WriteFile(path, []byte("192.0.2.0/24,0,0,,,\nbad\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Reload(); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Fatalf("error %v, want one of line 2", err)
	}
	addr := netip.MustParseAddr("192.0.2.1")
	if got := lineText(db.Line(addr)); !strings.HasSuffix(got, "pool west") {
		t.Errorf("%s, want that of the first file", got)
	}
	if n := testing.AllocsPerRun(100, func() { db.Line(addr) }); n > 3 {
		t.Errorf("%v allocations, want latitude, longitude and radius", n)
	}
}

// A list goes to the place of its kind, as a database does; a bad one leaves what is there.
func TestImportLists(t *testing.T) {
	s := newSite(t)
	dir := filepath.Dir(s.cfg.City)
	s.cfg.Cells, s.cfg.AccessLines = filepath.Join(dir, "cells.csv"), filepath.Join(dir, "lines.csv")
	for _, tt := range []struct {
		name, text, at string
		kind           Kind
		rows           int
		built          string
	}{
		{"a.csv", someCells, s.cfg.Cells, KindCells, 7, "2026-10-07"},
		{"b.csv", someLines, s.cfg.AccessLines, KindLines, 6, "2026-10-03"},
	} {
		path := s.file(tt.name, []byte(tt.text))
		got := s.ok(path, ImportOptions{SHA256: sumOf(t, path)})
		if got.Path != tt.at || got.Kind != tt.kind || got.Networks != tt.rows || got.Built.Format("2006-01-02") != tt.built || got.Type != ListType {
			t.Errorf("%s: %+v", tt.name, got)
		}
		if again := s.ok(path, ImportOptions{}); !again.Same {
			t.Errorf("%s again: %+v, want that it is there already", tt.name, again)
		}
		s.refused(s.file("bad-"+tt.name, []byte(tt.text+"x\n")), ImportOptions{}, "columns, want "+strings.Split(strings.Split(tt.text, "\n")[1], ",")[0])
		s.refused(s.city(1, "IN"), ImportOptions{To: tt.at}, "name another place")
		if sumOf(t, tt.at) != sumOf(t, path) {
			t.Errorf("%s changed", tt.at)
		}
	}
	if _, err := Import(s.file("c.csv", []byte("1,2,3\n")), s.cfg, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "not in GeoIP2 format") {
		t.Errorf("a list of another kind: %v", err)
	}
	older := s.file("older.csv", []byte("192.0.2.0/24,1,1,,2026-09-01,\n"))
	s.refused(older, ImportOptions{}, "was built on 2026-09-01, and ")
	s.ok(older, ImportOptions{Older: true})
}

func TestCountryOfMCC(t *testing.T) {
	for mcc, want := range map[string]string{
		"404": "IN", "405": "IN", "406": "IN", "202": "GR", "750": "FK", "310": "US", "234": "GB", "457": "LA", "221": "XK", "742": "GF",
		"001": "", "340": "", "362": "", "647": "", "901": "", "999": "", "403": "", "201": "", "": "", "40": "", "4040": "", "4O4": "",
	} {
		if got := CountryOfMCC(mcc); got != want {
			t.Errorf("%q: %q, want %q", mcc, got, want)
		}
	}
	if len(countries)%mccEntry != 0 {
		t.Fatalf("the table has %d octets", len(countries))
	}
	before := ""
	for i := 0; i < len(countries); i += mccEntry {
		code, country := countries[i:i+mccDigits], countries[i+mccDigits:i+mccEntry]
		if code <= before || strings.Trim(code, "0123456789") != "" || strings.ToUpper(country) != country || len(country) != 2 {
			t.Errorf("%s %s behind %s", code, country, before)
		}
		if CountryOfMCC(code) != country {
			t.Errorf("%s is not found", code)
		}
		before = code
	}
}

func FuzzParseLines(f *testing.F) {
	for _, seed := range []string{someLines, "192.0.2.0/24,1e400,inf,,,", "\"::\",1,1,,,\n", "0.0.0.0/0,1,1,5,0001-01-01,\"a\nb\"", "255.255.255.255,1,1,,,\n::/0,2,2,,,\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzbound.CheckList(t, len(text), func() { _, _ = parseLines(text) })
		table, err := parseLines(text)
		if (err == nil) != (table != nil) {
			t.Fatalf("a table %v beside %v", table != nil, err)
		}
		if table == nil {
			return
		}
		for _, s := range [][]span[int32]{table.prefixes.v4, table.prefixes.v6} {
			for i := range s {
				if int(s[i].value) > len(table.rows) || i > 0 && !s[i-1].before(s[i].point) {
					t.Errorf("span %d is of row %d of %d, or out of order", i, s[i].value, len(table.rows))
				}
			}
		}
		for i := range table.rows {
			if l := table.rows[i]; math.Abs(float64(l.lat)) > 90e6 || math.Abs(float64(l.lon)) > 180e6 {
				t.Errorf("row %d is at %d, %d", i, l.lat, l.lon)
			}
		}
	})
}
