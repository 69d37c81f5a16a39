package reassembly

import "calltrail/decode/sip"

// kind is what an association carries, as far as is known.
type kind uint8

const (
	unheard    kind = iota // parts of messages only, without their beginnings
	signalling             // SIP
	other                  // messages that began otherwise
)

// association is one direction of an SCTP association.
type association struct {
	key    associationKey
	age    place[association]
	used   int64 // packet time of the last packet
	kind   kind
	seen   tsns
	parts  []*part // that wait, in the order of message and sequence
	octets int     // of those
}

// open finds the packet's association, or begins one.
func (a *Associations) open(p *packet) *association {
	if p.association != nil {
		return p.association
	}
	if len(a.known) >= a.cfg.Associations {
		a.Stats.Forgotten++
		a.forget(a.recent.oldest())
	}
	s := &association{key: p.key, used: a.now}
	a.known[p.key] = s
	a.recent.add(&s.age, s)
	p.association = s
	return s
}

// touch notes that a packet of s came.
func (a *Associations) touch(s *association) {
	s.used = a.now
	a.recent.remove(&s.age)
	a.recent.add(&s.age, s)
}

// forget lets an association go, with what waits of it.
func (a *Associations) forget(s *association) {
	a.drop(s)
	a.recent.remove(&s.age)
	delete(a.known, s.key)
}

// drop lets go what waits of s.
func (a *Associations) drop(s *association) {
	for len(s.parts) > 0 {
		a.Stats.Evicted++
		a.release(s.parts[len(s.parts)-1])
	}
}

// tooShort is the number of octets below which the beginning of a message need not show that it is SIP: a method, white
// space and a scheme.
const tooShort = sip.MaxMethod + 16

// follow says whether the chunk may be of SIP, and opens the association if so. text says that it begins like SIP. SIP
// has no payload protocol identifier of its own, so that its senders use 0, which means nothing in particular.
//
// Parts without a beginning are taken in as long as nothing speaks against it, since they may be seen before it.
func (a *Associations) follow(p *packet, c *chunk, text bool) bool {
	s := p.association
	switch {
	case text:
		a.open(p).kind = signalling
		return true
	case c.begin && c.end:
		return s != nil && s.kind == signalling
	case c.begin && len(c.user) >= tooShort:
		if s != nil && s.kind == signalling {
			return false
		}
		if s == nil && c.ppid != 0 {
			return false // nor will be what follows
		}
		s = a.open(p)
		s.kind = other
		a.drop(s)
		return false
	case s != nil:
		return s.kind != other
	case c.ppid == 0:
		a.open(p)
		return true
	}
	return false
}
