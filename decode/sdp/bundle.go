package sdp

import "bytes"

// Bounds of a=group lines, so that long ones, named by many media descriptions, cost no more than they are long.
const (
	maxGroups = 4
	maxTagged = MaxMedia // members of one of them that are looked at
)

// group is a BUNDLE group (RFC 9143): media descriptions that share one address, that of the group's first member. The tags are
// octets of the description that is being read.
//
//	group-attribute = "group" ":" "BUNDLE" *(SP identification-tag)        (RFC 5888 section 5)
type group struct {
	tags   []byte
	tagged int // index of the media description that the first tag names, -1 before it came
}

// addGroup reads a=group at session level.
func (s *session) addGroup(value []byte) {
	semantics, tags := cutField(value)
	if s.numGroups < maxGroups && equalFold(semantics, "bundle") {
		s.groups[s.numGroups] = group{tags: tags, tagged: -1}
		s.numGroups++
	}
}

// member notes the group in which a=mid puts the media description at index i. The first a=mid counts.
//
//	mid-attribute = "mid" ":" identification-tag                            (RFC 5888 section 4)
func (s *session) member(m *Media, i int, value []byte) {
	tag, _ := cutField(value)
	if m.group != 0 || len(tag) == 0 {
		return
	}
	for g := range s.groups[:s.numGroups] {
		rest := s.groups[g].tags
		for n := range maxTagged {
			var name []byte
			if name, rest = cutField(rest); len(name) == 0 {
				break
			}
			if !bytes.Equal(name, tag) {
				continue
			}
			m.group = uint8(g + 1) // #nosec G115 -- at most maxGroups
			if n == 0 && s.groups[g].tagged < 0 {
				s.groups[g].tagged = i
			}
			return
		}
	}
}

// bundle gives every member of a group the place where its media comes when the group is agreed on, and those that have no
// address but the group's (a=bundle-only with port 0: RFC 9143 section 6) that address.
func (d *Description) bundle(s *session) {
	for i := range d.Media {
		m := &d.Media[i]
		if m.group == 0 {
			continue
		}
		t := s.groups[m.group-1].tagged
		if t < 0 || t == i || d.Media[t].Port == 0 {
			continue // the group has no address, or it is this one's
		}
		m.Bundled, m.Tagged = true, uint8(t) // #nosec G115 -- at most MaxMedia
		if m.Port == 0 && m.bundleOnly {
			m.IP, m.Port, m.RTCPPort, m.RTCPIP = d.Media[t].IP, d.Media[t].Port, d.Media[t].RTCPPort, d.Media[t].RTCPIP
		}
	}
}
