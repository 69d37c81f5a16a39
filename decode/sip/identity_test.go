package sip

import (
	"slices"
	"strings"
	"testing"
)

// TestDisplayName: names as people and programs write them. What is read is the octets, whatever their encoding: the record
// cleans them, and keeps them beside when it had to.
func TestDisplayName(t *testing.T) {
	for _, c := range []struct{ name, value, want, uri string }{
		{"UTF-8 in quotes (RFC 3261 25.1 qdtext)", "\"J\u00f6rg \u5c71\u7530\" <sip:j@example.com>", "J\u00f6rg \u5c71\u7530", "sip:j@example.com"},
		{"UTF-8 without quotes, against the grammar", "\u0930\u093e\u092e <sip:r@example.com>", "\u0930\u093e\u092e", "sip:r@example.com"},
		{"Latin-1", "\"J\xf6rg\" <sip:j@example.com>", "J\xf6rg", "sip:j@example.com"},
		{"Latin-1 without quotes", "J\xf6rg <sip:j@example.com>", "J\xf6rg", "sip:j@example.com"},
		{"encoded-word: SIP has none, RFC 3261 7.3.1 names RFC 2822 only for the look", "=?UTF-8?Q?J=C3=B6rg?= <sip:j@example.com>", "=?UTF-8?Q?J=C3=B6rg?=", "sip:j@example.com"},
		{"encoded-word with ?B? and quotes", `"=?utf-8?B?SsO2cmc=?=" <sip:j@example.com>`, "=?utf-8?B?SsO2cmc=?=", "sip:j@example.com"},
		{"bidirectional override", "\"\u202e0010552202+\" <sip:+15@example.com>", "\u202e0010552202+", "sip:+15@example.com"},
		{"quoted-pairs (RFC 3261 25.1)", `"A \"B\" \\ C\<" <sip:a@example.com>`, `A "B" \ C<`, "sip:a@example.com"},
		{"quoted-pair of an octet of UTF-8", "\"\\\u00f6\" <sip:a@example.com>", "\u00f6", "sip:a@example.com"},
		{"a second address in the name", `"<sip:fake@example.org>" <sip:a@example.com>`, "<sip:fake@example.org>", "sip:a@example.com"},
		{"a number as the name", `"+12025550100" <sip:+912255500199@example.com>`, "+12025550100", "sip:+912255500199@example.com"},
		{"folded (RFC 3261 7.3.1)", "\"A\r\n\t B\"\r\n <sip:a@example.com>", "A B", "sip:a@example.com"},
		{"empty quotes", `"" <sip:a@example.com>`, "", "sip:a@example.com"},
		{"NUL", "\"a\x00b\" <sip:a@example.com>", "a\x00b", "sip:a@example.com"},
		{"no space before <", `"A"<sip:a@example.com>`, "A", "sip:a@example.com"},
		{"comma without quotes", "Bell, A. <sip:a@example.com>", "Bell, A.", "sip:a@example.com"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := ParseNameAddr([]byte(c.value))
			if got := string(DisplayText(nil, a.Display)); err != nil || got != c.want || string(a.URI) != c.uri {
				t.Errorf("%q, %q, %v; want %q, %q", got, a.URI, err, c.want, c.uri)
			}
		})
	}
}

// TestNumberURI: telephone numbers in URIs, and which URIs mean one.
func TestNumberURI(t *testing.T) {
	for _, c := range []struct {
		name, uri, user, context, host string
		phone                          bool
	}{
		{"global (RFC 3966 6)", "tel:+1-201-555-0123", "+1-201-555-0123", "", "", true},
		{"local, global context (RFC 3966 5.1.5)", "tel:863-1234;phone-context=+1-914-555", "863-1234", "+1-914-555", "", true},
		{"local, domain context", "tel:7042;phone-context=example.com", "7042", "example.com", "", true},
		{"context not first", "tel:7042;ext=5;Phone-Context=+1;isub=2", "7042", "+1", "", true},
		{"local in a SIP URI (RFC 3261 19.1.6)", "sip:7042;phone-context=+1914555@example.com;user=phone", "7042", "+1914555", "example.com", true},
		{"separators in a SIP URI", "sip:+1-(202)-555.0100@example.com;user=phone", "+1-(202)-555.0100", "", "example.com", true},
		{"user=phone only", "sip:2025550100@example.com;user=phone", "2025550100", "", "example.com", true},
		{"USER=PHONE", "sip:2025550100@example.com;USER=PHONE", "2025550100", "", "example.com", true},
		{"plus sign only", "sip:+12025550100@example.com", "+12025550100", "", "example.com", true},
		{"escaped plus sign and digits (RFC 3261 19.1.2)", "sip:%2B%312025550100@example.com", "+12025550100", "", "example.com", true},
		{"escaped plus sign", "sip:%2b12025550100@example.com", "+12025550100", "", "example.com", true},
		{"a name with an escaped octet", "sip:%61lice%40home@example.com", "alice@home", "", "example.com", false},
		{"escaped separators", "sip:alice%3bday%3dtuesday@example.com", "alice;day=tuesday", "", "example.com", false},
		{"user=ip", "sip:alice@example.com;user=ip", "alice", "", "example.com", false},
		{"number portability in the number (RFC 4694)", "tel:+1-202-555-0100;npdi;rn=+1-202-555-0000", "+1-202-555-0100", "", "", true},
		{"headers of a tel URI: not its number", "tel:+12025550100?Reason=SIP%3Bcause%3D302", "+12025550100", "", "", true},
		{"headers and parameters of a tel URI", "tel:7042;phone-context=+1?Privacy=history", "7042", "+1", "", true},
		{"anonymous (RFC 3261 8.1.1.3)", "sip:anonymous@anonymous.invalid", "anonymous", "", "anonymous.invalid", false},
		{"emergency (RFC 5031)", "urn:service:sos.police", "", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := ParseURI([]byte(c.uri))
			if err != nil {
				t.Fatal(err)
			}
			user := string(AppendUnescaped(nil, u.User))
			if user != c.user || string(u.PhoneContext()) != c.context || string(u.Host) != c.host || u.IsPhoneNumber() != c.phone {
				t.Errorf("user %q context %q host %q phone %t", user, u.PhoneContext(), u.Host, u.IsPhoneNumber())
			}
		})
	}
}

func TestChooseIdentity(t *testing.T) {
	const sipID, telID = `"Alice" <sip:alice@example.com>`, "<tel:+12025550100>"
	for _, c := range []struct{ name, values, want string }{
		{"SIP URI, then tel URI (RFC 3325 9.1)", sipID + ", " + telID, telID},
		{"tel URI, then SIP URI", telID + ", " + sipID, telID},
		{"user=phone", sipID + ", <sip:2025550100@example.com;user=phone>", "<sip:2025550100@example.com;user=phone>"},
		{"no number", sipID + ", <sip:bob@example.com>", sipID},
		{"a quotation mark that is not closed hides the comma too", `"x, ` + telID, ""},
		{"none", "", ""},
		{"called party (draft-ietf-sip-privacy 5.1)", "<sip:+12025550111@example.com>;party=called, <sip:+12025550100@example.com>;party=calling;screen=yes", "<sip:+12025550100@example.com>;party=calling;screen=yes"},
		{"called party only", "<sip:+12025550111@example.com>;party=called;screen=yes", ""},
		{"party in quotes and capitals", `<sip:+12025550100@example.com>;party="CALLING"`, `<sip:+12025550100@example.com>;party="CALLING"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(ChooseIdentity(Elements([]byte(c.values)))); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRemoteParty(t *testing.T) {
	for _, c := range []struct {
		value, party string
		screened     bool
	}{
		{`"John Doe" <sip:jdoe@foo.example.com>;party=calling;id-type=subscriber;privacy=full;screen=yes`, "calling", true},
		{"<sip:jdoe@foo.example.com>;screen=no", "", false},
		{`<sip:jdoe@foo.example.com>;screen="yes"`, "", true},
		{"<sip:jdoe@foo.example.com;screen=yes>", "", false}, // of the URI
	} {
		r, err := ParseRemoteParty([]byte(c.value))
		if err != nil || string(r.Party) != c.party || r.Screened != c.screened {
			t.Errorf("%s: %q %t %v", c.value, r.Party, r.Screened, err)
		}
	}
}

// TestHistory: RFC 7044 appendix B.1, a call that was forwarded twice, its entries put into order.
func TestHistory(t *testing.T) {
	const entries = `<sip:bob@192.0.2.4?Reason=SIP%3Bcause%3D302>;index=1.1;rc=1,` +
		`<sip:bob@biloxi.example.com;p=x>;index=1,` +
		`<sip:office@192.0.2.3?Privacy=history&Reason=Q.850%3Bcause%3D17%3Btext%3D%22User%20busy%22>;index=1.10;mp=1,` +
		`<sip:home@192.0.2.6;cause=408>;index=1.2;mp=1,` +
		`<sip:x@192.0.2.9>,` +
		`<tel:+12025550100?Reason=SIP%3bcause%3d486>;index=1.2.1`
	var got []string
	var list []HistoryEntry
	for v := range Elements([]byte(entries)) {
		h, err := ParseHistoryEntry(v)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, h)
		reason, _ := ParseReason(AppendUnescaped(nil, h.Reason))
		got = append(got, show("%s %s/%d/%s %s %d", h.Index, reason.Protocol, reason.Cause, reason.Text, h.Privacy, h.Cause))
	}
	want := []string{
		"1.1 SIP/302/- - 0", "1 -/0/- - 0", `1.10 Q.850/17/"User busy" history 0`, "1.2 -/0/- - 408", "- -/0/- - 0", "1.2.1 SIP/486/- - 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	list = slices.DeleteFunc(list, func(h HistoryEntry) bool { return h.Index == nil })
	slices.SortStableFunc(list, func(a, b HistoryEntry) int { return CompareIndex(a.Index, b.Index) })
	var order []string
	for _, h := range list {
		order = append(order, string(h.Index))
	}
	if want := []string{"1", "1.1", "1.2", "1.2.1", "1.10"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	for _, c := range []struct {
		a, b string
		want int
	}{{"1", "1", 0}, {"1.01", "1.1", 0}, {"2", "10", -1}, {"1.2", "1", 1}, {"", "1", 0}, {"1.", "2", 0}, {"1.x", "2", 0}, {"99999999999999999999", "1", 1}} {
		if got := CompareIndex([]byte(c.a), []byte(c.b)); got != c.want {
			t.Errorf("CompareIndex(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// TestKeptPrivacy: what a URI of History-Info carries beside its target outlives the packet, and nothing else does.
func TestKeptPrivacy(t *testing.T) {
	var m Message
	if err := m.Parse(crlf("INVITE sip:a@example.com SIP/2.0\n" + required +
		"History-Info: <sip:b@example.com?Subject=secret&Privacy=history&Reason=SIP%3Bcause%3D486>;index=1\n\n")); err != nil {
		t.Fatal(err)
	}
	m.Keep(nil)
	if got, want := string(m.Value(HeaderHistoryInfo)), "<sip:b@example.com?Privacy=history&Reason=SIP%3Bcause%3D486>;index=1"; got != want {
		t.Errorf("kept %s\nwant %s", got, want)
	}
}

func TestUsername(t *testing.T) {
	for _, c := range []struct{ name, value, want, kept string }{
		{"Digest", `Digest username="bob", realm="r"`, "bob", ""},
		{"comma and equals in quotes (RFC 3261 20.44)", `Digest realm="a,username=\"eve\"",username="bob, \"b\" =1",nonce="x"`, `bob, "b" =1`, `Digest username="bob, \"b\" =1",realm="a,username=\"eve\""`},
		{"AKA (RFC 3310, 3GPP TS 24.229 5.1.1.2)", `Digest username="404001234567890@ims.mnc000.mcc404.3gppnetwork.org",realm="ims.example",nonce="A34Cm+Fva37UYWpGNB34JP",algorithm=AKAv1-MD5,uri="sip:ims.example",response="6629fae49393a05397450978507c4ef1"`, "404001234567890@ims.mnc000.mcc404.3gppnetwork.org", ""},
		{"username* (RFC 7616 3.4)", `Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="api@example.org", userhash=false`, "J\u00e4s\u00f8n Doe", `Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe,realm="api@example.org"`},
		{"username* with a language", `Digest username*=ISO-8859-1'de'J%F6rg`, "J\xf6rg", ""},
		{"username* without charset", `Digest username*=bob`, "bob", ""},
		{"Bearer (RFC 8898): the token is the secret", "Bearer dXNlcm5hbWU9ImJvYiI,username=\"eve\"", "", "Bearer"},
		{"Basic: so is this", "Basic Ym9iOnNlY3JldA==", "", "Basic"},
		{"empty", `Digest username=""`, "", ""},
		{"the first counts", `Digest username="a",username="b"`, "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			cred, err := ParseCredentials([]byte(c.value))
			if got := string(cred.AppendUsername(nil)); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			if c.kept == "" {
				return
			}
			var m Message
			if err := m.Parse(crlf("INVITE sip:a@example.com SIP/2.0\n" + required + "Proxy-Authorization: " + c.value + "\n\n")); err != nil {
				t.Fatal(err)
			}
			m.Keep(nil)
			if got := string(m.Value(HeaderProxyAuthorization)); got != c.kept {
				t.Errorf("kept %s\nwant %s", got, c.kept)
			}
		})
	}
}

// TestReasons: several protocols in one header field (RFC 3326 section 2).
func TestReasons(t *testing.T) {
	const value = `SIP ;cause=200 ;text="Call completed elsewhere", Q.850;cause=16;text="Normal, call clearing", ` +
		`q850;cause="31", preemption;cause=1;text=UA, X.int;reasoncode=0x00000000, Q.850;cause=x`
	var got []string
	for v := range Elements([]byte(value)) {
		r, err := ParseReason(v)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, show("%s %d %t %s %t", r.Protocol, r.Cause, r.HasCause, DisplayText(nil, r.Text), r.IsQ850()))
	}
	want := []string{
		"SIP 200 true Call completed elsewhere false", "Q.850 16 true Normal, call clearing true", "q850 31 true - true",
		"preemption 1 true UA false", "X.int 0 false - false", "Q.850 0 false - true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestNetworkIdentifiers: what groups the legs of a call.
func TestNetworkIdentifiers(t *testing.T) {
	for _, c := range []struct{ name, value, icid, orig, term string }{
		{"RFC 7315 6.6", `icid-value=1234bc9876e; icid-generated-at=192.0.6.8; orig-ioi=home1.net`, "1234bc9876e", "home1.net", ""},
		{"quoted, with separators in it", `icid-value="AyretyU0dm+6O2IrT5tAFrbHLso=;023551024,1";orig-ioi="Type 3home1.net";term-ioi="Type 3home2.net"`, "AyretyU0dm+6O2IrT5tAFrbHLso=;023551024,1", "Type 3home1.net", "Type 3home2.net"},
		{"unquoted, with equals signs", "icid-value=P-CSCF1=4==;term-ioi=b", "P-CSCF1=4==", "", "b"},
		{"transit-ioi and others between", `icid-value=a;related-icid=b;transit-ioi="t.1,u.2";orig-ioi=c`, "a", "c", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := ParseChargingVector([]byte(c.value))
			if err != nil || string(v.ICID) != c.icid || string(v.OrigIOI) != c.orig || string(v.TermIOI) != c.term {
				t.Errorf("%q %q %q %v", v.ICID, v.OrigIOI, v.TermIOI, err)
			}
		})
	}
	const a, b = "ab30317f1a784dc48ff824d0d3715d86", "47755a9de7794ba387653f2099600ef2"
	for _, c := range []struct{ name, value, local, remote string }{
		{"RFC 7989 10.1", a + ";remote=" + b, a, b},
		{"RFC 7329: one value, the same from both sides", a, a, ""},
		{"capitals, spaces", strings.ToUpper(a) + " ; REMOTE = " + b, strings.ToUpper(a), b},
		{"logme (RFC 8497)", a + ";remote=" + b + ";logme", a, b},
		{"remote that is none", a + ";remote=12", a, ""},
		{"UUID with hyphens: not the form of either RFC", "ab30317f-1a78-4dc4-8ff8-24d0d3715d86", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := ParseSessionID([]byte(c.value))
			if (err != nil) != (c.local == "") || string(v.Local) != c.local || string(v.Remote) != c.remote {
				t.Errorf("%q %q %v", v.Local, v.Remote, err)
			}
		})
	}
}

// TestDiversions: a chain (RFC 5806 section 9), the last diversion first.
func TestDiversions(t *testing.T) {
	const value = `"B, office" <sip:+12025550102@example.net;user=phone>;reason=no-answer;counter=1;privacy=off;screen=yes,` +
		`<tel:+12025550101>;reason="user-busy";counter=2, sip:+12025550100@example.net;reason=unconditional`
	var got []string
	for v := range Elements([]byte(value)) {
		d, err := ParseDiversion(v)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, show("%s %s %d", d.URI, d.Reason, d.Counter))
	}
	want := []string{
		"sip:+12025550102@example.net;user=phone no-answer 1", "tel:+12025550101 user-busy 2", "sip:+12025550100@example.net unconditional 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestIdentityHeaders: each on its own in a message, also in its compact form, once it is kept.
func TestIdentityHeaders(t *testing.T) {
	var m Message
	text := "INVITE tel:+912255500199;phone-context=+91 SIP/2.0\n" + required +
		"Privacy: id;critical\nP-Preferred-Identity: \"C, D\" <sip:c@example.com>\ny: aa.bb.cc;info=<https://cert.example.org/a,b;c.cer>;alg=ES256;ppt=shaken\n\n"
	if err := m.Parse(crlf(text)); err != nil {
		t.Fatal(err)
	}
	m.Keep(nil)
	for _, c := range []struct {
		id   HeaderID
		want string
	}{
		{HeaderPrivacy, "id;critical"},
		{HeaderPPreferredIdentity, `"C, D" <sip:c@example.com>`},
		{HeaderIdentity, "aa.bb.cc;info=<https://cert.example.org/a,b;c.cer>;alg=ES256;ppt=shaken"},
	} {
		if got := string(m.Value(c.id)); got != c.want {
			t.Errorf("%s: %q, want %q", c.id, got, c.want)
		}
	}
	if got := string(m.RequestURI()); got != "tel:+912255500199;phone-context=+91" {
		t.Errorf("Request-URI %q", got)
	}
}
