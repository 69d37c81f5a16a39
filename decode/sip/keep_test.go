package sip

import (
	"bytes"
	"strings"
	"testing"
)

// kept is everything Keep must leave as it was.
type kept struct {
	summary, method, requestURI, reason, callID string
	values                                      [HeaderIDs]string
	stale                                       bool
}

func keptOf(m *Message) kept {
	k := kept{summary(m), string(m.MethodToken()), string(m.RequestURI()), string(m.ReasonPhrase()), string(m.CallID()), [HeaderIDs]string{}, m.StaleChallenge()}
	for id := range HeaderIDs {
		k.values[id] = values(m, HeaderID(id)) // #nosec G115 -- an index of that type
	}
	return k
}

func TestKeep(t *testing.T) {
	prefix := []byte("prefix")
	for _, msg := range [][]byte{invite, ok200, ack, trunkInvite, tortureMessage(t, "rfc4475/wsinv"), tortureMessage(t, "rfc4475/intmeth")} {
		packet := bytes.Clone(msg)
		var m Message
		if err := m.Parse(packet); err != nil {
			t.Fatal(err)
		}
		before := keptOf(&m)
		dst := m.Keep(prefix)
		clear(packet) // whatever still aliases the packet is zeros now
		if after := keptOf(&m); after != before {
			t.Errorf("after Keep  %+v\nbefore Keep %+v", after, before)
		}
		if m.Body() != nil {
			t.Error("Keep kept a body")
		}
		if !bytes.HasPrefix(dst, prefix) || len(dst) > len(prefix)+len(msg) {
			t.Errorf("Keep made %d octets of %d", len(dst)-len(prefix), len(msg))
		}
	}
}

// TestKeepNever holds the promise of the package: no content and no secret in what outlives the packet.
func TestKeepNever(t *testing.T) {
	msg := crlf(`INVITE sip:bob@example.com?Subject=MARK&body=MARK SIP/2.0
Via: SIP/2.0/UDP 192.0.2.15;branch=z9hG4bKkdjuw
To: <sip:bob@example.com?subject=MARK;MARK>
From: sip:alice@example.com?x=MARK;tag=77
Call-ID: never@example.net
CSeq: 8 INVITE
Subject: MARK
s: MARK
User-to-User: MARK;encoding=hex
Call-Info: <https://example.com/MARK>
Alert-Info: <https://example.com/MARK>
X-Unknown: MARK
Authorization: Digest username="alice, a", nonce="MARK", realm="example.com", response="MARK", uri="sip:MARK"
Authorization: Basic MARK
Proxy-Authorization: Bearer MARK
WWW-Authenticate: Digest realm="MARK", nonce="MARK", opaque="MARK", stale=true
Proxy-Authenticate: Negotiate MARK
Authorization: "MARK"
Contact: <sip:alice@192.0.2.15?a=MARK&Reason=SIP%3Bcause%3D302>, <tel:+12025550100?MARK>
Refer-To: <sip:carol@example.com?Subject=MARK&REPLACES=1%402%3Bto-tag%3D3%3Bfrom-tag%3D4&body=MARK>
P-Asserted-Identity: "MARK?" "<sip:x@example.com?MARK
Content-Type: text/plain
Content-Length: 4

MARK`)
	msg = bytes.Replace(msg, []byte(`P-Asserted-Identity: "MARK?" "`), []byte(`P-Asserted-Identity: "?" "`), 1)
	var m Message
	if err := m.Parse(msg); err != nil {
		t.Fatal(err)
	}
	dst := m.Keep(nil)
	if bytes.Contains(dst, []byte("MARK")) {
		t.Errorf("kept %q", dst)
	}
	for id, want := range map[HeaderID]string{
		HeaderAuthorization:      `Digest username="alice, a",realm="example.com"|Basic`,
		HeaderProxyAuthorization: "Bearer",
		HeaderContact:            "<sip:alice@192.0.2.15?Reason=SIP%3Bcause%3D302>|<tel:+12025550100>",
		HeaderReferTo:            "<sip:carol@example.com?REPLACES=1%402%3Bto-tag%3D3%3Bfrom-tag%3D4>",
		HeaderTo:                 "<sip:bob@example.com>",
		HeaderFrom:               "sip:alice@example.com",
	} {
		if got := values(&m, id); got != want {
			t.Errorf("%v: %s\nwant %s", id, got, want)
		}
	}
	if got, want := summary(&m), "INVITE 77  z9hG4bKkdjuw 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if string(m.RequestURI()) != "sip:bob@example.com" {
		t.Errorf("Request-URI %q", m.RequestURI())
	}
}

// TestKeepFull fills the 64 KiB of a message with values of the allow-list.
func TestKeepFull(t *testing.T) {
	long := strings.Repeat("x", MaxValue-40)
	text := "OPTIONS sip:a@example.com SIP/2.0\n" + required + strings.Repeat("Diversion: <sip:"+long+"@example.com>\n", 62) + "\n"
	msg := crlf(text)
	if len(msg) > MaxMessage {
		t.Fatalf("%d octets", len(msg))
	}
	var m Message
	if err := m.Parse(msg); err != nil {
		t.Fatal(err)
	}
	before := keptOf(&m)
	m.Keep(nil)
	if after := keptOf(&m); after != before {
		t.Error("values changed")
	}
	if m.Anomalies() != TooManyHeaders|CSeqMethod {
		t.Errorf("anomalies %q", m.Anomalies())
	}
}

// TestDamaged cuts a message at every octet and flips every bit of it: nothing panics, and what is accepted has what
// names a call.
func TestDamaged(t *testing.T) {
	var m Message
	dst := make([]byte, 0, 4096)
	check := func(b []byte) {
		if m.Parse(b) != nil {
			return
		}
		if len(m.CallID()) == 0 || len(m.Value(HeaderFrom)) == 0 || len(m.Value(HeaderTo)) == 0 || len(m.Value(HeaderCSeq)) == 0 {
			t.Fatalf("accepted without identity: %q", b)
		}
		readAll(&m)
		dst = m.Keep(dst[:0])
	}
	for _, msg := range [][]byte{trunkInvite, ok200, tortureMessage(t, "rfc4475/wsinv")} {
		msg = bytes.Clone(msg)
		for i := range msg {
			check(msg[:i])
			for bit := range 8 {
				msg[i] ^= 1 << bit
				check(msg)
				msg[i] ^= 1 << bit
			}
		}
	}
}

// readAll calls every parser on what m holds and drops what it gives.
func readAll(m *Message) {
	var dst [64]byte
	_, _ = ParseURI(m.RequestURI())
	for id := range HeaderIDs {
		for v := range m.Values(HeaderID(id)) { // #nosec G115 -- an index of that type
			readValue(dst[:0], v)
		}
	}
}

func readValue(dst, v []byte) {
	a, _ := ParseNameAddr(v)
	_ = DisplayText(dst, a.Display)
	u, _ := ParseURI(a.URI)
	_ = AppendUnescaped(dst, u.User)
	_, _ = u.PhoneContext(), u.Header("reason")
	_, _ = ParseVia(v)
	_, _ = ParseCSeq(v)
	_, _ = ParseContact(v)
	_, _ = ParseDiversion(v)
	_, _ = ParseHistoryEntry(v)
	_, _ = ParseReason(v)
	_, _ = ParseReplaces(v)
	_, _ = ParseSessionID(v)
	_, _ = ParseSessionExpires(v)
	_, _ = ParseChargingVector(v)
	c, _ := ParseCredentials(v)
	_ = c.AppendUsername(dst)
	_, _ = ParseAccessNetwork(v)
	_, _ = ParseGeolocation(v)
	_, _ = ParseRemoteParty(v)
	_ = u.IsPhoneNumber()
	_ = AppendUnfolded(dst, v)
	_ = AppendRedacted(dst, v)
}
