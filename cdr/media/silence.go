package media

import (
	"slices"

	"calltrail/decode/sdp"
)

// Playing says that streams of the call are open, and not foreign: there was a packet not longer ago than a Table's idle time.
func (s *Session) Playing() bool {
	if !s.Foreign {
		return len(s.claimed) > 0
	}
	return slices.ContainsFunc(s.claimed, s.own)
}

// Silent says since when there has been no media where there should be some: a stream was seen, at the addresses that
// are valid now, all of them have been closed since, and no party is on hold. since is the time of the last packet.
func (s *Session) Silent() (since int64, ok bool) {
	since = s.newest()
	return since, since > s.movedAt+Linger && !s.Playing() && !s.held[0] && !s.held[1]
}

// discard is the port of c= and m= of a party that gathers candidates, which come later: 0.0.0.0 is no hold there (RFC 8840
// section 4.1.1).
const discard = 9

// onHold says that a description has no line on which its party both sends and listens (RFC 3264 section 8.4). There may be
// music, or silence without end.
func onHold(d *sdp.Description) bool {
	for i := range d.Media {
		m := &d.Media[i]
		if m.Port != 0 && m.Direction == sdp.SendRecv && m.IP.IsValid() && (!m.IP.IsUnspecified() || m.NumCandidates > 0 || m.Port == discard) {
			return false
		}
	}
	return len(d.Media) > 0
}
