package sip

import (
	"bytes"
	"strings"
	"testing"
)

// challenge is a refusal with header fields of its own.
func challenge(fields string) []byte {
	return crlf("SIP/2.0 401 Unauthorized\nVia: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKa\nFrom: <sip:a@example.com>;tag=1\n" +
		"To: <sip:a@example.com>;tag=2\nCall-ID: c\nCSeq: 2 REGISTER\n" + fields + "Content-Length: 0\n\n")
}

func TestStaleChallenge(t *testing.T) {
	for _, c := range []struct {
		fields string
		want   bool
	}{
		{"", false},
		{`WWW-Authenticate: Digest realm="example.com", nonce="MARK", stale=true, algorithm=MD5` + "\n", true},
		{`Proxy-Authenticate: Digest realm="example.com",nonce="MARK",opaque="MARK",stale=TRUE` + "\n", true},
		{`www-AUTHENTICATE :  dIGEST   STALE = "true" , nonce="MARK"` + "\n", true},
		{"WWW-Authenticate: Digest realm=\"example.com\",\n nonce=\"MARK\",\n\tstale=true\n", true},
		{"WWW-Authenticate: Digest\n stale=true\n", true},
		{`WWW-Authenticate: Digest realm="a", nonce="MARK", stale=false` + "\n", false},
		{`WWW-Authenticate: Digest realm="a", nonce="MARK"` + "\n", false},
		// What only looks like it: in a quoted-string, another name or value, another scheme, another header field.
		{`WWW-Authenticate: Digest realm="a, stale=true", nonce="MARK,stale=true"` + "\n", false},
		{`WWW-Authenticate: Digest realm="a\", stale=true", nonce="MARK"` + "\n", false},
		{`WWW-Authenticate: Digest nonce="MARK", x-stale=true, stale=truer, stale` + "\n", false},
		{`WWW-Authenticate: Basic realm="a", stale=true` + "\n", false},
		{`WWW-Authenticate: stale=true` + "\n", false},
		{`Authentication-Info: Digest stale=true` + "\n", false},
		{`Authorization: Digest stale=true, response="MARK"` + "\n", false},
		// Several challenges, in several header fields or in one.
		{"WWW-Authenticate: Digest nonce=\"MARK\",algorithm=SHA-256,stale=false\nWWW-Authenticate: Digest nonce=\"MARK\",stale=true\n", true},
		{`WWW-Authenticate: Basic realm="a", Digest nonce="MARK", stale=true` + "\n", true},
		{`WWW-Authenticate: Digest nonce="MARK", Basic realm="a", stale=true` + "\n", false},
		{`WWW-Authenticate: Digest nonce="MARK", NTLM, Digest stale=true` + "\n", true},
		{"WWW-Authenticate: Digest nonce=\"" + strings.Repeat("MARK", 300) + "\", stale=true\n", true}, // longer than a value that is kept
		{"WWW-Authenticate:\n", false},
		{`WWW-Authenticate: Digest nonce="MARK, stale=true` + "\n", false},
	} {
		b := challenge(c.fields)
		var m Message
		if err := m.Parse(b); err != nil {
			t.Fatal(err)
		}
		if m.StaleChallenge() != c.want || m.Anomalies()&^Folded != 0 {
			t.Errorf("%q: %t, anomalies %q", c.fields, m.StaleChallenge(), m.Anomalies())
		}
		// Nothing of a challenge is in the message, before Keep or after it.
		for _, id := range []HeaderID{HeaderWWWAuthenticate, HeaderProxyAuthenticate} {
			if n := strings.Count(strings.ToLower(c.fields), strings.ToLower(id.String())); m.Count(id) != n || values(&m, id) != "" || m.Value(id) != nil {
				t.Errorf("%q: %d of %s, want %d; value %q", c.fields, m.Count(id), id, n, m.Value(id))
			}
		}
		kept := m.Keep(nil)
		clear(b)
		if m.StaleChallenge() != c.want || bytes.Contains(kept, []byte("MARK")) || bytes.Contains(bytes.ToLower(kept), []byte("stale")) {
			t.Errorf("%q: after Keep %t, kept %q", c.fields, m.StaleChallenge(), kept)
		}
		// A Message that is used again knows nothing of the one before.
		if err := m.Parse(ok200); err != nil || m.StaleChallenge() {
			t.Errorf("%q: said of the next message too (%v)", c.fields, err)
		}
	}
}

func TestStaleChallengeAllocatesNothing(t *testing.T) {
	b := challenge(`WWW-Authenticate: Digest realm="a,b", nonce="0a4f113b", opaque="x", qop="auth,auth-int", stale=true` + "\n")
	var m Message
	if n := testing.AllocsPerRun(100, func() {
		if m.Parse(b) != nil || !m.StaleChallenge() {
			t.Error("not parsed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
