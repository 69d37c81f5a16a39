package decode

import "encoding/binary"

// Ports of the protocols that are named when they are seen, and not decoded. Their look alone would be too little.
const (
	portMGCPGateway = 2427 // RFC 3435 section 3.5
	portMGCPAgent   = 2727
	portIAX2        = 4569 // RFC 5456
	portRAS         = 1719 // H.225.0: gatekeepers
	portH225        = 1720 // H.225.0: call signalling
	portSkinny      = 2000
)

// Ports of protocols whose random identifiers look like RTP's first octet.
const (
	portMDNS  = 5353
	portLLMNR = 5355
)

// otherPorts holds the UDP ports above 1023 that are looked at, each at its place modulo 32, which are different.
var otherPorts = [32]uint16{
	portMGCPGateway % 32: portMGCPGateway,
	portMGCPAgent % 32:   portMGCPAgent,
	portIAX2 % 32:        portIAX2,
	portRAS % 32:         portRAS,
	portMDNS % 32:        portMDNS,
	portLLMNR % 32:       portLLMNR,
}

// onPort says whether either end of f has one of two ports.
func onPort(f *Frame, one, other uint16) bool {
	return f.Src.Port == one || f.Dst.Port == one || f.Src.Port == other || f.Dst.Port == other
}

// classifyByPort names what Classify did not know by its look.
func classifyByPort(f *Frame) Reason {
	b := f.Payload
	switch {
	case onPort(f, portMGCPGateway, portMGCPAgent) && isMGCP(b):
		return MGCP
	case onPort(f, portIAX2, portIAX2) && (isIAX2Full(b) || isIAX2Mini(b)):
		return IAX2
	case onPort(f, portRAS, portRAS) && isRAS(b):
		return H323
	case f.cut() && len(b) < stunLen:
		return ShortPayload
	}
	return UDPOther
}

// isMGCP says whether b begins like an MGCP command or response (RFC 3435 section 3.2.1 and 3.3):
//
//	CRCX 1204 aaln/1@rgw-2567.whatever.net MGCP 1.0
//	200 1204 OK
//
// An endpoint name has no white space. "." and a line end join several messages (section 3.5.5).
func isMGCP(b []byte) bool {
	verb, rest := word(b)
	transaction, rest := word(rest)
	if len(transaction) == 0 || len(transaction) > 9 || !digits(transaction) {
		return false
	}
	if len(verb) == 3 {
		return digits(verb)
	}
	if len(verb) != 4 || !letters(verb) {
		return false
	}
	endpoint, rest := word(rest)
	protocol, rest := word(rest)
	version, _ := word(rest)
	return len(endpoint) > 0 && len(protocol) == 4 && protocol[0]|0x20 == 'm' && protocol[1]|0x20 == 'g' &&
		protocol[2]|0x20 == 'c' && protocol[3]|0x20 == 'p' && len(version) > 0 && version[0] >= '0' && version[0] <= '9'
}

// maxWord is the longest word of a line that is looked at, in octets: an MGCP endpoint name may have 511.
const maxWord = 512

// word cuts off the first word of the line at the start of b, behind spaces; empty at the end of the line, or when the word
// is too long.
func word(b []byte) (first, rest []byte) {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for n, c := range b[:min(len(b), maxWord+1)] {
		if c <= ' ' {
			return b[:n], b[n:]
		}
	}
	if len(b) <= maxWord {
		return b, nil
	}
	return nil, nil
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func letters(b []byte) bool {
	for _, c := range b {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return true
}

const iax2Len = 12 // octets of the header of a full frame

// isIAX2Full says whether b begins like a full frame of IAX2 (RFC 5456 section 8.1.1).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-----------------------------+-+-----------------------------+
//	|1|     Source Call Number      |R|   Destination Call Number   |
//	+-+-----------------------------+-+-----------------------------+
//	|                            time-stamp                         |
//	+---------------+---------------+---------------+-+-------------+
//	|    OSeqno     |    ISeqno     |   Frame Type  |C|  Subclass   |
//	+---------------+---------------+---------------+-+-------------+
//
// With call numbers below 16384 its first octet is RTP's, and frame type and subclass are in the place of its SSRC. The
// time-stamp tells them apart: it counts the milliseconds of the call, while that of RTP begins at random. This takes one
// RTP stream of 16,000 on the port for IAX2, and calls of more than 4 hours for what they look like.
func isIAX2Full(b []byte) bool {
	if len(b) < iax2Len || b[0]&0x80 == 0 || b[4] != 0 {
		return false
	}
	subclass := b[11]
	switch b[10] {
	case 1, 12: // DTMF, its end and its begin
		return subclass >= '#' && subclass <= 'D'
	case 2: // voice: a format, as a power of two
		return subclass&0x80 != 0 && subclass&0x7f < 32 || subclass&0x80 == 0 && subclass != 0
	case 3, 8: // video, image
		return true
	case 4: // control
		return subclass != 0 && subclass <= 0x20
	case 5, 7, 9, 10: // null, text, HTML, comfort noise
		return subclass <= 0x17
	case 6: // IAX's own
		return subclass != 0 && subclass <= 0x28
	}
	return false
}

// isIAX2Mini says whether b may be a mini frame (RFC 5456 section 8.1.2), or a meta frame of them (section 8.1.3).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-----------------------------+-------------------------------+
//	|0|     Source Call Number      |           time-stamp          |  a mini frame: then voice
//	+-+-----------------------------+-+-------------+---------------+
//	|              0                |V| Meta Command|   ...         |  V 1: video; V 0, command 1: a trunk
//	+-------------------------------+-+-------------+---------------+
func isIAX2Mini(b []byte) bool {
	if len(b) < 5 || b[0]&0x80 != 0 {
		return false
	}
	return b[0] != 0 || b[1] != 0 || b[2]&0x80 != 0 || b[2] == 1
}

// rasMessages is the number of alternatives that RasMessage had in the first version of H.225.0.
const rasMessages = 25

// isRAS says whether b begins like a RAS message (H.225.0 annex H), in aligned PER (X.691 section 23): one bit 0 of a CHOICE
// that could be extended, and five of the alternative. A sequence number follows in the next octets; text has none.
//
//	 0                   1                   2
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
//	+-+---------+---+---------------+---------------+
//	|0| message |   |   optional    | requestSeqNum |  17 bits or more before the number are possible
//	+-+---------+---+---------------+---------------+
func isRAS(b []byte) bool {
	if len(b) < 4 || b[0]>>2 >= rasMessages {
		return false
	}
	for _, c := range b[1:4] {
		if c < '\t' || c >= 0x7f {
			return true
		}
	}
	return false
}

// ClassifySegment names the TCP segment in f, which Walk returned TCP for and nobody claimed: H323 or Skinny when it begins
// like a message of theirs on their port, else TCP. f is not changed.
func ClassifySegment(f *Frame) Reason {
	if !onPort(f, portH225, portSkinny) || len(f.Payload) < tcpLen {
		return TCP
	}
	offset := 4 * int(f.Payload[12]>>4)
	if offset < tcpLen || offset > len(f.Payload) {
		return TCP
	}
	b := f.Payload[offset:]
	switch {
	case onPort(f, portH225, portH225) && isQ931(b):
		return H323
	case onPort(f, portSkinny, portSkinny) && isSkinny(b):
		return Skinny
	}
	return TCP
}

// isQ931 says whether b begins like a call signalling message (H.225.0 section 7): Q.931 in a TPKT (RFC 1006 section 6).
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------+---------------+-------------------------------+
//	|   version 3   |   reserved 0  |  length, from the version on  |
//	+---------------+---------------+-------------------------------+
//	| discriminator |0 0 0 0| len 2 |        call reference         |  protocol discriminator 8
//	+---------------+-------+-------+-------------------------------+
func isQ931(b []byte) bool {
	return len(b) >= 6 && b[0] == 3 && b[1] == 0 && binary.BigEndian.Uint16(b[2:]) >= 9 && b[4] == 0x08 && b[5] == 2
}

// Bounds of a Skinny message.
const (
	skinnyLen     = 12
	maxSkinny     = 4096
	maxSkinnyType = 0x8300
)

// isSkinny says whether b begins like a message of SCCP, whose numbers are little-endian. No standard describes it.
//
//	+---------------------------------------------------------------+
//	|           length, from the message identifier on              |
//	+---------------------------------------------------------------+
//	|       header version: 0, or 0x11 to 0x16 of newer phones      |
//	+---------------------------------------------------------------+
//	|                     message identifier                        |
//	+---------------------------------------------------------------+
func isSkinny(b []byte) bool {
	if len(b) < skinnyLen {
		return false
	}
	length, version := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	return length >= 4 && length <= maxSkinny && (version == 0 || version >= 0x11 && version <= 0x16) &&
		binary.LittleEndian.Uint32(b[8:]) < maxSkinnyType
}
