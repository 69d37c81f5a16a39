package media

import (
	"cmp"
	"slices"
	"testing"

	"calltrail/decode/sdp"
)

// restart forgets everything but the states of the sessions: the streams that are open are closed first, as by a clean
// stop, or not. Time goes on for gap seconds meanwhile.
func (w *world) restart(clean bool, gap float64, sessions ...*Session) []*Session {
	if clean {
		w.table.Finish(w.now)
		w.events()
	}
	var again []*Session
	w.index, w.table = NewIndex(), NewTable(TableConfig{Streams: 1000, Idle: 30 * second})
	for _, s := range sessions {
		st, more := s.State(), s.More(w.now)
		r := &Session{}
		if err := w.index.Restore(r, &st, &more); err != nil {
			w.t.Fatal(err)
		}
		again = append(again, r)
	}
	w.pass(float64(w.now)/1e9 + gap)
	return again
}

func TestRestoredIndex(t *testing.T) {
	both := func(w *world) *Session {
		var s Session
		w.describe(&s, Caller, aliceSIP, 0, 0, alice)
		w.describe(&s, Callee, bobSIP, 0, 0, bob)
		return &s
	}
	cases := []struct {
		name string
		run  func(w *world) []string
		want []string
	}{
		{"a stream goes on after a stop: one entry with both parts", func(w *world) []string {
			s := both(w)
			w.rtp(101, 103, alice, bob, 1, 0)
			list := w.restart(true, 5, s)
			w.rtp(108, 109, alice, bob, 1, 0)
			return w.sums(list...)
		}, []string{"0: " + alice + ">" + bob + " caller 150"}},
		{"a stream goes on after a kill: what was open is not counted", func(w *world) []string {
			s := both(w)
			w.rtp(101, 103, alice, bob, 1, 0)
			list := w.restart(false, 5, s)
			w.rtp(108, 109, alice, bob, 1, 0)
			return w.sums(list...)
		}, []string{"0: " + alice + ">" + bob + " caller 50"}},
		{"behind a NAT the sender is known by its signalling", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, natSIP, 0, 0, inside)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			list := w.restart(true, 1, &s)
			w.rtp(102, 103, nat, bob, 1, 0)
			w.rtp(103, 104, stranger, inside, 3, 0) // somebody else's 10.0.0.10
			w.rtp(104, 105, bob, nat, 2, 0)
			return w.sums(list...)
		}, []string{"0: " + nat + ">" + bob + " caller 50", "0: " + bob + ">" + nat + " callee 50"}},
		{"another network with the same addresses", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, insideSIP, 7, 0, inside)
			list := w.restart(true, 1, &s)
			w.rtp(102, 103, stranger, inside, 1, 7)
			w.rtp(103, 104, stranger, inside, 1, 8)
			return w.sums(list...)
		}, []string{"0: " + stranger + ">" + inside + " callee 50"}},
		{"a call that has ended claims what began before, for 2 s", func(w *world) []string {
			s := both(w)
			w.index.End(s, w.now)
			list := w.restart(true, 1, s)
			w.rtp(101, 105, alice, bob, 1, 0)
			return w.sums(list...)
		}, []string{"0: " + alice + ">" + bob + " caller 100"}},
		{"and nothing later", func(w *world) []string {
			s := both(w)
			w.index.End(s, w.now)
			list := w.restart(true, 3, s)
			w.rtp(103, 105, alice, bob, 1, 0)
			return w.sums(list...)
		}, nil},
		{"a new user who comes after the restart, while nothing is heard of the restored call", func(w *world) []string {
			s := both(w)
			list := w.restart(true, 20, s)
			var next Session
			w.describe(&next, Caller, aliceSIP, 0, 0, alice)
			w.describe(&next, Callee, bobSIP, 0, 0, bob)
			w.rtp(121, 122, alice, bob, 2, 0)
			return w.sums(list[0], &next)
		}, []string{"1: " + alice + ">" + bob + " caller 50"}},
		{"its stream, which goes on then, is the new user's from 2 s after", func(w *world) []string {
			s := both(w)
			list := w.restart(true, 20, s)
			w.rtp(120, 131.99, alice, bob, 2, 0)
			w.pass(132.01)
			var next Session
			w.describe(&next, Caller, aliceSIP, 0, 0, alice)
			w.describe(&next, Callee, bobSIP, 0, 0, bob)
			w.rtp(132.02, 135.99, alice, bob, 2, 0)
			return w.sums(list[0], &next)
		}, []string{"0: " + alice + ">" + bob + " caller 700", "1: " + alice + ">" + bob + " caller 99"}},
		{"a restored call that has been heard of shares the port", func(w *world) []string {
			s := both(w)
			list := w.restart(true, 20, s)
			list[0].Signalled(Caller, at(aliceSIP))
			var next Session
			w.describe(&next, Caller, aliceSIP, 0, 0, alice)
			w.describe(&next, Callee, bobSIP, 0, 0, bob)
			w.rtp(121, 122, alice, bob, 2, 0)
			return w.sums(list[0], &next)
		}, []string{"0: " + alice + ">" + bob + " caller 50", "1: " + alice + ">" + bob + " caller 50"}},
		{"a stream that began just before the new user came is both calls' for 2 s", func(w *world) []string {
			s := both(w)
			list := w.restart(true, 18, s)
			w.rtp(118, 119.99, alice, bob, 2, 0)
			w.pass(120.01)
			var next Session
			w.describe(&next, Caller, aliceSIP, 0, 0, alice)
			w.describe(&next, Callee, bobSIP, 0, 0, bob)
			w.rtp(120.02, 124.01, alice, bob, 2, 0)
			return w.sums(list[0], &next)
		}, []string{"0: " + alice + ">" + bob + " caller 200", "1: " + alice + ">" + bob + " caller 300"}},
		{"legs of one call share the port across a restart between them", func(w *world) []string {
			s := both(w)
			list := w.restart(true, 2, s)
			var next Session
			w.describe(&next, Caller, aliceSIP, 0, 0, alice)
			w.describe(&next, Callee, bobSIP, 0, 0, bob)
			w.rtp(103, 104, alice, bob, 2, 0)
			return w.sums(list[0], &next)
		}, []string{"0: " + alice + ">" + bob + " caller 50", "1: " + alice + ">" + bob + " caller 50"}},
		{"a refused offer is taken back after the restart", func(w *world) []string {
			s := both(w)
			round := w.describe(s, Caller, aliceSIP, 0, 0, "192.0.2.10:4100")
			list := w.restart(true, 0, s)
			w.index.Rollback(list[0], Caller, round, w.now)
			w.index.Commit(list[0], Callee, w.now)
			w.pass(103)
			w.rtp(103, 104, stranger, "192.0.2.10:4100", 1, 0)
			w.rtp(104, 105, bob, alice, 2, 0)
			return w.sums(list...)
		}, []string{"0: " + bob + ">" + alice + " callee 50"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.run(newWorld(t)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A port whose call had ended had a new user before the restart. The old call's state is of its end: that the port was
// taken from it is seen from the new one's.
func TestRestoredPortOfTwoCalls(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		w := newWorld(t)
		var sessions, again [2]Session
		var states [2]SessionState
		for i := range sessions {
			w.describe(&sessions[i], Caller, aliceSIP, 0, 0, alice)
			w.describe(&sessions[i], Callee, bobSIP, 0, 0, bob)
			if i == 0 {
				w.index.End(&sessions[i], w.now)
			}
			states[i] = sessions[i].State()
			w.pass(101)
		}
		w.restart(true, 0)
		for _, i := range order {
			if err := w.index.Restore(&again[i], &states[i], &SessionMore{}); err != nil {
				t.Fatal(err)
			}
		}
		w.rtp(101, 101.99, alice, bob, 1, 0)
		want := []string{"1: " + alice + ">" + bob + " caller 50"}
		if got := w.sums(&again[0], &again[1]); !slices.Equal(got, want) {
			t.Errorf("restored as %d: got %q, want %q", order, got, want)
		}
	}
}

// A stream that was open when the program was killed was seen, though its counts are lost.
func TestSeenBeforeAKill(t *testing.T) {
	w := newWorld(t)
	var s Session
	w.describe(&s, Callee, bobSIP, 0, 0, bob)
	w.rtp(101, 102, alice, bob, 1, 0)
	list := w.restart(false, 1, &s)
	if !list[0].Seen() || len(list[0].Observed()) != 0 {
		t.Errorf("seen %t, %d streams counted", list[0].Seen(), len(list[0].Observed()))
	}
}

// What many calls announced is found, and bounded, in whatever order they are restored.
func TestRestoredAddressesAreBounded(t *testing.T) {
	w := newWorld(t)
	var sessions []*Session
	for range maxSharing + 10 {
		var s Session
		w.describe(&s, Callee, bobSIP, 0, 0, bob)
		w.pass(float64(w.now)/1e9 + 1)
		sessions = append(sessions, &s)
	}
	slices.Reverse(sessions)
	w.restart(true, 0, sessions...)
	list := w.index.bindings[scoped(at(bob), 0)]
	if len(list) != maxSharing || !slices.IsSortedFunc(list, func(a, b *binding) int { return cmp.Compare(a.from, b.from) }) {
		t.Errorf("%d bindings, or not in their order", len(list))
	}
	if list[0].from != 110*second {
		t.Errorf("the oldest is of %d s, want 110", list[0].from/second)
	}
}

// Everything that a description says of a line comes back.
func TestRestoredLines(t *testing.T) {
	const text = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/SAVP 96 0 97 96\r\nc=IN IP6 2001:db8::1\r\n" +
		"a=rtpmap:96 H264/90000\r\na=rtpmap:97 a-name-of-more-than-16/8000\r\na=rtpmap:96 VP8 /90001\r\na=rtpmap:0 /1\r\n" +
		"m=audio 4002 RTP/AVP 8\r\nc=IN IP4 10.0.0.1\r\nm=image 4004 udptl t38\r\nc=IN IP4 10.0.0.1\r\n"
	var d sdp.Description
	if err := d.Parse([]byte(text)); err != nil {
		t.Fatal(err)
	}
	x := NewIndex()
	var s, again Session
	s.Signalled(Caller, at(aliceSIP))
	x.Describe(&s, Caller, &d, at(aliceSIP), 5, 1, 100)
	st := s.State()
	if err := NewIndex().Restore(&again, &st, &SessionMore{}); err != nil {
		t.Fatal(err)
	}
	if len(s.bindings) != 3 || len(again.bindings) != 3 {
		t.Fatalf("%d and %d addresses", len(s.bindings), len(again.bindings))
	}
	for i, b := range again.bindings {
		want := *s.bindings[i]
		if lines := newLines([]Line{want.lines.Line}); !lines.equal([]Line{b.lines.Line}) || b.lines.next != nil {
			t.Errorf("got %+v\nwant %+v", b.lines, lines)
		}
		if (want.behind == nil) != (b.behind == nil) || b.behind != nil && *b.behind != *want.behind {
			t.Errorf("address %d: behind %v, want %v", i, b.behind, want.behind)
		}
		want.session, want.lines, want.behind = &again, b.lines, b.behind
		if *b != want {
			t.Errorf("got %+v\nwant %+v", *b, want)
		}
	}
}
