package sip

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// summary is what a table compares: method or status, From tag, To tag, branch, number of Vias.
func summary(m *Message) string {
	what := m.Method().String()
	if !m.IsRequest() {
		what = fmt.Sprint(m.Status())
	}
	return fmt.Sprintf("%s %s %s %s %d", what, m.FromTag(), m.ToTag(), m.Branch(), m.ViaCount())
}

// values joins all values of id.
func values(m *Message, id HeaderID) string {
	var all []string
	for v := range m.Values(id) {
		all = append(all, string(v))
	}
	return strings.Join(all, "|")
}

// TestCallFlow reads the messages of RFC 3261 section 24.2 that make the dialog.
func TestCallFlow(t *testing.T) {
	for _, c := range []struct {
		name          string
		msg           []byte
		want          string
		method        Method
		requestURI    string
		reason, phone string
		odd           Anomaly
		body          int
	}{
		{"F1 INVITE", invite, "INVITE 1928301774  z9hG4bKnashds8 1", MethodINVITE, "sip:bob@biloxi.example.com", "", "sip:alice@pc33.atlanta.example.com", 0, 149},
		{"F9 200", ok200, "200 1928301774 a6c85cf z9hG4bK77ef4c2312983.1 2", MethodINVITE, "", "OK", "sip:bob@192.0.2.4", Folded, 0},
		{"F12 ACK", ack, "ACK 1928301774 a6c85cf z9hG4bKnashds9 1", MethodACK, "sip:bob@192.0.2.4", "", "", 0, 0},
		{"trunk", trunkInvite, "INVITE 5ca1ab1e  z9hG4bK-524287-1---2f6c5a7d 1", MethodINVITE, "sip:+912255500199@198.51.100.20:5060;user=phone", "", "sip:+911155500100@203.0.113.10:5060;transport=udp", 0, 141},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Message
			if err := m.Parse(append([]byte("\r\n\r\n"), c.msg...)); err != nil {
				t.Fatal(err)
			}
			if got := summary(&m); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			contact, _ := ParseContact(m.Value(HeaderContact))
			if m.Method() != c.method || string(m.RequestURI()) != c.requestURI || string(m.ReasonPhrase()) != c.reason || string(contact.URI) != c.phone {
				t.Errorf("%v %q %q contact %q", m.Method(), m.RequestURI(), m.ReasonPhrase(), contact.URI)
			}
			if m.Anomalies() != c.odd || len(m.Body()) != c.body {
				t.Errorf("anomalies %q, body of %d octets", m.Anomalies(), len(m.Body()))
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       ParseError
	}{
		{"nothing", "", ErrEmpty},
		{"keep-alive", "\r\n\r\n", ErrEmpty},
		{"zeros", "\x00\x00\x00\x00", ErrStartLine},
		{"one line", "INVITE sip:a@example.com SIP/2.0", ErrStartLine},
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", ErrStartLine},
		{"HTTP answer", "HTTP/1.1 200 OK\r\n\r\n", ErrStartLine},
		{"no URI", "INVITE SIP/2.0\r\n\r\n", ErrStartLine},
		{"method is no token", "INV:ITE sip:a@example.com SIP/2.0\r\n\r\n", ErrStartLine},
		{"version 3", "SIP/3.0 200 OK\r\n\r\n", ErrVersion},
		{"status of two digits", "SIP/2.0 20 OK\r\n\r\n", ErrStatus},
		{"status 700", "SIP/2.0 700 OK\r\n\r\n", ErrStatus},
		{"status 099", "SIP/2.0 099 OK\r\n\r\n", ErrStatus},
		{"no Call-ID", "ACK sip:a SIP/2.0\r\nFrom: sip:a\r\nTo: sip:a\r\nCSeq: 1 ACK\r\n\r\n", ErrCallID},
		{"empty Call-ID", "ACK sip:a SIP/2.0\r\nCall-ID: \r\nFrom: sip:a\r\nTo: sip:a\r\nCSeq: 1 ACK\r\n\r\n", ErrCallID},
		{"no From", "ACK sip:a SIP/2.0\r\ni: 1\r\nTo: sip:a\r\nCSeq: 1 ACK\r\n\r\n", ErrFrom},
		{"no To", "ACK sip:a SIP/2.0\r\ni: 1\r\nf: sip:a\r\nCSeq: 1 ACK\r\n\r\n", ErrTo},
		{"no CSeq", "ACK sip:a SIP/2.0\r\ni: 1\r\nf: sip:a\r\nt: sip:a\r\n\r\n", ErrCSeq},
		{"CSeq without method", "ACK sip:a SIP/2.0\r\ni: 1\r\nf: sip:a\r\nt: sip:a\r\nCSeq: 1\r\n\r\n", ErrCSeq},
		{"CSeq without space", "ACK sip:a SIP/2.0\r\ni: 1\r\nf: sip:a\r\nt: sip:a\r\nCSeq: 1ACK\r\n\r\n", ErrCSeq},
		{"too long", "ACK sip:a SIP/2.0\r\n" + strings.Repeat("x: y\r\n", MaxMessage/6), ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Message
			err := m.Parse([]byte(c.text))
			var reason ParseError
			if !errors.As(err, &reason) || reason != c.want {
				t.Fatalf("Parse = %v, want %v", err, c.want)
			}
			if m.CallID() != nil || m.Body() != nil || m.Anomalies() != 0 {
				t.Error("something is left of a refused message")
			}
			if reason.Reason() == "unknown" || int(reason) >= ParseErrors {
				t.Errorf("reason %d has no name", reason)
			}
		})
	}
}

// TestAnomalies makes each oddity alone, in an otherwise good message.
func TestAnomalies(t *testing.T) {
	const start = "INVITE sip:user@example.com SIP/2.0\r\n"
	req := strings.ReplaceAll(required, "\n", "\r\n")
	noVia := req[strings.Index(req, "To:"):]
	for _, c := range []struct {
		name, text string
		want       Anomaly
	}{
		{"none", start + req + "\r\n", 0},
		{"version in lower case", "INVITE sip:user@example.com sip/2.0\r\n" + req + "\r\n", 0},
		{"duplicate Call-ID, compact", start + req + "i: other\r\n\r\n", DuplicateCallID},
		{"duplicate From", start + req + "FROM: <sip:x@example.com>\r\n\r\n", DuplicateFrom},
		{"duplicate To", start + req + "t: <sip:x@example.com>\r\n\r\n", DuplicateTo},
		{"duplicate CSeq", start + req + "cseq: 9 BYE\r\n\r\n", DuplicateCSeq},
		{"Content-Length of 1 GB", start + req + "Content-Length: 1000000000\r\n\r\nabc", BodyShorter},
		{"Content-Length of 2^64", start + req + "Content-Length: 18446744073709551616\r\n\r\nabc", BodyShorter},
		{"Content-Length of 2^64+1", start + req + "Content-Length: 18446744073709551617\r\n\r\nabc", BodyShorter},
		{"Content-Length above 2^64", start + req + "Content-Length: 99999999999999999999999\r\n\r\nabc", BodyShorter},
		{"Content-Length is no number", start + req + "Content-Length: 3 \r\nl: 3x\r\n\r\nabc", DuplicateLength},
		{"Content-Length empty", start + req + "Content-Length:\r\n\r\nabc", ContentLengthInvalid},
		{"body longer", start + req + "l: 1\r\n\r\nabc", BodyLonger},
		{"bare LF", start + req + "l: 0\n\r\n", BareLF},
		{"bare LF at the end", start + req + "l: 0\r\n\n", BareLF},
		{"bare CR", start + req + "X: a\rb\r\n\r\n", BareCR},
		{"folded", start + req + "X: a\r\n\tb\r\n\r\n", Folded},
		{"control before the colon", start + req + "Call-ID\x01: evil\r\n\r\n", HeaderSyntax | ControlInName},
		{"no colon", start + req + "nonsense\r\n\r\n", HeaderSyntax},
		{"name is no token", start + req + "a b: c\r\n\r\n", HeaderSyntax},
		{"NUL", start + req + "X: \x00\r\n\r\n", NUL},
		{"bad UTF-8", start + req + "X: \xff\r\n\r\n", InvalidUTF8},
		{"bad UTF-8 in the body", start + req + "\r\n\xff\x00\r", 0},
		{"truncated value", start + req + "User-Agent: " + strings.Repeat("x", MaxValue+1) + "\r\n\r\n", TruncatedValue},
		{"longest value", start + req + "User-Agent: " + strings.Repeat("x", MaxValue) + "\r\n\r\n", 0},
		{"no empty line", start + req, Unterminated},
		{"no end of the last line", start + req + "l: 0", Unterminated},
		{"no Via", start + noVia + "\r\n", MissingVia},
		{"too many", start + req + strings.Repeat("v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n", 100) + "User-Agent: x\r\n\r\n", TooManyHeaders},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Message
			if err := m.Parse([]byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if m.Anomalies() != c.want {
				t.Errorf("anomalies %q, want %q", m.Anomalies(), c.want)
			}
			if got := string(m.CallID()); got != "row@example.net" {
				t.Errorf("Call-ID %q", got)
			}
			if c.want == TooManyHeaders && (m.ViaCount() != 101 || string(m.Value(HeaderUserAgent)) != "x") {
				t.Errorf("%d Vias, User-Agent %q", m.ViaCount(), m.Value(HeaderUserAgent))
			}
		})
	}
}

// TestLongFrom holds that a tag is found behind a display-name longer than what is kept of the value.
func TestLongFrom(t *testing.T) {
	text := strings.Replace(required, "From: ", "From: \""+strings.Repeat("x", 2*MaxValue)+"\"\n ", 1)
	var m Message
	if err := m.Parse(crlf("BYE sip:user@example.com SIP/2.0\n" + text + "\n")); err != nil {
		t.Fatal(err)
	}
	if string(m.FromTag()) != "8814" || len(m.Value(HeaderFrom)) != MaxValue {
		t.Errorf("tag %q, value of %d octets", m.FromTag(), len(m.Value(HeaderFrom)))
	}
	m.Keep(nil)
	if string(m.FromTag()) != "8814" {
		t.Errorf("tag %q after Keep", m.FromTag())
	}
}

func TestValues(t *testing.T) {
	var m Message
	text := "INVITE sip:user@example.com SIP/2.0\n" + required + `P-Asserted-Identity: "a, \", b" <sip:a,b@example.com>, , <tel:+12025550100>
Diversion: <sip:x@example.com>;reason="no,answer"
diversion:
Diversion: <sip:y@example.com>,<sip:z@example.com>
Contact: <sip:unclosed@example.com, "
User-Agent: one, two
User-Agent: three
y: e30.e30.AA;info=<https://cert.example.org/p.cer>

`
	if err := m.Parse(crlf(text)); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[HeaderID]string{
		HeaderPAssertedIdentity: `"a, \", b" <sip:a,b@example.com>|<tel:+12025550100>`,
		HeaderDiversion:         `<sip:x@example.com>;reason="no,answer"|<sip:y@example.com>|<sip:z@example.com>`,
		HeaderContact:           `<sip:unclosed@example.com, "`,
		HeaderUserAgent:         "one, two|three",
		HeaderIdentity:          "e30.e30.AA;info=<https://cert.example.org/p.cer>",
		HeaderGeolocation:       "",
		HeaderNone:              "",
		HeaderID(200):           "",
	} {
		if got := values(&m, id); got != want {
			t.Errorf("%v: %s\nwant %s", id, got, want)
		}
		if first, _, _ := strings.Cut(want, "|"); string(m.Value(id)) != first {
			t.Errorf("%v: first %q, want %q", id, m.Value(id), first)
		}
	}
	if m.Count(HeaderDiversion) != 3 || m.Count(HeaderID(200)) != 0 {
		t.Errorf("%d Diversion", m.Count(HeaderDiversion))
	}
	for range m.Values(HeaderDiversion) {
		break // must stop the iterator without a panic
	}
}

// TestTopBranch takes the branch of the first element only, whatever other Via header fields there are.
func TestTopBranch(t *testing.T) {
	text := strings.Replace(required, "branch=z9hG4bKkdjuw", "branch=z9hG4bK1,SIP/2.0/TCP 192.0.2.16;branch=z9hG4bK2\nVia:", 1)
	var m Message
	if err := m.Parse(crlf("INVITE sip:user@example.com SIP/2.0\n" + text + "\n")); err != nil {
		t.Fatal(err)
	}
	if got, want := summary(&m), "INVITE 8814  z9hG4bK1 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestHeaderNames finds each field of the allow-list by its name in three spellings and by its compact form.
func TestHeaderNames(t *testing.T) {
	for id := HeaderNone + 1; int(id) < HeaderIDs; id++ {
		name := id.String()
		for _, s := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := headerID([]byte(s)); got != id {
				t.Errorf("headerID(%q) = %v", s, got)
			}
		}
		if c := headerNames[id].compact; c != 0 && headerID([]byte{c}) != id {
			t.Errorf("compact form %c of %s is not known", c, name)
		}
	}
	for _, s := range []string{
		"", "s", "Subject", "User-to-User", "Call-Info", "k", "e", "Froo", "Fro", "Call-IE", "P-Asserted-Identitx",
		"Max-Forwards", "P-Access-Network-Inf", "Pxasserted-Identity", strings.Repeat("x", 300),
	} {
		if got := headerID([]byte(s)); got != HeaderNone {
			t.Errorf("headerID(%q) = %v", s, got)
		}
	}
}

func TestNames(t *testing.T) {
	for m := range Methods {
		if method := Method(m); m > 0 && MethodOf([]byte(method.String())) != method {
			t.Errorf("method %d is not found by its name %s", m, method)
		}
	}
	if MethodOf([]byte("invite")) != MethodOther || Method(200).String() != "OTHER" {
		t.Error("methods are case-sensitive")
	}
	seen := 0
	for name := range (Anomaly(1)<<Anomalies - 1).Names() {
		if name == "" {
			t.Error("an anomaly without a name")
		}
		seen++
	}
	if seen != Anomalies || ViaSyntax != 1<<(Anomalies-1) {
		t.Errorf("%d names for %d anomalies", seen, Anomalies)
	}
}

func TestNoAllocation(t *testing.T) {
	var m Message
	dst := make([]byte, 0, 4096)
	n := testing.AllocsPerRun(100, func() {
		if m.Parse(trunkInvite) != nil || m.Parse(nil) == nil || m.Parse(ok200) != nil || m.Parse(trunkInvite) != nil {
			t.Error("not parsed")
		}
		for v := range m.Values(HeaderPAssertedIdentity) {
			a, _ := ParseNameAddr(v)
			if _, err := ParseURI(a.URI); err != nil {
				t.Error(err)
			}
			dst = AppendRedacted(dst[:0], v)
		}
		for v := range m.Values(HeaderVia) {
			if _, err := ParseVia(v); err != nil {
				t.Error(err)
			}
		}
		dst = m.Keep(dst[:0])
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
