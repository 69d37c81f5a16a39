package media

import (
	"net/netip"
	"slices"

	"calltrail/decode"
	"calltrail/decode/sdp"
)

// description is a session description on its way into a Session.
type description struct {
	session *Session
	party   Party
	source  decode.Endpoint // of its signalling
	scope   uint32
	round   uint32
	now     int64
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
	n := &description{s, p, source, scope, round, now}
	x.named = x.named[:0]
	for i := range d.Media {
		changed = x.describe(n, d, i) || changed
	}
	for _, b := range x.named {
		changed = x.follow(b, now) || changed
	}
	clear(x.named)
	if changed && s.strange {
		s.judge()
	}
	return changed
}

// describe binds the address of media description i, and its candidates. Media of a bundle comes to the address of the bundle's
// first member, and to its own if the other side knows no bundles.
func (x *Index) describe(n *description, d *sdp.Description, i int) (changed bool) {
	m := &d.Media[i]
	if m.Port == 0 {
		return false
	}
	x.lines = append(x.lines[:0], lineOf(m))
	for j := i + 1; j < len(d.Media) && len(x.lines) < maxLines; j++ {
		if o := &d.Media[j]; o.Port != 0 && (o.Bundled && int(o.Tagged) == i || o.Port == m.Port && o.IP == m.IP && receives(m)) {
			x.lines = append(x.lines, lineOf(o))
		}
	}
	var kept *lines
	if receives(m) {
		changed = x.bind(n, bindingOf(netip.AddrPortFrom(m.IP, m.Port), true, false), &kept)
	}
	for c := range d.Candidates(i) {
		if c.Component != 1 {
			continue // RTCP's
		}
		n.session.ice[n.party] = true
		changed = x.bind(n, bindingOf(c.Addr, false, c.Type == sdp.Relayed), &kept) || changed
		if c.Related.IsValid() {
			// What the TURN server sends on comes to where the relay's address was asked for.
			changed = x.bind(n, bindingOf(c.Related, false, false), &kept) || changed
		}
	}
	return changed
}

// receives says that c= and m= name a host that can receive.
func receives(m *sdp.Media) bool {
	return m.IP.IsValid() && !m.IP.IsUnspecified() && !m.IP.IsMulticast()
}

func lineOf(m *sdp.Media) Line {
	l := Line{Type: m.Type, Encrypted: m.Encrypted, NumFormats: m.NumFormats, Formats: m.Formats}
	if m.IP.IsValid() {
		l.Signalled = decode.Endpoint{IP: m.IP.As16(), Port: m.Port}
	}
	return l
}

func bindingOf(at netip.AddrPort, main, relay bool) binding {
	return binding{at: address{Endpoint: decode.EndpointOf(at)}, until: noCut, main: main, relay: relay}
}

// bind announces a place for x.lines, which kept holds when it has been made for another place.
func (x *Index) bind(n *description, b binding, kept **lines) (changed bool) {
	s, ip := n.session, b.at.AddrPort().Addr()
	if ip.IsMulticast() {
		return false
	}
	b.at = scoped(b.at.Endpoint, n.scope)
	// A private address in a description that crossed a NAT names a host in another network.
	b.hidden = private(ip) && !private(n.source.AddrPort().Addr())
	for _, o := range s.bindings {
		if o.party == n.party && o.at == b.at && o.until > n.now {
			return x.rebind(n, o, &b, kept)
		}
	}
	if s.announced(b.main) >= room(b.main) && !x.dropBinding(s, b.main, n.now) {
		return false
	}
	b.session, b.party, b.from, b.born, b.round = s, n.party, n.now, n.round, n.round
	b.lines = x.keepLines(kept)
	if b.hidden && b.main {
		b.behind = &address{Endpoint: decode.Endpoint{IP: n.source.IP, Port: b.at.Port}}
	}
	s.bindings = append(s.bindings, &b)
	x.named = append(x.named, &b)
	x.publish(&b, n.now)
	return true
}

// rebind takes in that an address is named again, or by another line of the same description: then the first one counts.
func (x *Index) rebind(n *description, o, b *binding, kept **lines) (changed bool) {
	if slices.Contains(x.named, o) {
		o.main, o.relay = o.main || b.main, o.relay || b.relay
		return false
	}
	x.named = append(x.named, o)
	changed = o.round != n.round || o.until != noCut || o.hidden && !b.hidden
	o.round, o.until, o.main, o.relay = n.round, noCut, b.main, b.relay || o.relay
	if !o.lines.equal(x.lines) {
		changed = true
		o.session.keepLines(o)
		o.lines = x.keepLines(kept)
	}
	if o.hidden && !b.hidden {
		o.hidden = false // seen on another hop, inside the NAT
		x.publish(o, n.now)
	}
	return changed
}

// keepLines makes x.lines once for all places of a media description.
func (x *Index) keepLines(kept **lines) *lines {
	if *kept == nil {
		*kept = newLines(x.lines)
	}
	return *kept
}

// keepLines lets the streams that came to b keep the lines that were valid for them.
func (s *Session) keepLines(b *binding) {
	for _, st := range s.claimed {
		for i := range st.claims {
			if c := &st.claims[i]; c.receiver == b && c.was == nil {
				c.was = b.lines
			}
		}
	}
}

// announced counts the addresses that c= and m= named, or those that a=candidate alone did; room is how many there may be.
func (s *Session) announced(main bool) (n int) {
	for _, b := range s.bindings {
		if b.main == main {
			n++
		}
	}
	return n
}

func room(main bool) int {
	if main {
		return maxBindings
	}
	return maxCandidates
}

// dropBinding makes room for an announcement by forgetting the oldest one of its kind that has ended, and says whether there
// was one.
func (x *Index) dropBinding(s *Session, main bool, now int64) bool {
	s.Overflow = true
	i := slices.IndexFunc(s.bindings, func(b *binding) bool { return b.main == main && b.until <= now })
	if i < 0 {
		return false
	}
	x.unpublish(s.bindings[i])
	s.bindings = slices.Delete(s.bindings, i, i+1)
	return true
}

// Inherit lets s begin with what party p of from has announced and with where its signalling comes from: s is a further
// leg of the same offer.
func (x *Index) Inherit(s, from *Session, p Party, now int64) {
	s.sources[p], s.ice[p] = slices.Clone(from.sources[p]), from.ice[p]
	s.rounds[p], s.previous[p] = from.rounds[p], from.previous[p]
	for _, o := range from.bindings {
		if o.party != p || o.until != noCut {
			continue
		}
		b := *o
		b.session = s
		s.bindings = append(s.bindings, &b)
		x.publish(&b, now)
	}
}

// Commit makes party p's newest round of addresses the valid one: those it no longer names end.
func (x *Index) Commit(s *Session, p Party, now int64) {
	for _, b := range s.bindings {
		if b.party == p && b.round != s.rounds[p] && b.until == noCut {
			if b.main { // a candidate that was not chosen is no place that media has left
				s.Moved, s.movedAt = true, now
			}
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
