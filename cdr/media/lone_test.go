package media

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"calltrail/decode"
)

// Media that nobody announces within 10 s is told of, and what is a call's, or foreign to one, is not.
func TestLone(t *testing.T) {
	cases := []struct {
		name            string
		run             func(w *world, s *Session)
		lone, unclaimed []string
	}{
		{"nobody announces it", func(w *world, _ *Session) {
			w.rtp(101, 104, stranger, bob, 1, 0)
		}, []string{"111.00 " + stranger}, []string{stranger}},
		{"too short to be media", func(w *world, _ *Session) {
			w.rtp(101, 101.1, stranger, bob, 1, 0)
		}, nil, []string{stranger}},
		{"it is announced in time", func(w *world, s *Session) {
			w.rtp(101, 110, stranger, bob, 1, 0)
			w.describe(s, Callee, bobSIP, 0, 0, bob)
		}, nil, nil},
		{"it is a call's", func(w *world, s *Session) {
			w.describe(s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 110, stranger, bob, 1, 0)
		}, nil, nil},
		{"what follows on a call's end", func(w *world, s *Session) {
			w.describe(s, Callee, bobSIP, 0, 0, bob)
			w.describe(s, Caller, aliceSIP, 0, 0, alice)
			w.index.End(s, w.now)
			w.index.Doubt(s, w.now+5*second, s)
			w.rtp(102.5, 104, alice, bob, 1, 0)
		}, nil, nil},
		{"it goes on after the end for long", func(w *world, s *Session) {
			w.describe(s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, stranger, bob, 1, 0)
			w.index.End(s, w.now)
			w.rtp(102, 130, stranger, bob, 1, 0)
		}, []string{"114.00 " + stranger}, []string{stranger}},
		{"it is closed before", func(w *world, _ *Session) {
			w.rtp(101, 103, stranger, bob, 1, 0)
			w.table.Finish(w.now)
			w.events()
		}, nil, []string{stranger}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			var lone, unclaimed []string
			w.index.Lone = func(_ StreamID, f Flow, first, now int64) {
				if now-first != Probation {
					t.Errorf("first %d, told at %d", first, now)
				}
				lone = append(lone, fmt.Sprintf("%.2f %s", float64(now)/1e9, f.Src.AddrPort()))
			}
			w.index.Unclaimed = func(ev *Event) { unclaimed = append(unclaimed, ev.Flow.Src.AddrPort().String()) }
			var s Session
			c.run(w, &s)
			w.pass(150)
			w.sums(&s)
			if !slices.Equal(lone, c.lone) || !slices.Equal(unclaimed, c.unclaimed) {
				t.Errorf("lone %q, want %q; unclaimed %q, want %q", lone, c.lone, unclaimed, c.unclaimed)
			}
		})
	}
}

// Streams that are due at one time are told of in one order, whichever was opened first and whatever its number is.
func TestLoneInOrder(t *testing.T) {
	var first []Flow
	r := rand.New(rand.NewPCG(1, 2))
	flows := make([]Flow, 50)
	for i := range flows {
		flows[i] = Flow{Src: at(alice), Dst: at(bob), SSRC: uint32(i)}
	}
	for range 5 {
		r.Shuffle(len(flows), func(i, k int) { flows[i], flows[k] = flows[k], flows[i] })
		x := NewIndex()
		var told []Flow
		x.Lone = func(_ StreamID, f Flow, _, _ int64) { told = append(told, f) }
		for i, f := range flows {
			ev := Event{Kind: Opened, ID: StreamID{Slot: uint32(i)}, Flow: f, At: 100}
			ev.Stream.First = 100
			x.Handle(&ev)
			ev.Kind = Confirmed
			x.Handle(&ev)
		}
		x.Advance(100 + Probation) // not yet
		if len(told) > 0 {
			t.Fatal("told of before its time")
		}
		x.Advance(100 + Probation + 1)
		if first == nil {
			first = told
		}
		if len(told) != len(flows) || !slices.Equal(told, first) {
			t.Fatal("another order")
		}
	}
}

// What belongs to a call is its announced addresses' and its streams', and nothing else of their hosts.
func TestBelongs(t *testing.T) {
	w := newWorld(t)
	var s, hidden Session
	w.sdp(&s, Caller, aliceSIP, 0, 0, audio(alice, "relay "+aliceRelay+" of 192.0.2.10:4100"))
	w.describe(&s, Callee, bobSIP, 0, 0, bob)
	w.describe(&hidden, Caller, natSIP, 0, 0, aliceHost)
	w.describe(&hidden, Callee, bobNATSIP, 0, 0, bobHost)
	w.rtp(101, 102, "192.0.2.10:4444", "198.51.100.20:5000", 1, 0)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{alice, bob, true},
		{stranger, alice, true},
		{alice, stranger, true},
		{turn, "192.0.2.10:4100", true},
		{aliceRelay, bob, true},
		{"192.0.2.10:4001", "198.51.100.20:5001", false},
		{aliceSIP, bobSIP, false},
		{turn, "192.0.2.10:4102", false},
		{"192.0.2.200:4000", "198.51.100.200:9", true},
		{"192.0.2.200:4000", stranger, false},
		{aliceHost, stranger, false},
	} {
		if x, y := w.index.Belongs(at(c.a), at(c.b), 0), w.index.Belongs(at(c.b), at(c.a), 0); x != c.want || y != c.want {
			t.Errorf("%s and %s: %t and %t, want %t", c.a, c.b, x, y, c.want)
		}
	}
	w.sums(&s, &hidden)
	if w.index.Belongs(at(alice), at(bob), 0) {
		t.Error("a forgotten call has conversations")
	}
}

// BenchmarkIndexHandle is one stream of a call from Opened to Closed.
func BenchmarkIndexHandle(b *testing.B) {
	for _, calls := range []int{1, 10_000} {
		b.Run(fmt.Sprint(calls), func(b *testing.B) {
			w := newWorld(&testing.T{})
			sessions := make([]Session, calls)
			for i := range sessions {
				w.describe(&sessions[i], Caller, aliceSIP, 0, 0, fmt.Sprintf("10.%d.%d.1:4000", i>>8, i&255))
				w.describe(&sessions[i], Callee, bobSIP, 0, 0, fmt.Sprintf("198.51.100.20:%d", 5000+i))
			}
			open := Event{Kind: Opened, Flow: Flow{Src: at("192.0.2.10:4000")}, At: w.now}
			open.Stream.Start(header(1, 1), w.now)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				open.Flow.Dst = decode.Endpoint{IP: at(bob).IP, Port: uint16(5000 + i%calls)}
				open.Kind = Opened
				w.index.Handle(&open)
				open.Kind = Closed
				w.index.Handle(&open)
			}
		})
	}
}
