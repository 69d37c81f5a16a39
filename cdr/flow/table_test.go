package flow_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"calltrail/cdr/flow"
	"calltrail/decode"
	"calltrail/decode/app"
)

const flowAB = "192.0.2.10:49152>198.51.100.20:50000"

func TestCall(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	w.want("noticed " + flowAB)
	w.talk(alice, bob, 15, rtp(111))
	w.want()
	w.talk(alice, bob, 6, rtp(111))
	w.want("playing " + flowAB + " rtp")
	w.talk(alice, bob, 100, rtp(111))
	w.want()
	last := w.now - int64(50*time.Millisecond)
	w.pass(9 * time.Second)
	w.want()
	w.pass(2 * time.Second)
	e := w.last()
	w.want("closed " + flowAB + " rtp")
	if e.Last != last || e.Now != last+10e9 || e.First != start || e.FirstMedia != start || e.LastMedia != last {
		t.Errorf("times: first %d last %d media %d %d now %d", e.First-start, e.Last-start, e.FirstMedia-start, e.LastMedia-start, e.Now-start)
	}
	if v := (flow.Volume{Packets: 122, Octets: 20 + 121*172, RTP: 121, RTPOctets: 121 * 172}); e.Up != v {
		t.Errorf("up %+v", e.Up)
	}
	if e.Down.Packets != 122 || e.Down.RTP != 121 || e.Types[0][0] != (flow.PayloadType{Type: 111, Packets: 121, SSRC: e.Types[0][0].SSRC}) || e.Types[0][0].SSRC == 0 {
		t.Errorf("down %+v, types %v", e.Down, e.Types)
	}
	// It is remembered for a while, so that media finds it again, and then leaves without a word.
	if w.table.Len() != 1 {
		t.Errorf("%d flows", w.table.Len())
	}
	w.pass(time.Minute)
	w.want()
	if w.table.Len() != 0 {
		t.Errorf("%d flows left", w.table.Len())
	}
}

// What begins a flow, and what looks like it.
func TestWhatIsFollowed(t *testing.T) {
	old := func(kind, port uint16) (netip.AddrPort, []byte) {
		b := message(kind)
		binary.BigEndian.PutUint32(b[4:], 0x11223344) // no cookie: RFC 3489
		return netip.AddrPortFrom(server.Addr(), port), b
	}
	to := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(server.Addr(), port) }
	oldServer, oldMessage := old(bindingRequest, 3478)
	googleServer, _ := old(bindingRequest, 19302)
	telegramServer, _ := old(bindingRequest, 1400)
	otherServer, _ := old(bindingRequest, 4000)
	_, oldAllocate := old(allocateRequest, 3478)
	// Microsoft's multiplexing: type, length of the rest, session, message.
	multiplexed := append([]byte{0xff, 0x10, 0, 8 + 20, 1, 2, 3, 4, 5, 6, 7, 8}, message(allocateRequest)...)
	discord := make([]byte, 74)
	copy(discord, []byte{0, 1, 0, 0x46})
	ones := append(append(make([]byte, 16), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), make([]byte, 20)...)
	cases := []struct {
		name string
		to   netip.AddrPort
		b    []byte
		want bool
	}{
		{"STUN", bob, message(bindingRequest), true},
		{"an answer to what was not seen", bob, message(bindingSuccess), true},
		{"a method of WhatsApp", server, message(0x0801), true},
		{"no cookie, a server's port", oldServer, oldMessage, true},
		{"no cookie, Google's port", googleServer, oldMessage, true},
		{"no cookie, Telegram's port", telegramServer, oldMessage, true},
		{"no cookie, another port", otherServer, oldMessage, false},
		{"no cookie, and no method of RFC 3489", oldServer, oldAllocate, false},
		{"no cookie, an octet too many", oldServer, append(oldMessage[:20:20], 0), false},
		{"multiplexed", to(443), multiplexed, true},
		{"multiplexed, of another length", to(443), append(multiplexed[:32:32], 0), false},
		{"multiplexed, nothing in it", to(443), multiplexed[:12], false},
		{"ClientHello", bob, record(22, 0, 0, 1, 0, 0, 40), true},
		{"ServerHello", bob, record(22, 0, 0, 2, 0, 0, 40), false},
		{"ClientHello of a later epoch", bob, record(22, 1, 0, 1, 0, 0, 40), false},
		{"DTLS application data", bob, record(23, 1, 7, 1, 2, 3), false},
		{"RTP", bob, media(0, 1, 172), false},
		{"RTCP", bob, report(1), false},
		{"keep-alive", bob, []byte("\r\n\r\n"), false},
		{"ChannelData", server, channel(media(0, 1, 172)), false},
		{"Zoom's set-up", to(8801), []byte{1, 0, 3, 0, 0, 0, 0, 0, 0, 0}, true},
		{"the same on another port", to(8800), []byte{1, 0, 3, 0, 0, 0, 0, 0, 0, 0}, false},
		{"Discord's question", to(50001), discord, true},
		{"one octet short", to(50001), discord[:73], false},
		{"Telegram's relay", to(533), ones, true},
		{"Viber's weak sign with an octet that opens the gate", to(4244), []byte{0, 1, 3, 0, 0, 0, 0, 0, 0, 0}, false},
		{"noise", bob, noise(1, 100), false},
	}
	for _, c := range cases {
		w := newWorld(t, flow.Config{})
		w.send(alice, c.to, c.b)
		if followed := w.table.Len() == 1; followed != c.want {
			t.Errorf("%s: followed %t", c.name, followed)
		}
	}
}

// A flow of which nothing worth telling was seen has no event.
func TestNoticed(t *testing.T) {
	steps := map[string]struct {
		play func(w *world)
		want int // events of kind Noticed
	}{
		"nobody answers": {func(w *world) { w.send(alice, bob, message(bindingRequest)) }, 0},
		"its own answer": {func(w *world) {
			w.send(alice, bob, message(bindingRequest))
			w.send(alice, bob, message(bindingSuccess))
		}, 0},
		"an answer without a request": {func(w *world) { w.send(bob, alice, message(bindingSuccess)) }, 0},
		"an answer":                   {func(w *world) { w.greet(alice, bob) }, 1},
		"a refusal": {func(w *world) {
			w.send(alice, server, message(allocateRequest))
			w.send(server, alice, message(allocateError))
		}, 1},
		"two answers": {func(w *world) { w.greet(alice, bob); w.greet(alice, bob) }, 1},
		"indications": {func(w *world) {
			w.send(alice, bob, message(bindingIndication))
			w.send(bob, alice, message(bindingIndication))
		}, 0},
		"an attempt that nobody answers": {func(w *world) { w.send(alice, server, message(0x0800)) }, 1},
		"a certain mark alone":           {func(w *world) { w.send(alice, server, message(bindingRequest, text(attrRealm, "turn.telegram.org"))) }, 1},
		"a weak mark alone": {func(w *world) {
			w.send(alice, netip.AddrPortFrom(server.Addr(), 10000), message(bindingRequest))
		}, 0},
		"a tunnel in DTLS": {func(w *world) {
			w.send(alice, bob, record(22, 0, 0, 1, 0, 0, 40))
			w.send(bob, alice, record(22, 0, 0, 2, 0, 0, 40))
			w.talk(alice, bob, 100, func(seq int) []byte { return record(23, 1, seq, 1, 2, 3) })
		}, 0},
	}
	for name, c := range steps {
		w := newWorld(t, flow.Config{})
		c.play(w)
		w.table.Finish(w.now)
		noticed, closed := 0, 0
		for i := range w.table.Events {
			switch w.table.Events[i].Kind {
			case flow.Noticed:
				noticed++
			case flow.Closed:
				closed++
			default:
			}
		}
		if noticed != c.want || closed != min(c.want, 1) {
			t.Errorf("%s: noticed %d, closed %d", name, noticed, closed)
		}
		if unnoticed := int(w.table.Stats.Unnoticed); unnoticed != 1-min(c.want, 1) {
			t.Errorf("%s: %d unnoticed", name, unnoticed)
		}
	}
}

// The sender of the first request is the client, whatever came before it; later requests change nothing.
func TestClient(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.send(bob, alice, message(bindingIndication))
	w.send(bob, alice, record(22, 0, 0, 2, 0, 0, 40))
	w.send(alice, bob, message(bindingRequest))
	w.send(bob, alice, message(bindingRequest))
	w.send(bob, alice, message(bindingSuccess))
	e := w.last()
	if e.Client.AddrPort() != alice || e.Up.Packets != 1 || e.Down.Packets != 4 {
		t.Errorf("%s, up %d, down %d", say(e), e.Up.Packets, e.Down.Packets)
	}
	w = newWorld(t, flow.Config{})
	w.send(bob, alice, record(22, 0, 0, 1, 0, 0, 40))
	w.send(alice, bob, record(22, 0, 0, 2, 0, 0, 40))
	w.send(alice, bob, message(0x0011, text(attrRealm, "viber.com")))
	if e := w.last(); e.Client.AddrPort() != bob {
		t.Errorf("without a request: %s", say(e))
	}
	// Once told, it stays.
	w.send(alice, bob, message(bindingRequest, text(attrRealm, "telegram.org")))
	if e := w.last(); e.Client.AddrPort() != bob || e.Up.Packets != 1 || e.Down.Packets != 3 {
		t.Errorf("after it was told: %s, up %d, down %d", say(e), e.Up.Packets, e.Down.Packets)
	}
}

// Copies that a mirror port makes count once; the same packet later is another one.
func TestCopies(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	a, b, c := noise(1, 60), noise(2, 60), noise(3, 60)
	for _, p := range [][]byte{a, a, b, c, a, b} {
		w.send(alice, bob, p)
		w.pass(2 * time.Millisecond)
	}
	w.send(bob, alice, a) // the other direction has its own
	w.send(alice, bob, a[:59])
	w.pass(30 * time.Millisecond)
	w.send(alice, bob, a)
	w.table.Finish(w.now)
	if e := w.last(); e.Up.Other != 5 || e.Down.Other != 1 || w.table.Stats.Copies != 3 {
		t.Errorf("up %d, down %d, %d copies", e.Up.Other, e.Down.Other, w.table.Stats.Copies)
	}
	// What differs within the first 32 octets or the last 16 is no copy.
	w = newWorld(t, flow.Config{})
	w.greet(alice, bob)
	for i := range 48 {
		p := noise(1, 200)
		p[i+152*(i/32)] ^= 0x0f
		w.send(alice, bob, p)
	}
	w.table.Finish(w.now)
	if e := w.last(); e.Up.Packets != 49 {
		t.Errorf("%d of 49", e.Up.Packets)
	}
}

// Media is told of at exactly the thresholds.
func TestPlaying(t *testing.T) {
	type volume struct{ up, down, upReports, downReports int }
	sealed := func(seq int) []byte { return record(23, 1, seq, 1, 2, 3) }
	other := func(seq int) []byte { return noise(seq, 60) }
	for _, c := range []struct {
		name string
		make func(int) []byte
		n    volume
		span time.Duration
		want string
	}{
		{"enough", rtp(0), volume{up: 25, down: 5}, time.Second, " rtp"},
		{"one short in all", rtp(0), volume{up: 24, down: 5}, time.Second, ""},
		{"one short one way", rtp(0), volume{up: 40, down: 4}, time.Second, ""},
		{"too soon", rtp(0), volume{up: 25, down: 5}, 999 * time.Millisecond, ""},
		{"one way only", rtp(0), volume{up: 400}, 9 * time.Second, ""},
		{"reports come back", rtp(0), volume{up: 30, downReports: 5}, time.Second, " rtp"},
		{"too few reports come back", rtp(0), volume{up: 30, downReports: 4}, time.Second, ""},
		{"reports alone", rtp(0), volume{upReports: 40, downReports: 40}, time.Second, ""},
		{"sealed", sealed, volume{up: 25, down: 5}, time.Second, " sealed"},
		{"sealed, one short", sealed, volume{up: 24, down: 5}, time.Second, ""},
		{"sealed, with reports", sealed, volume{up: 30, downReports: 9}, time.Second, ""},
		{"unknown", other, volume{up: 5, down: 25}, time.Second, " other"},
		{"unknown, one short", other, volume{up: 5, down: 24}, time.Second, ""},
	} {
		w := newWorld(t, flow.Config{})
		w.greet(alice, bob)
		// The first packet of a direction has none before it whose pace it could keep; RTP alone does not have to.
		if c.make(0)[0] != 0x80 {
			w.send(alice, bob, c.make(9000))
			w.send(bob, alice, c.make(9001))
		}
		w.events()
		total := c.n.up + c.n.down + c.n.upReports + c.n.downReports
		begin := w.now
		for i := range total {
			w.now = begin + int64(c.span)*int64(i)/int64(total-1)
			switch r := i; {
			case r < c.n.up:
				w.send(alice, bob, c.make(i))
			case r < c.n.up+c.n.down:
				w.send(bob, alice, c.make(i))
			case r < c.n.up+c.n.down+c.n.upReports:
				w.send(alice, bob, report(uint32(i)))
			default:
				w.send(bob, alice, report(uint32(i)))
			}
		}
		want := []string{}
		if c.want != "" {
			want = append(want, "playing "+flowAB+c.want)
		}
		if got := w.events(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
}

// Each kind of media is told of by itself, and once.
func TestPlayingKinds(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	w.talk(alice, bob, 40, func(seq int) []byte { return record(23, 1, seq, 1, 2, 3) })
	w.talk(alice, bob, 40, rtp(111))
	w.talk(alice, bob, 40, func(seq int) []byte { return noise(seq, 60) })
	w.talk(alice, bob, 40, rtp(111))
	w.want(
		"noticed "+flowAB,
		"noticed "+flowAB, // DTLS is established
		"playing "+flowAB+" sealed",
		"noticed "+flowAB+" sealed", // and now RTP
		"playing "+flowAB+" rtp sealed",
		"playing "+flowAB+" rtp other sealed",
	)
}

// A flow of noise looks like RTP here and there.
func TestNoiseIsNoRTP(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	w.talk(alice, bob, 1000, func(seq int) []byte {
		if seq/2%8 == 0 {
			return media(byte(96+seq%31), seq*7919, 60)
		}
		return noise(seq, 60)
	})
	w.table.Finish(w.now)
	if e := w.last(); e.PlayingRTP || !e.PlayingOther || e.Up.RTP < 100 {
		t.Errorf("%s, %d look like RTP", say(e), e.Up.RTP)
	}
}

// What keeps a way open is no media, however long it goes on.
func TestKeepAlives(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	w.events()
	for i := range 100 {
		w.both(alice, bob, func(seq int) []byte { return noise(seq, 40) }, i)
		w.both(alice, bob, func(seq int) []byte { return record(23, 1, seq, 1) }, i)
		w.send(alice, bob, []byte("\r\n\r\n"))
		w.pass(5 * time.Second)
	}
	w.table.Finish(w.now)
	e := w.last()
	if e.PlayingOther || e.PlayingSealed || e.FirstMedia != 0 || e.Up.Other != 100 || e.Up.Sealed != 100 || e.Up.Packets != 301 {
		t.Errorf("%s %+v", say(e), e.Up)
	}
}

// Payload types that came three times are marks when the flow plays, later ones as they come.
func TestTypes(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	for i := range 2 {
		w.send(alice, bob, media(102, 5000+i, 60))
	}
	w.talk(alice, bob, 40, rtp(120))
	has := func(pt uint8) bool {
		m := w.last().Marks
		before := m
		m.Join(app.Types(pt))
		return m == before
	}
	if e := w.last(); e.Kind != flow.Playing || !has(120) || has(127) || app.Types(127).Empty() {
		t.Errorf("%s: marks %x", say(e), e.Marks)
	}
	w.events()
	for i := range 3 {
		w.send(alice, bob, media(127, i, 60))
		w.want([][]string{{}, {}, {"noticed " + flowAB + " rtp"}}[i]...)
	}
	// Only four are counted; what came once or twice gives its place.
	for _, pt := range []byte{0, 8, 9, 18, 34} {
		for i := range 5 {
			w.send(bob, alice, media(pt, 700+i, 60+int(pt)))
		}
	}
	w.table.Finish(w.now)
	types := w.last().Types
	for d := range types {
		for i := range types[d] {
			if p := &types[d][i]; (p.SSRC == 0) != (p.Packets == 0 || p.Packets == 5 && p.Type == 0 && p.SSRC == 0) {
				t.Errorf("%+v", p)
			}
			types[d][i].SSRC = 0
		}
	}
	if got := fmt.Sprint(types); got != "[[{102 2 0} {120 40 0} {127 3 0} {0 0 0}] [{120 40 0} {0 5 0} {8 5 0} {9 5 0}]]" {
		t.Error(got)
	}
}

// The same ends in two networks are two flows.
func TestScope(t *testing.T) {
	table := flow.New(flow.Config{})
	for scope := range uint32(3) {
		f := frame(alice, bob, message(bindingRequest))
		table.Datagram(f, decode.STUN, scope, start, start)
	}
	if table.Len() != 3 {
		t.Errorf("%d flows", table.Len())
	}
}
