package postgres

import (
	"fmt"
	"testing"
	"time"

	"calltrail/store"
)

func TestLiteral(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;received=192.0.2.9": "192.0.2.1:5060",
		"SIP/2.0/TCP 192.0.2.1":                               "192.0.2.1:0",
		"SIP / 2.0 / UDP [2001:db8::1]:5062;branch=z9hG4bK1":  "[2001:db8::1]:5062",
		"SIP/2.0/UDP [2001:db8::1];branch=z9hG4bK1":           "[2001:db8::1]:0",
		"SIP/2.0/UDP proxy.example.org:5060;branch=z9hG4bK1":  "",
		"<sip:alice@192.0.2.4:5070;transport=tcp>;expires=60": "192.0.2.4:5070",
		`<sip:a@192.0.2.4:5070>;+sip.instance="<urn:uuid:0>"`: "192.0.2.4:5070",
		`"Alice \"<" <sip:a@192.0.2.4>;x="\\">"`:              "192.0.2.4:0",
		`"Alice <sip:a@192.0.2.4>`:                            "192.0.2.4:0",
		`"Alice <at> home" <sips:alice@[2001:db8::7]>`:        "[2001:db8::7]:0",
		"sip:192.0.2.4:5070":                                  "192.0.2.4:5070",
		"sip:192.0.2.4":                                       "192.0.2.4:0",
		"sip:alice@example.org":                               "",
		"sip:alice@192.0.2.4:70000":                           "",
		"tel:+15550100":                                       "",
		"*":                                                   "",
		"":                                                    "",
		"<":                                                   "",
		"@":                                                   "",
	} {
		got := ""
		if a, ok := literal(value); ok {
			if got = a.IP.String(); a.IP.Is6() {
				got = "[" + got + "]"
			}
			got += fmt.Sprintf(":%d", a.Port)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

// FuzzExamine holds that no body stops the loader: it is a record, or it has a reason for the quarantine, and a record
// has everything its row needs.
func FuzzExamine(f *testing.F) {
	chain := newChain(f)
	f.Add(chain.calls(1, 1)[0].Body)
	f.Add([]byte(`{"schema":"calltrail.registration.v1","kind":"registration","record_id":"00000000-0000-8000-8000-000000000001","sensor":"edge-1",` +
		`"day":"2026-05-28","at":"2026-05-28T10:00:00Z","event":"login","status":200,"call_id":"a","expires_s":-1,"contact":"<sip:a@[::1"}`))
	f.Add([]byte(`{"kind":"sip","schema":"calltrail.call.v1","media":[{"observed":{}}],"path":[{}],"sip":{"via":[""]}}`))
	f.Add([]byte(`{"schema":"calltrail.message.v1","kind":"message","record_id":"00000000-0000-8000-8000-000000000001","sensor":"edge-1",` +
		`"day":"2026-05-28","at":"2026-05-28T10:00:00Z","call_id":"a","transport":"udp","status":null,"src":{"ip":"192.0.2.1","port":0},"tunnel":[1]}`))
	f.Add([]byte(`{"kind":"message","schema":"calltrail.message.v1","call_id":"a","transport":"udp","status":-1}`))
	f.Add([]byte(`{"schema":"calltrail.call.v1","kind":"tls","tls":{"alpn":[""],"octets_up":18446744073709551615},"cell":{"type":"","ci":"0"}}`))
	f.Add([]byte(`{"schema":"calltrail.call.v1","kind":"app","dst":{"ip":"::1","port":1},"app":{"client":{},"peer":{"ip":"::1","port":1},"relay":{},"octets_up":18446744073709551615}}`))
	f.Add(chain.coverage(tapMinute("eth0", 0)).Body)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		chain := newChain(t)
		item := chain.body(body)
		item.Origin = "fuzz"
		e := examine(store.Item{Entry: item.Entry, Origin: item.Origin}, now)
		switch {
		case !e.chained:
			t.Fatal("a valid entry lost its place on the chain")
		case (e.call != nil || e.registration != nil || e.message != nil || e.coverage != nil) == (e.reason != ""):
			t.Fatalf("reason %q, call %v, registration %v, message %v, coverage %v", e.reason, e.call != nil, e.registration != nil, e.message != nil, e.coverage != nil)
		case e.call != nil:
			values(callColumns, e.call)
		case e.registration != nil:
			values(registrationColumns, e.registration)
		case e.message != nil:
			values(messageColumns, e.message)
		case e.coverage != nil:
			values(coverageColumns, e.coverage)
		}
		for _, p := range e.endpoints {
			if !p.addr.IP.IsValid() || p.latest < p.first || len(p.roles) == 0 {
				t.Fatalf("endpoint %+v", p)
			}
		}
	})
}
