package tunnel

import "encoding/binary"

// Bounds of a label stack.
const (
	labelLen  = 4  // octets of a label stack entry
	maxLabels = 16 // routers in use push 3 to 10
)

// controlWordLen is the length of a pseudowire's control word in octets.
const controlWordLen = 4

// ReadMPLS reads a label stack (RFC 3032 section 2.1). ID is the label at its bottom.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------------------------------+-----+-+---------------+
//	|                 Label                 | TC  |S|      TTL      |  S: bottom of the stack
//	+---------------------------------------+-----+-+---------------+
//
// Nothing in it says what follows; only the routers at the ends know. It is IP by its version, or the Ethernet frame of
// a pseudowire, which may have a control word before it (RFC 4448 section 4.6):
//
//	+-------+-----------------------+-------------------------------+
//	|0 0 0 0|       Reserved        |        Sequence Number        |
//	+-------+-----------------------+-------------------------------+
//
// Without one the first four bits are those of a hardware address, and may be 0, 4 or 6 as well (RFC 4928 section 2).
// So Ethernet is tried first: EtherType, version and length must fit, far more than an IP packet has by chance; and first
// without a control word, since one would make the destination's first octets of a frame with VLAN tags.
func ReadMPLS(b []byte, wire int) (in Inside, o Outcome) {
	in = Inside{Type: MPLS, HasID: true}
	offset, bottom := 0, false
	for range maxLabels {
		if o = need(b, wire, offset+labelLen); o != Opened {
			return in, o
		}
		entry := binary.BigEndian.Uint32(b[offset:])
		offset += labelLen
		if bottom = entry&0x100 != 0; bottom {
			in.ID = entry >> 12
			break
		}
	}
	if !bottom {
		return in, Closed
	}
	rest, length := b[offset:], wire-offset
	switch {
	case len(rest) == 0:
		return in, need(b, wire, offset+1)
	case ethernetIn(rest, length):
		in.EtherType = EtherBridged
	case rest[0]>>4 == 0 && len(rest) > controlWordLen && ethernetIn(rest[controlWordLen:], length-controlWordLen):
		in.EtherType = EtherBridged
		return in, in.open(b, wire, offset+controlWordLen)
	case rest[0]>>4 == 4:
		in.EtherType = EtherIPv4
	case rest[0]>>4 == 6:
		in.EtherType = EtherIPv6
	case len(rest) < length && len(rest) <= controlWordLen+ethernetLen+maxTags*tagLen:
		return in, Short // it may have been such a frame
	default:
		return in, Closed
	}
	return in, in.open(b, wire, offset)
}
