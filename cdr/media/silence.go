package media

import "calltrail/decode/sdp"

// Playing says that streams of the call are open: there was a packet not longer ago than a Table's idle time.
func (s *Session) Playing() bool { return len(s.claimed) > 0 }

// Silent says since when there has been no media where there should be some: a stream was seen, at the addresses that
// are valid now, all of them have been closed since, and no party is on hold. since is the time of the last packet.
func (s *Session) Silent() (since int64, ok bool) {
	return s.last, s.last > s.movedAt+Linger && len(s.claimed) == 0 && !s.held[0] && !s.held[1]
}

// onHold says that a description has no line on which its party both sends and listens (RFC 3264 section 8.4). There may be
// music, or silence without end.
func onHold(d *sdp.Description) bool {
	for i := range d.Media {
		m := &d.Media[i]
		if m.Port != 0 && m.Direction == sdp.SendRecv && m.IP.IsValid() && !m.IP.IsUnspecified() {
			return false
		}
	}
	return len(d.Media) > 0
}
