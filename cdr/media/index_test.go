package media

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"calltrail/decode"
	"calltrail/decode/rtp"
	"calltrail/decode/sdp"
)

const (
	alice     = "192.0.2.10:4000"
	aliceSIP  = "192.0.2.10:5060"
	bob       = "198.51.100.20:5000"
	bobSIP    = "198.51.100.20:5060"
	stranger  = "203.0.113.66:7000"
	inside    = "10.0.0.10:4000"
	insideSIP = "10.0.0.10:5060"
	nat       = "192.0.2.200:31000"
	natSIP    = "192.0.2.200:30000"
)

func TestIndex(t *testing.T) {
	cases := []struct {
		name string
		run  func(w *world) []string
		want []string
	}{
		{"addresses first, then the streams of both directions", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, aliceSIP, 0, 0, alice)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 103, alice, bob, 1, 0)
			w.rtp(103, 104, bob, alice, 2, 0)
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + bob + " caller 100", "0: " + bob + ">" + alice + " callee 50"}},
		{"a stream less than 10 s before its addresses counts from its first packet", func(w *world) []string {
			var s Session
			w.rtp(101, 110, alice, bob, 1, 0)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(110, 112, alice, bob, 1, 0)
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + bob + " caller 550"}},
		{"a stream of more than 10 s before counts from 2 s after", func(w *world) []string {
			var s Session
			w.rtp(101, 112, alice, bob, 1, 0)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(112, 116, alice, bob, 1, 0)
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + bob + " caller 100"}},
		{"a stream that ended less than 10 s before, but is still open", func(w *world) []string {
			var s Session
			w.rtp(101, 102, alice, bob, 1, 0)
			w.pass(110)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + bob + " caller 50"}},
		{"from another port of the peer", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, aliceSIP, 0, 0, alice)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, "192.0.2.10:4444", bob, 1, 0)
			return w.sums(&s)
		}, []string{"0: 192.0.2.10:4444>" + bob + " caller 50"}},
		{"a private address behind a NAT is found by its peer, in both directions", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, natSIP, 0, 0, inside)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, nat, bob, 1, 0)
			w.rtp(102, 103, bob, nat, 2, 0)
			w.rtp(103, 104, stranger, inside, 3, 0) // somebody else's 10.0.0.10
			return w.sums(&s)
		}, []string{"0: " + nat + ">" + bob + " caller 50", "0: " + bob + ">" + nat + " callee 50"}},
		{"the same description inside the NAT, after outside", func(w *world) []string {
			var s Session
			round := w.describe(&s, Caller, natSIP, 0, 0, inside)
			w.describe(&s, Caller, insideSIP, 0, round, inside)
			w.rtp(101, 102, "10.0.0.1:9000", inside, 1, 0)
			return w.sums(&s)
		}, []string{"0: 10.0.0.1:9000>" + inside + " callee 50"}},
		{"two calls that announce one address both have its stream, from senders both know", func(w *world) []string {
			var a, b Session
			w.describe(&a, Callee, bobSIP, 0, 0, bob)
			w.describe(&b, Callee, bobSIP, 0, 0, bob)
			w.describe(&a, Caller, aliceSIP, 0, 0, alice)
			w.describe(&b, Caller, aliceSIP, 0, 0, alice)
			w.rtp(101, 102, alice, bob, 1, 0)
			return w.sums(&a, &b)
		}, []string{"0: " + alice + ">" + bob + " caller 50", "1: " + alice + ">" + bob + " caller 50"}},
		{"of two calls at one address the one that knows the sender has the stream", func(w *world) []string {
			var a, b Session
			w.describe(&a, Callee, bobSIP, 0, 0, bob)
			w.describe(&a, Caller, aliceSIP, 0, 0, alice)
			w.describe(&b, Callee, bobSIP, 0, 0, bob)
			w.describe(&b, Caller, natSIP, 0, 0, nat)
			w.rtp(101, 102, alice, bob, 1, 0)
			return w.sums(&a, &b)
		}, []string{"0: " + alice + ">" + bob + " caller 50"}},
		{"a foreign source: the newest announcement has it", func(w *world) []string {
			var a, b Session
			w.describe(&a, Callee, bobSIP, 0, 0, bob)
			w.pass(101)
			w.describe(&b, Callee, bobSIP, 0, 0, bob)
			w.rtp(102, 103, stranger, bob, 1, 0)
			return w.sums(&a, &b)
		}, []string{"1: " + stranger + ">" + bob + " caller 50"}},
		{"what a party sends to a stranger is not the call's", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, aliceSIP, 0, 0, alice)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, alice, stranger, 1, 0)
			return w.sums(&s)
		}, nil},
		{"the port's next call: new streams are its own at once", func(w *world) []string {
			var a, b Session
			w.describe(&a, Caller, aliceSIP, 0, 0, alice)
			w.describe(&a, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 103, alice, bob, 1, 0)
			w.index.End(&a, w.now)
			w.pass(103.5)
			w.describe(&b, Caller, aliceSIP, 0, 0, alice)
			w.describe(&b, Callee, bobSIP, 0, 0, bob)
			w.rtp(104, 106, alice, bob, 2, 0)
			return w.sums(&a, &b)
		}, []string{"0: " + alice + ">" + bob + " caller 100", "1: " + alice + ">" + bob + " caller 100"}},
		{"the end lingers 2 s", func(w *world) []string {
			var s Session
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 103, alice, bob, 1, 0)
			w.index.End(&s, w.now)
			w.rtp(103, 110, alice, bob, 1, 0)
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + bob + " caller 200"}},
		{"an end that is taken back", func(w *world) []string {
			var s Session
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 103, alice, bob, 1, 0)
			w.index.End(&s, w.now)
			w.rtp(103, 104, alice, bob, 1, 0)
			w.index.Reopen(&s)
			w.rtp(104, 110, alice, bob, 1, 0)
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + bob + " caller 450"}},
		{"moved by a new offer: the old address counts 2 s longer", func(w *world) []string {
			var s Session
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 103, alice, bob, 1, 0)
			w.describe(&s, Callee, bobSIP, 0, 0, "198.51.100.20:5100")
			w.index.Commit(&s, Callee, w.now)
			w.rtp(103, 110, alice, bob, 1, 0)
			w.rtp(110, 111, alice, "198.51.100.20:5100", 1, 0)
			if !s.Moved {
				w.t.Error("not said to have moved")
			}
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + bob + " caller 200", "0: " + alice + ">198.51.100.20:5100 caller 50"}},
		{"a refused offer takes back what is new in it and leaves what it named again", func(w *world) []string {
			var s Session
			first := w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.index.Commit(&s, Callee, w.now)
			w.pass(101)
			second := w.describe(&s, Callee, bobSIP, 0, 0, bob, "198.51.100.20:5100")
			w.index.Rollback(&s, Callee, second, w.now)
			w.index.Commit(&s, Callee, w.now)
			if s.rounds[Callee] != first {
				w.t.Errorf("round %d is valid, want %d", s.rounds[Callee], first)
			}
			w.rtp(105, 106, stranger, "198.51.100.20:5100", 1, 0)
			w.rtp(106, 107, stranger, bob, 1, 0)
			w.index.End(&s, w.now)
			w.index.Reopen(&s)
			w.rtp(110, 111, stranger, bob, 1, 0)
			return w.sums(&s)
		}, []string{"0: " + stranger + ">" + bob + " caller 100"}},
		{"an early offer that is taken back late leaves what a later one named again", func(w *world) []string {
			var s Session
			first := w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.index.Rollback(&s, Callee, first, w.now)
			w.rtp(105, 106, stranger, bob, 1, 0)
			return w.sums(&s)
		}, []string{"0: " + stranger + ">" + bob + " caller 50"}},
		{"private addresses stand in their VLAN, public ones everywhere", func(w *world) []string {
			var a, b Session
			w.describe(&a, Callee, insideSIP, 1, 0, inside)
			w.describe(&b, Callee, insideSIP, 2, 0, inside)
			w.describe(&b, Callee, insideSIP, 2, w.round, bob)
			w.rtp(101, 102, "10.0.0.99:4000", inside, 1, 1)
			w.rtp(102, 104, "10.0.0.99:4000", inside, 1, 2)
			w.rtp(104, 105, "10.0.0.99:4000", inside, 1, 3)
			w.rtp(105, 106, stranger, bob, 1, 3)
			return w.sums(&a, &b)
		}, []string{
			"0: 10.0.0.99:4000>" + inside + " caller 50", "1: 10.0.0.99:4000>" + inside + " caller 100",
			"1: " + stranger + ">" + bob + " caller 50",
		}},
		{"hold: 0.0.0.0, port 0 and multicast announce nothing", func(w *world) []string {
			var s Session
			w.describe(&s, Callee, bobSIP, 0, 0, "0.0.0.0:5000", "198.51.100.20:0", "224.1.1.1:5000")
			w.rtp(101, 102, alice, bob, 1, 0)
			if len(s.bindings) != 0 {
				w.t.Error("bound")
			}
			return w.sums(&s)
		}, nil},
		{"a further leg inherits the offer", func(w *world) []string {
			var a, b Session
			w.describe(&a, Caller, aliceSIP, 0, 0, alice)
			w.describe(&a, Callee, bobSIP, 0, 0, bob)
			w.index.Inherit(&b, &a, Caller, w.now)
			w.describe(&b, Callee, "198.51.100.30:5060", 0, 0, "198.51.100.30:6000")
			w.rtp(101, 102, "198.51.100.30:6000", alice, 1, 0)
			w.rtp(102, 104, bob, alice, 2, 0)
			return w.sums(&a, &b)
		}, []string{"0: " + bob + ">" + alice + " callee 100", "1: 198.51.100.30:6000>" + alice + " callee 50"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if got := c.run(w); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if s := w.index.Stats; s.Claimed+s.Unclaimed != w.table.Stats.Opened {
				t.Errorf("%+v of %d streams", s, w.table.Stats.Opened)
			}
		})
	}
}

// Whatever happens, in whatever order, a forgotten session leaves nothing in the index.
func TestForgetLeavesNothing(t *testing.T) {
	for seed := range uint64(40) {
		w := newWorld(t)
		r := rand.New(rand.NewPCG(seed, 3))
		address := func() string {
			return fmt.Sprintf("%s:%d", []string{"192.0.2.10", "198.51.100.20", "10.0.0.10"}[r.IntN(3)], 4000+r.IntN(6))
		}
		var sessions []*Session
		for range 400 {
			w.pass(float64(w.now+int64(r.IntN(500e6))) / 1e9)
			if len(sessions) == 0 || r.IntN(6) == 0 {
				sessions = append(sessions, &Session{})
			}
			s, p := sessions[r.IntN(len(sessions))], Party(r.IntN(2))
			switch r.IntN(9) {
			case 0:
				w.sdp(s, p, []string{aliceSIP, insideSIP}[r.IntN(2)], uint32(r.IntN(2)), 0, audio(address(),
					"host "+address(), "srflx "+address()+" of "+address(), "relay "+address()+" of "+address()))
			case 1, 2:
				w.describe(s, p, []string{aliceSIP, insideSIP}[r.IntN(2)], uint32(r.IntN(2)), 0, address(), address())
			case 3:
				w.index.Commit(s, p, w.now)
			case 4:
				w.index.Rollback(s, p, s.rounds[p], w.now)
			case 5:
				w.index.End(s, w.now)
			case 6:
				w.index.Reopen(s)
			case 7:
				i := slices.Index(sessions, s)
				w.index.Forget(s)
				sessions = slices.Delete(sessions, i, i+1)
			default:
				h := header(uint32(r.IntN(3)), uint16(r.IntN(3)*5000))
				w.table.Packet(&decode.Frame{Src: at(address()), Dst: at(address())}, h, uint32(r.IntN(2)), w.now)
			}
			w.events()
		}
		w.sums(sessions...)
	}
}

// One address that everybody announces, and one that floods come to, are searched in bounded time and hold bounded lists.
func TestIndexBounds(t *testing.T) {
	w := newWorld(t)
	w.table = NewTable(TableConfig{Streams: 5000, Idle: 30 * second})
	w.table.Advance(w.now)
	sessions := make([]Session, 500)
	for i := range sessions {
		w.describe(&sessions[i], Callee, bobSIP, 0, 0, bob)
	}
	if n := len(w.index.bindings[scoped(at(bob), 0)]); n > maxSharing {
		t.Errorf("%d announcements of one address", n)
	}
	if !sessions[0].Overflow || sessions[499].Overflow {
		t.Error("the calls whose announcement is no longer found must say so, and no others")
	}
	for i := range 3000 {
		w.table.Packet(&decode.Frame{Src: at(alice), Dst: at(bob)}, header(uint32(i), 1), 0, w.now)
	}
	w.events()
	for key, list := range w.index.waiting {
		if len(list) > maxWaiting {
			t.Errorf("%d streams wait at %v", len(list), key)
		}
	}
	last := &sessions[499]
	if len(last.claimed) > maxClaimed || !last.Overflow {
		t.Errorf("%d streams of one call, overflow %v", len(last.claimed), last.Overflow)
	}
	for range 100 {
		w.pass(float64(w.now)/1e9 + 3)
		w.describe(last, Caller, aliceSIP, 0, 0, fmt.Sprintf("192.0.2.10:%d", 10000+w.round))
		w.index.Commit(last, Caller, w.now)
	}
	if n := len(last.bindings); n > maxBindings {
		t.Errorf("%d announcements of one call", n)
	}
	if b := last.bindings[len(last.bindings)-1]; b.until != noCut || b.at.Port != uint16(10000+w.round-1) {
		t.Error("the newest announcement of a long call is not kept")
	}
	var all []*Session
	for i := range sessions {
		all = append(all, &sessions[i])
	}
	w.sums(all...)
}

// The parts of a stream that was closed and opened again are one stream of the call.
func TestSessionSums(t *testing.T) {
	var s Session
	line := Line{Signalled: at(bob), NumFormats: 1}
	line.Formats[0] = sdp.Format{PayloadType: 8, Clock: 8000}
	flow := Flow{Src: at(alice), Dst: at(bob), SSRC: 7}
	to := &binding{lines: newLines([]Line{line})}
	add := func(f Flow, p Party, st *rtp.Stream, b *binding) {
		s.add(&claim{session: &s, receiver: b, sender: p}, &Event{Kind: Closed, Flow: f, Stream: *st})
	}
	part := func(from int64, first uint16, n int, step uint16) *rtp.Stream {
		var st rtp.Stream
		st.Start(header(7, first), from)
		for i := 1; i < n; i++ {
			st.Add(header(7, first+uint16(i)*step), from+int64(i)*20e6)
		}
		return &st
	}
	add(flow, Caller, part(200*second, 1000, 10, 1), to)
	add(flow, Caller, part(100*second, 1, 10, 2), to) // told of later, began earlier; every second packet lost
	copied := part(300*second, 2000, 5, 1)
	copied.Add(header(7, 2004), 300*second+81e6)
	add(flow, Caller, copied, to)
	other := flow
	other.SSRC = 8
	add(other, Caller, part(50*second, 1, 1, 1), nil)
	got := s.Observed()
	if len(got) != 2 || got[0].Flow.SSRC != 8 || got[0].HasLine {
		t.Fatalf("%+v", got)
	}
	o := got[1]
	if o.First != 100*second || o.Last != 300*second+80e6 || o.Packets != 25 || o.Octets != 25*160 || o.Lost != 9 || o.Duplicates != 1 ||
		o.PayloadType != 8 || !o.HasLine || !o.HasJitter || o.JitterMS > 0.01 {
		t.Errorf("%+v", o)
	}
	for i := range 2 * maxObserved {
		f := flow
		f.SSRC = uint32(100 + i)
		add(f, Callee, part(400*second, 1, 1, 1), nil)
	}
	if len(s.Observed()) != maxObserved || !s.Overflow {
		t.Errorf("%d streams, overflow %v", len(s.observed), s.Overflow)
	}
}
