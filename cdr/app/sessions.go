package app

import (
	"cmp"
	"math"
	"net/netip"
	"slices"

	"calltrail/cdr/flow"
	"calltrail/cdr/timer"
)

// maxChanges is how many revisions a call has between the first and the final one.
const maxChanges = 8

// Stats counts what Sessions did.
type Stats struct {
	Begun     uint64 // sessions, of which most never become a call
	Calls     uint64 // calls with media that were told of
	Attempts  uint64 // calls without
	NoCall    uint64 // sessions that ended without a sign of a call
	Signalled uint64 // sessions that were the media of calls of SIP
	Evicted   uint64 // sessions pushed out when there were Config.Sessions, or Config.Flows
	Merged    uint64 // sessions that a flow showed to be one with another
	Apart     uint64 // times that two calls showed to be one after both had been told of
	Refused   uint64 // flows that found no room in their call
	Dropped   uint64 // flows without media that made room for others
	Unlearned uint64 // addresses that were not kept for lack of room
	Unlisted  uint64 // sockets, hosts and credentials by which no flow is joined for lack of room
	Strays    uint64 // flows closed that no session had: theirs was evicted, or had no room
	Streams   uint64 // streams of RTP taken in
	Unkept    uint64 // of those, more than a call holds
}

// Sessions makes calls of flows. One goroutine uses it, in the order of packet time: Advance is called with the time of what is
// handed in before that.
type Sessions struct {
	// Signalled says that an end of a flow is an address that a SIP call announced: the flow is that call's media, and no call of an
	// application. Nil is never. A call that has been told of stays told.
	Signalled func(f *flow.Flow) bool
	// System is the autonomous system of an address, 0 for unknown. Nil: none is known.
	System func(ip netip.Addr) uint32
	Stats  Stats

	cfg    Config
	emit   func(c *Call, final bool)
	index  index
	timers timer.Queue[*session]
	ranks  timer.Queue[*session] // in the order in which they are evicted: those that are no call first, then the oldest
	flows  int                   // of all sessions
	orders uint64
	found  []*session // find's answer
	others []*session // connect's list
}

// New returns Sessions without any. emit is given each revision of a call.
func New(cfg Config, emit func(c *Call, final bool)) *Sessions {
	t := &Sessions{cfg: cfg.withDefaults(), emit: emit, index: newIndex()}
	t.timers.Placed = func(s *session, position int) { s.position = position }
	t.ranks.Placed = func(s *session, position int) { s.placement = position }
	return t
}

// Len is the number of sessions in memory.
func (t *Sessions) Len() int { return t.timers.Len() }

// Handle takes in an event of a flow that was seen on a tap.
func (t *Sessions) Handle(ev *flow.Event, tap uint16) {
	f := turned(ev.Flow)
	m := t.member(&f)
	if m == nil {
		if ev.Kind == flow.Closed {
			t.Stats.Strays++
			return
		}
		if t.flows >= t.cfg.Flows {
			t.evict()
		}
		m = &member{flow: f}
		s := t.home(&f, tap)
		if !t.add(s, m) {
			t.Stats.Refused++
			return
		}
		p := pairOf(f.Client, f.Server, f.Scope)
		t.index.pairs[p] = append(t.index.pairs[p], m)
		t.flows++
	}
	s := m.session
	m.flow, m.kind, m.evicted, m.ended = f, ev.Kind, ev.Evicted, ev.Ended
	m.relayed, m.attempt = relays(&f), attempts(&f)
	s.count(&f)
	t.mark(s, &f)
	if !s.settled {
		t.enter(s, &f)
	}
	if !m.open() {
		m.closed, s.closed = ev.Now, max(s.closed, ev.Now)
		if f.FirstMedia != 0 {
			s.mediaClosed = max(s.mediaClosed, ev.Now)
		}
	}
	s.judge(&t.cfg)
	if s.revision == 0 && !s.signalled && t.Signalled != nil {
		s.signalled = t.Signalled(&f)
	}
	if !s.settled {
		s = t.connect(s, &f)
	}
	// What a closed flow changes the final revision tells: flows that are closed at one time have no order.
	t.attend(s, ev.Now, ev.Kind != flow.Closed)
}

// member finds a flow that has a session.
func (t *Sessions) member(f *flow.Flow) *member {
	for _, m := range t.index.pairs[pairOf(f.Client, f.Server, f.Scope)] {
		if m.flow.Serial == f.Serial && m.flow.First == f.First && m.flow.TCP == f.TCP {
			return m
		}
	}
	return nil
}

// home is the session of a new flow: the first that it is found to belong to, else one of its own.
func (t *Sessions) home(f *flow.Flow, tap uint16) *session {
	if found := t.find(f, nil); len(found) > 0 {
		s := found[0]
		clear(found)
		return s
	}
	if t.timers.Len() >= t.cfg.Sessions {
		t.evict()
	}
	t.Stats.Begun++
	t.orders++
	s := &session{order: t.orders, tap: tap, deadline: math.MaxInt64, rank: int64(t.orders)} //nolint:gosec // a count
	t.timers.Push(s.deadline, s.order, s)
	t.ranks.Push(s.rank, s.order, s)
	return s
}

// evict pushes out the session that is the least loss.
func (t *Sessions) evict() {
	if _, s, any := t.ranks.Next(); any {
		t.Stats.Evicted++
		t.end(s, 0, Evicted)
	}
}

// add puts a flow into a session; ok is false when there is no room.
func (t *Sessions) add(s *session, m *member) (ok bool) {
	dropped, ok := s.makeRoom()
	if !ok {
		return false
	}
	if dropped != nil {
		t.Stats.Dropped++
		t.unpair(dropped)
	}
	m.session = s
	s.members = append(s.members, m)
	return true
}

func (t *Sessions) unpair(m *member) {
	without(t.index.pairs, pairOf(m.flow.Client, m.flow.Server, m.flow.Scope), m)
	t.flows--
}

// attend tells of a session what is to be told now, and says when to look at it again. changed says that there may be news of a
// call that has been told of.
func (t *Sessions) attend(s *session, now int64, changed bool) {
	s.judge(&t.cfg)
	if s.media && s.rank < isCall {
		s.rank |= isCall
		t.ranks.Move(s.placement, s.rank)
	}
	switch {
	case !s.media || s.signalled:
	case s.revision == 0:
		if s.began(int64(t.cfg.SetUp))+int64(t.cfg.Checkpoint) <= now {
			t.tell(s, 0, Open, false)
		}
	case changed && s.changes < maxChanges && s.view() != s.told:
		s.changes++
		t.tell(s, 0, Open, false)
	}
	at := int64(math.MaxInt64)
	switch {
	case s.over():
		at = s.closed + int64(t.cfg.Linger)
		if s.settled {
			at = max(at, s.lastMedia+int64(t.cfg.Streams))
		}
	case s.quiet():
		at = s.mediaClosed + int64(t.cfg.Quiet)
	}
	if s.media && s.revision == 0 && !s.signalled {
		at = min(at, s.began(int64(t.cfg.SetUp))+int64(t.cfg.Checkpoint))
	}
	if at != s.deadline {
		s.deadline = at
		t.timers.Move(s.position, at)
	}
}

// isCall is what a call's rank has over that of other sessions.
const isCall = 1 << 62

// Advance fires the timers before now, each at its time.
func (t *Sessions) Advance(now int64) {
	for {
		at, s, ok := t.timers.Next()
		if !ok || at >= now {
			return
		}
		switch {
		case s.over() && at < s.closed+int64(t.cfg.Linger), !s.over() && (!s.quiet() || at < s.mediaClosed+int64(t.cfg.Quiet)):
			t.attend(s, at, false)
		case !s.settled && (s.media || s.signalled) && s.carriesRTP() && at < s.lastMedia+int64(t.cfg.Streams):
			t.leave(s)
			t.attend(s, at, false)
		default:
			end, why := s.ended(int64(t.cfg.Idle))
			t.end(s, end, why)
		}
	}
}

// NextTimer is the time of the next timer; ok is false when there is none.
func (t *Sessions) NextTimer() (at int64, ok bool) {
	at, _, ok = t.timers.Next()
	return at, ok && at != math.MaxInt64
}

// Finish ends all sessions, as the input does at now: those with open flows end as why says, the others have ended themselves.
func (t *Sessions) Finish(now int64, why Ender) {
	t.Advance(now)
	var all []*session
	for t.ranks.Len() > 0 {
		_, s := t.ranks.Pop()
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *session) int { return cmp.Compare(a.order, b.order) })
	for _, s := range all {
		t.ranks.Push(s.rank, s.order, s)
	}
	for _, s := range all {
		if s.over() || s.quiet() {
			end, how := s.ended(int64(t.cfg.Idle))
			if how == Cut {
				how = why
			}
			t.end(s, end, how)
		} else {
			t.end(s, 0, why)
		}
	}
}

// end tells a session's final word, if it has one, and forgets it.
func (t *Sessions) end(s *session, end int64, why Ender) {
	s.judge(&t.cfg)
	switch {
	case s.signalled:
		t.Stats.Signalled++
	case s.media || s.attempt():
		t.tell(s, end, why, true)
	default:
		t.Stats.NoCall++
	}
	t.leave(s)
	for _, m := range s.members {
		t.unpair(m)
	}
	t.forget(s)
}

// forget takes a session out of the queues.
func (t *Sessions) forget(s *session) {
	s.gone = true
	t.timers.Remove(s.position)
	t.ranks.Remove(s.placement)
}
