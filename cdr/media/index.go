package media

import (
	"slices"

	"calltrail/cdr/timer"
)

// IndexStats counts what became of streams.
type IndexStats struct {
	Claimed   uint64 // streams that belonged to a call
	Unclaimed uint64 // streams closed without a call
	Foreign   uint64 // of those claimed, the ones that came into a call's port from a host that has no part in it
}

// Index finds the calls of streams and the streams of calls. One goroutine uses it, in the order of packet time.
type Index struct {
	// Commands are for the Tables; the owner hands them on and empties the slice before it lets time pass.
	Commands []Command
	Stats    IndexStats
	// GoesOn is called with the owner of a session whose end was in doubt when media shows that it goes on: see Doubt.
	GoesOn func(owner any, now int64)
	// Unclaimed is called for each stream that was closed without a call; nil for nobody. ev is the caller's.
	Unclaimed func(ev *Event)
	// Lone is called at now for each open stream that was Confirmed and that no call has claimed for Probation since its first
	// packet; nil for nobody.
	Lone func(id StreamID, f Flow, first, now int64)

	bindings map[address][]*binding
	behind   map[address][]*binding // hidden ones, by where they may be met: see nat.go
	streams  map[StreamID]*stream
	waiting  map[address][]*stream // open streams, under both their ends: who announces one of these finds them
	lone     timer.Queue[*stream]  // those Lone may be told of
	turn     allocations

	lines []Line     // of the place that is being announced
	named []*binding // by the description that is being taken in
}

// stream is a stream that a Table has opened and not closed.
type stream struct {
	first    int64
	claims   []claim
	id       StreamID
	flow     Flow
	position uint32 // in Index.lone, if it waits
	pt       uint8  // payload type of its first packet
	udptl    bool
	waits    bool
	foreign  bool // turned away by a call that has enough foreign streams
}

// claim gives a stream to a call.
type claim struct {
	session  *Session
	receiver *binding // nil when the sender was known and the receiver's address was not
	// source is the sender's own binding, which ends the claim when there is no receiver.
	source *binding
	was    *lines // the receiver's when the stream began, if they have changed
	sender Party
	// after says that the stream began after the session's end, which is in doubt.
	after bool
	// strange says that the sender's address is none that the call knows, foreign that it is not the sender's: see foreign.go.
	strange, foreign bool
}

// line is what the receiver announced for a stream of payload type pt, nil when it is not known.
func (c *claim) line(pt uint8, udptl bool) *Line {
	if c.receiver == nil {
		return nil
	}
	line, known := c.receiver.lines.of(pt, udptl)
	if !known && c.was != nil {
		if old, ok := c.was.of(pt, udptl); ok {
			return old
		}
	}
	return line
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	x := &Index{
		bindings: map[address][]*binding{}, behind: map[address][]*binding{}, streams: map[StreamID]*stream{},
		waiting: map[address][]*stream{},
	}
	x.lone.Placed = func(st *stream, position int) { st.position = uint32(position) } //nolint:gosec // bounded by open streams
	return x
}

// End says that the call ended now: its streams stop counting Linger later.
func (x *Index) End(s *Session, now int64) {
	s.ended = true
	for _, b := range s.bindings {
		if b.until == noCut {
			x.release(b, now)
		}
	}
}

// Reopen takes an End back: the call goes on.
func (x *Index) Reopen(s *Session) {
	s.ended = false
	for _, b := range s.bindings {
		if b.round == s.rounds[b.party] {
			b.until = noCut
		}
	}
	x.keepAfter(s)
}

// Forget takes the call's addresses out of the index. The Session's counts stay with their owner.
func (x *Index) Forget(s *Session) {
	for _, b := range s.bindings {
		x.unpublish(b)
	}
	for _, st := range s.claimed {
		st.claims = slices.DeleteFunc(st.claims, func(c claim) bool { return c.session == s })
	}
	s.bindings, s.claimed, s.doubt = nil, nil, nil
}

// Handle takes in an event of a Table.
func (x *Index) Handle(ev *Event) {
	switch ev.Kind {
	case Opened:
		st := &stream{id: ev.ID, flow: ev.Flow, first: ev.Stream.First, pt: ev.Stream.PayloadType, udptl: ev.UDPTL}
		x.streams[ev.ID] = st
		x.wait(st)
		x.match(st, ev.At)
	case Confirmed:
		if st := x.streams[ev.ID]; st != nil {
			x.await(st, ev.At)
		}
	case Closed:
		if st := x.streams[ev.ID]; st != nil {
			x.closed(st, ev)
		}
	}
}

// closed gives the counts of a stream to its calls.
func (x *Index) closed(st *stream, ev *Event) {
	delete(x.streams, st.id)
	x.unwait(st)
	x.found(st)
	claimed, foreign := st.foreign, st.foreign
	for i := range st.claims {
		c := &st.claims[i]
		c.session.claimed = slices.DeleteFunc(c.session.claimed, func(o *stream) bool { return o == st })
		if c.after {
			claimed = x.closedAfter(c, ev) || claimed
			continue
		}
		claimed = true
		foreign = c.session.add(c, ev) || foreign
	}
	switch {
	case claimed:
		x.Stats.Claimed++
	default:
		x.Stats.Unclaimed++
	}
	if foreign {
		x.Stats.Foreign++
	}
	// What follows the end of a call was its media, and is nobody else's.
	if !claimed && len(st.claims) == 0 && x.Unclaimed != nil {
		x.Unclaimed(ev)
	}
}

func (x *Index) ends(st *stream) (dst, src address) {
	return scoped(st.flow.Dst, st.flow.Scope), scoped(st.flow.Src, st.flow.Scope)
}

func (x *Index) wait(st *stream) {
	dst, src := x.ends(st)
	for _, at := range [...]address{dst, src} {
		if list := x.waiting[at]; len(list) < maxWaiting {
			x.waiting[at] = append(list, st)
		}
	}
}

func (x *Index) unwait(st *stream) {
	dst, src := x.ends(st)
	without(x.waiting, dst, st)
	without(x.waiting, src, st)
}

// match looks for the calls of a stream: those that announced where it goes, then those that announced where it
// comes from. A sender that the call knows beats one that it does not, and then the newest announcement counts.
func (x *Index) match(st *stream, now int64) {
	dst, src := x.ends(st)
	var stranger, sender *binding
	for _, b := range x.bindings[dst] {
		switch {
		case !b.holds(st.first):
		case b.session.familiar(b.party.Other(), st.flow.Src.IP):
			x.claim(st, claim{session: b.session, receiver: b, sender: b.party.Other()}, now)
		case stranger == nil || b.from >= stranger.from:
			stranger = b
		}
	}
	for _, b := range x.bindings[src] {
		switch s := b.session; {
		case !b.holds(st.first):
		case s.knows(b.party.Other(), st.flow.Dst.IP) || s.relays(b.party, st.flow.Dst.IP):
			// RTP goes back where it comes from (RFC 4961); that the far end is the call's has to show.
			x.claim(st, claim{session: s, sender: b.party, source: b}, now)
		case s.ice[b.party] && (sender == nil || b.from >= sender.from):
			// Who speaks ICE sends media only to where a check was answered (RFC 8445 section 12.1), be it an address that was not
			// announced: one that the check itself showed.
			sender = b
		}
	}
	if len(st.claims) == 0 {
		switch {
		case stranger != nil:
			x.claim(st, claim{session: stranger.session, receiver: stranger, sender: stranger.party.Other()}, now)
		case sender != nil:
			x.claim(st, claim{session: sender.session, sender: sender.party, source: sender}, now)
		}
	}
	if len(st.claims) == 0 && !st.foreign {
		x.matchBehind(st, dst, src, now)
	}
	if len(st.claims) == 0 && !st.foreign {
		x.matchAfter(st, dst, src, now)
	}
}

func (x *Index) claim(st *stream, c claim, now int64) {
	s := c.session
	for i := range st.claims {
		if old := &st.claims[i]; old.session == s {
			if old.receiver == nil && c.receiver != nil {
				*old = c
			}
			return
		}
	}
	if len(s.claimed) >= maxClaimed {
		s.Overflow = true
		return
	}
	st.claims = append(st.claims, c)
	s.claimed = append(s.claimed, st)
	x.found(st)
	if c.after {
		return
	}
	if st.foreign = s.judgeNew(st); st.foreign {
		st.claims, s.claimed = st.claims[:len(st.claims)-1], s.claimed[:len(s.claimed)-1]
		return
	}
	b := c.receiver
	if b == nil {
		b = c.source
	}
	if b.until != noCut {
		x.Commands = append(x.Commands, Command{st.id, max(b.until, now+Linger)})
	}
}
