package media

import (
	"bytes"
	"cmp"
	"slices"

	"calltrail/decode"
)

// Whose media comes to a party's port is told by its sender's address: one that the other party announced, that its signalling
// comes from, or that of a TURN server of the receiver's own. Media from anywhere else is strange. It may be the other party's all
// the same, from behind a NAT that nothing told of: the first strange host to send is taken for it. It is foreign, not of the
// call, when
//
//   - media of a host that the call knows comes to the same port, before or after it, or
//   - another strange host sent there first, and still did when it began.
//
// A foreign stream is listed with the call it came into, and nothing that a call does waits for it or goes on because of it. The
// judgement is made with what is known at a time, and made anew when more is: a sender's address may be announced late, and the
// last packet of a stream is known when it is closed.

// familiar says that ip is an address from which party sender's media may be expected.
func (s *Session) familiar(sender Party, ip [16]byte) bool {
	return s.knows(sender, ip) || s.relays(sender.Other(), ip)
}

// Relays says that ip is that of a TURN server through which one of the parties has its media: what comes from there is passed on.
func (s *Session) Relays(ip [16]byte) bool { return s.relays(Caller, ip) || s.relays(Callee, ip) }

// relays says that ip is that of a TURN server of party p.
func (s *Session) relays(p Party, ip [16]byte) bool {
	return slices.ContainsFunc(s.bindings, func(b *binding) bool { return b.relay && b.party == p && b.at.IP == ip })
}

// suspect is a stream that came to a port of the call.
type suspect struct {
	port             address // the receiver's
	src              decode.Endpoint
	ssrc             uint32
	sender           Party
	first, last      int64 // last is noCut of one that is open
	strange, foreign *bool // of the claim or the sum
}

func (s *Session) suspects() (list []suspect) {
	add := func(f *Flow, sender Party, first, last int64, strange, foreign *bool) {
		list = append(list, suspect{address{f.Dst, f.Scope}, f.Src, f.SSRC, sender, first, last, strange, foreign})
	}
	for i := range s.observed {
		o := &s.observed[i]
		add(&o.Flow, o.Sender, o.First, o.Last, &o.strange, &o.Foreign)
	}
	for _, st := range s.claimed {
		for i := range st.claims {
			if c := &st.claims[i]; c.session == s && c.receiver != nil && !c.after {
				add(&st.flow, c.sender, st.first, noCut, &c.strange, &c.foreign)
			}
		}
	}
	slices.SortFunc(list, func(a, b suspect) int {
		return cmp.Or(
			cmp.Compare(a.sender, b.sender), bytes.Compare(a.port.IP[:], b.port.IP[:]), cmp.Compare(a.port.Port, b.port.Port),
			cmp.Compare(a.port.scope, b.port.scope),
			cmp.Compare(a.first, b.first), bytes.Compare(a.src.IP[:], b.src.IP[:]), cmp.Compare(a.src.Port, b.src.Port),
			cmp.Compare(a.ssrc, b.ssrc))
	})
	return list
}

// judge says which streams of the call are strange, and which of these are foreign.
func (s *Session) judge() {
	list := s.suspects()
	s.strange, s.Foreign = false, s.turnedAway
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].port == list[0].port && list[n].sender == list[0].sender {
			n++
		}
		s.judgePort(list[:n])
		list = list[n:]
	}
}

// judgePort judges the streams that came to one port, in the order in which they began.
func (s *Session) judgePort(list []suspect) {
	known := false
	for i := range list {
		c := &list[i]
		was := *c.strange
		*c.strange, *c.foreign = !s.familiar(c.sender, c.src.IP), false
		switch {
		case *c.strange:
			s.strange = true
		default:
			known = true
			if was { // its address was announced after it began
				if c.last == noCut {
					c.last = c.first
				}
				s.last = max(s.last, c.last)
			}
		}
	}
	var taken *suspect // the strange one that is taken for the party
	until := int64(0)
	for i := range list {
		switch c := &list[i]; {
		case !*c.strange:
		case known || taken != nil && c.src.IP != taken.src.IP && c.first <= until:
			*c.foreign, s.Foreign = true, true
		case taken != nil && c.src.IP == taken.src.IP:
			until = max(until, c.last)
		default:
			taken, until = c, c.last
		}
	}
}

// judgeNew judges a stream that was claimed as the last of its claims, and says whether the call, which has many foreign ones,
// turns it away.
func (s *Session) judgeNew(st *stream) (away bool) {
	c := &st.claims[len(st.claims)-1]
	c.strange = c.receiver != nil && !s.familiar(c.sender, st.flow.Src.IP)
	if !c.strange {
		s.last = max(s.last, st.first)
		if s.strange {
			s.judge()
		}
		return false
	}
	s.judge()
	if !c.foreign {
		return false
	}
	n := 0
	for _, o := range s.claimed {
		for i := range o.claims {
			if c := &o.claims[i]; c.session == s && c.foreign {
				n++
			}
		}
	}
	if n > maxForeign {
		s.turnedAway, s.Overflow = true, true
		return true
	}
	return false
}

// own says that a stream is, as far as is known, the call's and not foreign.
func (s *Session) own(st *stream) bool {
	return slices.ContainsFunc(st.claims, func(c claim) bool { return c.session == s && !c.foreign })
}

// newest is the time of the newest packet of the call's media that is known of, 0 for none. Of a stream that is open, that is its
// first.
func (s *Session) newest() int64 {
	last := s.last
	if !s.strange {
		return last
	}
	for i := range s.observed {
		if o := &s.observed[i]; o.strange && !o.Foreign {
			last = max(last, o.Last)
		}
	}
	for _, st := range s.claimed {
		if s.own(st) {
			last = max(last, st.first)
		}
	}
	return last
}
