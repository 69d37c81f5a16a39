package media

import (
	"slices"

	"calltrail/decode"
)

// A party that announces an address of a TURN server need not say that it is one (without ICE, SDP has no word for it), nor from
// which port of its own it speaks to the server. The answer to its Allocate request does, to whoever sees both.

// maxAllocations bounds what is remembered of TURN servers: of the newest allocations, at least half of it.
const maxAllocations = 8192

// allocations are the clients of relayed addresses: the newest ones, and those before.
type allocations struct{ newest, older map[address]address }

func (a *allocations) client(relay address) (address, bool) {
	if c, ok := a.newest[relay]; ok {
		return c, true
	}
	c, ok := a.older[relay]
	return c, ok
}

func (a *allocations) set(relay, client address) {
	if len(a.newest) >= maxAllocations/2 {
		a.older, a.newest = a.newest, nil
	}
	if a.newest == nil {
		a.newest = map[address]address{}
	}
	a.newest[relay] = client
}

// Allocated says that a TURN server has given client the address relay (XOR-RELAYED-ADDRESS, RFC 8656 section 7.3), as was seen in
// network scope: what comes to relay is sent on to client. It may be said again, and before or after the address is announced.
func (x *Index) Allocated(relay, client decode.Endpoint, scope uint32, now int64) {
	r, c := scoped(relay, scope), scoped(client, scope)
	if r == c {
		return
	}
	if old, ok := x.turn.client(r); ok && old == c {
		return
	}
	x.turn.set(r, c)
	for _, b := range slices.Clone(x.bindings[r]) {
		if b.until == noCut {
			x.follow(b, now)
		}
	}
}

// follow announces the client of b, if b is a relay's address, for as long as b is announced. It says whether something has changed.
func (x *Index) follow(b *binding, now int64) (changed bool) {
	client, ok := x.turn.client(b.at)
	if !ok {
		return false
	}
	s := b.session
	changed, b.relay = !b.relay, true
	for _, o := range s.bindings {
		if o.party != b.party || o.at != client || o.until <= now {
			continue
		}
		changed = changed || o.until != noCut || o.round != b.round || o.hidden
		o.until, o.round = noCut, b.round
		if o.hidden { // it was seen in this network
			o.hidden = false
			x.publish(o, now)
		}
		return changed
	}
	if s.announced(false) >= room(false) && !x.dropBinding(s, false, now) {
		return changed
	}
	c := &binding{
		session: s, lines: b.lines, from: b.from, until: noCut, at: client, born: b.born, round: b.round, party: b.party,
	}
	s.bindings = append(s.bindings, c)
	x.publish(c, now)
	return true
}
