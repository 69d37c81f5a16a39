package sdp

import (
	"bytes"
	"errors"
	"net/netip"
)

// ErrNoDescription says that the octets are no session description: there is neither a v= nor an m= line.
var ErrNoDescription = errors.New("sdp: no v= and no m= line: not a session description")

// session is what the lines before the first m= say of all media.
type session struct {
	ip        netip.Addr
	direction Direction
	secure    bool
	groups    [maxGroups]group
	numGroups int
}

// Parse reads b, one session description; nothing in d aliases it afterwards. Lines may end with CRLF, LF or CR alone.
// The error is ErrNoDescription; d is empty then.
//
//	session-description = version-field origin-field session-name-field … connection-field … time-description …
//	                      *attribute-field *media-description              (RFC 8866 section 9)
func (d *Description) Parse(b []byte) error {
	d.Media, d.candidates, d.Anomalies, d.originLen = d.Media[:0], d.candidates[:0], 0, 0
	var s session
	var media *Media // nil at session level, and when the media description is one too many
	atSession, first, version := true, true, false
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		if len(line) == 0 {
			continue
		}
		if first {
			first = false
			version = len(line) >= 3 && line[0] == 'v' && line[1] == '=' && line[2] == '0'
		}
		if len(line) < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z' {
			d.Anomalies |= LineSyntax
			continue
		}
		value := line[2:]
		switch {
		case line[0] == 'm':
			atSession = false
			media = d.addMedia(value, &s)
		case line[0] == 'o' && atSession:
			d.setOrigin(value)
		case line[0] == 'c' && atSession:
			s.ip = d.connection(value, s.ip)
		case line[0] == 'c' && media != nil:
			media.setConnection(d, value)
		case line[0] == 'a' && atSession:
			s.attribute(value)
		case line[0] == 'a' && media != nil:
			d.mediaAttribute(media, &s, value)
		}
	}
	if atSession && !version {
		d.Anomalies, d.originLen = 0, 0
		return ErrNoDescription
	}
	if !version {
		d.Anomalies |= MissingVersion
	}
	if s.numGroups > 0 {
		d.bundle(&s)
	}
	return nil
}

// cutLine cuts the first line off b, without its end. It looks no further ahead for LF than a line is long, or a body
// of CRs would be searched to its end for each of them.
func cutLine(b []byte) (line, rest []byte) {
	const ahead = 256
	n := bytes.IndexByte(b[:min(ahead, len(b))], '\n')
	if n < 0 {
		n = len(b)
		if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
			n = i
		}
	} else if cr := bytes.IndexByte(b[:n], '\r'); cr >= 0 {
		n = cr
	}
	line, rest = b[:n], b[min(n+1, len(b)):]
	if n < len(b) && b[n] == '\r' && len(rest) > 0 && rest[0] == '\n' {
		rest = rest[1:]
	}
	return line, rest
}

// setOrigin keeps all of o= but the user name; the first o= counts.
//
//	origin-field = "o" "=" username SP sess-id SP sess-version SP nettype SP addrtype SP unicast-address
func (d *Description) setOrigin(value []byte) {
	if d.originLen != 0 {
		return
	}
	_, rest := cutField(value)
	n := copy(d.origin[:], rest)
	d.originLen = uint8(n) // #nosec G115 -- at most MaxOrigin
	if n < len(rest) {
		d.Anomalies |= Truncated
	}
}

// connection reads c=; old is what to keep when it cannot be read or is not the first.
//
//	connection-field = "c" "=" nettype SP addrtype SP connection-address
func (d *Description) connection(value []byte, old netip.Addr) netip.Addr {
	if old.IsValid() {
		return old
	}
	netType, rest := cutField(value)
	addrType, rest := cutField(rest)
	address, _ := cutField(rest)
	if !equalFold(netType, "in") || !equalFold(addrType, "ip4") && !equalFold(addrType, "ip6") || len(address) == 0 {
		d.Anomalies |= AddressSyntax
		return old
	}
	// A multicast address carries a TTL and a number of addresses: 224.2.1.1/127/3.
	address, _, _ = bytes.Cut(address, []byte{'/'})
	ip, ok := parseAddr(address)
	if !ok && bytes.IndexByte(address, ':') >= 0 {
		d.Anomalies |= AddressSyntax // not a host name either
	}
	return ip
}

// attribute reads an a= line at session level.
func (s *session) attribute(value []byte) {
	name, rest, _ := bytes.Cut(value, []byte{':'})
	if equalFold(name, "group") {
		s.addGroup(rest)
		return
	}
	if direction, ok := directionOf(name); ok {
		s.direction = direction
		return
	}
	if isKeying(name) {
		s.secure = true
	}
}

// isKeying names the attributes that say media is encrypted. What follows their colon is never looked at.
func isKeying(name []byte) bool {
	return equalFold(name, "crypto") || equalFold(name, "fingerprint")
}

func directionOf(name []byte) (Direction, bool) {
	for i, n := range directionNames {
		if equalFold(name, n) {
			return Direction(i), true // #nosec G115 -- an index of directionNames
		}
	}
	return SendRecv, false
}

// cutField cuts the first field off b; fields are separated by spaces, some send several or tabs.
func cutField(b []byte) (field, rest []byte) {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	n := 0
	for n < len(b) && b[n] != ' ' && b[n] != '\t' {
		n++
	}
	field, rest = b[:n], b[n:]
	for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
		rest = rest[1:]
	}
	return field, rest
}

// number reads b, which must be decimal digits only, as a number up to limit.
func number(b []byte, limit uint32) (uint32, bool) {
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
		if n > uint64(limit) {
			return 0, false
		}
	}
	return uint32(n), len(b) > 0 // #nosec G115 -- at most limit
}

// equalFold compares b with name, which is in lower case, leaving the case of ASCII letters out of account: names of
// SDP are case-sensitive, those of some senders are not.
func equalFold(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != name[i] {
			return false
		}
	}
	return true
}
