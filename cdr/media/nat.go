package media

import (
	"slices"

	"calltrail/decode"
)

// Both parties may be behind NATs and announce private addresses, which never show. A NAT that keeps ports lets the media be met
// with the announced port at the host that the party's signalling comes from. A stream to or from there is a call's when its
// other end is a host that the other party's signalling comes from, and it is that of one call only: two that announce the same
// port behind one NAT cannot be told apart.

// publishBehind lets a hidden binding be met outside of its NAT.
func (x *Index) publishBehind(b *binding, now int64) {
	if b.behind == nil || slices.Contains(x.behind[*b.behind], b) {
		return
	}
	list := x.behind[*b.behind]
	if len(list) >= maxSharing {
		list[0].behind = nil
		list = slices.Delete(list, 0, 1)
	}
	x.behind[*b.behind] = append(list, b)
	for _, st := range x.waiting[*b.behind] {
		if len(st.claims) == 0 && st.first >= now-Probation {
			x.match(st, now)
		}
	}
}

// matchBehind looks for the one call that a stream between two NATs belongs to. One that goes on beats those that have ended.
func (x *Index) matchBehind(st *stream, dst, src address, now int64) {
	var best claim
	several := false
	look := func(b *binding, c claim, peer decode.Endpoint) {
		s := b.session
		if !b.hidden || !b.holds(st.first) || !s.signals(b.party.Other(), peer.IP) {
			return
		}
		c.session = s
		switch {
		case best.session == nil || best.session.ended && !s.ended:
			best, several = c, false
		case best.session != s && best.session.ended == s.ended:
			several = true
		}
	}
	for _, b := range x.behind[dst] {
		look(b, claim{receiver: b, sender: b.party.Other()}, st.flow.Src)
	}
	for _, b := range x.behind[src] {
		look(b, claim{source: b, sender: b.party}, st.flow.Dst)
	}
	if best.session != nil && !several {
		x.claim(st, best, now)
	}
}

// signals says that party p's signalling comes from ip.
func (s *Session) signals(p Party, ip [16]byte) bool {
	return slices.ContainsFunc(s.sources[p], func(e decode.Endpoint) bool { return e.IP == ip })
}
