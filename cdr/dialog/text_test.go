package dialog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"calltrail/decode/pidf"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// withHeaders is a message of the ladders' notation with more header fields.
func withHeaders(t testing.TB, line string, headers ...string) *Message {
	t.Helper()
	s := readSteps(t, "message", line)[0]
	extra := strings.Join(headers, "\r\n") + "\r\n"
	s.text = []byte(strings.Replace(string(s.text), "Content-Length:", extra+"Content-Length:", 1))
	return parse(t, &s)
}

// What a call keeps of its headers for those who group and verify.
func TestTextOfInvite(t *testing.T) {
	passport := strings.Repeat("e", 900) + ".sig"
	long := strings.Repeat("f", 3300) + ".sig"
	table := emptyTable()
	table.Handle(withHeaders(t, "0.000 A>B INVITE sdp=A:4000",
		"P-Access-Network-Info: IEEE-802.11;i-wlan-node-id=aa, 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=4040;network-provided",
		"Identity: "+passport+";info=<https://cert.example/a>;ppt=shaken", "Identity: "+long+";info=<https://cert.example/b>",
		"Identity: short;info=<https://cert.example/c>",
		"Replaces: other@example.com;to-tag=7;from-tag=3;early-only", "Referred-By: <sip:bob:secret@example.com>;cid=x"))
	handle(t, table, "1.000 B>A 200 INVITE ttag=9")
	handle(t, table, "1.100 B>A REFER branch=r cseq=2 ftag=9 ttag=1 by=<sip:bob@example.com> "+
		"refer=<sip:carol@example.com?Replaces=c2%%40example.com%%3Bto-tag%%3D7%%3Bfrom-tag%%3D3>")
	c := table.calls["c1@example.com"][0]
	for _, w := range []struct {
		field Field
		want  string
	}{
		{AccessNetwork, "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=4040;network-provided, IEEE-802.11;i-wlan-node-id=aa"},
		// The second one has no room: a part of it would prove nothing.
		{Identity, passport + ";info=<https://cert.example/a>;ppt=shaken, short;info=<https://cert.example/c>"},
		{Replaces, "other@example.com;to-tag=7;from-tag=3;early-only"},
		{ReferredBy, "<sip:bob:***@example.com>;cid=x"},
		{Origin, "1 IN IP4 192.0.2.1"},
		{ReferReplaces, "c2@example.com;to-tag=7;from-tag=3"},
		{Referrer, "<sip:bob@example.com>"},
	} {
		if got := string(c.Text.Get(w.field)); got != w.want {
			t.Errorf("field %d: got %q\nwant %q", w.field, got, w.want)
		}
	}
	if !c.Text.full {
		t.Error("an Identity was left out, and nothing says so")
	}
	again := restore(t, emptyTable(), snapshotOf(t, table), epoch+2e9)
	for f := range numFields {
		if got, want := again.Text.Get(f), c.Text.Get(f); string(got) != string(want) {
			t.Errorf("after a restart field %d is %q, was %q", f, got, want)
		}
	}
}

// Transport, tunnels and place are those of the INVITE nearest to the caller, copied, and survive a restart.
func TestCarriage(t *testing.T) {
	table := emptyTable()
	far := message(t, "0.000 P>B INVITE branch=p vias=2")
	far.Transport, far.Tunnels = sip.TCP, []tunnel.Header{{Type: tunnel.GRE}}
	far.Location = &pidf.Location{Country: "DE"}
	table.Handle(far)
	near := message(t, "0.001 A>P INVITE")
	near.Transport = sip.WS
	for i := range 2 * tunnel.MaxDepth {
		near.Tunnels = append(near.Tunnels, tunnel.Header{Type: tunnel.VXLAN, HasID: true, ID: uint32(i), Src: [16]byte{1}})
	}
	near.Location = &pidf.Location{HasPoint: true, Latitude: 19.07, Longitude: 72.88, RadiusM: 30, Country: "IN", A1: "MH", A3: "Mumbai", Method: "Cell"}
	near.Carriage = FragmentOverlap | StreamGap
	table.Handle(near)
	c := table.calls["c1@example.com"][0]
	want := slices.Clone(near.Tunnels[:tunnel.MaxDepth])
	clear(near.Tunnels)
	place := *near.Location
	*near.Location = pidf.Location{}
	again := restore(t, emptyTable(), snapshotOf(t, table), epoch+1e9)
	for name, c := range map[string]*Call{"as it is": c, "after a restart": again} {
		if c.Transport != sip.WS || !slices.Equal(c.Tunnels, want) || c.Location == nil || *c.Location != place {
			t.Errorf("%s: %v over %+v from %+v", name, c.Transport, c.Tunnels, c.Location)
		}
		if f := slices.Collect(c.Flags.Names); !slices.Contains(f, "fragment_overlap") || !slices.Contains(f, "stream_gap") ||
			slices.Contains(f, "stream_overlap") {
			t.Errorf("%s: flags %q", name, f)
		}
	}
}

// A 302 says where to and why; an INVITE that follows it may say the same, which is said once.
func TestDiversionOfAnswer(t *testing.T) {
	table := emptyTable()
	handle(t, table, "0.000 A>P INVITE diversion=<sip:first@example.com>;reason=unconditional")
	handle(t, table, "0.010 P>A 302 INVITE ttag=8 contact=C diversion=<sip:bob@example.com>;reason=no-answer")
	handle(t, table, "0.020 A>C INVITE branch=b cseq=2 diversion=<sip:bob@example.com>;reason=no-answer")
	var got []string
	for r := range table.calls["c1@example.com"][0].Text.Redirects {
		got = append(got, fmt.Sprintf("%s %s %s", r.Source, r.Value, r.Reason))
	}
	want := []string{"3xx <sip:user@198.51.100.30> ", "diversion <sip:bob@example.com>;reason=no-answer no-answer"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// However often a call is tried again with other values, its text stays within its bound, and the newest values are kept.
func TestTextIsBounded(t *testing.T) {
	table := emptyTable()
	for i := range 200 {
		handle(t, table, "%d.000 A>P INVITE branch=b%d cseq=%d", i, i, 2*i+1)
		value := strings.Repeat(fmt.Sprintf("%03d", i), 300)
		m := withHeaders(t, fmt.Sprintf("%d.100 A>P INVITE branch=c%d cseq=%d", i, i, 2*i+2), "P-Asserted-Identity: <sip:"+value+"@example.com>")
		table.Advance(m.Now)
		table.Handle(m)
		c := table.calls["c1@example.com"][0]
		if len(c.Text.slab) > maxSlab || c.Text.full {
			t.Fatalf("attempt %d: %d octets, full %t", i, len(c.Text.slab), c.Text.full)
		}
		if got := string(c.Text.Get(PAssertedIdentity)); got != "<sip:"+value+"@example.com>" || !c.Text.has(From) {
			t.Fatalf("attempt %d: %q", i, got)
		}
	}
}
