package tunnel

import "encoding/binary"

// Lengths of ERSPAN headers in octets.
const (
	erspanIILen  = 8
	erspanIIILen = 12
	platformLen  = 8 // the platform-specific sub-header of type III
)

// maxFrame is the wire length of a mirrored frame of which only the beginning was sent.
const maxFrame = 1<<16 + ethernetLen + maxTags*tagLen

// readERSPAN reads the header of a mirrored frame (draft-foschiano-erspan-03 section 4), at offset of b, behind a GRE
// header with the given flags and protocol. ID is the session. Type I has no header at all: its GRE header has no
// sequence number, and the frame follows.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+-----------------------+-----+---+-+-------------------+
//	|  Ver  |         VLAN          | COS |En |T|    Session ID     |  type II: Ver 1, protocol type 0x88be
//	+-------+---------------+-------+-----+---+-+-------------------+
//	|       Reserved        |                 Index                 |
//	+-----------------------+---------------------------------------+
//
//	+-------+-----------------------+-----+---+-+-------------------+
//	|  Ver  |         VLAN          | COS |BSO|T|    Session ID     |  type III: Ver 2, protocol type 0x22eb
//	+-------+-----------------------+-----+---+-+-------------------+
//	|                           Timestamp                           |
//	+-------------------------------+-+---------+-----------+-+---+-+
//	|             SGT               |P|   FT    |   Hw ID   |D|Gra|O|  FT 0: Ethernet; 2: IP
//	+-------------------------------+-+---------+-----------+-+---+-+
//	|                Platform-specific sub-header                   |  8 octets, if O
//	|                                                               |
//	+---------------------------------------------------------------+
//
// T says that the frame was too long for the mirror, which cut it: like a snap length. VLAN, the mirrored port's, is
// not noted: with En 2 the frame has its tag still.
func readERSPAN(b []byte, wire, offset int, flags, protocol uint16) (in Inside, o Outcome) {
	in = Inside{Type: ERSPAN, EtherType: EtherBridged}
	if protocol == greERSPAN && flags&greSequence == 0 {
		return in, in.open(b, wire, offset)
	}
	version, headerLen := byte(1), erspanIILen
	if protocol == greERSPANIII {
		version, headerLen = 2, erspanIIILen
	}
	if o = need(b, wire, offset+headerLen); o != Opened {
		return in, o
	}
	h := b[offset:]
	if h[0]>>4 != version {
		return in, Closed
	}
	session := binary.BigEndian.Uint16(h[2:])
	in.ID, in.HasID = uint32(session&0x03ff), true
	if version == 2 {
		switch h[10] >> 2 & 0x1f {
		case 0:
		case 2:
			in.EtherType = 0
		default:
			return in, Closed
		}
		if h[11]&1 != 0 {
			headerLen += platformLen
		}
	}
	if o = in.open(b, wire, offset+headerLen); o != Opened {
		return in, o
	}
	if session&0x0400 != 0 {
		in.Length = maxFrame
	}
	if in.EtherType == 0 {
		if in.EtherType = ipIn(b[in.Offset:], in.Length); in.EtherType == 0 {
			return in, Closed
		}
	}
	return in, Opened
}
