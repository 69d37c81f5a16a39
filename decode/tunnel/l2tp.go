package tunnel

import "encoding/binary"

// PortL2TP is the UDP port of L2TP; only one end need have it (RFC 2661 section 8.1).
const PortL2TP = 1701

// Flags of an L2TP header, in its first 16 bits.
const (
	l2tpControl  = 0x8000
	l2tpLength   = 0x4000
	l2tpSequence = 0x0800
	l2tpOffset   = 0x0200
	l2tpVersion  = 0x000f
)

// ReadL2TP reads the header of an L2TP data message (RFC 2661 section 3.1) at the start of a UDP payload, and the PPP
// protocol behind it. ID is the tunnel in the upper 16 bits, the session in the lower.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+---+-+-+-+-+-------+-------+-------------------------------+
//	|T|L| x |S|x|O|P|   x   |  Ver  |         Length (if L)         |  T 0: data; Ver 2; Length of the whole message
//	+-+-+---+-+-+-+-+-------+-------+-------------------------------+
//	|           Tunnel ID           |           Session ID          |
//	+-------------------------------+-------------------------------+
//	|            Ns (if S)          |            Nr (if S)          |
//	+-------------------------------+-------------------------------+
//	|       Offset Size (if O)      |        Offset Pad (if O)      |  Offset Size counts the octets of padding
//	+-------------------------------+-------------------------------+
func ReadL2TP(b []byte, wire int) (in Inside, o Outcome) {
	if o = need(b, wire, 2); o != Opened {
		return in, o
	}
	flags := binary.BigEndian.Uint16(b)
	if flags&(l2tpControl|l2tpVersion) != 2 {
		return in, Closed
	}
	ids := 2
	if flags&l2tpLength != 0 {
		ids += 2
	}
	offset := ids + 4
	if flags&l2tpSequence != 0 {
		offset += 4
	}
	if flags&l2tpOffset != 0 {
		offset += 2
	}
	if o = need(b, wire, offset); o != Opened {
		return in, o
	}
	in = Inside{Type: L2TP, HasID: true, ID: binary.BigEndian.Uint32(b[ids:])}
	end := wire
	if flags&l2tpLength != 0 {
		if end = int(binary.BigEndian.Uint16(b[2:])); end > wire {
			return in, Broken
		}
	}
	if flags&l2tpOffset != 0 {
		offset += int(binary.BigEndian.Uint16(b[offset-2:]))
	}
	if o = need(b, end, offset); o != Opened {
		return in, o
	}
	offset, in.EtherType, o = readPPP(b[:min(end, len(b))], end, offset, true)
	if o != Opened {
		return in, o
	}
	return in, in.open(b, end, offset)
}
