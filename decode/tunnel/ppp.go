package tunnel

import "encoding/binary"

// PPP protocol numbers of what is opened, by IANA's "PPP Numbers". The others are control protocols, multilink, and what
// is compressed or encrypted.
const (
	pppIPv4 = 0x0021
	pppIPv6 = 0x0057
	pppMPLS = 0x0281
)

// readPPP reads what is before a packet in PPP (RFC 1661 section 2, RFC 1662 section 3.1), at offset of b, and returns
// the offset and EtherType of the packet. framed says that the address and control octets may stand there.
//
//	+---------------+---------------+---------------+---------------+
//	|  Address 0xff |  Control 0x03 |           Protocol            |  address and control may be left out (section 6.6)
//	+---------------+---------------+---------------+---------------+
//
// The protocol's first octet is even and its last one odd, so that one of a single octet (section 6.5, protocol field
// compression) shows.
func readPPP(b []byte, wire, offset int, framed bool) (from int, etherType uint16, o Outcome) {
	if o = need(b, wire, offset+1); o != Opened {
		return 0, 0, o
	}
	if framed && b[offset] == 0xff {
		if o = need(b, wire, offset+3); o != Opened {
			return 0, 0, o
		}
		if b[offset+1] != 0x03 {
			return 0, 0, Closed
		}
		offset += 2
	}
	var protocol uint16
	if b[offset]&1 != 0 {
		protocol = uint16(b[offset])
		offset++
	} else {
		if o = need(b, wire, offset+2); o != Opened {
			return 0, 0, o
		}
		protocol = binary.BigEndian.Uint16(b[offset:])
		offset += 2
	}
	switch protocol {
	case pppIPv4:
		return offset, EtherIPv4, Opened
	case pppIPv6:
		return offset, EtherIPv6, Opened
	case pppMPLS:
		return offset, EtherMPLS, Opened
	}
	return 0, 0, Closed
}
