package watchlist

import (
	"strings"
	"testing"
	"time"
)

func TestNormalise(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 5, 28, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		kind        Kind
		value, want string // or what the error says
	}{
		{Number, "0120-410 0001", "+911204100001"},
		{Number, "+91 (120) 4100001", "+911204100001"},
		{Number, "police", "value: no valid telephone number"},
		{NumberPrefix, "+91 120-41", "+9112041"},
		{NumberPrefix, "+1", "+1"},
		{NumberPrefix, "0120", "value: no number prefix"},
		{NumberPrefix, "+0120", "value: no number prefix"},
		{NumberPrefix, "+", "value: no number prefix"},
		{NumberPrefix, "+1234567890123456", "value: no number prefix"},
		{NumberPrefix, "+12a", "value: no number prefix"},
		{Address, "203.0.113.7", "203.0.113.7"},
		{Address, "::ffff:203.0.113.7", "203.0.113.7"},
		{Address, "2001:DB8:0::1", "2001:db8::1"},
		{Address, "fe80::1%eth0", "value: no address"},
		{Address, "203.0.113.0/24", "value: no address"},
		{Prefix, "203.0.113.0/24", "203.0.113.0/24"},
		{Prefix, "::ffff:203.0.113.0/120", "203.0.113.0/24"},
		{Prefix, "2001:db8::/32", "2001:db8::/32"},
		{Prefix, "203.0.113.7/24", "value: bits are set behind its 24"},
		{Prefix, "0.0.0.0/0", "value: a prefix of length 0"},
		{Prefix, "203.0.113.7", "value: no prefix"},
		{SIPURI, "sip:Anna@Example.ORG:5060;transport=tcp", "Anna@example.org"},
		{SIPURI, "<SIPS:anna@example.org>", "anna@example.org"},
		{SIPURI, "anna@[2001:DB8::1]:5061", "anna@[2001:db8::1]"},
		{SIPURI, "sip:example.org", "value: no SIP URI with a user"},
		{SIPURI, "sip:@example.org", "value: no SIP URI with a user"},
		{SIPURI, "anna@[2001:db8::1", "value: no SIP URI with a user"},
		{SIPURI, "anna@b@c", "value: no SIP URI with a user"},
		{SIPURI, "sip:anna@;x", "value: no SIP URI with a user"},
		{UserAgent, " friendly-scanner ", "friendly-scanner"},
		{UserAgent, "*a*b*", "value: a User-Agent with at least 3 characters"},
		{UserAgent, "x\x1b[31m", "value: it has a control character"},
		{UserAgent, "\xff\xfe\xfd", "value: it is not UTF-8"},
		{UserAgent, strings.Repeat("x", 513), "value: it is longer than 512 octets"},
		{"name", "anna", "kind: one of number, number_prefix, address, prefix, sip_uri, user_agent is wanted"},
	} {
		e, err := Entry{List: "scam", Kind: tt.kind, Value: tt.value, Source: "police", Reason: "hoax"}.Normalise(indian)
		got := e.Value
		if err != nil {
			got = err.Error()
			if strings.HasPrefix(tt.want, "value: no") && len(tt.value) > 3 && strings.Contains(got, tt.value) {
				t.Errorf("%s: the error quotes the value: %s", tt.kind, got)
			}
		}
		if got != tt.want && (err == nil || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s %q: %s, want %s", tt.kind, tt.value, got, tt.want)
		}
	}
	good := Entry{List: "scam", Kind: Address, Value: "203.0.113.7", Source: "police", Reason: "hoax"}
	for want, change := range map[string]func(*Entry){
		"list: a name has":             func(e *Entry) { e.List = "Scam" },
		"source: it is empty":          func(e *Entry) { e.Source = " " },
		"reason: it is empty":          func(e *Entry) { e.Reason = "" },
		"until: it is not after from":  func(e *Entry) { e.From, e.Until = day, day },
		"case: it has a control chara": func(e *Entry) { e.Case = "a\nb" },
	} {
		e := good
		change(&e)
		if _, err := e.Normalise(indian); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
