package media

import (
	"slices"

	"calltrail/decode"
	"calltrail/decode/sdp"
)

// IndexStats counts what became of streams.
type IndexStats struct {
	Claimed   uint64 // streams that belonged to a call
	Unclaimed uint64 // streams closed without a call
}

// Index finds the calls of streams and the streams of calls. One goroutine uses it, in the order of packet time.
type Index struct {
	// Commands are for the Tables; the owner hands them on and empties the slice before it lets time pass.
	Commands []Command
	Stats    IndexStats
	// GoesOn is called with the owner of a session whose end was in doubt when media shows that it goes on: see Doubt.
	GoesOn func(owner any, now int64)

	bindings map[address][]*binding
	streams  map[StreamID]*stream
	waiting  map[address][]*stream // open streams, under both their ends: who announces one of these finds them
}

// stream is a stream that a Table has opened and not closed.
type stream struct {
	id     StreamID
	flow   Flow
	first  int64
	claims []claim
}

// claim gives a stream to a call.
type claim struct {
	session  *Session
	receiver *binding // nil when the sender was known and the receiver's address was not
	sender   Party
	// source is the sender's own binding, which ends the claim when there is no receiver.
	source *binding
	// after says that the stream began after the session's end, which is in doubt.
	after bool
}

func (c *claim) line() *Line {
	if c.receiver != nil {
		return &c.receiver.line
	}
	return nil
}

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{
		bindings: map[address][]*binding{}, streams: map[StreamID]*stream{}, waiting: map[address][]*stream{},
	}
}

// Describe takes in a session description that party p sent at now, from the address source in network scope. round tells
// one offer or answer from the next, so that the same one seen on several hops counts once; addresses that the newest
// round does not name stay until Commit. It says whether the session has changed, as it has not by a copy.
func (x *Index) Describe(
	s *Session, p Party, d *sdp.Description, source decode.Endpoint, scope, round uint32, now int64,
) (changed bool) {
	if s.ended {
		return false
	}
	if s.rounds[p] != round {
		s.previous[p], s.rounds[p], changed = s.rounds[p], round, true
		s.wasHeld[p] = s.held[p]
	}
	s.held[p] = onHold(d)
	for i := range d.Media {
		m := &d.Media[i]
		ip := m.IP.Unmap().WithZone("")
		if m.Port == 0 || !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() {
			continue
		}
		end := decode.Endpoint{IP: ip.As16(), Port: m.Port}
		line := Line{Signalled: end, Type: m.Type, Encrypted: m.Encrypted, NumFormats: m.NumFormats, Formats: m.Formats}
		at := scoped(end, scope)
		// A private address in a description that crossed a NAT names a host in another network.
		hidden := private(ip) && !private(source.AddrPort().Addr())
		changed = x.bind(s, p, at, line, hidden, round, now) || changed
	}
	return changed
}

func (x *Index) bind(s *Session, p Party, at address, line Line, hidden bool, round uint32, now int64) (changed bool) {
	for _, b := range s.bindings {
		if b.party == p && b.at == at && b.until > now {
			changed = b.round != round || b.until != noCut || b.line != line || b.hidden && !hidden
			b.round, b.until, b.line = round, noCut, line
			if b.hidden && !hidden {
				b.hidden = false // seen on another hop, inside the NAT
				x.publish(b, now)
			}
			return changed
		}
	}
	if len(s.bindings) >= maxBindings && !x.dropBinding(s, now) {
		return false
	}
	b := &binding{session: s, at: at, from: now, until: noCut, line: line, party: p, hidden: hidden, born: round, round: round}
	s.bindings = append(s.bindings, b)
	if !hidden {
		x.publish(b, now)
	}
	return true
}

// publish lets a binding be found by its address and looks for the streams that are there already.
func (x *Index) publish(b *binding, now int64) {
	list := x.bindings[b.at]
	for _, o := range list {
		switch {
		case o.session == b.session:
		case o.until != noCut:
			o.until = min(o.until, now) // the port has a new user: what begins now is not the old one's
		default:
			x.supersede(o, now)
		}
	}
	if len(list) >= maxSharing {
		list[0].hidden, list[0].session.Overflow = true, true
		list = slices.Delete(list, 0, 1)
	}
	x.bindings[b.at] = append(list, b)
	for _, st := range x.waiting[b.at] {
		switch {
		case st.over() && !st.leaveAll():
			// The media of a call before this one: what comes after its last 2 s is counted anew.
		case st.first < now-Probation:
			// Too old to have begun for this call: what comes from now on may be its media, counted anew.
			x.Commands = append(x.Commands, Command{st.id, now + Linger})
		default:
			x.match(st, now)
		}
	}
}

// over says that the stream belonged to calls, and that all of them have ended.
func (st *stream) over() bool {
	return len(st.claims) > 0 && !slices.ContainsFunc(st.claims, func(c claim) bool { return !c.session.ended })
}

// dropBinding makes room for an announcement by forgetting the oldest one that has ended, and says whether there was one.
func (x *Index) dropBinding(s *Session, now int64) bool {
	s.Overflow = true
	i := slices.IndexFunc(s.bindings, func(b *binding) bool { return b.until <= now })
	if i < 0 {
		return false
	}
	x.unpublish(s.bindings[i])
	s.bindings = slices.Delete(s.bindings, i, i+1)
	return true
}

func (x *Index) unpublish(b *binding) {
	if !b.hidden {
		without(x.bindings, b.at, b)
	}
}

// Inherit lets s begin with what party p of from has announced and with where its signalling comes from: s is a further
// leg of the same offer.
func (x *Index) Inherit(s, from *Session, p Party, now int64) {
	s.sources[p] = slices.Clone(from.sources[p])
	s.rounds[p], s.previous[p] = from.rounds[p], from.previous[p]
	for _, o := range from.bindings {
		if o.party != p || o.until != noCut {
			continue
		}
		b := *o
		b.session = s
		s.bindings = append(s.bindings, &b)
		if !b.hidden {
			x.publish(&b, now)
		}
	}
}

// Commit makes party p's newest round of addresses the valid one: those it no longer names end.
func (x *Index) Commit(s *Session, p Party, now int64) {
	for _, b := range s.bindings {
		if b.party == p && b.round != s.rounds[p] && b.until == noCut {
			s.Moved, s.movedAt = true, now
			x.release(b, now)
		}
	}
}

// Rollback ends the addresses that only the given round of party p named: its offer was refused, and what was valid
// before is valid again.
func (x *Index) Rollback(s *Session, p Party, round uint32, now int64) {
	newest := s.rounds[p] == round
	for _, b := range s.bindings {
		switch {
		case b.party != p || b.round != round || b.until != noCut:
		case b.born == round:
			x.release(b, now)
		case newest:
			b.round = s.previous[p]
		}
	}
	if newest {
		s.rounds[p], s.held[p] = s.previous[p], s.wasHeld[p]
	}
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

func (x *Index) release(b *binding, now int64) {
	b.until = now + Linger
	for _, st := range b.session.claimed {
		for i := range st.claims {
			if c := &st.claims[i]; c.receiver == b || c.receiver == nil && c.source == b {
				x.Commands = append(x.Commands, Command{st.id, b.until})
			}
		}
	}
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
		st := &stream{id: ev.ID, flow: ev.Flow, first: ev.Stream.First}
		x.streams[ev.ID] = st
		x.wait(st)
		x.match(st, ev.At)
	case Closed:
		st := x.streams[ev.ID]
		if st == nil {
			return
		}
		delete(x.streams, ev.ID)
		x.unwait(st)
		claimed := false
		for i := range st.claims {
			c := &st.claims[i]
			c.session.claimed = slices.DeleteFunc(c.session.claimed, func(o *stream) bool { return o == st })
			if c.after {
				claimed = x.closedAfter(c, st, ev) || claimed
			} else {
				c.session.add(st.flow, c.sender, &ev.Stream, c.line())
				claimed = true
			}
		}
		if claimed {
			x.Stats.Claimed++
		} else {
			x.Stats.Unclaimed++
		}
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
	var stranger *binding
	for _, b := range x.bindings[dst] {
		switch {
		case !b.holds(st.first):
		case b.session.knows(b.party.Other(), st.flow.Src.IP):
			x.claim(st, claim{session: b.session, receiver: b, sender: b.party.Other()}, now)
		case stranger == nil || b.from >= stranger.from:
			stranger = b
		}
	}
	for _, b := range x.bindings[src] {
		// RTP goes back where it comes from (RFC 4961); that the far end is the call's has to show.
		if b.holds(st.first) && b.session.knows(b.party.Other(), st.flow.Dst.IP) {
			x.claim(st, claim{session: b.session, sender: b.party, source: b}, now)
		}
	}
	if len(st.claims) == 0 && stranger != nil {
		x.claim(st, claim{session: stranger.session, receiver: stranger, sender: stranger.party.Other()}, now)
	}
	if len(st.claims) == 0 {
		x.matchAfter(st, dst, src, now)
	}
}

func (x *Index) claim(st *stream, c claim, now int64) {
	for i := range st.claims {
		if old := &st.claims[i]; old.session == c.session {
			if old.receiver == nil && c.receiver != nil {
				*old = c
			}
			return
		}
	}
	if len(c.session.claimed) >= maxClaimed {
		c.session.Overflow = true
		return
	}
	st.claims = append(st.claims, c)
	c.session.claimed = append(c.session.claimed, st)
	if c.after {
		return
	}
	c.session.last = max(c.session.last, st.first)
	b := c.receiver
	if b == nil {
		b = c.source
	}
	if b.until != noCut {
		x.Commands = append(x.Commands, Command{st.id, max(b.until, now+Linger)})
	}
}

// without takes v out of m[k]; the key goes with its last value.
func without[K, V comparable](m map[K][]V, k K, v V) {
	list := m[k]
	i := slices.Index(list, v)
	switch {
	case i < 0:
	case len(list) == 1:
		delete(m, k)
	default:
		m[k] = slices.Delete(list, i, i+1)
	}
}
