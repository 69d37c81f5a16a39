package hep

import (
	"encoding/binary"
	"net/netip"
)

// HeaderLen is the length in octets of the HEP header: the identifier and the total length.
const HeaderLen = 6

// MaxLen is the greatest length in octets of a HEP message: its length field has 16 bits.
const MaxLen = 1<<16 - 1

const chunkLen = 6 // octets of a chunk's header

// Protocol types of chunk 0x000b that calltrail tells apart.
const (
	TypeSIP  = 0x01
	TypeRTP  = 0x04
	TypeRTCP = 0x05 // in JSON, whatever the name says
)

// Message is what an agent says of one message that it saw.
type Message struct {
	// Src and Dst are its ends (chunks 0x0003 to 0x0008). IPv4 addresses are never IPv4-mapped. Ports are 0 when Proto has none.
	Src, Dst netip.AddrPort
	// Proto is the IP protocol (chunk 0x0002): 17 UDP, 6 TCP, 132 SCTP. kamailio's siptrace writes 22, which IANA calls XNS-IDP,
	// for TLS and for WebSocket with and without TLS: what it hands on there was decrypted by it.
	Proto uint8
	// Time is when the agent saw it, nanoseconds since 1970-01-01T00:00:00Z, by the agent's clock, in steps of a microsecond
	// (chunks 0x0009 and 0x000a). HasTime is false when there is none, or one with a million microseconds or more.
	Time    int64
	HasTime bool
	// Type is what the payload is (chunk 0x000b): 1 is SIP. 0 (reserved) when the agent does not say.
	Type uint8
	// NodeID is the agent's number for itself (chunk 0x000c); 0 when it does not say.
	NodeID uint32
	// VLAN is the 802.1Q identifier (chunk 0x0012), 1 to 4094; other values name no VLAN and count as absent.
	VLAN    uint16
	HasVLAN bool
	// Payload is the message itself (chunk 0x000f), never empty. It points into what was parsed.
	Payload []byte
}

// Generic chunk types, those of vendor 0x0000, that are read.
const (
	chunkFamily       = 0x0001 // uint8: the agent's own AF_INET or AF_INET6
	chunkProtocol     = 0x0002 // uint8
	chunkIPv4Src      = 0x0003
	chunkIPv4Dst      = 0x0004
	chunkIPv6Src      = 0x0005
	chunkIPv6Dst      = 0x0006
	chunkSrcPort      = 0x0007 // uint16
	chunkDstPort      = 0x0008 // uint16
	chunkSeconds      = 0x0009 // uint32
	chunkMicroseconds = 0x000a // uint32
	chunkType         = 0x000b // uint8
	chunkNodeID       = 0x000c // uint32
	chunkPayload      = 0x000f
	chunkCompressed   = 0x0010
	chunkVLAN         = 0x0012 // uint16
	numChunks         = 0x0013
)

// lengths are those of the chunks with values of a fixed length, in octets; 0 of the others.
var lengths = [numChunks]uint8{
	chunkFamily: 1, chunkProtocol: 1, chunkIPv4Src: 4, chunkIPv4Dst: 4, chunkIPv6Src: 16, chunkIPv6Dst: 16, chunkSrcPort: 2,
	chunkDstPort: 2, chunkSeconds: 4, chunkMicroseconds: 4, chunkType: 1, chunkNodeID: 4, chunkVLAN: 2,
}

// wanted are the chunks that are read, as bits.
const wanted = 1<<chunkFamily | 1<<chunkProtocol | 1<<chunkIPv4Src | 1<<chunkIPv4Dst | 1<<chunkIPv6Src | 1<<chunkIPv6Dst |
	1<<chunkSrcPort | 1<<chunkDstPort | 1<<chunkSeconds | 1<<chunkMicroseconds | 1<<chunkType | 1<<chunkNodeID |
	1<<chunkPayload | 1<<chunkCompressed | 1<<chunkVLAN

// Len returns the length of the HEP message that begins at b: ErrMagic when none does, and ErrLength when the header is cut
// or says less than itself. The message may be longer than b: it is how a stream is cut into messages.
func Len(b []byte) (int, error) {
	if len(b) < 4 || [4]byte(b) != [4]byte{'H', 'E', 'P', '3'} {
		return 0, ErrMagic
	}
	if len(b) < HeaderLen {
		return 0, ErrLength
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < HeaderLen {
		return 0, ErrLength
	}
	return n, nil
}

// Parse reads the HEP message at the start of b; octets after its end are none of its. Of a chunk that comes twice the first
// counts; chunks of other vendors, and those that are not read, are skipped. Everything but what the error is about is in m
// also after ErrAddresses, ErrPorts, ErrProtocol, ErrNoPayload and ErrCompressed; m is unspecified after any other error.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      'H'      |      'E'      |      'P'      |      '3'      |
//	+---------------+---------------+---------------+---------------+
//	|         total length          |  then chunks, one after the other:
//	+---------------+---------------+---------------+---------------+
//	|        chunk vendor ID        |         chunk type ID         |
//	+---------------+---------------+---------------+---------------+
//	|         chunk length          |         chunk value ....
//	+---------------+---------------+
//
// Both lengths count their own headers. All numbers are in network byte order.
func Parse(b []byte, m *Message) error {
	*m = Message{}
	total, err := Len(b)
	if err != nil {
		return err
	}
	if total > len(b) {
		return ErrLength
	}
	var c chunks
	if err := c.read(b[HeaderLen:total], m); err != nil {
		return err
	}
	return c.finish(m)
}

// chunks is what must be known of all chunks before the Message is whole.
type chunks struct {
	seen                  uint32 // chunk types, as bits
	family                uint8
	src4, dst4            [4]byte
	src6, dst6            [16]byte
	srcPort, dstPort      uint16
	seconds, microseconds uint32
}

// read takes the chunks in b one by one.
func (c *chunks) read(b []byte, m *Message) error {
	for len(b) > 0 {
		if len(b) < chunkLen {
			return ErrChunk
		}
		vendor, kind := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		n := int(binary.BigEndian.Uint16(b[4:]))
		if n < chunkLen || n > len(b) {
			return ErrChunk
		}
		value := b[chunkLen:n:n]
		b = b[n:]
		if vendor != 0 || kind >= numChunks || wanted>>kind&1 == 0 || c.seen>>kind&1 != 0 {
			continue
		}
		if want := int(lengths[kind]); want != 0 && len(value) != want {
			return ErrChunkValue
		}
		c.seen |= 1 << kind
		c.take(kind, value, m)
	}
	return nil
}

// take notes the value of one chunk, which has the length of its type.
func (c *chunks) take(kind uint16, value []byte, m *Message) {
	switch kind {
	case chunkFamily:
		c.family = value[0]
	case chunkProtocol:
		m.Proto = value[0]
	case chunkIPv4Src:
		c.src4 = [4]byte(value)
	case chunkIPv4Dst:
		c.dst4 = [4]byte(value)
	case chunkIPv6Src:
		c.src6 = [16]byte(value)
	case chunkIPv6Dst:
		c.dst6 = [16]byte(value)
	case chunkSrcPort:
		c.srcPort = binary.BigEndian.Uint16(value)
	case chunkDstPort:
		c.dstPort = binary.BigEndian.Uint16(value)
	case chunkSeconds:
		c.seconds = binary.BigEndian.Uint32(value)
	case chunkMicroseconds:
		c.microseconds = binary.BigEndian.Uint32(value)
	case chunkType:
		m.Type = value[0]
	case chunkNodeID:
		m.NodeID = binary.BigEndian.Uint32(value)
	case chunkPayload:
		m.Payload = value
	case chunkVLAN:
		if id := binary.BigEndian.Uint16(value); id >= 1 && id <= 4094 {
			m.VLAN, m.HasVLAN = id, true
		}
	}
}

// Chunks that are of use together only, as bits.
const (
	ipv4Ends = 1<<chunkIPv4Src | 1<<chunkIPv4Dst
	ipv6Ends = 1<<chunkIPv6Src | 1<<chunkIPv6Dst
	ports    = 1<<chunkSrcPort | 1<<chunkDstPort
)

// has says whether all chunks of the set came.
func (c *chunks) has(set uint32) bool { return c.seen&set == set }

// finish makes times and addresses of what the chunks said, and sees that nothing is missing.
func (c *chunks) finish(m *Message) error {
	if c.has(1<<chunkSeconds) && c.microseconds < 1e6 {
		m.Time, m.HasTime = int64(c.seconds)*1e9+int64(c.microseconds)*1e3, true
	}
	src, dst, ok := c.addresses()
	if !ok {
		return ErrAddresses
	}
	m.Src, m.Dst = netip.AddrPortFrom(src, c.srcPort), netip.AddrPortFrom(dst, c.dstPort)
	switch {
	case !c.has(1 << chunkProtocol):
		return ErrProtocol
	case (m.Proto == 6 || m.Proto == 17 || m.Proto == 132) && !c.has(ports):
		return ErrPorts
	case len(m.Payload) > 0:
		return nil
	case c.has(1 << chunkCompressed):
		return ErrCompressed
	}
	return ErrNoPayload
}

// addresses are those of the family of which both came. When both families did, the family chunk decides: 2 is AF_INET on every
// system, AF_INET6 has a number of its own on each.
func (c *chunks) addresses() (src, dst netip.Addr, ok bool) {
	v4, v6 := c.has(ipv4Ends), c.has(ipv6Ends)
	if v4 && (!v6 || c.family == 2) {
		return netip.AddrFrom4(c.src4), netip.AddrFrom4(c.dst4), true
	}
	src, dst = netip.AddrFrom16(c.src6).Unmap(), netip.AddrFrom16(c.dst6).Unmap()
	return src, dst, v6 && src.Is4() == dst.Is4()
}
