package tunnel

import "encoding/binary"

const pptpLen = 8

// readPPTP reads the enhanced GRE header of PPTP (RFC 2637 section 4.1) and the PPP protocol behind it. ID is the call
// of the receiver.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-----+-+-------+-----+-------------------------------+
//	|0|0|1|S|0|Recur|A| Flags |  1  |     Protocol Type 0x880b      |
//	+-+-+-+-+-+-----+-+-------+-----+-------------------------------+
//	|     Key: Payload Length       |       Key: Call ID            |
//	+-------------------------------+-------------------------------+
//	|                    Sequence Number (if S)                     |
//	+---------------------------------------------------------------+
//	|                 Acknowledgment Number (if A)                  |
//	+---------------------------------------------------------------+
//
// Without S it carries an acknowledgement only.
func readPPTP(b []byte, wire int, flags, protocol uint16) (in Inside, o Outcome) {
	if flags&(greChecksum|greRouting|greKey|greSequence) != greKey|greSequence || protocol != grePPP {
		return in, Closed
	}
	offset := pptpLen + 4
	if flags&greAck != 0 {
		offset += 4
	}
	if o = need(b, wire, offset); o != Opened {
		return in, o
	}
	in = Inside{Type: GRE, HasID: true, ID: uint32(binary.BigEndian.Uint16(b[6:]))}
	end := offset + int(binary.BigEndian.Uint16(b[4:]))
	if end > wire {
		return in, Broken
	}
	offset, in.EtherType, o = readPPP(b[:min(end, len(b))], end, offset, true)
	if o != Opened {
		return in, o
	}
	return in, in.open(b, end, offset)
}
