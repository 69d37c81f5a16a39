package decode

import (
	"encoding/binary"

	"calltrail/capture"
	"calltrail/decode/tunnel"
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
	protoSCTP     = 132
	protoMPLS     = 137
)

// Lengths of headers above IP in octets.
const (
	udpLen  = 8
	tcpLen  = 20 // without options
	sctpLen = 12 // the common header
)

// Walk reads the headers of p from the link layer to what IP carries and fills f: link header, VLAN tags, IPv4 or IPv6
// with its extension headers, and whatever tunnels there are between. What it returns says what f holds; f is unspecified
// after every other reason.
//
//	Datagram  Src, Dst, Proto 17, Payload: a UDP datagram for Classify, or a SIP message that a HEP agent sent.
//	TCP, SCTP Src, Dst, Proto, Payload: all from the header on. The header is not looked at but for the ports, which are
//	          0 when not all of it was captured.
//	Fragment  Fragment, Proto, and the addresses of Src and Dst: for whoever puts packets together, and then Resume.
//
// A packet that the snap length cut is good as long as its headers were captured. Octets after the IP packet, such as
// Ethernet padding, are no payload; nor are octets between the ends of UDP and IP (RFC 9868).
func Walk(p *capture.Packet, f *Frame) Reason {
	f.VLAN, f.VLANs, f.Tunnels = [2]uint16{}, 0, 0
	offset, etherType := ethernetLen, etherTypeOf(p)
	if etherType != etherIPv4 && etherType != etherIPv6 {
		if p.Link == capture.LinkHEP {
			return walkHEP(p.Data, f)
		}
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
	return walkLink(etherType, b, wireLen, f)
}

// Resume goes on where Walk returned Fragment, once all of the packet is there: whole is what the fragments carried, put
// together. f is as Walk filled it for any of them, whose VLANs and tunnels it keeps; f.Fragment describes the whole, as
// reassembly.Fragments.Add leaves it: the protocol is that of the first fragment, and the length that on the wire, more than
// len(whole) when a fragment was cut. It returns what Walk does, also Fragment again for a fragment in a tunnel; the caller
// limits how often.
func Resume(whole []byte, f *Frame) Reason {
	f.Proto = f.Fragment.Proto
	length := max(f.Fragment.Length, len(whole))
	if f.Fragment.V6 {
		return walkExtensions(whole, length, f, true)
	}
	return walkAbove(whole, length, f)
}

// walkAbove reads what an IP packet between f.Src and f.Dst carries; f.Proto names it. length is the number of octets
// that there were on the wire; b holds those of them that were captured. TCP (RFC 9293 section 3.1) and SCTP (RFC 9260
// section 3.1) begin like UDP with the ports:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------------------------------+-------------------------------+
//	|          Source Port          |       Destination Port        |
//	+-------------------------------+-------------------------------+
func walkAbove(b []byte, length int, f *Frame) Reason {
	switch f.Proto {
	case protoUDP:
		return walkUDP(b, length, f)
	case protoTCP:
		ends(b, length, tcpLen, f)
		return TCP
	case protoSCTP:
		ends(b, length, sctpLen, f)
		return SCTP
	}
	if r := above[f.Proto]; r != Datagram {
		return r
	}
	return walkTunnel(b, length, f)
}

// ends notes the ports at the start of b, when all of the header that they begin is there, and that b is payload.
func ends(b []byte, length, headerLen int, f *Frame) {
	f.Payload, f.PayloadLen = b, length
	f.Src.Port, f.Dst.Port = 0, 0
	if len(b) >= headerLen {
		f.Src.Port = binary.BigEndian.Uint16(b)
		f.Dst.Port = binary.BigEndian.Uint16(b[2:])
	}
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
	if tunnelPorts[f.Dst.Port%32] == f.Dst.Port || f.Src.Port == tunnel.PortL2TP {
		return walkTunnelUDP(f)
	}
	return Datagram
}

// above holds the outcome of every protocol above IP; Datagram for those that walkAbove reads. A table, because which one
// comes next is chance, and a branch that is guessed wrong costs more than the whole header.
var above = outcomes()

func outcomes() (above [256]Reason) {
	for proto := range above {
		above[proto] = OtherProtocol
	}
	above[protoICMP], above[protoICMPv6] = ICMP, ICMP
	for _, proto := range []uint8{protoUDP, protoTCP, protoSCTP, protoIPv4, protoIPv6, protoGRE, protoMPLS} {
		above[proto] = Datagram
	}
	return above
}
