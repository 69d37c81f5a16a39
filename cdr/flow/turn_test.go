package flow_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"calltrail/cdr/flow"
	"calltrail/decode"
)

const flowTURN = "192.0.2.10:49152>203.0.113.5:3478"

// send and data wrap a packet in an indication (RFC 8656 section 11).
func wrap(kind uint16, data []byte) []byte {
	return message(kind, xor(attrPeer, peer), attribute{attrData, data})
}

func TestTURN(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.allocate(alice)
	w.want("noticed " + flowTURN)
	w.send(alice, server, message(channelBind, xor(attrPeer, peer)))
	if e := w.last(); facts(e.Facts) != "asked answered turn allocated" ||
		learned(&e.Flow) != "mapped 192.0.2.200:61000, relayed 203.0.113.5:55000, peer 198.51.100.77:40000" {
		t.Errorf("%s; %s", facts(e.Facts), learned(&e.Flow))
	}
	w.want("noticed " + flowTURN)
	for i := range 21 {
		packet := media(111, i, 100)
		if inner := w.send(alice, server, channel(packet)); !bytes.Equal(inner, packet) {
			t.Fatalf("in a channel: %x", inner)
		}
		packet = media(111, 1000+i, 120)
		if inner := w.send(server, alice, wrap(dataIndication, packet)); !bytes.Equal(inner, packet) {
			t.Fatalf("in an indication: %x", inner)
		}
		w.pass(50 * time.Millisecond)
	}
	w.want("playing " + flowTURN + " rtp")
	rtcp := report(7)
	if inner := w.send(alice, server, wrap(sendIndication, rtcp)); !bytes.Equal(inner, rtcp) {
		t.Errorf("RTCP: %x", inner)
	}
	w.table.Finish(w.now)
	e := w.last()
	if e.Up.RTP != 21 || e.Up.RTPOctets != 2100 || e.Up.RTCP != 1 || e.Down.RTP != 21 || e.Down.RTPOctets != 21*120 || e.Up.Octets <= e.Up.RTPOctets {
		t.Errorf("up %+v\ndown %+v", e.Up, e.Down)
	}
	if facts(e.Facts) != "asked answered turn allocated relaying" {
		t.Error(facts(e.Facts))
	}
}

// A first octet from 64 to 79 says nothing where no TURN was seen.
func TestChannelWithoutTURN(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	if inner := w.send(alice, bob, channel(media(111, 1, 100))); inner != nil {
		t.Errorf("inner packet %x", inner)
	}
	w.allocate(alice)
	broken := channel(media(111, 1, 100))
	broken[3]++ // one octet more than there is
	if inner := w.send(alice, server, broken); inner != nil {
		t.Errorf("inner packet %x of a broken one", inner)
	}
	w.table.Finish(w.now)
	for i := range w.table.Events {
		if e := &w.table.Events[i]; e.Kind == flow.Closed && (e.Up.Other != 1 || e.Facts&flow.Relaying != 0) {
			t.Errorf("%s: %+v", say(e), e.Up)
		}
	}
}

// A relay sends on what one end says, and the other one listens: its reports are enough. Without a relay they must be more.
func TestOneWayThroughRelay(t *testing.T) {
	for _, c := range []struct {
		reports int
		relayed bool
		want    bool
	}{{1, true, true}, {0, true, false}, {4, false, false}, {5, false, true}} {
		w := newWorld(t, flow.Config{})
		w.allocate(alice)
		pack := func(b []byte) []byte {
			if c.relayed {
				return channel(b)
			}
			return b
		}
		for i := range c.reports {
			w.send(alice, server, pack(report(uint32(i))))
		}
		for i := range 40 {
			w.send(server, alice, pack(media(111, i, 100)))
			w.pass(50 * time.Millisecond)
		}
		if got := w.last().PlayingRTP; got != c.want {
			t.Errorf("%d reports, relayed %t: %t", c.reports, c.relayed, got)
		}
	}
}

// ICE and DTLS go through the relay; they say of the flow what they would say outside, but neither who asks whom between its
// own ends nor anything of a packet inside a packet inside a packet.
func TestInsideRelay(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.send(alice, server, message(allocateRequest))
	w.send(server, alice, wrap(dataIndication, message(bindingSuccess)))
	w.want()
	w.send(server, alice, message(allocateSuccess))
	w.send(alice, server, channel(check("remote", "local")))
	e := w.last()
	if facts(e.Facts) != "asked answered ice turn allocated" || e.Credential == 0 {
		t.Errorf("%s, credential %x", facts(e.Facts), e.Credential)
	}
	w.send(server, alice, channel(message(bindingSuccess, xor(attrMapped, mapped))))
	if got := learned(&w.last().Flow); got != "peer 198.51.100.77:40000, mapped 192.0.2.200:61000" {
		t.Error(got)
	}
	w.send(alice, server, wrap(sendIndication, record(22, 0, 0, 1, 0, 0, 40)))
	w.send(server, alice, channel(record(22, 0, 0, 2, 0, 0, 40)))
	w.send(alice, server, channel(record(23, 1, 1, 1)))
	w.send(server, alice, channel(record(23, 1, 1, 1)))
	if inner := w.send(alice, server, channel(wrap(sendIndication, media(111, 1, 100)))); inner != nil {
		t.Errorf("two levels deep: %x", inner)
	}
	w.table.Finish(w.now)
	if e := w.last(); facts(e.Facts) != "asked answered ice turn allocated hello helloback established relaying" || e.Up.RTP != 0 ||
		e.Up.Sealed != 1 || e.Up.SealedOctets != uint64(len(channel(record(23, 1, 1, 1)))) {
		t.Errorf("%s, %+v", facts(e.Facts), e.Up)
	}
}

func TestICE(t *testing.T) {
	for _, c := range []struct {
		name       string
		b          []byte
		facts      string
		credential bool
	}{
		{"a check", check("abcd", "efgh"), "asked ice", true},
		{"no priority", message(bindingRequest, text(attrUsername, "abcd:efgh")), "asked", false},
		{"no user name", message(bindingRequest, priority), "asked", false},
		{"one fragment", message(bindingRequest, text(attrUsername, "abcd"), priority), "asked ice", false},
		{"an indication", message(bindingIndication, text(attrUsername, "abcd:efgh"), priority), "", false},
		{"another method", message(allocateRequest, text(attrUsername, "abcd:efgh"), priority), "asked turn", false},
	} {
		w := newWorld(t, flow.Config{})
		w.send(alice, bob, message(bindingIndication, text(attrRealm, "viber"))) // so that there are events
		w.send(alice, bob, c.b)
		w.table.Finish(w.now)
		if e := w.last(); facts(e.Facts) != c.facts || e.Credential != 0 != c.credential {
			t.Errorf("%s: %q, credential %x", c.name, facts(e.Facts), e.Credential)
		}
	}
}

// The credential is the same from both sides, in every flow and table of one session, and another one in other sessions.
func TestCredential(t *testing.T) {
	of := func(to, from string) uint64 {
		w := newWorld(t, flow.Config{})
		w.send(alice, bob, check(to, from))
		w.send(bob, alice, message(bindingSuccess))
		return w.last().Credential
	}
	if of("abcd", "efgh") != of("efgh", "abcd") {
		t.Error("it depends on the direction")
	}
	if got := of("abcd", "efgh"); got != 0x3c7bd5d0adcb6dad {
		t.Errorf("it is %#x, not FNV-1a of abcd:efgh:", got)
	}
	seen := map[uint64]string{}
	for _, c := range [][2]string{{"abcd", "efgh"}, {"abc", "defgh"}, {"abcd", "efg"}, {"abcd", "abcd"}, {"abcde", "fgh"}} {
		h := of(c[0], c[1])
		if other, ok := seen[h]; ok || h == 0 {
			t.Errorf("%v has that of %s", c, other)
		}
		seen[h] = fmt.Sprint(c)
	}
}

// Addresses are kept once, those of the flow itself and those that lead nowhere not at all; of too many the peers give way.
func TestLearned(t *testing.T) {
	w := newWorld(t, flow.Config{})
	address := func(i int) netip.AddrPort { return netip.AddrPortFrom(peer.Addr(), uint16(i)) }
	w.send(alice, server, message(allocateRequest))
	w.send(server, alice, message(allocateSuccess, xor(attrMapped, alice), xor(attrRelayed, server)))
	for _, nowhere := range []string{"0.0.0.0:5000", "127.0.0.1:5000", "224.0.0.1:5000", "198.51.100.77:0"} {
		w.send(alice, server, message(channelBind, xor(attrPeer, netip.MustParseAddrPort(nowhere))))
	}
	w.send(server, alice, message(allocateRequest, xor(attrMapped, mapped))) // no answer
	if e := w.last(); e.NumLearned != 0 || e.Kind != flow.Noticed {
		t.Fatal(learned(&e.Flow))
	}
	for range 2 {
		for i := 1; i <= flow.MaxLearned; i++ {
			w.send(alice, server, message(channelBind, xor(attrPeer, address(i))))
		}
	}
	w.send(alice, server, message(channelBind, xor(attrPeer, address(100))))
	w.send(server, alice, message(allocateSuccess, xor(attrMapped, mapped), xor(attrRelayed, relay)))
	w.table.Finish(w.now)
	want := ""
	for i := 1; i <= flow.MaxLearned-2; i++ {
		want += "peer " + address(i).String() + ", "
	}
	if got := learned(&w.last().Flow); got != want+"relayed 203.0.113.5:55000, mapped 192.0.2.200:61000" {
		t.Error(got)
	}
	if w.table.Stats.Unlearned != 1 {
		t.Errorf("%d unlearned", w.table.Stats.Unlearned)
	}
}

// What a flow learns it tells, but not for ever.
func TestTold(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.allocate(alice)
	w.want("noticed " + flowTURN)
	w.send(alice, server, message(channelBind, xor(attrPeer, peer)))
	w.want("noticed " + flowTURN)
	w.send(alice, server, message(channelBind, xor(attrPeer, peer)))
	w.want()
	for i := range 20 {
		w.send(alice, server, channel(check("abcd", fmt.Sprint("efgh", i))))
	}
	if len(w.table.Events) != 6 || w.table.Stats.Untold != 14 {
		t.Errorf("%d events, %d untold", len(w.table.Events), w.table.Stats.Untold)
	}
}

// DTLS by its record headers.
func TestDTLS(t *testing.T) {
	hello, helloBack := record(22, 0, 0, 1, 0, 0, 40), record(22, 0, 0, 2, 0, 0, 40)
	certificate, changeCipher := record(22, 0, 1, 11, 0, 0, 40), record(20, 0, 2, 1)
	finished := record(22, 1, 0, 0xaa, 0xbb)
	flight := append(append(bytes.Clone(certificate), changeCipher...), finished...)
	sealed13 := func(epoch byte) []byte { return append([]byte{0x2c | epoch}, make([]byte, 30)...) }
	type step struct {
		up bool
		b  []byte
	}
	for _, c := range []struct {
		name   string
		steps  []step
		facts  string
		sealed int
		other  int
	}{
		{"ClientHello", []step{{true, hello}}, "hello", 0, 0},
		{"both hellos", []step{{true, hello}, {false, helloBack}}, "hello helloback", 0, 0},
		{"keys one way, in the last record of a flight", []step{{true, hello}, {true, flight}}, "hello", 0, 0},
		{"keys both ways", []step{{true, hello}, {true, flight}, {false, flight}}, "hello established", 0, 0},
		{"a flight cut before its keys", []step{{true, flight[:20]}, {false, flight[:20]}}, "", 0, 0},
		{"application data", []step{{true, record(23, 1, 5, 1, 2)}, {false, record(21, 1, 6, 1, 2)}}, "established", 1, 0},
		{"1.3: handshake under keys", []step{{true, hello}, {true, sealed13(2)}, {false, sealed13(2)}}, "hello established", 0, 0},
		{"1.3: application data", []step{{true, hello}, {true, sealed13(3)}, {false, sealed13(3)}}, "hello established", 2, 0},
		{"1.3 without a hello", []step{{true, sealed13(3)}, {false, sealed13(3)}}, "", 0, 2},
	} {
		w := newWorld(t, flow.Config{})
		w.send(alice, bob, message(bindingIndication, text(attrRealm, "viber")))
		for _, s := range c.steps {
			if s.up {
				w.send(alice, bob, s.b)
			} else {
				w.send(bob, alice, s.b)
			}
		}
		w.table.Finish(w.now)
		e := w.last()
		if facts(e.Facts) != c.facts || int(e.Up.Sealed+e.Down.Sealed) != c.sealed || int(e.Up.Other+e.Down.Other) != c.other {
			t.Errorf("%s: %q, %d sealed, %d other", c.name, facts(e.Facts), e.Up.Sealed+e.Down.Sealed, e.Up.Other+e.Down.Other)
		}
	}
}

// Zoom puts its own headers before RTP.
func TestZoom(t *testing.T) {
	w := newWorld(t, flow.Config{})
	router := netip.MustParseAddrPort("203.0.113.9:8801")
	for i := range 25 {
		for _, way := range [][2]netip.AddrPort{{alice, router}, {router, alice}} {
			packet := media(98, i, 80)
			wrapped := make([]byte, 8+19, 8+19+80)
			wrapped[0], wrapped[8], wrapped[9] = 5, 15, byte(i) // SFU header; audio: RTP after 19 octets
			if inner := w.send(way[0], way[1], append(wrapped, packet...)); !bytes.Equal(inner, packet) {
				t.Fatalf("inner packet %x", inner)
			}
		}
		w.pass(50 * time.Millisecond)
	}
	e := w.last()
	if e.Kind != flow.Playing || !e.PlayingRTP || e.Facts != 0 || e.Types[0][0].Type != 98 {
		t.Errorf("%s %s %v", say(e), facts(e.Facts), e.Types)
	}
}

// Media at a port where no phone has it is RTP all the same, once the flow is known.
func TestSystemPort(t *testing.T) {
	w := newWorld(t, flow.Config{})
	web := netip.MustParseAddrPort("203.0.113.9:443")
	w.greet(alice, web)
	w.talk(alice, web, 30, rtp(111))
	if e := w.last(); e.Kind != flow.Playing || !e.PlayingRTP {
		t.Error(say(e))
	}
}

// What the snap length cut away is never looked at.
func TestCut(t *testing.T) {
	whole := map[string][]byte{
		"allocation": message(allocateSuccess, xor(attrMapped, mapped), xor(attrRelayed, relay)),
		"channel":    channel(media(111, 1, 100)),
		"indication": wrap(dataIndication, media(111, 1, 100)),
		"check":      channel(check("abcd", "efgh")),
		"dtls":       record(23, 1, 1, 1, 2, 3),
		"multiplex":  append([]byte{0xff, 0x10, 0, 8 + 20, 1, 2, 3, 4, 5, 6, 7, 8}, message(allocateRequest)...),
	}
	classes := []decode.Reason{decode.STUN, decode.DTLS, decode.RTP, decode.RTCP, decode.KeepAlive, decode.UDPOther}
	for name, b := range whole {
		w := newWorld(t, flow.Config{})
		w.allocate(alice)
		for cut := range b {
			for _, class := range classes { // whatever Classify would say
				f := frame(server, alice, bytes.Clone(b[:cut]))
				f.PayloadLen = len(b)
				inner, n := w.table.Datagram(f, class, 0, w.now, w.now)
				if len(inner) > n || n > len(b) {
					t.Errorf("%s cut at %d as %v: inner packet of %d octets, %d on the wire", name, cut, class, len(inner), n)
				}
			}
		}
	}
}
