package app

import (
	"bytes"
	"encoding/binary"
)

// patternReach is how many octets the patterns of the table may look at; a shorter payload has no mark.
const patternReach = 6

// Lengths of what has a structure.
const (
	telegramLeast  = 40 // octets of payload
	telegramOnes   = 12
	zoomPeerHeader = 24 // octets before the first string
	zoomPeerString = 4  // octets of the length before each string
	zoomPeerEnd    = 4  // octets of 0 after the strings
)

// gate says with which first octets Payload may find something on any port.
var gate = [256]bool{
	0x00: true, // Discord
	0x1f: true, // Zoom, peer to peer
}

// Gate says whether Payload may find a mark that is reason enough to follow the conversation. It looks at the first octet of a
// UDP payload and at the ports only, so that most packets are turned away within a few nanoseconds. Viber's weak signs are not
// among these reasons, for one random datagram in 65,536 has the first of them: call Payload for them in a conversation that is
// followed already.
func Gate(first byte, srcPort, dstPort uint16) bool {
	return gate[first] || srcPort-500 <= 100 || dstPort-500 <= 100 || srcPort-8801 <= 9 || dstPort-8801 <= 9
}

// Payload are the marks of a UDP payload that is neither STUN, DTLS nor RTP. wireLen is its length on the wire, more than len(b)
// when the snap length cut it. b is not kept.
func Payload(b []byte, wireLen int, srcPort, dstPort uint16) Marks {
	var m Marks
	if len(b) < patternReach {
		return m
	}
	if known.startWith[b[0]] {
		matching(&m, known.start, b, wireLen, srcPort, dstPort)
	}
	if known.innerWith[b[2]] {
		matching(&m, known.inner, b, wireLen, srcPort, dstPort)
	}
	matching(&m, known.onPorts, b, wireLen, srcPort, dstPort)
	return m
}

// matching adds the rules of those patterns that b is.
func matching(m *Marks, words []word, b []byte, wireLen int, srcPort, dstPort uint16) {
	for i := range words {
		w := &words[i]
		if binary.BigEndian.Uint32(b[w.at:])&w.mask != w.value || w.length != 0 && w.length != wireLen {
			continue
		}
		if w.on != (span{}) && !w.on.either(srcPort, dstPort) {
			continue
		}
		if w.check == nil || w.check(b, wireLen, srcPort, dstPort) {
			m.Add(w.id)
		}
	}
}

// isTelegram finds the control packets of Telegram's relays: a tag of 16 octets, then three times -1, then the rest. A tag that
// has 0xff in it hides the packet; each call has its own tag for each relay.
//
//	+----------------+------------+------------------+
//	|  tag (16)      |  0xff * 12 |  fe ff ff ff …   |
//	+----------------+------------+------------------+
func isTelegram(b []byte, wireLen int, _, _ uint16) bool {
	if wireLen < telegramLeast {
		return false
	}
	i := bytes.IndexByte(b, 0xff)
	if i < 0 || len(b)-i < telegramOnes {
		return false
	}
	for _, c := range b[i : i+telegramOnes] {
		if c != 0xff {
			return false
		}
	}
	if i+telegramOnes == len(b) {
		return len(b) == wireLen // what the snap length cut may go on
	}
	return b[i+telegramOnes] != 0xff
}

// isZoomSFU finds media between a client and Zoom's router, on its ports.
func isZoomSFU(b []byte, wireLen int, srcPort, dstPort uint16) bool {
	_, _, kind := Media(b, wireLen, srcPort, dstPort)
	return kind != MediaNone
}

// isZoomPeer finds the first packets between two clients of Zoom. Their first octets are in the table.
//
//	+--------+-----------------+-----------+---------+-----------+---------+---------+
//	| 1f0201 | 21 octets       | length (4)| address | length (4)| name    | 0 * 4   |
//	+--------+-----------------+-----------+---------+-----------+---------+---------+
func isZoomPeer(b []byte, wireLen int, _, _ uint16) bool {
	if len(b) != wireLen {
		return false
	}
	b = b[min(zoomPeerHeader, len(b)):]
	for range 2 {
		if len(b) < zoomPeerString {
			return false
		}
		n := binary.BigEndian.Uint32(b)
		b = b[zoomPeerString:]
		if uint64(n) > uint64(len(b)) {
			return false
		}
		b = b[n:]
	}
	return len(b) == zoomPeerEnd && binary.BigEndian.Uint32(b) == 0
}
