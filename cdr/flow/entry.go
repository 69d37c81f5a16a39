package flow

import (
	"encoding/binary"
	"math/bits"

	"calltrail/decode"
	"calltrail/decode/app"
)

// kind is what a packet counts as beside being a packet. The first three may be media.
type kind uint8

const (
	kindRTP kind = iota
	kindSealed
	kindOther
	mediaKinds
	kindRTCP
	kindNone // STUN, a handshake, a keep-alive
)

// up and down are the indices of a direction.
const (
	up   = 0
	down = 1
)

// entry is a flow in memory.
type entry struct {
	hash     uint64
	seen     int64 // time of the newest packet, or of the beginning anew
	deadline int64 // as the queue has it; the true one may be later
	ending   int64 // when FIN or RST was seen and nothing after it; 0 for never
	sides    [2]side
	// firstOf and paced are of each kind of media: when it began, and how many packets came at its pace, each way.
	firstOf [mediaKinds]int64
	paced   [mediaKinds][2]uint32

	position   uint32 // in the queue of deadlines
	next, prev uint32 // in its list, or in that of the free; number + 1
	stamp      int64  // seen, when it was put at its place in the list
	list       rank
	judged     app.Marks // that were found weak
	looks      uint8     // payloads held against the rules
	told       uint8     // how often Noticed was told
	noticed    bool      // since the last beginning
	everTold   bool      // any event, ever
	asleep     bool      // begun anew, and nothing has come but what keeps a way open
	dtls       bool      // a DTLS hello was seen, ever
	fixed      bool      // a STUN request has decided who the client is
	news       bool      // something a reader could join or name by is not told yet
	playing    [mediaKinds]bool

	Flow
}

// side is one direction of a flow.
type side struct {
	copies [16]packetMark // of the newest packets
	newest uint8
	spoke  bool // a packet was seen
	asked  bool // a STUN request was seen
	epoch  bool // a DTLS record under keys was seen
	synced bool // next is set
	next   uint32
	latest [mediaKinds]int64 // time of the newest packet of a kind
}

// packetMark tells a packet from others of the last hour.
type packetMark struct {
	sum uint32
	at  uint32 // microseconds, modulo 2^32
}

// copyTime is how late the copy that a mirror port made may come, in microseconds.
const copyTime = 20_000

// copied says whether a packet is a copy of one of the newest ones, and else keeps its mark.
func (s *side) copied(b []byte, length int, at int64) bool {
	mark := packetMark{uint32(digest(b, length)), uint32(at / 1000)} //nolint:gosec // the low halves will do
	for i := range s.copies {
		if c := &s.copies[i]; c.sum == mark.sum && c.at-mark.at+copyTime <= 2*copyTime {
			return true
		}
	}
	s.copies[s.newest] = mark
	s.newest = (s.newest + 1) % uint8(len(s.copies))
	return false
}

const (
	digestHead = 32
	digestTail = 16
)

// digest is a hash of a payload's length, its first 32 octets and its last 16; never 0.
func digest(b []byte, length int) uint64 {
	h := uint64(length) + 1 //nolint:gosec // not negative
	if len(b) < digestHead {
		for len(b) >= 8 {
			h = fold(h^binary.LittleEndian.Uint64(b), prime1)
			b = b[8:]
		}
		for _, c := range b {
			h = fold(h^uint64(c), prime2)
		}
		return h | 1
	}
	tail := b[len(b)-digestTail:]
	h = fold(h^binary.LittleEndian.Uint64(b), prime1^binary.LittleEndian.Uint64(b[8:]))
	h = fold(h^binary.LittleEndian.Uint64(b[16:]), prime2^binary.LittleEndian.Uint64(b[24:]))
	h = fold(h^binary.LittleEndian.Uint64(tail), prime3^binary.LittleEndian.Uint64(tail[8:]))
	return h | 1
}

const (
	prime1 = 0xa0761d6478bd642f
	prime2 = 0xe7037ed1a0b428db
	prime3 = 0x8ebc6af09c88c6e3
)

// fold multiplies and adds both halves of the product.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// payloadType counts an RTP packet by its payload type, and says whether it is the one that makes it believed in.
func (f *Flow) payloadType(direction int, pt uint8, ssrc uint32) (proved bool) {
	types := &f.Types[direction]
	for i := range types {
		if p := &types[i]; p.Packets != 0 && p.Type == pt {
			p.Packets++
			return p.Packets == typeProof
		}
	}
	for i := range types {
		// One that came once or twice is no stream, but noise, and gives its place.
		if p := &types[i]; p.Packets == 0 || p.Packets < typeProof && i == len(types)-1 {
			*p = PayloadType{Type: pt, Packets: 1, SSRC: ssrc}
			break
		}
	}
	return false
}

// typeProof is how many packets of a payload type are needed to believe in it.
const typeProof = 3

// volume is what went in a direction.
func (f *Flow) volume(direction int) *Volume {
	if direction == up {
		return &f.Up
	}
	return &f.Down
}

// turn changes client and server. Only a flow that nobody was told of may be turned.
func (e *entry) turn() {
	e.Client, e.Server = e.Server, e.Client
	e.Up, e.Down = e.Down, e.Up
	e.Types[up], e.Types[down] = e.Types[down], e.Types[up]
	e.sides[up], e.sides[down] = e.sides[down], e.sides[up]
	for k := range e.paced {
		e.paced[k][up], e.paced[k][down] = e.paced[k][down], e.paced[k][up]
	}
}

// is says whether the flow is that of a packet.
func (e *entry) is(f *decode.Frame, scope uint32, tcp bool) bool {
	return e.Scope == scope && e.TCP == tcp && (e.Client == f.Src && e.Server == f.Dst || e.Client == f.Dst && e.Server == f.Src)
}
