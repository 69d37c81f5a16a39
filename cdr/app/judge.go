package app

import (
	"net/netip"

	"calltrail/cdr/flow"
	"calltrail/decode/app"
)

// What the flows of a session are together: of which application, and whether a call.

// hides are the applications whose media does not look like RTP, or not always: packets both ways at a media rate, which nothing
// else explains, are theirs.
func hides(n app.Name) bool {
	switch n {
	case app.WhatsApp, app.Telegram, app.Teams, app.Zoom, app.Viber, app.Discord:
		return true
	default:
		return false
	}
}

// networks are the marks of the application that an address belongs to.
func networks(ip [16]byte) app.Marks { return app.Networks(netip.AddrFrom16(ip).Unmap()) }

// turned is a flow with its application's server at the server's end. Whoever is seen first when a capture begins in the middle
// of a call counts as the client otherwise.
func turned(f flow.Flow) flow.Flow {
	if networks(f.Client.IP).Empty() || !networks(f.Server.IP).Empty() {
		return f
	}
	f.Client, f.Server = f.Server, f.Client
	f.Up, f.Down = f.Down, f.Up
	f.Types[0], f.Types[1] = f.Types[1], f.Types[0]
	return f
}

// relays says that a flow's server is a relay, or another server of the application.
func relays(f *flow.Flow) bool {
	return f.Facts&(flow.TURN|flow.Allocated|flow.Relaying) != 0 || attempts(f) || !networks(f.Server.IP).Empty()
}

// attempts says that the flow has a mark by which a call is set up.
func attempts(f *flow.Flow) bool {
	tries := app.Attempts()
	return f.Marks[0]&tries[0]|f.Marks[1]&tries[1] != 0
}

// asksServer says that a flow's client speaks to a server, not to a peer: STUN without ICE is how a host asks for its address.
func asksServer(f *flow.Flow) bool { return relays(f) || f.Facts&(flow.Asked|flow.ICE) == flow.Asked }

// mark adds the marks of a flow, and those of the networks of its server and of the relayed addresses it was given. The client's
// network says nothing: it is a subscriber.
func (t *Sessions) mark(s *session, f *flow.Flow) {
	m := f.Marks
	m.Join(networks(f.Server.IP))
	if t.System != nil {
		m.Join(app.AS(t.System(netip.AddrFrom16(f.Server.IP).Unmap())))
	}
	for _, l := range f.Learned[:min(int(f.NumLearned), len(f.Learned))] {
		if l.Role == flow.Relayed {
			m.Join(networks(l.End.IP))
		}
	}
	before := s.marks
	s.marks.Join(m)
	s.stale = s.stale || s.marks != before
}

// judge looks at the marks again, if there are more of them, and at whether a call exists. Once one does it stays.
func (s *session) judge(cfg *Config) {
	if s.stale {
		s.name, s.confidence, s.evidence = app.Judge(s.marks)
		s.stale = false
	}
	for _, m := range s.members {
		if s.media {
			return
		}
		f := &m.flow
		// RTP over a relay of which nothing says whose it is, is a call of media alone.
		s.media = f.PlayingRTP && s.name != app.Unknown || f.PlayingOther && hides(s.name) && s.confidence >= app.Likely ||
			f.PlayingSealed && s.name == app.Zoom && s.confidence >= app.Likely
	}
	s.media = s.media || s.playsTogether(cfg)
}

// playsTogether says that there is RTP both ways in all flows, though in none of them: a short call may move from relay to peer
// and back. What looks like RTP in flows that do not play may be chance, so the application must be certain.
func (s *session) playsTogether(cfg *Config) bool {
	if !s.named() || s.confidence < app.Certain || s.lastMedia-s.firstMedia < int64(cfg.Span) {
		return false
	}
	ip := s.clientIP()
	var up, down uint64
	for _, m := range s.members {
		switch f := &m.flow; ip {
		case f.Client.IP:
			up, down = up+f.Up.RTP, down+f.Down.RTP
		case f.Server.IP:
			up, down = up+f.Down.RTP, down+f.Up.RTP
		}
	}
	return up >= cfg.EachWay && down >= cfg.EachWay && up+down >= cfg.Packets
}

// named says that the session is of an application that has a name, with some certainty.
func (s *session) named() bool {
	return s.name != app.Unknown && s.name != app.WebRTC && s.confidence >= app.Likely
}

// attempt says that a call was tried: a client asked for a relay in the way of an application that does so for calls only, or set
// up one of Zoom's media sockets.
func (s *session) attempt() bool {
	for _, m := range s.members {
		f := &m.flow
		if m.attempt && f.Facts&flow.Asked != 0 {
			return true
		}
		if s.name == app.Zoom && s.confidence >= app.Likely && s.viaServer(m) && f.Up.Sealed > 0 && f.Down.Sealed > 0 &&
			f.Facts&(flow.Asked|flow.Established) == flow.Asked|flow.Established {
			return true
		}
	}
	return false
}

// medium is what the payload types say for the application: with video in it, it is a video call.
func (s *session) medium() app.Medium {
	found := s.marks.Medium(s.name)
	for _, m := range s.members {
		for d := range m.flow.Types {
			for _, p := range m.flow.Types[d] {
				if p.Packets > 0 {
					found = max(found, app.MediumOf(s.name, p.Type))
				}
			}
		}
	}
	for i := range s.streams {
		found = max(found, app.MediumOf(s.name, s.streams[i].PayloadType))
	}
	return found
}
