package main

import (
	"encoding/binary"
	"net/netip"
)

// content is what an EtherType names: an IP packet, an Ethernet frame, tags or labels with something behind them.
type content struct {
	etherType uint16
	b         []byte
}

// passage is one packet's way through the layers.
type passage struct {
	up bool // from the caller's side of the network
	n  int  // the packet's ordinal, for identifications and sequence numbers
}

// layer carries content in something more.
type layer func(p passage, in content) content

// route is where a tunnel's ends are: the one on the caller's side, the other.
type route struct{ near, far netip.Addr }

// Ends of tunnels: documentation addresses (RFC 5737, RFC 3849) that no host of a call has.
var (
	outer  = route{netip.MustParseAddr("203.0.113.129"), netip.MustParseAddr("203.0.113.130")}
	middle = route{netip.MustParseAddr("203.0.113.133"), netip.MustParseAddr("203.0.113.134")}
	inner  = route{netip.MustParseAddr("203.0.113.137"), netip.MustParseAddr("203.0.113.138")}
	outer6 = route{netip.MustParseAddr("2001:db8:f::1"), netip.MustParseAddr("2001:db8:f::2")}
)

func (r route) ends(up bool) (src, dst netip.Addr) {
	if up {
		return r.near, r.far
	}
	return r.far, r.near
}

// pick is up on the way from the caller's side, else down: a session's two directions have ids of their own.
func pick[T any](p passage, up, down T) T {
	if p.up {
		return up
	}
	return down
}

// over puts octets above IP on a route.
func (r route) over(p passage, protocol byte, b []byte) content {
	src, dst := r.ends(p.up)
	etherType := uint16(etherIPv4)
	if src.Is6() {
		etherType = etherIPv6
	}
	return content{etherType, ipPacket(src, dst, protocol, low16(0x4000+p.n), false, b)}
}

// udp puts octets in a datagram on a route.
func (r route) udp(p passage, from, to uint16, b []byte) content {
	src, dst := r.ends(p.up)
	return r.over(p, protocolUDP, udpDatagram(src, dst, from, to, b))
}

// Hardware addresses for documentation (RFC 7042 section 2.1.2): two on each link, by its number.
func hardware(link, end byte) []byte { return []byte{0x00, 0x00, 0x5e, 0x00, 0x53, link<<4 | end} }

// ethernet puts content in a frame on a link.
func ethernet(link byte) layer {
	return func(p passage, in content) content {
		b := append(hardware(link, pick[byte](p, 2, 1)), hardware(link, pick[byte](p, 1, 2))...)
		b = binary.BigEndian.AppendUint16(b, in.etherType)
		return content{etherBridged, append(b, in.b...)}
	}
}

// vlan puts a tag before content (IEEE 802.1Q clause 9): tpid is the tag's own EtherType.
//
//	+-----+-+-----------------------+-------------------------------+
//	| PCP |D|    VLAN identifier    |           EtherType           |
//	+-----+-+-----------------------+-------------------------------+
func vlan(tpid, priority, id uint16) layer {
	return func(_ passage, in content) content {
		b := binary.BigEndian.AppendUint16(nil, priority<<13|id)
		b = binary.BigEndian.AppendUint16(b, in.etherType)
		return content{tpid, append(b, in.b...)}
	}
}

// mpls puts labels before content, the outermost first (RFC 3032 section 2.1). A frame gets a pseudowire's control word
// (RFC 4448 section 4.6).
//
//	+---------------------------------------+-----+-+---------------+
//	|                 Label                 | TC  |S|      TTL      |
//	+---------------------------------------+-----+-+---------------+
func mpls(up, down [2]uint32) layer {
	return func(p passage, in content) content {
		labels := pick(p, up, down)
		b := binary.BigEndian.AppendUint32(nil, labels[0]<<12|64)
		b = binary.BigEndian.AppendUint32(b, labels[1]<<12|0x100|63)
		if in.etherType == etherBridged {
			b = binary.BigEndian.AppendUint16(append(b, 0, 0), low16(p.n))
		}
		return content{etherMPLS, append(b, in.b...)}
	}
}

// PPP protocol numbers, by IANA's "PPP Numbers".
func pppProtocol(etherType uint16) uint16 {
	if etherType == etherIPv6 {
		return 0x0057
	}
	return 0x0021
}

// pppoe puts an IP packet in a PPPoE session (RFC 2516 section 4).
//
//	+-------+-------+---------------+-------------------------------+
//	|  VER  | TYPE  |     CODE      |          SESSION_ID           |
//	+-------+-------+---------------+-------------------------------+
//	|            LENGTH             |         PPP protocol          |
//	+-------------------------------+-------------------------------+
func pppoe(session uint16) layer {
	return func(_ passage, in content) content {
		b := binary.BigEndian.AppendUint16([]byte{0x11, 0}, session)
		b = binary.BigEndian.AppendUint16(b, low16(2+len(in.b)))
		b = binary.BigEndian.AppendUint16(b, pppProtocol(in.etherType))
		return content{etherPPPoE, append(b, in.b...)}
	}
}

// inIP puts an IP packet in another (RFC 2003, RFC 2473, RFC 4213).
func inIP(r route) layer {
	return func(p passage, in content) content {
		protocol := byte(protocolIPv4)
		if in.etherType == etherIPv6 {
			protocol = protocolIPv6
		}
		return r.over(p, protocol, in.b)
	}
}
