package sip

import (
	"bytes"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

// TestLongMessages holds the longest messages, made of what parsers look ahead for again and again, to the bounds of fuzzbound:
// a fuzz target seldom gets to such lengths by itself.
func TestLongMessages(t *testing.T) {
	lines := func(line string) string { return strings.Repeat(line+"\r\n", 60_000/(len(line)+2)) }
	for _, unit := range []string{
		",", ",,", "<", ">", "<>,", "<,", `"`, `\`, `"\",`, `""`, ";", ";=", "=", "%", "%4", "?", "?a&", "&", "@", ":", " ", "\r\n ", "\n\t", "\r", "\x00", "\xff",
		"a,", "a b ", "<sip:a?b=c>,", "sip:a:b@c;postd=1,", `"<sip:a@b>" <sip:a@b>,`, "a;b;", "0", ";tag=", "SIP/2.0/UDP a;branch=b,", "[", "(",
	} {
		long := strings.Repeat(unit, 60_000/len(unit))
		for _, name := range []string{"From", "Via", "Contact", "CSeq", "History-Info", "Authorization", "Identity", "Content-Length", "X", "Call-ID"} {
			checkBound(t, name+" "+unit, "INVITE sip:user@example.com SIP/2.0\r\n"+name+": "+long+"\r\n"+string(crlf(required))+"\r\n")
		}
		checkBound(t, "Request-URI "+unit, "INVITE sip:"+long+" SIP/2.0\r\n"+string(crlf(required))+"\r\n")
		checkBound(t, "anything "+unit, long)
		value := []byte(long)
		dst := make([]byte, 0, len(value)) // what the caller lends
		fuzzbound.Check(t, len(value), func() { readValue(dst, value) })
		fuzzbound.Check(t, len(value), func() { AppendRedacted(nil, value) })
	}
	for _, line := range []string{"Via: SIP/2.0/UDP a;branch=b", "v:", "f: a,b", "X", ": ", "i: <", "m: *,*", "P-Asserted-Identity: <sip:a@b>, <sip:a@b>", "\t", "Authorization: Digest a=b", "WWW-Authenticate: Digest a,\"", "Proxy-Authenticate: Digest,<,a\t="} {
		checkBound(t, "lines of "+line, "INVITE sip:user@example.com SIP/2.0\r\n"+string(crlf(required))+lines(line)+"\r\n")
	}
}

func checkBound(t *testing.T, name, text string) {
	t.Helper()
	b := []byte(text)
	before := bytes.Clone(b)
	failed := t.Failed()
	fuzzbound.Check(t, len(b), func() {
		var m Message
		if m.Parse(b) == nil {
			readAll(&m)
			m.Keep(nil)
		}
	})
	if t.Failed() && !failed {
		t.Errorf("that was %q", name)
	}
	if !bytes.Equal(b, before) {
		t.Fatalf("%q: the message was written to", name)
	}
}
