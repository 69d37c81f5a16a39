package app

import (
	"bytes"
	"cmp"
	"slices"

	"calltrail/cdr/flow"
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/app"
)

// session is a set of flows that belong together: a call, or what may become one.
type session struct {
	order   uint64 // of its beginning
	members []*member
	entries
	streams []media.Observed
	tap     uint16

	// Times of all its flows, those that had to make room included; 0 for never.
	first, last, firstMedia, lastMedia int64
	// closed is when the last of its flows was closed, mediaClosed of those with media.
	closed, mediaClosed int64

	// marks are those of all flows and of their servers' networks; the judgement is of marks, unless it is stale.
	marks      app.Marks
	name       app.Name
	confidence app.Confidence
	evidence   []string
	stale      bool

	media     bool // a call exists
	signalled bool // and it is one of SIP
	overflow  bool
	settled   bool // it takes no further flow, and waits for streams
	gone      bool // it has ended, or is part of another one

	// What was told, and the name of the call since.
	revision  int
	changes   int
	started   int64
	origin    Origin
	caller    [16]byte        // the client's address
	callerEnd decode.Endpoint // and port, as told
	told      told
	deadline  int64 // in the timers
	position  int   // in the timers
	rank      int64 // among those to evict
	placement int   // among those to evict
}

// told is what is worth a further revision when it changes.
type told struct {
	name       app.Name
	confidence app.Confidence
	peer       decode.Endpoint
}

// member is a flow of a session.
type member struct {
	flow    flow.Flow
	session *session
	kind    flow.EventKind
	closed  int64 // when it was closed
	evicted bool  // closed because its table was full
	ended   bool  // closed because the input ended
	relayed bool  // its server is a relay, or one of the application's servers
	// attempt says that a rule by which a call is tried matched.
	attempt bool
}

func (m *member) open() bool { return m.kind != flow.Closed }

// plays says that there is something like media both ways.
func (m *member) plays() bool {
	return m.flow.PlayingRTP || m.flow.PlayingOther || m.flow.PlayingSealed
}

// mediaPackets is how many packets of the flow may be media.
func (m *member) mediaPackets() uint64 {
	u, d := &m.flow.Up, &m.flow.Down
	return u.RTP + u.Sealed + u.Other + d.RTP + d.Sealed + d.Other
}

func (m *member) packets() uint64 { return m.flow.Up.Packets + m.flow.Down.Packets }

// sort puts the flows into the order of their first packets.
func (s *session) sort() {
	slices.SortFunc(s.members, func(a, b *member) int { return compareFlows(&a.flow, &b.flow) })
}

func compareFlows(a, b *flow.Flow) int {
	return cmp.Or(cmp.Compare(a.First, b.First), compare(a.Client, b.Client), compare(a.Server, b.Server),
		cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Serial, b.Serial))
}

func compare(a, b decode.Endpoint) int {
	return cmp.Or(bytes.Compare(a.IP[:], b.IP[:]), cmp.Compare(a.Port, b.Port))
}

// count takes over the times of a flow.
func (s *session) count(f *flow.Flow) {
	s.first = earlier(s.first, f.First)
	s.last = max(s.last, f.Last)
	s.firstMedia = earlier(s.firstMedia, f.FirstMedia)
	s.lastMedia = max(s.lastMedia, f.LastMedia)
}

// earlier is the earlier of two times, 0 being never.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// over says that all flows are closed.
func (s *session) over() bool { return !slices.ContainsFunc(s.members, (*member).open) }

// quiet says that there was media and all flows that had it are closed. Others may be kept open for as long as the application
// runs.
func (s *session) quiet() bool {
	return s.media && !slices.ContainsFunc(s.members, func(m *member) bool { return m.open() && m.flow.FirstMedia != 0 })
}

// past says that the call was over when something began at a time: it belongs to the next one, on the same sockets perhaps.
func (s *session) past(at, idle int64) bool { return s.quiet() && at-s.lastMedia >= idle }

// carriesRTP says that there are streams whose counts come when they are closed.
func (s *session) carriesRTP() bool {
	return slices.ContainsFunc(s.members, func(m *member) bool { return m.flow.Up.RTP+m.flow.Down.RTP > 0 })
}

// makeRoom drops the flow that tells least, one without media, and says whether there is room.
func (s *session) makeRoom() (dropped *member, ok bool) {
	if len(s.members) < MaxFlows {
		return nil, true
	}
	s.overflow = true
	s.sort()
	i := slices.IndexFunc(s.members, func(m *member) bool { return !m.open() && m.flow.FirstMedia == 0 })
	if i < 0 {
		i = slices.IndexFunc(s.members, func(m *member) bool { return m.flow.FirstMedia == 0 })
	}
	if i < 0 {
		return nil, false
	}
	dropped = s.members[i]
	s.members = slices.Delete(s.members, i, i+1)
	return dropped, true
}

// began is when the call began. Once told it stays.
func (s *session) began(setUp int64) int64 {
	if s.revision > 0 {
		return s.started
	}
	if s.media && s.firstMedia != 0 {
		return max(s.first, s.firstMedia-setUp)
	}
	return s.first
}

// ended says when and how a session ended that is over or quiet: with the newest packet, or with the newest media if keep-alives
// went on after it for long.
func (s *session) ended(idle int64) (end int64, why Ender) {
	var newest *member
	for _, m := range s.members {
		f := &m.flow
		at := f.Last
		switch {
		case m.ended && (f.FirstMedia != 0 || !s.media):
			return 0, Cut
		case f.FirstMedia != 0 && m.closed-f.LastMedia >= idle:
			at = f.LastMedia
		}
		if at > end {
			end, newest = at, m
		}
	}
	if s.media && s.lastMedia != 0 && end-s.lastMedia >= idle {
		return s.lastMedia, Silent
	}
	if newest != nil && newest.evicted {
		return 0, Evicted
	}
	return end, Silent
}
