package media

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"calltrail/decode"
)

const (
	stranger2 = "203.0.113.77:7000"
	bobSIP2   = "203.0.113.66:5060" // the stranger's host, should bob's signalling come from there
)

// What comes into a call's port from a host that the call does not know: taken for a party behind a NAT, or foreign.
func TestForeign(t *testing.T) {
	cases := []struct {
		name  string
		run   func(w *world, s *Session)
		want  []string
		since float64 // how long the call has been silent when all is closed, 0 for never heard
	}{
		{"the only one: a party behind a NAT that nothing told of", func(w *world, _ *Session) {
			w.rtp(101, 102, stranger, alice, 1, 0)
		}, []string{"0: " + stranger + ">" + alice + " callee 50"}, 101.98},
		{"beside the peer", func(w *world, _ *Session) {
			w.rtp(101, 102, bob, alice, 1, 0)
			w.rtp(102, 110, stranger, alice, 2, 0)
		}, []string{"0: " + bob + ">" + alice + " callee 50", "0: " + stranger + ">" + alice + " callee foreign 400"}, 101.98},
		{"long after the peer", func(w *world, _ *Session) {
			w.rtp(101, 102, bob, alice, 1, 0)
			w.pass(200)
			w.rtp(200, 201, stranger, alice, 2, 0)
		}, []string{"0: " + bob + ">" + alice + " callee 50", "0: " + stranger + ">" + alice + " callee foreign 50"}, 101.98},
		{"before the peer, and open still", func(w *world, _ *Session) {
			w.rtp(101, 102, stranger, alice, 2, 0)
			w.rtp(102, 103, bob, alice, 1, 0)
		}, []string{"0: " + stranger + ">" + alice + " callee foreign 50", "0: " + bob + ">" + alice + " callee 50"}, 102.98},
		{"closed before the peer came", func(w *world, _ *Session) {
			w.rtp(101, 102, stranger, alice, 2, 0)
			w.pass(150)
			w.rtp(150, 151, bob, alice, 1, 0)
		}, []string{"0: " + stranger + ">" + alice + " callee foreign 50", "0: " + bob + ">" + alice + " callee 50"}, 150.98},
		{"the peer's is to another port: that says nothing", func(w *world, s *Session) {
			w.describe(s, Caller, aliceSIP, 0, w.round-1, alice, "192.0.2.10:4002")
			w.rtp(101, 102, bob, "192.0.2.10:4002", 1, 0)
			w.rtp(102, 103, stranger, alice, 2, 0)
		}, []string{"0: " + bob + ">192.0.2.10:4002 callee 50", "0: " + stranger + ">" + alice + " callee 50"}, 102.98},
		{"another port and SSRC of the one that was taken", func(w *world, _ *Session) {
			w.rtp(101, 102, stranger, alice, 1, 0)
			w.rtp(102, 103, "203.0.113.66:7002", alice, 2, 0)
		}, []string{"0: " + stranger + ">" + alice + " callee 50", "0: 203.0.113.66:7002>" + alice + " callee 50"}, 102.98},
		{"a second unknown host while the first sends", func(w *world, _ *Session) {
			w.rtp(101, 102, stranger, alice, 1, 0)
			both(w, 102, 104, stranger, stranger2, alice)
		}, []string{
			"0: " + stranger + ">" + alice + " callee 100", "0: " + stranger2 + ">" + alice + " callee foreign 50",
		}, 103.96},
		{"a second one after the first had ended, though it was open still", func(w *world, _ *Session) {
			w.rtp(101, 102, stranger, alice, 1, 0)
			w.rtp(110, 111, stranger2, alice, 2, 0)
		}, []string{"0: " + stranger + ">" + alice + " callee 50", "0: " + stranger2 + ">" + alice + " callee 50"}, 110.98},
		{"its address is announced later", func(w *world, s *Session) {
			w.rtp(101, 102, bob, alice, 1, 0)
			w.rtp(102, 103, stranger, alice, 2, 0)
			if !s.Foreign {
				w.t.Error("not foreign so far")
			}
			w.describe(s, Callee, bobSIP, 0, 0, "203.0.113.66:6000")
			if s.Foreign {
				w.t.Error("foreign still")
			}
		}, []string{"0: " + bob + ">" + alice + " callee 50", "0: " + stranger + ">" + alice + " callee 50"}, 102.98},
		{"its signalling shows it later", func(w *world, s *Session) {
			w.rtp(101, 102, bob, alice, 1, 0)
			w.rtp(102, 103, stranger, alice, 2, 0)
			w.pass(140)
			s.Signalled(Callee, at(bobSIP2))
		}, []string{"0: " + bob + ">" + alice + " callee 50", "0: " + stranger + ">" + alice + " callee 50"}, 102.98},
		{"nothing but what a restart has left: judged again", func(w *world, s *Session) {
			w.rtp(101, 102, bob, alice, 1, 0)
			w.rtp(102, 103, stranger, alice, 2, 0)
			list := w.restart(true, 1, s)
			*s = *list[0]
			for _, b := range s.bindings {
				b.session = s
			}
			if !s.Foreign {
				w.t.Error("not foreign after the restart")
			}
		}, []string{"0: " + bob + ">" + alice + " callee 50", "0: " + stranger + ">" + alice + " callee foreign 50"}, 101.98},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			var s Session
			w.describe(&s, Caller, aliceSIP, 0, 0, alice)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			c.run(w, &s)
			w.pass(250)
			since, ok := s.Silent()
			if ok != (c.since != 0) || ok && since != int64(c.since*1e9) {
				t.Errorf("silent since %v: %t, want %v", float64(since)/1e9, ok, c.since)
			}
			if want := strings.Contains(fmt.Sprint(c.want), "foreign"); s.Foreign != want || !s.Seen() {
				t.Errorf("foreign %t, want %t; seen %t", s.Foreign, want, s.Seen())
			}
			if got := w.sums(&s); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// both sends two streams at a time.
func both(w *world, from, to float64, a, b, dst string) {
	for seq := uint16(from * 50); w.now < int64(to*1e9); seq++ {
		w.table.Packet(&decode.Frame{Src: at(a), Dst: at(dst)}, header(1, seq), 0, w.now)
		w.pass(float64(w.now+20e6) / 1e9)
		w.table.Packet(&decode.Frame{Src: at(b), Dst: at(dst)}, header(2, seq), 0, w.now)
		w.pass(float64(w.now+20e6) / 1e9)
	}
}

// A foreign stream plays nothing, is no media that was seen, and does not hold the call up or keep it alive.
func TestForeignExtendsNothing(t *testing.T) {
	w := newWorld(t)
	var s Session
	w.describe(&s, Caller, aliceSIP, 0, 0, alice)
	w.describe(&s, Callee, bobSIP, 0, 0, bob)
	w.rtp(101, 102, bob, alice, 1, 0)
	w.rtp(102, 140, stranger, alice, 2, 0)
	if s.Playing() {
		t.Error("the foreign stream plays")
	}
	for o := range s.Open {
		if !o.Foreign {
			t.Errorf("open and not foreign: %v", o.Flow)
		}
	}
	if since, ok := s.Silent(); !ok || since != 101.98*1e9 {
		t.Errorf("silent since %d: %t", since, ok)
	}
	if more := s.More(w.now); more.Last != 101.98*1e9 {
		t.Errorf("last media at %d", more.Last)
	}
	w.index.GoesOn = func(any, int64) { t.Error("it keeps the call alive after its end") }
	w.index.End(&s, w.now)
	w.index.Doubt(&s, w.now+5*second, &s)
	w.rtp(140, 160, stranger, alice, 2, 0)
	w.pass(200)
	if got := w.sums(&s); len(got) != 2 {
		t.Errorf("%q", got)
	}
	if w.index.Stats.Foreign != 1 {
		t.Errorf("%+v", w.index.Stats)
	}
}

// A flood of foreign streams leaves room for the call's own, and no stream of it is media of another call.
func TestForeignFlood(t *testing.T) {
	w := newWorld(t)
	var s Session
	w.describe(&s, Caller, aliceSIP, 0, 0, alice)
	w.describe(&s, Callee, bobSIP, 0, 0, bob)
	w.index.Unclaimed = func(ev *Event) { t.Errorf("unclaimed: %v", ev.Flow) }
	w.rtp(101, 102, bob, alice, 1, 0)
	for i := range 500 {
		f := &decode.Frame{Src: at(fmt.Sprintf("203.0.113.%d:7000", i%200)), Dst: at(alice)}
		w.table.Packet(f, header(uint32(100+i), 1), 0, w.now)
		w.events()
	}
	w.rtp(102, 103, bob, alice, 3, 0)
	if n := len(s.claimed); n > maxForeign+2 || !s.Overflow || !s.Foreign {
		t.Errorf("%d streams, overflow %t, foreign %t", n, s.Overflow, s.Foreign)
	}
	got := w.sums(&s)
	if len(got) > maxForeign+2 || !slices.Contains(got, "0: "+bob+">"+alice+" callee 50") || !s.Foreign {
		t.Errorf("%q", got)
	}
	if w.index.Stats.Foreign != 500 {
		t.Errorf("%+v", w.index.Stats)
	}
}
