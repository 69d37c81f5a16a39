package media

import "slices"

// An end may be none: nobody may have heard the BYE, or the end was our own guess. As long as it is in doubt, streams that
// begin after it at the session's addresses, between hosts of its parties, are followed too. When one of them has a packet
// late enough, the session goes on, and they count; if not, they never belonged to it.

// doubt is what is followed after an end.
type doubt struct {
	owner    any
	from     int64      // packets after this time show that the session goes on
	observed []Observed // streams that were closed before that showed
}

// probe is how long after doubt.from a stream that began before it is closed, so that it shows what it has.
const probe = int64(1e9)

// Doubt says that the end of s, which has been told, is not certain: GoesOn is called with owner at the first packet of its
// parties later than from, nanoseconds of packet time.
func (x *Index) Doubt(s *Session, from int64, owner any) {
	if s.doubt == nil { // else it was restored with its streams
		s.doubt = &doubt{}
	}
	s.doubt.owner, s.doubt.from = owner, from
}

// Believe says that the end is certain after all.
func (x *Index) Believe(s *Session) {
	if s.doubt == nil {
		return
	}
	s.doubt = nil
	for _, st := range slices.Clone(s.claimed) {
		st.leave(s)
	}
}

// leave ends what a stream has to do with a session whose end it came after.
func (st *stream) leave(s *Session) {
	n := len(st.claims)
	st.claims = slices.DeleteFunc(st.claims, func(c claim) bool { return c.session == s && c.after })
	if len(st.claims) < n {
		s.claimed = slices.DeleteFunc(s.claimed, func(o *stream) bool { return o == st })
	}
}

// leaveAll ends what a stream has to do with ended sessions: its address has a new user. It says whether it is free now.
func (st *stream) leaveAll() bool {
	for _, c := range slices.Clone(st.claims) {
		if c.after {
			st.leave(c.session)
		}
	}
	return len(st.claims) == 0
}

// matchAfter looks for a session in doubt that a stream may belong to: the one that had the stream's end last.
func (x *Index) matchAfter(st *stream, dst, src address, now int64) {
	var best claim
	newest := int64(-1)
	look := func(b *binding, c claim, peer [16]byte) {
		if b.from < newest {
			return
		}
		newest, best = b.from, claim{}
		if s := b.session; s.ended && s.doubt != nil && b.round == s.rounds[b.party] && s.knows(b.party.Other(), peer) {
			c.session, c.after = s, true
			best = c
		}
	}
	for _, b := range x.bindings[dst] {
		look(b, claim{receiver: b, sender: b.party.Other()}, st.flow.Src.IP)
	}
	if best.session == nil {
		newest = -1
		for _, b := range x.bindings[src] {
			look(b, claim{sender: b.party, source: b}, st.flow.Dst.IP)
		}
	}
	s := best.session
	switch {
	case s == nil:
	case st.first > s.doubt.from:
		x.goesOn(s, now)
		x.match(st, now)
	default:
		x.claim(st, best, now)
		x.Commands = append(x.Commands, Command{st.id, max(s.doubt.from+probe, now+Linger)})
	}
}

// closedAfter takes in a stream that began after the end of a session, and says whether it shows that the session goes on.
func (x *Index) closedAfter(c *claim, ev *Event) bool {
	s := c.session
	s.doubt.observed = s.sumInto(s.doubt.observed, observedOf(ev, c.sender, c.line(ev.Stream.PayloadType, ev.UDPTL)))
	if ev.Stream.Last <= s.doubt.from {
		return false
	}
	x.goesOn(s, ev.At)
	return true
}

// goesOn tells of a session that goes on. The owner calls Reopen; if it does not, the end is believed.
func (x *Index) goesOn(s *Session, now int64) {
	if x.GoesOn != nil {
		x.GoesOn(s.doubt.owner, now)
	}
	x.Believe(s)
}

// keepAfter counts what came after an end that was none.
func (x *Index) keepAfter(s *Session) {
	if s.doubt == nil {
		return
	}
	for i := range s.doubt.observed {
		o := &s.doubt.observed[i]
		s.last = max(s.last, o.Last)
		s.observed = s.sumInto(s.observed, o)
	}
	s.doubt = nil
	for _, st := range s.claimed {
		for i := range st.claims {
			if c := &st.claims[i]; c.session == s && c.after {
				c.after = false
				s.last = max(s.last, st.first)
			}
		}
	}
}
