package tunnel

import "encoding/binary"

// Lengths of headers inside, in octets.
const (
	ipv4Len     = 20 // without options
	ipv6Len     = 40
	ethernetLen = 14
	tagLen      = 4
	maxTags     = 8
)

// Reads says whether b reads as what etherType names, as far as it was captured; length is how many octets there were
// on the wire. A port number is no proof of a tunnel, and MPLS does not say at all what follows it: the version and
// length of an IP header have to.
func Reads(etherType uint16, b []byte, length int) bool {
	switch etherType {
	case EtherIPv4, EtherIPv6:
		return ipIn(b, length) == etherType
	case EtherBridged:
		return ethernetIn(b, length)
	}
	return false
}

// ipIn returns the EtherType of the IP packet at the start of b, 0 when there is none: version and header length are
// possible, and it is no longer than what carries it. A length that was not captured is believed.
func ipIn(b []byte, length int) uint16 {
	if len(b) == 0 {
		return 0
	}
	switch b[0] >> 4 {
	case 4:
		header := 4 * int(b[0]&0x0f)
		if header < ipv4Len || header > length {
			return 0
		}
		if len(b) < 4 {
			return EtherIPv4
		}
		if total := int(binary.BigEndian.Uint16(b[2:])); total >= header && total <= length {
			return EtherIPv4
		}
	case 6:
		if ipv6Len > length {
			return 0
		}
		if len(b) < 6 || ipv6Len+int(binary.BigEndian.Uint16(b[4:])) <= length {
			return EtherIPv6
		}
	}
	return 0
}

// ethernetIn says whether b is an Ethernet frame with an IP packet, behind VLAN tags or not, or with another tunnel
// below IP.
func ethernetIn(b []byte, length int) bool {
	offset := ethernetLen
	for range maxTags + 1 {
		if len(b) <= offset {
			return false
		}
		switch etherType := binary.BigEndian.Uint16(b[offset-2:]); etherType {
		case EtherIPv4, EtherIPv6:
			return ipIn(b[offset:], length-offset) == etherType
		case EtherVLAN, EtherQinQ, EtherQinQOld:
			offset += tagLen
		case EtherMPLS, EtherMPLSMulti:
			return true
		case EtherPPPoE:
			return b[offset] == pppoeVersion
		default:
			return false
		}
	}
	return false
}
