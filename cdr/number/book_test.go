package number

import (
	"fmt"
	"strings"
	"testing"
)

// The numbers are made up, round ones where a plan has no range for fiction; London's 7946 0xxx and North America's
// 555-01xx are such ranges.

func newBook(tb testing.TB, cfg Config) *Book {
	tb.Helper()
	if cfg.DefaultRegion == "" {
		cfg.DefaultRegion = "IN"
	}
	b, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestLookup(t *testing.T) {
	mumbai := Info{E164: "+912220000000", Country: "IN", RangeRegion: "Mumbai", NumberType: "fixed_line", Digits: true, Valid: true}
	mobile := Info{E164: "+919810000000", Country: "IN", RangeCarrier: "Airtel", NumberType: "mobile", Digits: true, Valid: true}
	london := Info{E164: "+442079460000", Country: "GB", RangeRegion: "London", NumberType: "fixed_line", Digits: true, Valid: true, International: true}
	international := func(i Info) Info { i.International = true; return i }
	assumed := func(i Info) Info { i.Assumed = true; return i }
	emergency := Info{NumberType: "emergency", Digits: true, Emergency: true}
	digits := Info{Digits: true}

	tests := []struct {
		name, user string
		want       Info
	}{
		{"global", "+912220000000", international(mumbai)},
		{"global, sign escaped", "%2B912220000000", international(mumbai)},
		{"international prefix", "00912220000000", international(mumbai)},
		{"country code without sign", "912220000000", international(mumbai)},
		{"national with trunk prefix", "02220000000", mumbai},
		{"national", "2220000000", mumbai},
		{"mobile, ten digits", "9810000000", mobile},
		{"mobile with trunk prefix", "09810000000", mobile},
		{"mobile, trunk prefix after the country code", "+9109810000000", international(mobile)},
		{"visual separators", "+91-(22)-2000.00-00", international(mumbai)},
		{"spaces", "+91 22 2000 0000", international(mumbai)},
		{"parameters after the number", "+912220000000;npdi;rn=+912299999999", international(mumbai)},
		{"digits to dial later are not part of it", "+912220000000,,4711", international(mumbai)},
		{"other country", "+442079460000", london},
		{"other country without sign", "442079460000", assumed(london)},
		{"North America without sign", "12125550123", Info{E164: "+12125550123", Country: "US", RangeRegion: "New York, NY", NumberType: "fixed_line_or_mobile", Digits: true, Valid: true, International: true, Assumed: true}},

		{"toll free", "18001200000", Info{E164: "+9118001200000", Country: "IN", NumberType: "toll_free", Digits: true, Valid: true}},
		{"code of no country", "+80012345678", Info{E164: "+80012345678", NumberType: "toll_free", Digits: true, Valid: true, International: true}},

		{"context is the country", "02220000000;phone-context=+91", international(mumbai)},
		{"context completes the number", "20000000;phone-context=+91-22", international(mumbai)},
		{"context is another country", "02079460000;phone-context=+44", london},
		{"RFC 3966 section 5.1.5: no number by prefixing", "863-1234;phone-context=+1-914-555", Info{Digits: true, International: true}},
		{"context is a domain: the default region", "02220000000;phone-context=ims.example.in", mumbai},
		{"context name in capitals", "20000000;Phone-Context=+9122", international(mumbai)},
		{"context with letters", "02220000000;phone-context=+x", mumbai},
		{"context of no country", "2220000000;phone-context=+999", Info{Digits: true, International: true}},
		{"global number needs no context", "+912220000000;phone-context=+44", international(mumbai)},

		{"police", "100", emergency},
		{"fire", "101", emergency},
		{"ambulance", "102", emergency},
		{"ambulance, several states", "108", emergency},
		{"all", "112", emergency},
		{"another country's", "911", digits},
		{"service URN", "urn:service:sos", Info{NumberType: "emergency", Emergency: true}},
		{"service URN, sub-service", "URN:service:sos.police", Info{NumberType: "emergency", Emergency: true}},
		{"no service URN", "urn:service:sosnot", Info{}},

		{"extension", "1001", digits},
		{"one digit", "7", digits},
		{"too short for its country", "+4916", Info{Digits: true, International: true}},
		{"right length, range not allotted", "+15555550123", Info{Digits: true, International: true}},
		{"no such country code", "+999123456789", Info{Digits: true, International: true}},
		{"long zeros", "0000000000", digits},
		{"32 digits", strings.Repeat("9", 32), digits},
		{"33 digits", strings.Repeat("9", 33), digits},
		{"33 digits, global", "+" + strings.Repeat("9", 33), digits},

		{"name", "alice", Info{}},
		{"name with digits", "alice100", Info{}},
		{"digits with a name", "100alice", Info{}},
		{"vanity", "1800FLOWERS", Info{}},
		{"service code", "*21#", Info{}},
		{"empty", "", Info{}},
		{"sign alone", "+", Info{}},
		{"separators alone", "-.()", Info{}},
		{"sign inside", "91+22", Info{}},
		{"parameters alone", ";phone-context=+91", Info{}},
		{"NUL", "98100\x0000000", Info{}},
		{"digits of another script", "९८१०००००००", Info{}},
		{"escape cut short", "%2", Info{}},
	}
	b := newBook(t, Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, pass := range []string{"first", "cached"} {
				if got := b.Lookup([]byte(tt.user)); got != tt.want {
					t.Errorf("%s look-up of %q:\n got %+v\nwant %+v", pass, tt.user, got, tt.want)
				}
			}
		})
	}
}

func TestNamesNeverReachTheLibrary(t *testing.T) {
	b := newBook(t, Config{})
	for _, user := range []string{"alice", "", "+", "anonymous", strings.Repeat("9", 33), "*21#"} {
		b.Lookup([]byte(user))
	}
	if n := b.cache.len(); n != 0 {
		t.Errorf("%d look-ups reached the library and the cache, want 0", n)
	}
}

func TestConfiguration(t *testing.T) {
	t.Run("emergency numbers are added", func(t *testing.T) {
		b := newBook(t, Config{EmergencyNumbers: []string{"1098"}})
		for _, user := range []string{"1098", "112"} {
			if !b.Lookup([]byte(user)).Emergency {
				t.Errorf("%s is not an emergency number", user)
			}
		}
	})
	t.Run("plus required", func(t *testing.T) {
		b := newBook(t, Config{RequirePlus: true})
		if got, want := b.Lookup([]byte("442079460000")), (Info{Digits: true}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if !b.Lookup([]byte("+442079460000")).Valid {
			t.Error("+442079460000 is not valid")
		}
	})
	t.Run("another default region", func(t *testing.T) {
		b := newBook(t, Config{DefaultRegion: "US"})
		if got := b.Lookup([]byte("011442079460000")); got.E164 != "+442079460000" || !got.International {
			t.Errorf("international prefix 011: %+v", got)
		}
		if !b.Lookup([]byte("911")).Emergency || b.Lookup([]byte("108")).Emergency {
			t.Error("emergency numbers are not those of the United States")
		}
	})
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"no region", Config{}, `default region ""`},
		{"no such region", Config{DefaultRegion: "XX"}, `default region "XX"`},
		{"region in small letters", Config{DefaultRegion: "in"}, "in capitals"},
		{"negative cache", Config{DefaultRegion: "IN", CacheSize: -1}, "cache size -1"},
		{"emergency number with letters", Config{DefaultRegion: "IN", EmergencyNumbers: []string{"sos"}}, `"sos"`},
		{"empty emergency number", Config{DefaultRegion: "IN", EmergencyNumbers: []string{""}}, "digits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// A flood of different numbers, valid or not, does not grow the cache, and a number in use outlives it.
func TestCacheIsBounded(t *testing.T) {
	const size = 64
	b := newBook(t, Config{CacheSize: size})
	used := []byte("+912220000000")
	b.Lookup(used)
	for i := range 20 * size {
		b.Lookup(fmt.Appendf(nil, "+9998%07d", i))
		if n := b.cache.len(); n > size {
			t.Fatalf("%d entries after %d numbers, want at most %d", n, i+1, size)
		}
		if i%(size/4) == 0 {
			before := b.cache.len()
			if !b.Lookup(used).Valid || b.cache.len() != before {
				t.Fatalf("a number in use was forgotten after %d others", i+1)
			}
		}
	}
}

func TestCacheOfOne(t *testing.T) {
	b := newBook(t, Config{CacheSize: 1})
	for range 3 {
		for _, user := range []string{"+912220000000", "+919810000000", "+442079460000"} {
			if got := b.Lookup([]byte(user)).E164; got != user {
				t.Errorf("E164 %q, want %q", got, user)
			}
		}
	}
}

func TestNoAllocationOnAHit(t *testing.T) {
	b := newBook(t, Config{})
	for _, user := range []string{
		"+912220000000", "+91-22-2000-0000", "1001", "alice", "urn:service:sos", "20000000;phone-context=+9122",
	} {
		text := []byte(user)
		b.Lookup(text)
		if n := testing.AllocsPerRun(100, func() { b.Lookup(text) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", user, n)
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, seed := range []string{
		"+912220000000", "00912220000000", "(022)-2000.0000", "9810000000", "20000000;phone-context=+91-22",
		"02220000000;phone-context=ims.example.in;isub=1", "urn:service:sos", "alice", "112", "%2b44", "*21#", "+1,,2",
	} {
		f.Add([]byte(seed))
	}
	b := newBook(f, Config{CacheSize: 128})
	fresh := newBook(f, Config{CacheSize: 1})
	f.Fuzz(func(t *testing.T, user []byte) {
		got := b.Lookup(user)
		if n := b.cache.len(); n > 128 {
			t.Fatalf("cache holds %d of 128", n)
		}
		if got.Valid != (got.E164 != "") {
			t.Errorf("valid %v with E164 %q", got.Valid, got.E164)
		}
		if got.Valid {
			if len(got.E164) > 16 || got.E164[0] != '+' || strings.Trim(got.E164[1:], "0123456789") != "" {
				t.Errorf("E164 %q is not + and at most 15 digits", got.E164)
			}
			again := b.Lookup([]byte(got.E164))
			if again.E164 != got.E164 || again.Country != got.Country {
				t.Errorf("%q gave %+v, its E164 gives %+v", user, got, again)
			}
		}
		if cold := fresh.Lookup(user); cold != got {
			t.Errorf("%q: another cache answers %+v, not %+v", user, cold, got)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	run := func(name string, cfg Config, warm int, user func(i int) []byte) {
		b.Run(name, func(b *testing.B) {
			book := newBook(b, cfg)
			for i := range warm {
				book.Lookup(user(i))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				book.Lookup(user(i))
				i++
			}
		})
	}
	var many [8192][]byte
	for i := range many {
		many[i] = fmt.Appendf(nil, "+9198100%05d", i)
	}
	one := []byte("+91-22-2000-0000")
	name := []byte("alice")
	invalid := make([][]byte, 8192)
	for i := range invalid {
		invalid[i] = fmt.Appendf(nil, "44000%05d", i)
	}
	run("hit", Config{}, 1, func(int) []byte { return one })
	run("hit_of_8192", Config{}, len(many), func(i int) []byte { return many[i%len(many)] })
	run("name", Config{}, 0, func(int) []byte { return name })
	run("miss", Config{CacheSize: 16}, 0, func(i int) []byte { return many[i%len(many)] })
	run("miss_invalid", Config{CacheSize: 16}, 0, func(i int) []byte { return invalid[i%len(invalid)] })
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newBook(b, Config{})
	}
}
