package media

import (
	"cmp"
	"slices"

	"calltrail/decode"
	"calltrail/decode/rtp"
	"calltrail/decode/sdp"
)

// Observed is the sum of a call's streams of one SSRC between the same two ends.
type Observed struct {
	Flow   Flow
	Sender Party
	// First and Last are nanoseconds of packet time.
	First, Last                       int64
	Packets, Octets, Lost, Duplicates uint64
	JitterMS                          float64
	HasJitter                         bool
	PayloadType                       uint8
	Line                              Line // of the receiver's announcement; Signalled is unset when none fits
	HasLine                           bool
}

// Session is the media side of one call. The zero Session is a call without media. It belongs to the Index's goroutine.
type Session struct {
	bindings []*binding
	claimed  []*stream
	observed []Observed
	sources  [2][]decode.Endpoint // where each party's signalling comes from
	rounds   [2]uint32            // each party's newest offer or answer
	previous [2]uint32            // the one before
	ended    bool
	heard    bool // restored: there were streams before, whose counts are lost
	unheard  bool // restored, and no party has been heard of since
	held     [2]bool
	wasHeld  [2]bool // before the newest round
	last     int64   // newest packet that is known of, 0 for none
	movedAt  int64   // when an address was last given up for another one
	doubt    *doubt  // nil while open, or when the end is certain
	// Overflow says that there was more than a Session holds.
	Overflow bool
	// Moved says that a party's media moved to another address during the call.
	Moved bool
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
}

// Open yields the streams that are still being counted.
func (s *Session) Open(yield func(OpenStream) bool) {
	for _, st := range s.claimed {
		for i := range st.claims {
			if c := &st.claims[i]; c.session == s && !yield(OpenStream{st.flow, c.sender, st.first, c.line()}) {
				return
			}
		}
	}
}

// Announced yields the addresses the parties have announced, in the order of announcement.
func (s *Session) Announced(yield func(Party, *Line) bool) {
	for _, b := range s.bindings {
		if !yield(b.party, &b.line) {
			return
		}
	}
}

// Seen says that a stream of the call has been seen.
func (s *Session) Seen() bool { return s.heard || len(s.observed)+len(s.claimed) > 0 }

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

// add sums a closed stream into the call.
func (s *Session) add(f Flow, sender Party, st *rtp.Stream, line *Line) {
	s.last = max(s.last, st.Last)
	s.observed = s.sumInto(s.observed, observedOf(f, sender, st, line))
}

func observedOf(f Flow, sender Party, st *rtp.Stream, line *Line) *Observed {
	o := &Observed{
		Flow: f, Sender: sender, First: st.First, Last: st.Last, Packets: st.Packets, Octets: st.Octets, Lost: st.Lost(),
		Duplicates: st.Duplicates, PayloadType: st.PayloadType,
	}
	if line != nil {
		o.Line, o.HasLine = *line, true
	}
	o.JitterMS, o.HasJitter = st.JitterMS(o.clock(st.PayloadType))
	return o
}

// sumInto adds o to the sum of its flow and sender in list, which has room for a few.
func (s *Session) sumInto(list []Observed, o *Observed) []Observed {
	for i := range list {
		if list[i].Flow == o.Flow && list[i].Sender == o.Sender {
			list[i].sum(o)
			return list
		}
	}
	if len(list) >= maxObserved {
		s.Overflow = true
		return list
	}
	return append(list, *o)
}

func (o *Observed) sum(n *Observed) {
	o.First = min(o.First, n.First)
	o.Last = max(o.Last, n.Last)
	o.Packets += n.Packets
	o.Octets += n.Octets
	o.Lost += n.Lost
	o.Duplicates += n.Duplicates
	if n.HasJitter {
		o.JitterMS, o.HasJitter = n.JitterMS, true
	}
}

// clock is the clock rate that the receiver's announcement gives a payload type; 0 for none.
func (o *Observed) clock(pt uint8) uint32 {
	if f := o.Line.Format(pt); o.HasLine && f != nil {
		return f.Clock
	}
	return 0
}

// Format is the line's description of a payload type, nil when it has none.
func (l *Line) Format(pt uint8) *sdp.Format {
	for i := range l.Formats[:l.NumFormats] {
		if l.Formats[i].PayloadType == pt {
			return &l.Formats[i]
		}
	}
	return nil
}
