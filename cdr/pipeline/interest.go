package pipeline

import (
	"bytes"
	"encoding/binary"

	"calltrail/decode"
	"calltrail/decode/reassembly"
	"calltrail/decode/sip"
	"calltrail/decode/tcp"
)

// interest tells, in a few nanoseconds, the segments of TCP that no table of the worker can have a use for: those on no port of
// signalling, that begin like nothing, of a connection of which no segment has been of use for long. That is most of what a
// provider carries. What it lets through is judged by the tables; what it does not, they would have turned away.
type interest struct {
	ports [1 << 16 / 64]uint64 // a bit for each port of signalling
	// used has the connections of which a segment was of use, by hash: in this period of packet time, and in the one before.
	used  [2][1 << interestBits / 64]uint64
	until int64 // end of the period
}

const interestBits = 16

// interestPeriod is longer than any table remembers a connection that is silent (one hour): so its next segment finds it here.
const interestPeriod = int64(61 * 60e9)

// watch says which ports are of interest.
func (i *interest) watch(sip []reassembly.PortRange, tls []tcp.Ports) {
	clear(i.ports[:])
	for _, r := range sip {
		i.watchRange(r.First, r.Last)
	}
	for _, r := range tls {
		i.watchRange(r.First, r.Last)
	}
}

func (i *interest) watchRange(first, last uint16) {
	for p := int(first); p <= int(last); p++ {
		i.ports[p>>6] |= 1 << (p & 63)
	}
}

// begins holds the first octets of what a table takes up on any port: text and WebSocket frames (SIP), a TLS handshake, STUN with
// or without its length before it, Microsoft's TURN.
var begins = func() (t [256]bool) {
	for c := range t {
		t[c] = c > ' ' && c < 0x7f || c == '\r' || c == '\n' || c < 9 || c == 0x16 || c == 0x81 || c == 0x82 || c == 0xff
	}
	return t
}()

// goesOn looks at the octets behind one of begins. Of segments in the middle of something encrypted, two in five have such a first
// octet, and one in fifty goes on like what it stands for.
func goesOn(b []byte) bool {
	if len(b) < 2 {
		return true
	}
	switch first, second := b[0], b[1]; {
	case first == 0x16:
		return second == 3 // the version of TLS, its first half
	case first == 0xff:
		return second == 0x10 // Microsoft's multiplexing
	case first&0x7f == 1 || first&0x7f == 2:
		return true // a WebSocket frame: the second octet has its length
	case first < 9:
		const cookie, stunLen = 0x2112a442, 20 // RFC 8489 section 5; with two octets of length before it by RFC 4571
		return len(b) >= stunLen && (binary.BigEndian.Uint32(b[4:]) == cookie || binary.BigEndian.Uint32(b[6:]) == cookie)
	case first == '\r' || first == '\n':
		return true // a keep-alive of SIP, or empty lines before a message
	default: // text: a method with white space behind it, or the version of a response of SIP or HTTP (which becomes a WebSocket)
		return sip.MethodLen(b) > 0 || sip.IsVersion(b) || bytes.HasPrefix(b, []byte("HTTP"))
	}
}

// slot is the place of a connection, the same for both directions.
func (i *interest) slot(f *decode.Frame) (word uint32, bit uint64) {
	sum := f.Src.Hash() + f.Dst.Hash()
	h := sum * 0x9e3779b97f4a7c15 >> (64 - interestBits)
	return uint32(h >> 6), 1 << (h & 63)
}

// none says that a segment is of no use to anybody.
func (i *interest) none(f *decode.Frame, now int64) bool {
	src, dst := f.Src.Port, f.Dst.Port
	if (i.ports[src>>6]>>(src&63)|i.ports[dst>>6]>>(dst&63))&1 != 0 || len(f.Payload) < tcpHeader {
		return false
	}
	offset := 4 * int(f.Payload[12]>>4)
	if offset < len(f.Payload) && begins[f.Payload[offset]] && (offset < tcpHeader || goesOn(f.Payload[offset:])) {
		return false // what is shorter than a header is the streams' to count
	}
	if now >= i.until {
		i.used[1], i.until = i.used[0], now+interestPeriod
		clear(i.used[0][:])
	}
	word, bit := i.slot(f)
	return (i.used[0][word]|i.used[1][word])&bit == 0
}

const tcpHeader = 20

// mark says that a segment was of use.
func (i *interest) mark(f *decode.Frame) {
	word, bit := i.slot(f)
	i.used[0][word] |= bit
}
