package app

import "calltrail/decode/stun"

// Attributes of ICE, RFC 8445 section 16.1, and USERNAME.
const (
	attrUsername       = 0x0006
	attrPriority       = 0x0024
	attrUseCandidate   = 0x0025
	attrICEControlled  = 0x8029
	attrICEControlling = 0x802a
)

// bindingRequest is the message type of a Binding request, RFC 8489 section 5.
const bindingRequest = 0x0001

// maxRealm is how many octets of a REALM are searched: as many as RFC 8489 section 14.9 allows.
const maxRealm = 763

// STUN are the marks of a STUN message that a datagram between two ports carried. The networks of its two ends are asked
// separately (Networks), and so is what TURN relays in it. m is not kept.
func STUN(m *stun.Message, srcPort, dstPort uint16) Marks {
	marks := Ports(srcPort, dstPort)
	var found Marks
	for i := range known.stunTypes {
		if t := &known.stunTypes[i]; t.has(m.Type) {
			found.Add(t.id)
		}
	}
	username, ice := false, false
	for _, n := range m.Attributes[:min(int(m.NumAttributes), len(m.Attributes))] {
		switch n {
		case attrUsername:
			username = true
		case attrPriority, attrUseCandidate, attrICEControlled, attrICEControlling:
			ice = true
		default:
			found.Join(attributeMarks(n))
		}
	}
	if len(m.Realm) > 0 {
		found.Join(realmMarks(m.Realm))
	}
	for i := range known.confined {
		if p := &known.confined[i]; !p.either(srcPort, dstPort) {
			found.remove(p.id)
		}
	}
	if !m.Cookie {
		found = found.with(known.anyCookie)
	}
	marks.Join(found)
	if m.Type == bindingRequest && username && ice && m.Cookie {
		marks.Add(WebRTCICE)
	}
	if m.Method() == stun.Binding {
		for i := range known.stunPorts {
			if p := &known.stunPorts[i]; (username || !p.username) && p.either(srcPort, dstPort) {
				marks.Add(p.id)
			}
		}
		if isUUIDPair(m.Username) {
			marks.Join(known.uuids)
		}
	}
	return marks
}

// uuidLen is the length of a UUID as text (RFC 9562 section 4).
const uuidLen = 36

// isUUIDPair says whether a USERNAME is two UUIDs, as ICE puts two user name fragments together (RFC 8445 section 7.2.2).
func isUUIDPair(b []byte) bool {
	return len(b) == 2*uuidLen+1 && b[uuidLen] == ':' && isUUID(b[:uuidLen]) && isUUID(b[uuidLen+1:])
}

func isUUID(b []byte) bool {
	for i, c := range b {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if c-'0' > 9 && lower(c)-'a' > 5 {
				return false
			}
		}
	}
	return true
}

// Ports are the marks that two UDP ports have, whatever goes between them. They only support others: the ranges are used by
// many programs.
func Ports(srcPort, dstPort uint16) Marks {
	var m Marks
	for i := range known.ports {
		if p := &known.ports[i]; p.either(srcPort, dstPort) {
			m.Add(p.id)
		}
	}
	return m
}

// attributeMarks are the marks of an attribute type. The table is never full: the tests hold that.
func attributeMarks(n uint16) Marks {
	for i := slot(n); ; i = (i + 1) % len(known.attributes) {
		if a := &known.attributes[i]; a.number == n || a.marks.Empty() {
			return a.marks
		}
	}
}

// realmMarks are the marks of a REALM. Servers choose its case.
func realmMarks(b []byte) Marks {
	var m Marks
	b = b[:min(len(b), maxRealm)]
	for i := range known.realms {
		if contains(b, known.realms[i].text) {
			m.Add(known.realms[i].id)
		}
	}
	return m
}

// contains says whether b contains text, which is in small letters, in whatever case.
func contains(b []byte, text string) bool {
	for ; len(b) >= len(text); b = b[1:] {
		i := 0
		for i < len(text) && lower(b[i]) == text[i] {
			i++
		}
		if i == len(text) {
			return true
		}
	}
	return false
}

// lower is the small letter for a capital of ASCII, and c for all else.
func lower(c byte) byte {
	if c-'A' < 26 {
		return c + 'a' - 'A'
	}
	return c
}
