package geo

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// site is a folder with a place for each kind of database, and one with files to import.
type site struct {
	t   *testing.T
	cfg Config
	dir string // of what is imported
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	return &site{t: t, dir: t.TempDir(), cfg: Config{
		City: filepath.Join(dir, "city.mmdb"), ASN: filepath.Join(dir, "asn.mmdb"), Anonymiser: filepath.Join(dir, "anonymiser.mmdb"),
	}}
}

// city writes a database of places that was built so many days after November began, and gives its path.
func (s *site) city(days int, country string) string {
	s.t.Helper()
	return s.file(fmt.Sprintf("city-%d-%s.mmdb", days, country), database(s.t, "GeoLite2-City", november.AddDate(0, 0, days), map[string]mmdbtype.DataType{
		"192.0.2.0/24":  mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country)}},
		"2001:db8::/32": mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("GB")}},
	}))
}

func (s *site) file(name string, b []byte) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *site) ok(path string, o ImportOptions) Imported {
	s.t.Helper()
	got, err := Import(path, s.cfg, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.clean()
	return got
}

// refused wants an error with the text, and that everything stays as it was.
func (s *site) refused(path string, o ImportOptions, want string) {
	s.t.Helper()
	before, _ := os.ReadFile(s.cfg.City) // it need not be there
	_, err := Import(path, s.cfg, o)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		s.t.Errorf("error %v, want one line with %q", err, want)
	}
	if after, _ := os.ReadFile(s.cfg.City); !bytes.Equal(before, after) {
		s.t.Errorf("refused with %v, and the database changed", err)
	}
	s.clean()
}

// clean: no half of a file is left beside the databases.
func (s *site) clean() {
	s.t.Helper()
	entries, err := os.ReadDir(filepath.Dir(s.cfg.City))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".new-") {
			s.t.Errorf("%s is left behind", e.Name())
		}
	}
}

func sumOf(tb testing.TB, path string) string {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func TestImport(t *testing.T) {
	s := newSite(t)
	ten, twenty := s.city(10, "IN"), s.city(20, "NL")

	got := s.ok(ten, ImportOptions{SHA256: strings.ToUpper(sumOf(t, ten))})
	if got.Path != s.cfg.City || got.Kind != KindCity || got.Networks != 2 || got.Same || got.Damaged || got.Before.Path != "" || got.SHA256 != sumOf(t, s.cfg.City) {
		t.Errorf("first: %+v", got)
	}
	if info, err := os.Stat(s.cfg.City); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v, want 0644: the sensor is another user", info.Mode(), err)
	}
	if got := s.ok(ten, ImportOptions{}); !got.Same {
		t.Errorf("again: %+v, want the same", got)
	}
	if err := os.Chmod(s.cfg.City, 0o640); err != nil {
		t.Fatal(err)
	}
	if got := s.ok(twenty, ImportOptions{}); got.Same || !got.Before.Built.Equal(november.AddDate(0, 0, 10)) {
		t.Errorf("newer: %+v", got)
	}
	if info, err := os.Stat(s.cfg.City); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v, want the 0640 that was there", info.Mode(), err)
	}
	s.refused(ten, ImportOptions{}, "it was built on 2026-11-11, and "+s.cfg.City+", which is there, on 2026-11-21")
	if got := newDB(t, Config{City: s.cfg.City}).Lookup(netip.MustParseAddr("192.0.2.1")).Country; got != "NL" {
		t.Errorf("country %q after the refusal, want NL", got)
	}
	s.ok(ten, ImportOptions{Older: true})
	if got := newDB(t, Config{City: s.cfg.City}).Lookup(netip.MustParseAddr("192.0.2.1")).Country; got != "IN" {
		t.Errorf("country %q of the older one, want IN", got)
	}
	// Built at the same second, with other contents: a vendor's correction.
	if got := s.ok(s.city(10, "GB"), ImportOptions{}); got.Same {
		t.Errorf("corrected: %+v, want another", got)
	}

	// Each kind has its own place.
	if got := s.ok(testASN, ImportOptions{}); got.Path != s.cfg.ASN || got.Kind != KindASN {
		t.Errorf("ASN: %+v", got)
	}
	if got := s.ok(testAnonymiser, ImportOptions{}); got.Path != s.cfg.Anonymiser || got.Kind != KindAnonymiser {
		t.Errorf("anonymiser: %+v", got)
	}
	s.refused(testASN, ImportOptions{To: s.cfg.City}, "it is of type GeoLite2-ASN, and "+s.cfg.City+" is of type GeoLite2-City: name another place")

	// What is there and cannot be read is replaced; what is no file is not.
	if err := os.WriteFile(s.cfg.City, []byte("half a datab"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.ok(ten, ImportOptions{}); !got.Damaged {
		t.Errorf("over a damaged one: %+v", got)
	}
	s.refused(ten, ImportOptions{To: t.TempDir()}, "is not a regular file")
	s.refused(ten, ImportOptions{To: filepath.Join(t.TempDir(), "none", "city.mmdb")}, "no such file or directory")
}

func TestImportRefuses(t *testing.T) {
	s := newSite(t)
	whole, err := os.ReadFile(testCity)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	at := bytes.Index(flipped, []byte("country")) // a key of the data section: in another place the text is a broken pointer
	flipped[at-1] = 0xff
	for _, there := range []bool{false, true} {
		if there {
			s.ok(s.city(10, "IN"), ImportOptions{})
		}
		s.refused(filepath.Join(s.dir, "none.mmdb"), ImportOptions{}, "none.mmdb: no such file")
		s.refused(s.dir, ImportOptions{}, "not a regular file")
		s.refused(s.file("text.mmdb", []byte("hello")), ImportOptions{}, "not in GeoIP2 format")
		s.refused(s.file("half.mmdb", whole[:len(whole)/2]), ImportOptions{}, "cut short")
		s.refused(s.file("flipped.mmdb", flipped), ImportOptions{}, "damaged")
		s.refused(s.file("late.mmdb", damagedLate(t)), ImportOptions{}, "the file is damaged")
		s.refused(s.file("domain.mmdb", domains(t)), ImportOptions{}, "it is of type GeoIP2-Domain: use a City or Country, an ASN or ISP or an Anonymous-IP database")
		s.refused(testCity, ImportOptions{SHA256: "abc"}, `"abc" is no SHA-256`)
		s.refused(testCity, ImportOptions{SHA256: strings.Repeat("0", 64)}, "not "+strings.Repeat("0", 64)+": it is not the file that was meant")
	}
	s.cfg.ASN = ""
	s.refused(testASN, ImportOptions{}, "set geo.asn to its path")
}

// damagedLate is a database whose last record alone is damaged, far behind those by which its kind is told.
func damagedLate(t *testing.T) []byte {
	t.Helper()
	networks := make(map[string]mmdbtype.DataType)
	for i := range 2 * sampled {
		networks[fmt.Sprintf("192.0.%d.%d/32", i>>8, i&255)] = mmdbtype.Map{
			"autonomous_system_number":       mmdbtype.Uint32(i + 1), // 0 takes no octet
			"autonomous_system_organization": mmdbtype.String(fmt.Sprintf("system %04d", i)),
		}
	}
	b := database(t, "GeoLite2-ASN", november, networks)
	at := bytes.Index(b, []byte(fmt.Sprintf("system %04d", 2*sampled-1))) - 1
	if at < 0 || b[at] != 2<<5|11 { // type 2, a string of 11 octets
		t.Fatalf("no control octet of a string at %d", at)
	}
	b[at] = 2<<5 | 28 // longer than it is: what follows is no field
	if _, _, err := openAny(b); err != nil {
		t.Fatalf("damaged so early that this test proves nothing: %v", err)
	}
	return b
}

// A link to the database stays; what it leads to is replaced.
func TestImportThroughALink(t *testing.T) {
	s := newSite(t)
	real := filepath.Join(t.TempDir(), "real.mmdb")
	s.ok(s.city(10, "IN"), ImportOptions{To: real})
	if err := os.Symlink(real, s.cfg.City); err != nil {
		t.Fatal(err)
	}
	s.ok(s.city(20, "NL"), ImportOptions{})
	if info, err := os.Lstat(s.cfg.City); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v, %v: the link is gone", info.Mode(), err)
	}
	if f, err := Inspect(real); err != nil || !f.Built.Equal(november.AddDate(0, 0, 20)) {
		t.Errorf("%+v, %v, want the newer one", f, err)
	}
}

// A program that watches the file takes up what was imported.
func TestImportIsNoticed(t *testing.T) {
	w := watch(t, Config{})
	path := filepath.Join(t.TempDir(), "new.mmdb")
	if err := os.WriteFile(path, w.cityOf("Nagpur"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Import(path, Config{City: w.city}, ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := w.report(); err != nil {
		t.Fatal(err)
	}
	w.wantCity("Nagpur")
}

func TestInspect(t *testing.T) {
	f, err := Inspect(testAnonymiser)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(testAnonymiser)
	if err != nil {
		t.Fatal(err)
	}
	want := File{
		Path: testAnonymiser, Kind: KindAnonymiser, Type: "GeoIP2-Anonymous-IP", Description: "calltrail test data: GeoIP2-Anonymous-IP",
		Built: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), IPVersion: 6, Networks: 10, Size: info.Size(), SHA256: sumOf(t, testAnonymiser),
	}
	if f != want {
		t.Errorf("got  %+v\nwant %+v", f, want)
	}
	if _, err := Inspect("testdata/none.mmdb"); !errors.Is(err, ErrAbsent) {
		t.Errorf("error %v, want that it is not there", err)
	}
	for _, tt := range []struct {
		texts map[string]string
		want  string
	}{{nil, ""}, {map[string]string{"fr": "b", "de": "a"}, "a"}, {map[string]string{"en": "c", "de": "a"}, "c"}} {
		if got := english(tt.texts); got != tt.want {
			t.Errorf("%v gives %q, want %q", tt.texts, got, tt.want)
		}
	}
}

func TestParseSums(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for _, tt := range []struct{ text, want string }{
		{a, a},
		{a + "\n", a},
		{a + "  other.mmdb\n", a},
		{a + "  other.mmdb\n" + b + "  city.mmdb\n", b},
		{a + "  other.mmdb\r\n\r\n" + b + " *dist/city.mmdb\r\n", b},
		{a + "  other.mmdb\n" + b + "  citysmmdb\n", "none of the 2 checksums is of city.mmdb"},
		{"", "none of the 0"},
		{"hello\n", `"hello" is no SHA-256: it has 64 hexadecimal digits (line 1)`},
		{a[1:] + "  city.mmdb\n", "no SHA-256"},
	} {
		got, err := ParseSums(tt.text, "city.mmdb")
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != tt.want || err != nil && !strings.Contains(got, tt.want) {
			t.Errorf("%q gives %q, want %q", tt.text, got, tt.want)
		}
	}
}

// BenchmarkInspect shows what an import costs: a database of a million networks.
func BenchmarkInspect(b *testing.B) {
	networks := make(map[string]mmdbtype.DataType)
	for i := range 1_000_000 {
		networks[fmt.Sprintf("%d.%d.%d.%d/28", i>>16, i>>8&255, i&255, i>>4&15<<4)] = mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(i % 65536)}
	}
	text := database(b, "GeoLite2-ASN", november, networks)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := inspectText(text)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(f.Networks), "networks")
	}
}
