package app

import (
	"slices"

	"calltrail/cdr/flow"
)

// view is what is worth a revision as it stands.
func (s *session) view() told {
	return told{s.name, s.confidence, s.parties().peer}
}

// tell emits a revision of a call, unless signalling turns out to have announced it.
func (t *Sessions) tell(s *session, end int64, why Ender, final bool) {
	if s.revision == 0 && t.Signalled != nil {
		for _, m := range s.members {
			if t.Signalled(&m.flow) {
				s.signalled = true
				if final {
					t.Stats.Signalled++
				}
				return
			}
		}
	}
	p := s.parties()
	if s.revision == 0 {
		s.caller = p.client.IP
		s.started = s.began(int64(t.cfg.SetUp))
		first := s.members[0].flow
		s.origin = Origin{Client: first.Client, Server: first.Server, Scope: first.Scope, TCP: first.TCP, First: first.First}
		if s.media {
			t.Stats.Calls++
		} else {
			t.Stats.Attempts++
		}
	}
	s.revision++
	s.callerEnd = p.client
	s.told = told{s.name, s.confidence, p.peer}
	c := &Call{
		Origin: s.origin, Name: s.name, Confidence: s.confidence, Evidence: slices.Clone(s.evidence), Marks: s.marks,
		Medium: s.medium(), Client: p.client, Peer: p.peer, Relay: p.relay, Mapped: p.mapped, PeerSeen: p.peerSeen,
		Up: p.up, Down: p.down, Flows: make([]flow.Flow, 0, len(s.members)), Streams: s.streamsOf(),
		Started: s.started, LastSeen: s.last, End: end, Media: s.media, Ender: why, Overflow: s.overflow, Tap: s.tap,
		Revision: s.revision,
	}
	for _, m := range s.members {
		c.Flows = append(c.Flows, m.flow)
	}
	t.emit(c, final)
}
