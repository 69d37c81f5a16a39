package spoof

import (
	"flag"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"

	"calltrail/cdr/record"
)

var update = flag.Bool("update", false, "write docs/indicators.md")

// from is a caller with a number in its plan.
func from(user, e164, country string) record.Party {
	return record.Party{
		Raw: "<sip:" + user + "@example.in>;tag=1", User: user, Host: "example.in",
		Number: record.Number{E164: e164, Country: country},
	}
}

// end is an end with a place and a network.
func end(ip, country, network string) *record.End {
	e := &record.End{IP: netip.MustParseAddr(ip), Port: 5060, Network: network}
	if country != "" {
		e.Location = &record.Location{Country: country, Method: "geoip"}
	}
	return e
}

// homeCall is an ordinary call at home: Mumbai landline, Mumbai broadband, credentials of the same number.
func homeCall() *record.Call {
	return &record.Call{
		Kind:     record.KindSIP,
		Caller:   from("+912220000000", "+912220000000", "IN"),
		Asserted: &record.Asserted{Raw: "<sip:+912220000000@example.in>", Header: "pai", E164: "+912220000000", Country: "IN"},
		AuthUser: "02220000000",
		Callee:   from("+919810000000", "+919810000000", "IN"),
		SIP: &record.SIP{
			CallID: "a@example.in", UserAgent: "baresip v3.14.0 (x86_64/Linux)",
			Methods: []record.Method{{Name: "INVITE", Count: 1}},
		},
		Src:   end("192.0.2.1", "IN", "isp"),
		Dst:   end("192.0.2.65", "IN", "isp"),
		Media: []record.Media{media("from_caller", "192.0.2.1", "IN"), media("from_callee", "203.0.113.9", "CN")},
	}
}

func media(direction, src, country string) record.Media {
	m := record.Media{
		Type: "audio", Direction: direction,
		Observed: &record.Flow{Src: record.Addr{IP: netip.MustParseAddr(src), Port: 40000}},
	}
	if country != "" {
		m.Location = &record.Location{Country: country, Method: "geoip"}
	}
	return m
}

// fullConfig has every rule switched on.
func fullConfig() Config {
	return Config{
		OwnNumbers:         []string{"+9122200", "+9198100"},
		OwnPrefixes:        []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25"), netip.MustParsePrefix("2001:db8:91::/48")},
		RequireAttestation: false,
	}
}

func newRules(tb testing.TB, cfg Config) *Rules {
	tb.Helper()
	r, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func names(found []record.Indicator) string {
	all := make([]string, len(found))
	for i, f := range found {
		all[i] = f.Rule
	}
	return strings.Join(all, " ")
}

// Ordinary calls have no indicator at all.
func TestOrdinaryCallsAreSilent(t *testing.T) {
	tests := []struct {
		name string
		call func(*record.Call)
	}{
		{"at home", func(*record.Call) {}},
		{"mobile at home", func(c *record.Call) {
			c.Caller = from("9810000000", "+919810000000", "IN")
			c.Asserted, c.AuthUser = nil, ""
		}},
		{"Delhi landline, as dialled", func(c *record.Call) {
			c.Caller = from("01120000000", "+911120000000", "IN")
			c.Asserted, c.AuthUser = nil, ""
		}},
		{"Delhi landline, without trunk prefix", func(c *record.Call) {
			c.Caller = from("1120000000", "+911120000000", "IN")
			c.Asserted, c.AuthUser = nil, ""
		}},
		{"names on a company's switch", func(c *record.Call) {
			c.Caller = record.Party{Raw: "<sip:alice@192.0.2.9>", User: "alice", Host: "192.0.2.9"}
			c.Asserted, c.AuthUser = nil, "alice"
		}},
		{"extension, main number asserted", func(c *record.Call) {
			c.Caller = record.Party{Raw: "<sip:1001@example.in>", User: "1001", Host: "example.in"}
			c.AuthUser = "1001"
		}},
		{"SIM credentials", func(c *record.Call) { c.AuthUser = "001010123456789@ims.mnc001.mcc001.3gppnetwork.org" }},
		{"foreign number over a home trunk", func(c *record.Call) {
			c.Caller = from("442079460000", "+442079460000", "GB")
			c.Asserted, c.AuthUser = nil, ""
			c.Src.Role = "trunk"
		}},
		{"foreign number, foreign source", func(c *record.Call) {
			c.Caller = from("+442079460000", "+442079460000", "GB")
			c.Asserted, c.AuthUser = nil, ""
			c.Src = end("198.51.100.9", "GB", "isp")
			c.Media = []record.Media{media("from_caller", "198.51.100.9", "GB")}
		}},
		{"trunk of a provider with rented servers", func(c *record.Call) {
			c.Caller = from("+912230000000", "+912230000000", "IN")
			c.Asserted, c.AuthUser = nil, ""
			c.Src = end("192.0.2.200", "IN", "hosting")
			c.Src.Role = "trunk"
		}},
		{"nothing known of the addresses", func(c *record.Call) {
			c.Src, c.Dst = end("192.0.2.1", "", ""), end("192.0.2.65", "", "")
			c.Media = nil
		}},
		{"next to nothing known", func(c *record.Call) { *c = record.Call{Kind: record.KindSIP} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := homeCall()
			tt.call(c)
			if found := newRules(t, fullConfig()).Evaluate(c); found != nil {
				t.Errorf("indicators %+v, want none", found)
			}
		})
	}
}

// The hoax call: a home number shown, a foreign hosting company's address behind it.
func TestHoaxCall(t *testing.T) {
	c := homeCall()
	c.Asserted, c.AuthUser = nil, ""
	c.Src = end("198.51.100.140", "NL", "hosting")
	c.Src.ASOrg = "Example Hosting B.V."
	c.Media = []record.Media{media("from_caller", "198.51.100.140", "NL")}
	c.SIP.UserAgent = "friendly-scanner"
	got := newRules(t, fullConfig()).Evaluate(c)
	want := []record.Indicator{
		{Rule: "foreign_source_home_number", Detail: "number of IN, source in NL"},
		{Rule: "number_country_differs", Detail: "number of IN, source in NL"},
		{Rule: "own_number_from_outside", Detail: "own number +912220000000, source 198.51.100.140"},
		{Rule: "barred_prefix", Detail: "From +912220000000, barred +912, source in NL"},
		{Rule: "hosting_source", Detail: "source in a hosting network, Example Hosting B.V."},
		{Rule: "scanner_user_agent", Detail: "User-Agent has friendly-scanner"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestOnlyCallsOfKindSIP(t *testing.T) {
	c := homeCall()
	c.Src = end("198.51.100.140", "NL", "hosting")
	r := newRules(t, fullConfig())
	if r.Evaluate(c) == nil {
		t.Fatal("the call has no indicator, so this test proves nothing")
	}
	for _, kind := range []record.Kind{record.KindMedia, record.KindApp, record.KindTLS, ""} {
		c.Kind = kind
		if found := r.Evaluate(c); found != nil {
			t.Errorf("kind %q: %s", kind, names(found))
		}
	}
}

func TestEvaluateDoesNotAllocateOnAnOrdinaryCall(t *testing.T) {
	r, c := newRules(t, fullConfig()), homeCall()
	if n := testing.AllocsPerRun(100, func() { r.Evaluate(c) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range table {
		if r.name == "" || seen[r.name] {
			t.Errorf("rule name %q is empty or there twice", r.name)
		}
		seen[r.name] = true
		for _, text := range []string{r.holds, r.needs, r.ordinary} {
			if text == "" || strings.ContainsAny(text, "|\n") {
				t.Errorf("%s: %q is empty or breaks the table", r.name, text)
			}
		}
		if _, ok := cases[r.name]; !ok {
			t.Errorf("%s has no test cases", r.name)
		}
	}
	for name := range cases {
		if !seen[name] {
			t.Errorf("test cases of %s, which is no rule", name)
		}
	}
}

func TestDocumentIsOfTheTable(t *testing.T) {
	const path = "../../docs/indicators.md"
	if *update {
		if err := os.WriteFile(path, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Markdown() {
		t.Errorf("%s is not what the table gives: run go test ./cdr/spoof -update", path)
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"country", Config{HomeCountry: "india"}, `home country "india"`},
		{"country in small letters", Config{HomeCountry: "in"}, "in capitals"},
		{"own number without sign", Config{OwnNumbers: []string{"9122"}}, `"9122"`},
		{"own number empty", Config{OwnNumbers: []string{""}}, `own number range ""`},
		{"own number is a sign", Config{OwnNumbers: []string{"+"}}, `"+"`},
		{"barred prefix with letters", Config{BarredPrefixes: []string{"+91x"}}, `"+91x"`},
		{"barred prefix empty", Config{BarredFromAbroad: []string{""}}, `barred prefix ""`},
		{"address prefix", Config{OwnPrefixes: []netip.Prefix{{}}}, "own address prefix 1"},
		{"mapped address prefix", Config{OwnPrefixes: []netip.Prefix{netip.MustParsePrefix("::ffff:192.0.2.0/120")}}, "own form"},
		{"agent empty", Config{ScannerAgents: []string{""}}, "scanner agent 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// What New was given can be changed afterwards without changing the rules, and New changes nothing of it.
func TestConfigIsCopied(t *testing.T) {
	cfg := fullConfig()
	cfg.ScannerAgents = []string{"BadAgent"}
	r := newRules(t, cfg)
	if cfg.ScannerAgents[0] != "BadAgent" {
		t.Error("New changed the configuration it was given")
	}
	cfg.ScannerAgents[0], cfg.OwnNumbers[0] = "other", "+1"
	c := homeCall()
	c.SIP.UserAgent = "badagent/1"
	c.Src = end("203.0.113.200", "", "")
	if got := names(r.Evaluate(c)); got != "own_number_from_outside scanner_user_agent" {
		t.Errorf("indicators %q", got)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	r := newRules(b, fullConfig())
	c := homeCall()
	b.Run("ordinary", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Evaluate(c)
		}
	})
	hoax := homeCall()
	hoax.Src = end("198.51.100.140", "NL", "hosting")
	b.Run("hoax", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Evaluate(hoax)
		}
	})
}
