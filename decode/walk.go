package decode

import (
	"encoding/binary"

	"calltrail/capture"
)

// Protocols above IP, by IANA's "Protocol Numbers".
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoIPv4     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoICMPv6   = 58
	protoDestOpts = 60
)

const udpLen = 8 // octets of the UDP header

// Walk reads the headers of p from the link layer to UDP and fills f: link header, VLAN tags, IPv4 or IPv6 with its
// extension headers, UDP. It returns Datagram when f holds a UDP datagram for Classify, else why there is none; f is
// then unspecified. A packet that the snap length cut is good as long as its headers were captured. Octets after the
// IP packet, such as Ethernet padding, are no payload; nor are octets between the ends of UDP and IP (RFC 9868).
func Walk(p *capture.Packet, f *Frame) Reason {
	f.VLAN, f.VLANs = [2]uint16{}, 0
	offset, etherType := ethernetLen, etherTypeOf(p)
	if etherType != etherIPv4 && etherType != etherIPv6 {
		var r Reason
		if offset, etherType, r = linkHeader(p, f); r != Datagram {
			return r
		}
	}
	b := p.Data[offset:]
	wireLen := max(p.Length, len(p.Data)) - offset
	switch etherType {
	case etherIPv4:
		return walkIPv4(b, wireLen, f)
	case etherIPv6:
		return walkIPv6(b, wireLen, f)
	}
	return notIP(etherType)
}

// walkUDP reads the UDP header at the start of b (RFC 768). ipLen is the number of octets that IP carries from there
// on; b holds those of them that were captured.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------------------------------+-------------------------------+
//	|          Source Port          |       Destination Port        |
//	+-------------------------------+-------------------------------+
//	|            Length             |           Checksum            |
//	+-------------------------------+-------------------------------+
func walkUDP(b []byte, ipLen int, f *Frame) Reason {
	if len(b) < udpLen {
		return ShortUDP
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length < udpLen || length > ipLen {
		return BadUDPLength
	}
	f.Src.Port = binary.BigEndian.Uint16(b)
	f.Dst.Port = binary.BigEndian.Uint16(b[2:])
	f.Payload = b[udpLen:min(length, len(b))]
	f.PayloadLen = length - udpLen
	return Datagram
}

// above holds the outcome of every protocol above IP but UDP. A table, because which one comes next is chance, and a
// branch that is guessed wrong costs more than the whole header.
var above = outcomes()

func outcomes() (above [256]Reason) {
	for proto := range above {
		above[proto] = OtherProtocol
	}
	above[protoTCP] = TCP
	above[protoICMP], above[protoICMPv6] = ICMP, ICMP
	above[protoIPv4], above[protoIPv6], above[protoGRE] = Tunnel, Tunnel, Tunnel
	return above
}
