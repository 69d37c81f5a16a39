package app

import (
	"slices"

	"calltrail/cdr/flow"
	"calltrail/decode"
	"calltrail/decode/app"
)

// How a flow finds its call. In this order:
//
//  1. The same ICE credential: both user name fragments, which two agents made up for this call (RFC 8445 section 5.3).
//  2. The same stream: an SSRC, made up at random (RFC 3550 section 8.1), that goes on at one of its hosts, when a call moves from
//     a relay to the peer with new credentials.
//  3. The same socket. A client's socket speaks to several relays and to the peer; a server's socket, to thousands of clients,
//     joins nothing. That it is a client's shows when it asks a server.
//  4. An address that a STUN message named is one of its ends. A mapped or relayed address is one conversation's alone. A peer's
//     is not, it may be a conference server: the other end must be the host that sends to it, or one that was named too.
//  5. The same host, the same application, and the same few seconds. Only this rule can join what does not belong together: two
//     subscribers behind one address who begin to call at once.

// find returns the sessions that a flow belongs to by the first four rules, own not among them: the best rule first, of one rule
// the session that was put in the index first. The list is good until the next call.
func (t *Sessions) find(f *flow.Flow, own *session) []*session {
	x, asks := &t.index, asksServer(f)
	t.found = t.found[:0]
	if f.Credential != 0 {
		for _, s := range x.credentials[f.Credential] {
			t.meet(s, own, f)
		}
	}
	for src := range sources(f) {
		for _, s := range x.sources[src] {
			t.meet(s, own, f)
		}
	}
	at := address{f.Client, f.Scope}
	for _, s := range x.clients[at] {
		if asks || s.asked(at) {
			t.meet(s, own, f)
		}
	}
	if list := x.servers[at]; asks && len(list) == 1 {
		t.meet(list[0], own, f) // a socket that was asked, and now asks itself: no server's
	}
	at = address{f.Server, f.Scope}
	for _, s := range x.clients[at] {
		if s.asked(at) {
			t.meet(s, own, f)
		}
	}
	for _, end := range [...]decode.Endpoint{f.Client, f.Server} {
		for _, s := range x.learned[address{end, f.Scope}] {
			if s.given(f) && !t.differ(s, own, f) {
				t.meet(s, own, f)
			}
		}
	}
	return t.found
}

// meet adds a session to those found, once, if it was not over when the flow began.
func (t *Sessions) meet(s, own *session, f *flow.Flow) {
	if s != own && !s.past(f.First, int64(t.cfg.Idle)) && !slices.Contains(t.found, s) {
		t.found = append(t.found, s)
	}
}

// asked says that a client's socket has asked a server.
func (s *session) asked(at address) bool {
	for _, c := range s.clients {
		if c.address == at {
			return c.asks
		}
	}
	return false
}

// given says that rule 4 gives the flow to the session.
func (s *session) given(f *flow.Flow) bool {
	return s.learnt(f.Client, f.Server, f.Scope) || s.learnt(f.Server, f.Client, f.Scope)
}

// learnt says that end is an address the session has learned, and that other fits it.
func (s *session) learnt(end, other decode.Endpoint, scope uint32) bool {
	for i := range s.learned {
		if l := &s.learned[i]; l.address == (address{end, scope}) && (l.role != flow.Peer || s.sendsFrom(other, scope)) {
			return true
		}
	}
	return false
}

// sendsFrom says that an end is of the session's hosts, as they are or outside their NAT, or that it was named itself.
func (s *session) sendsFrom(end decode.Endpoint, scope uint32) bool {
	if slices.Contains(s.hosts, host{end.IP, scope}) {
		return true
	}
	for i := range s.learned {
		if l := &s.learned[i]; l.scope == scope && (l.Endpoint == end || l.role == flow.Mapped && l.IP == end.IP) {
			return true
		}
	}
	return false
}

// differ says that two sessions are of two applications, by name: an address that one of them names does not make them one. b is
// nil when it would begin with f.
func (t *Sessions) differ(a, b *session, f *flow.Flow) bool {
	if !a.named() {
		return false
	}
	if b == nil {
		b = &session{}
		t.mark(b, f)
		b.name, b.confidence, _ = app.Judge(b.marks)
	}
	return b.named() && a.name != b.name
}

// connect joins the session of a flow with all others that the flow shows to be the same, and returns the one that is left.
func (t *Sessions) connect(s *session, f *flow.Flow) *session {
	t.others = append(t.others[:0], t.find(f, s)...)
	for _, l := range f.Learned[:min(int(f.NumLearned), len(f.Learned))] {
		at := address{l.End, f.Scope}
		for _, list := range [...][]*session{t.index.clients[at], t.index.servers[at]} {
			for _, o := range list {
				if o != s && o.goesThrough(s) && !t.differ(s, o, f) {
					t.others = append(t.others, o)
				}
			}
		}
	}
	for _, o := range t.others {
		if o != s && !o.gone {
			s = t.merge(s, o)
		}
	}
	if o := t.together(s, f); o != nil {
		s = t.merge(s, o)
	}
	clear(t.others)
	clear(t.found)
	return s
}

// goesThrough says that rule 4 gives one of the session's flows to another session.
func (s *session) goesThrough(other *session) bool {
	for _, m := range s.members {
		if other.given(&m.flow) {
			return true
		}
	}
	return false
}

// together finds the session of the same host and application that began at nearly the same time, by rule 5: the nearest.
func (t *Sessions) together(s *session, f *flow.Flow) (found *session) {
	if !s.named() {
		return nil
	}
	best := int64(t.cfg.Together)
	for _, o := range t.index.hosts[host{f.Client.IP, f.Scope}] {
		if o == s || !o.named() || o.name != s.name || o.revision > 0 && s.revision > 0 {
			continue
		}
		apart := max(o.first-s.first, s.first-o.first)
		if apart < best || apart == best && (found == nil || o.order < found.order) {
			found, best = o, apart
		}
	}
	return found
}

// merge makes one session of two and returns it. The one that has been told of, or else the older one, keeps its identity. When
// both have been told of they stay two: a record is never taken back.
func (t *Sessions) merge(a, b *session) *session {
	if a.revision > 0 && b.revision > 0 {
		t.Stats.Apart++
		return a
	}
	if b.revision > 0 || a.revision == 0 && b.order < a.order {
		a, b = b, a
	}
	t.Stats.Merged++
	t.leave(b)
	t.forget(b)
	t.transfer(a, b)
	for _, m := range b.members {
		if !t.add(a, m) {
			t.unpair(m)
		}
	}
	for i := range b.streams {
		t.keep(a, &b.streams[i])
	}
	a.first, a.firstMedia = earlier(a.first, b.first), earlier(a.firstMedia, b.firstMedia)
	a.last, a.lastMedia, a.closed = max(a.last, b.last), max(a.lastMedia, b.lastMedia), max(a.closed, b.closed)
	a.mediaClosed = max(a.mediaClosed, b.mediaClosed)
	a.marks.Join(b.marks)
	a.stale = true
	a.media, a.overflow = a.media || b.media, a.overflow || b.overflow
	a.signalled = a.signalled || b.signalled && a.revision == 0 // a call that has been told of stays told
	return a
}
