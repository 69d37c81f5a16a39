package tunnel

import "encoding/binary"

const (
	pppoeLen     = 6
	pppoeVersion = 0x11 // version 1, type 1
)

// ReadPPPoE reads the header of a PPPoE session packet (RFC 2516 section 4), EtherType 0x8864, and the PPP protocol
// behind it. ID is the session. An Ethernet frame pads short packets: the length says where they end.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------+-------+---------------+-------------------------------+
//	|  VER  | TYPE  |     CODE      |          SESSION_ID           |  1, 1, 0 for session data
//	+-------+-------+---------------+-------------------------------+
//	|            LENGTH             |         PPP protocol          |  LENGTH counts from the PPP protocol on
//	+-------------------------------+-------------------------------+
//
// Address and control octets never stand there (section 7), but a protocol of one octet may.
func ReadPPPoE(b []byte, wire int) (in Inside, o Outcome) {
	if o = need(b, wire, pppoeLen); o != Opened {
		return in, o
	}
	if b[0] != pppoeVersion || b[1] != 0 {
		return in, Closed
	}
	in = Inside{Type: PPPoE, HasID: true, ID: uint32(binary.BigEndian.Uint16(b[2:]))}
	end := pppoeLen + int(binary.BigEndian.Uint16(b[4:]))
	if end > wire {
		return in, Broken
	}
	offset, etherType, o := readPPP(b[:min(end, len(b))], end, pppoeLen, false)
	if o != Opened {
		return in, o
	}
	in.EtherType = etherType
	return in, in.open(b, end, offset)
}
