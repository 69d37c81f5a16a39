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

	bindings map[address][]*binding
	streams  map[StreamID]*stream
	waiting  map[address][]*stream // streams without a call, under both their ends
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
// round does not name stay until Commit.
func (x *Index) Describe(s *Session, p Party, d *sdp.Description, source decode.Endpoint, scope, round uint32, now int64) {
	if s.ended {
		return
	}
	s.rounds[p] = round
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
		x.bind(s, p, at, line, hidden, round, now)
	}
}

func (x *Index) bind(s *Session, p Party, at address, line Line, hidden bool, round uint32, now int64) {
	for _, b := range s.bindings {
		if b.party == p && b.at == at && b.until > now {
			b.round, b.until, b.line = round, noCut, line
			return
		}
	}
	if len(s.bindings) >= maxBindings {
		s.Overflow = true
		return
	}
	b := &binding{session: s, at: at, from: now, until: noCut, line: line, party: p, hidden: hidden, born: round, round: round}
	s.bindings = append(s.bindings, b)
	if hidden {
		return
	}
	x.bindings[at] = append(x.bindings[at], b)
	for _, st := range slices.Clone(x.waiting[at]) {
		if st.first < now-Probation {
			// Too old to have begun for this call: what comes from now on may be its media, counted anew.
			x.Commands = append(x.Commands, Command{st.id, now + Linger})
			continue
		}
		x.match(st, now)
	}
}

// Commit makes party p's newest round of addresses the valid one: those it no longer names end.
func (x *Index) Commit(s *Session, p Party, now int64) {
	for _, b := range s.bindings {
		if b.party == p && b.round != s.rounds[p] && b.until == noCut {
			s.Moved = true
			x.release(b, now)
		}
	}
}

// Rollback ends the addresses that party p named for the first time in the given round: its offer was refused.
func (x *Index) Rollback(s *Session, p Party, round uint32, now int64) {
	for _, b := range s.bindings {
		if b.party == p && b.born == round && b.until == noCut {
			x.release(b, now)
		}
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
		if !b.hidden {
			x.bindings[b.at] = without(x.bindings, b.at, b)
		}
	}
	for _, st := range s.claimed {
		st.claims = slices.DeleteFunc(st.claims, func(c claim) bool { return c.session == s })
	}
	s.bindings, s.claimed = nil, nil
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
		if len(st.claims) == 0 {
			x.Stats.Unclaimed++
			return
		}
		x.Stats.Claimed++
		for i := range st.claims {
			c := &st.claims[i]
			c.session.claimed = slices.DeleteFunc(c.session.claimed, func(o *stream) bool { return o == st })
			c.session.add(st.flow, c.sender, &ev.Stream, c.line())
		}
	}
}

func (x *Index) ends(st *stream) (dst, src address) {
	return scoped(st.flow.Dst, st.flow.Scope), scoped(st.flow.Src, st.flow.Scope)
}

func (x *Index) wait(st *stream) {
	dst, src := x.ends(st)
	x.waiting[dst] = append(x.waiting[dst], st)
	x.waiting[src] = append(x.waiting[src], st)
}

func (x *Index) unwait(st *stream) {
	dst, src := x.ends(st)
	x.waiting[dst] = without(x.waiting, dst, st)
	x.waiting[src] = without(x.waiting, src, st)
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
	st.claims = append(st.claims, c)
	c.session.claimed = append(c.session.claimed, st)
	b := c.receiver
	if b == nil {
		b = c.source
	}
	if b.until != noCut {
		x.Commands = append(x.Commands, Command{st.id, max(b.until, now+Linger)})
	}
}

// without is m[k] less v; the key goes with its last value.
func without[K, V comparable](m map[K][]V, k K, v V) []V {
	list := slices.DeleteFunc(m[k], func(o V) bool { return o == v })
	if len(list) == 0 {
		delete(m, k)
		return nil
	}
	return list
}
