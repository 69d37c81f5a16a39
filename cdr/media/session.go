package media

import (
	"cmp"
	"slices"

	"calltrail/decode"
)

// Session is the media side of one call. The zero Session is a call without media. It belongs to the Index's goroutine.
type Session struct {
	bindings []*binding
	claimed  []*stream
	observed []Observed
	sources  [2][]decode.Endpoint // where each party's signalling comes from
	rounds   [2]uint32            // each party's newest offer or answer
	previous [2]uint32            // the one before
	ended    bool
	heard    bool    // restored: there were streams before, whose counts are lost
	unheard  bool    // restored, and no party has been heard of since
	ice      [2]bool // the party has announced candidates
	held     [2]bool
	wasHeld  [2]bool // before the newest round
	strange  bool    // there are streams from hosts that it does not know: see foreign.go
	last     int64   // newest packet that is known of from hosts that it knows, 0 for none
	movedAt  int64   // when an address was last given up for another one
	doubt    *doubt  // nil while open, or when the end is certain

	turnedAway bool // there were more foreign streams than are listed
	// Overflow says that there was more than a Session holds.
	Overflow bool
	// Moved says that a party's media moved to another address during the call.
	Moved bool
	// Foreign says that streams came into its ports from hosts that have no part in the call.
	Foreign bool
}

// Observed returns the streams counted so far and closed, in the order of their first packets.
func (s *Session) Observed() []Observed {
	slices.SortFunc(s.observed, func(a, b Observed) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Sender, b.Sender), cmp.Compare(a.Flow.SSRC, b.Flow.SSRC),
			slices.Compare(a.Flow.Src.IP[:], b.Flow.Src.IP[:]), cmp.Compare(a.Flow.Src.Port, b.Flow.Src.Port),
			slices.Compare(a.Flow.Dst.IP[:], b.Flow.Dst.IP[:]), cmp.Compare(a.Flow.Dst.Port, b.Flow.Dst.Port))
	})
	return s.observed
}

// OpenStream is a stream of a call that is still being counted: its counts are not known yet.
type OpenStream struct {
	Flow   Flow
	Sender Party
	First  int64 // time of its first packet, nanoseconds of packet time
	Line   *Line // the receiver's announcement, nil when none fits
	// Foreign and UDPTL are as in Observed; Foreign may turn out wrong.
	Foreign, UDPTL bool
}

// Open yields the streams that are still being counted.
func (s *Session) Open(yield func(OpenStream) bool) {
	for _, st := range s.claimed {
		for i := range st.claims {
			if c := &st.claims[i]; c.session == s && !yield(OpenStream{st.flow, c.sender, st.first, c.line(st.pt, st.udptl), c.foreign, st.udptl}) {
				return
			}
		}
	}
}

// Announced yields the lines the parties have announced, in the order of announcement, without their candidates.
func (s *Session) Announced(yield func(Party, *Line) bool) {
	for _, b := range s.bindings {
		if !b.main {
			continue
		}
		for l := b.lines; l != nil; l = l.next {
			if !yield(b.party, &l.Line) {
				return
			}
		}
	}
}

// Seen says that a stream of the call has been seen, which was not foreign.
func (s *Session) Seen() bool {
	return s.heard || s.Playing() || slices.ContainsFunc(s.observed, func(o Observed) bool { return !o.Foreign })
}

// Signalled notes where a party's signalling comes from: behind a NAT its media comes from there too.
func (s *Session) Signalled(p Party, from decode.Endpoint) {
	s.unheard = false
	if len(s.sources[p]) >= maxSources {
		return
	}
	for _, e := range s.sources[p] {
		if e.IP == from.IP {
			return
		}
	}
	s.sources[p] = append(s.sources[p], from)
	if s.strange {
		s.judge()
	}
}

// knows says that ip is an address of party p: one it announced, or one its signalling came from.
func (s *Session) knows(p Party, ip [16]byte) bool {
	for _, e := range s.sources[p] {
		if e.IP == ip {
			return true
		}
	}
	for _, b := range s.bindings {
		if b.party == p && b.at.IP == ip {
			return true
		}
	}
	return false
}

// add sums a closed stream into the call, and says whether it was foreign to it as far as is known.
func (s *Session) add(c *claim, ev *Event) (foreign bool) {
	o := observedOf(ev, c.sender, c.line(ev.Stream.PayloadType, ev.UDPTL))
	o.strange, o.Foreign = c.strange, c.foreign
	if !o.strange {
		s.last = max(s.last, o.Last)
	}
	s.observed = s.sumInto(s.observed, o)
	if s.strange {
		s.judge()
	}
	return o.Foreign
}

// sumInto adds o to the sum of its flow and sender in list, which has room for a few.
func (s *Session) sumInto(list []Observed, o *Observed) []Observed {
	foreign := 0
	for i := range list {
		if l := &list[i]; l.Flow == o.Flow && l.Sender == o.Sender && l.UDPTL == o.UDPTL {
			l.Sum(o)
			return list
		}
		if list[i].Foreign {
			foreign++
		}
	}
	switch {
	case o.Foreign && foreign >= maxForeign:
		s.turnedAway, s.Overflow = true, true
	case len(list) >= maxObserved:
		s.Overflow = true
	default:
		list = append(list, *o)
	}
	return list
}
