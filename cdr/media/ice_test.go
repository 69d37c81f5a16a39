package media

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Hosts of calls between two networks behind NATs.
const (
	aliceHost  = "10.0.0.10:4000"
	aliceNAT   = "192.0.2.200:31000"
	aliceRelay = "203.0.113.1:50000"
	turn       = "203.0.113.1:3478"
	bobHost    = "10.9.0.20:5000"
	bobNAT     = "198.51.100.200:32000"
	bobNATSIP  = "198.51.100.200:30000"
)

// Media that comes to one of the places that ICE, BUNDLE, a TURN server or a NAT make of what c= and m= say, and what is near to it
// and is not the call's.
func TestPlaces(t *testing.T) {
	alices := func(w *world, s *Session) {
		w.sdp(s, Caller, natSIP, 0, 0, audio(aliceNAT,
			"host "+aliceHost, "srflx "+aliceNAT+" of "+aliceHost, "relay "+aliceRelay+" of "+aliceNAT))
	}
	cases := []struct {
		name string
		run  func(w *world) []string
		want []string
	}{
		{"a candidate that is not the address of m=", func(w *world) []string {
			var s Session
			w.sdp(&s, Caller, aliceSIP, 0, 0, audio(alice, "host 192.0.2.11:4100"))
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, bob, "192.0.2.11:4100", 1, 0)
			w.rtp(102, 103, "192.0.2.11:4100", bob, 2, 0)
			w.rtp(103, 104, "198.51.100.20:5002", "192.0.2.11:4102", 3, 0) // other ports of both hosts
			w.rtp(104, 105, stranger, "192.0.2.12:4100", 4, 0)
			signalled(w, &s, alice, bob)
			return w.sums(&s)
		}, []string{"0: " + bob + ">192.0.2.11:4100 callee 50", "0: 192.0.2.11:4100>" + bob + " caller 50"}},
		{"a candidate of RTCP is no place of media", func(w *world) []string {
			var s Session
			w.sdp(&s, Caller, aliceSIP, 0, 0, audio(alice)+"a=candidate:1 2 udp 1 192.0.2.11 4101 typ host\r\n")
			w.rtp(101, 102, stranger, "192.0.2.11:4101", 1, 0)
			return w.sums(&s)
		}, nil},
		{"candidates that come later: 0.0.0.0 announces nothing, they do", func(w *world) []string {
			var s Session
			w.sdp(&s, Caller, aliceSIP, 0, 0, audio("0.0.0.0:9", "host "+alice))
			if s.held[Caller] {
				w.t.Error("held")
			}
			var trickle Session // they come in other messages
			if w.describe(&trickle, Caller, aliceSIP, 0, 0, "0.0.0.0:9"); trickle.held[Caller] {
				w.t.Error("held without candidates")
			}
			if w.describe(&trickle, Caller, aliceSIP, 0, 0, "0.0.0.0:4000"); !trickle.held[Caller] {
				w.t.Error("not held")
			}
			w.rtp(101, 102, stranger, "0.0.0.0:9", 1, 0)
			w.rtp(102, 103, bob, alice, 2, 0)
			return w.sums(&s)
		}, []string{"0: " + bob + ">" + alice + " callee 50"}},
		{"relayed: one entry of each hop", func(w *world) []string {
			var s Session
			alices(w, &s)
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, bob, aliceRelay, 1, 0) // to the relay
			w.rtp(102, 103, turn, aliceNAT, 1, 0)  // and on to alice, in a channel
			w.rtp(103, 104, aliceNAT, turn, 2, 0)  // alice to the relay
			w.rtp(104, 105, aliceRelay, bob, 2, 0) // and on
			w.rtp(105, 106, turn, "192.0.2.200:31001", 3, 0)
			w.rtp(106, 107, "192.0.2.200:31001", turn, 4, 0)
			return w.sums(&s)
		}, []string{
			"0: " + bob + ">" + aliceRelay + " callee 50", "0: " + turn + ">" + aliceNAT + " callee 50",
			"0: " + aliceNAT + ">" + turn + " caller 50", "0: " + aliceRelay + ">" + bob + " caller 50",
		}},
		{"relayed, seen inside the NAT, where raddr alone names the client", func(w *world) []string {
			var s Session
			w.sdp(&s, Caller, insideSIP, 0, 0, audio(aliceRelay, "relay "+aliceRelay+" of "+aliceHost))
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, turn, aliceHost, 1, 0)
			w.rtp(102, 103, aliceHost, turn, 2, 0)
			return w.sums(&s)
		}, []string{"0: " + turn + ">" + aliceHost + " callee 50", "0: " + aliceHost + ">" + turn + " caller 50"}},
		{"relayed without ICE: the answer of the TURN server tells the client, before its SDP or after", func(w *world) []string {
			var s Session
			w.index.Allocated(at(aliceRelay), at(alice), 0, w.now)
			w.describe(&s, Caller, aliceSIP, 0, 0, aliceRelay)
			w.describe(&s, Callee, bobSIP, 0, 0, "203.0.113.1:50002")
			w.rtp(101, 102, turn, alice, 1, 0)
			w.rtp(102, 103, alice, turn, 2, 0)
			w.rtp(103, 104, bob, turn, 1, 0)
			w.rtp(104, 105, turn, "198.51.100.20:5002", 3, 0) // not the client's port
			w.index.Allocated(at("203.0.113.1:50002"), at(bob), 0, w.now)
			w.index.Allocated(at("203.0.113.1:50004"), at("198.51.100.20:5002"), 0, w.now) // of another call
			w.rtp(105, 106, turn, bob, 2, 0)
			w.describe(&s, Caller, aliceSIP, 0, 0, aliceRelay)
			w.index.Commit(&s, Caller, w.now)
			w.rtp(110, 111, turn, alice, 1, 0)
			signalled(w, &s, aliceRelay, "203.0.113.1:50002")
			return w.sums(&s)
		}, []string{
			"0: " + turn + ">" + alice + " callee 100", "0: " + alice + ">" + turn + " caller 50",
			"0: " + bob + ">" + turn + " callee 50", "0: " + turn + ">" + bob + " caller 50",
		}},
		{"relayed without ICE on one side only", func(w *world) []string {
			var s Session
			w.describe(&s, Callee, bobSIP, 0, 0, bob)
			w.describe(&s, Caller, aliceSIP, 0, 0, aliceRelay)
			w.index.Allocated(at(aliceRelay), at(alice), 0, w.now)
			w.rtp(101, 102, alice, turn, 1, 0)
			w.rtp(102, 103, turn, alice, 2, 0)
			w.rtp(103, 104, alice, stranger, 3, 0)
			return w.sums(&s)
		}, []string{"0: " + alice + ">" + turn + " caller 50", "0: " + turn + ">" + alice + " callee 50"}},
		{"the relay's address is given up: its client's media is no longer the call's", func(w *world) []string {
			var s Session
			w.index.Allocated(at(aliceRelay), at(alice), 0, w.now)
			w.describe(&s, Caller, aliceSIP, 0, 0, aliceRelay)
			w.index.Commit(&s, Caller, w.now)
			w.describe(&s, Caller, aliceSIP, 0, 0, "192.0.2.10:4444")
			w.index.Commit(&s, Caller, w.now)
			w.rtp(103, 104, turn, alice, 1, 0)
			return w.sums(&s)
		}, nil},
		{"the private candidate of a host behind a NAT is not to be met in this network", func(w *world) []string {
			var s Session
			alices(w, &s)
			w.rtp(101, 102, stranger, aliceHost, 1, 0)
			w.rtp(102, 103, aliceHost, stranger, 2, 0)
			return w.sums(&s)
		}, nil},
		{"ICE: the far end was not announced, the check has shown it", func(w *world) []string {
			var s Session
			alices(w, &s)
			w.rtp(101, 102, aliceNAT, stranger, 1, 0)
			w.rtp(102, 103, "192.0.2.200:31002", stranger, 2, 0) // not the announced port
			return w.sums(&s)
		}, []string{"0: " + aliceNAT + ">" + stranger + " caller 50"}},
		{"candidates that were not chosen end with the next offer, and nothing has moved", func(w *world) []string {
			var s Session
			alices(w, &s)
			w.index.Commit(&s, Caller, w.now)
			w.sdp(&s, Caller, natSIP, 0, 0, audio(aliceNAT, "srflx "+aliceNAT+" of "+aliceHost))
			w.index.Commit(&s, Caller, w.now)
			if s.Moved {
				w.t.Error("moved")
			}
			w.rtp(103, 104, bob, aliceRelay, 1, 0)
			w.rtp(104, 105, bob, aliceNAT, 1, 0)
			return w.sums(&s)
		}, []string{"0: " + bob + ">" + aliceNAT + " callee 50"}},
		{"a candidate's port has the next call", func(w *world) []string {
			var a, b Session
			alices(w, &a)
			w.rtp(101, 102, bob, aliceRelay, 1, 0)
			w.index.End(&a, w.now)
			w.pass(102.5)
			alices(w, &b)
			w.rtp(103, 104, bob, aliceRelay, 2, 0) // the old call would have had it 2 s longer
			return w.sums(&a, &b)
		}, []string{"0: " + bob + ">" + aliceRelay + " callee 50", "1: " + bob + ">" + aliceRelay + " callee 50"}},
		{"a further leg inherits the candidates", func(w *world) []string {
			var a, b Session
			alices(w, &a)
			w.index.Inherit(&b, &a, Caller, w.now)
			w.describe(&b, Callee, bobSIP, 0, 0, bob)
			w.rtp(101, 102, turn, aliceNAT, 1, 0)
			w.rtp(102, 103, bob, aliceRelay, 1, 0)
			return w.sums(&a, &b)
		}, []string{
			"0: " + turn + ">" + aliceNAT + " callee 50", "1: " + turn + ">" + aliceNAT + " callee 50",
			"1: " + bob + ">" + aliceRelay + " callee 50",
		}},
		{"both behind NATs that keep the ports", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, natSIP, 0, 0, aliceHost)
			w.describe(&s, Callee, bobNATSIP, 0, 0, bobHost)
			w.rtp(101, 102, "192.0.2.200:4000", "198.51.100.200:5000", 1, 0)
			w.rtp(102, 103, "198.51.100.200:5000", "192.0.2.200:4000", 2, 0)
			signalled(w, &s, aliceHost, bobHost)
			return w.sums(&s)
		}, []string{
			"0: 192.0.2.200:4000>198.51.100.200:5000 caller 50", "0: 198.51.100.200:5000>192.0.2.200:4000 callee 50",
		}},
		{"one of the ports is another one", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, natSIP, 0, 0, aliceHost)
			w.describe(&s, Callee, bobNATSIP, 0, 0, bobHost)
			w.rtp(101, 102, aliceNAT, "198.51.100.200:5000", 1, 0)
			w.rtp(102, 103, "198.51.100.200:5000", aliceNAT, 2, 0)
			return w.sums(&s)
		}, []string{"0: " + aliceNAT + ">198.51.100.200:5000 caller 50", "0: 198.51.100.200:5000>" + aliceNAT + " callee 50"}},
		{"both are, or the peer is nobody's host", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, natSIP, 0, 0, aliceHost)
			w.describe(&s, Callee, bobNATSIP, 0, 0, bobHost)
			w.rtp(101, 102, aliceNAT, bobNAT, 1, 0)
			w.rtp(102, 103, "192.0.2.200:4000", stranger, 2, 0)
			w.rtp(103, 104, stranger, "192.0.2.200:4000", 3, 0)
			return w.sums(&s)
		}, nil},
		{"two calls announced the port behind one NAT: nobody's", func(w *world) []string {
			var a, b Session
			for _, s := range []*Session{&a, &b} {
				w.describe(s, Caller, natSIP, 0, 0, aliceHost)
				w.describe(s, Callee, bobNATSIP, 0, 0, bobHost)
			}
			w.rtp(101, 102, "192.0.2.200:4000", "198.51.100.200:5000", 1, 0)
			return w.sums(&a, &b)
		}, nil},
		{"of which one has ended", func(w *world) []string {
			var a, b Session
			for _, s := range []*Session{&a, &b} {
				w.describe(s, Caller, natSIP, 0, 0, aliceHost)
				w.describe(s, Callee, bobNATSIP, 0, 0, bobHost)
			}
			w.index.End(&b, w.now)
			w.rtp(101, 102, "192.0.2.200:4000", "198.51.100.200:5000", 1, 0)
			return w.sums(&a, &b)
		}, []string{"0: 192.0.2.200:4000>198.51.100.200:5000 caller 50"}},
		{"it was there before the answer", func(w *world) []string {
			var s Session
			w.describe(&s, Caller, natSIP, 0, 0, aliceHost)
			w.rtp(101, 102, "192.0.2.200:4000", "198.51.100.200:5000", 1, 0)
			w.describe(&s, Callee, bobNATSIP, 0, 0, bobHost)
			return w.sums(&s)
		}, []string{"0: 192.0.2.200:4000>198.51.100.200:5000 caller 50"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if got := c.run(w); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// signalled holds that all that was seen is kept beside what c= and m= of its receiver say.
func signalled(w *world, s *Session, want ...string) {
	w.t.Helper()
	for o := range s.Open {
		if o.Line == nil {
			continue
		}
		if got := o.Line.Signalled.AddrPort().String(); !slices.Contains(want, got) {
			w.t.Errorf("signalled %s, want one of %q", got, want)
		}
	}
}

// What is remembered of TURN servers is bounded, the newest is remembered, and servers that name each other's clients lead nowhere.
func TestAllocationsAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 3 * maxAllocations {
		w.index.Allocated(at(fmt.Sprintf("203.0.113.%d:%d", i>>14, 1024+i&0x3fff)), at(alice), 0, w.now)
	}
	last := 3*maxAllocations - 1
	if _, ok := w.index.turn.client(scoped(at(fmt.Sprintf("203.0.113.%d:%d", last>>14, 1024+last&0x3fff)), 0)); !ok {
		t.Error("the newest is not known")
	}
	if n := len(w.index.turn.newest) + len(w.index.turn.older); n > maxAllocations {
		t.Errorf("%d allocations", n)
	}
	w.index.Allocated(at(alice), at(bob), 0, w.now)
	w.index.Allocated(at(bob), at(alice), 0, w.now)
	var s Session
	w.describe(&s, Caller, aliceSIP, 0, 0, alice)
	if len(s.bindings) != 2 {
		t.Errorf("%d addresses", len(s.bindings))
	}
	w.index.Forget(&s)
	w.empty()
}

// A session with many candidates is bounded, keeps room for what c= and m= say, and fits into a snapshot.
func TestCandidatesAreBounded(t *testing.T) {
	w := newWorld(t)
	var s, again Session
	for i := range 40 {
		var list []string
		for k := range 16 {
			list = append(list, fmt.Sprintf("host 192.0.2.11:%d", 10000+16*i+k))
		}
		w.sdp(&s, Caller, aliceSIP, 0, 0, audio(fmt.Sprintf("192.0.2.10:%d", 4000+i), list...))
		w.index.Commit(&s, Caller, w.now)
		w.pass(float64(w.now)/1e9 + 3)
	}
	if n := s.announced(false); n > maxCandidates || !s.Overflow {
		t.Errorf("%d candidates, overflow %t", n, s.Overflow)
	}
	if n := s.announced(true); n > maxBindings || !slices.ContainsFunc(s.bindings, func(b *binding) bool { return b.main && b.at.Port == 4039 }) {
		t.Errorf("%d addresses, or the newest is not among them", n)
	}
	st := s.State()
	if err := NewIndex().Restore(&again, &st, &SessionMore{}); err != nil || len(st.Bindings) > maxStates {
		t.Errorf("%d states: %v", len(st.Bindings), err)
	}
	if !slices.ContainsFunc(st.Bindings, func(k BindingState) bool { return k.Party&sameLines != 0 && k.Line.Formats == nil }) {
		t.Error("each candidate is kept with the whole line")
	}
	if again.announced(true) != s.announced(true) || again.announced(false) == 0 || !again.ice[Caller] {
		t.Errorf("%d and %d addresses came back", again.announced(true), again.announced(false))
	}
	for _, b := range again.bindings {
		i := slices.IndexFunc(s.bindings, func(o *binding) bool { return o.at == b.at && o.from == b.from })
		if i < 0 || !b.lines.equal([]Line{s.bindings[i].lines.Line}) || s.bindings[i].main != b.main {
			t.Fatalf("%v came back otherwise", b.at)
		}
	}
	w.index.Forget(&s)
	w.empty()
}
