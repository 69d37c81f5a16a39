package stun

import "encoding/binary"

// Channel numbers, RFC 8656 section 12. Those up to 0x7fff, which RFC 5766 allowed too, are reserved.
const (
	firstChannel = 0x4000
	lastChannel  = 0x4fff
)

// ParseChannelData reads the ChannelData message (RFC 8656 section 12.4) that fills the datagram b; wireLen is its length in
// octets on the wire. dataLen is the length of the application data on the wire, data what was captured of it; it aliases b. Over
// UDP the padding may be there or not. ok is false for everything else; but two bits and a length are a weak sign, so that it
// should be asked only where TURN was seen (RFC 7983 section 7).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|         Channel Number        |            Length             |  of the data, in octets, without padding
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	/                       Application Data                        /
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func ParseChannelData(b []byte, wireLen int) (channel uint16, data []byte, dataLen int, ok bool) {
	if len(b) < 4 {
		return 0, nil, 0, false
	}
	wireLen = max(wireLen, len(b))
	channel, dataLen = binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	padding := wireLen - 4 - dataLen
	if channel < firstChannel || channel > lastChannel || padding < 0 || padding > -dataLen&3 {
		return 0, nil, 0, false
	}
	return channel, b[4:min(4+dataLen, len(b))], dataLen, true
}

const (
	multiplexedType = 0xff10 // frame type and reserved octet
	multiplexedLen  = 12     // octets before the inner message
)

// Multiplexed takes Microsoft's multiplexing of TURN channels from the datagram b, which it fills ([MS-TURN] section 2.2.3);
// wireLen is its length in octets on the wire. inner is what was captured of the message inside, innerLen its length on the
// wire; inner aliases b.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     0xff      |     0x10      |            Length             |  of what follows, in octets
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Session ID (64 bits)                     |
//	|                                                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	/                        inner message                          /
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func Multiplexed(b []byte, wireLen int) (inner []byte, innerLen int, ok bool) {
	if len(b) < multiplexedLen || binary.BigEndian.Uint16(b) != multiplexedType {
		return nil, 0, false
	}
	wireLen = max(wireLen, len(b))
	if 4+int(binary.BigEndian.Uint16(b[2:])) != wireLen {
		return nil, 0, false
	}
	return b[multiplexedLen:], wireLen - multiplexedLen, true
}

// StripLength takes the two octets of length from the first frame of a TCP segment b (RFC 4571 section 2, which ICE-TCP and many
// TURN clients use); wireLen is the segment's length in octets on the wire. inner is what was captured of the frame, innerLen its
// length on the wire; inner aliases b. The frame fills the segment; or more follows it in the segment and the frame looks like
// STUN, for a length alone says nothing. A segment that begins with a STUN or ChannelData message itself, as TURN over TCP has
// it (RFC 8656 section 3.1), is no frame.
func StripLength(b []byte, wireLen int) (inner []byte, innerLen int, ok bool) {
	if len(b) < 2 {
		return nil, 0, false
	}
	wireLen = max(wireLen, len(b))
	innerLen = int(binary.BigEndian.Uint16(b))
	end := 2 + innerLen
	if innerLen == 0 || end > wireLen {
		return nil, 0, false
	}
	inner = b[2:min(end, len(b))]
	if end != wireLen && !Looks(inner) {
		return nil, 0, false
	}
	return inner, innerLen, true
}
