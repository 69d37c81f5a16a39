package decode

import (
	"encoding/binary"
	"net/netip"

	"calltrail/decode/reassembly"
	"calltrail/decode/tunnel"
)

// Endpoint is an IP address and a port, without pointers, comparable, and usable as a key. IPv4 addresses are kept
// IPv4-mapped (::ffff:192.0.2.1, RFC 4291 section 2.5.5.2).
type Endpoint struct {
	IP   [16]byte
	Port uint16
}

// EndpointOf returns ap as an Endpoint. An IPv6 zone is left out.
func EndpointOf(ap netip.AddrPort) Endpoint {
	return Endpoint{IP: ap.Addr().As16(), Port: ap.Port()}
}

// AddrPort returns the endpoint with IPv4 unmapped.
func (e Endpoint) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.IP).Unmap(), e.Port)
}

// Hash is a cheap, unseeded hash of the endpoint, for filters in which a collision costs time only.
func (e *Endpoint) Hash() uint64 {
	x := binary.LittleEndian.Uint64(e.IP[8:]) ^ binary.LittleEndian.Uint64(e.IP[:8])<<1 ^ uint64(e.Port)<<48
	return (x ^ x>>32) * 0xc2b2ae3d27d4eb4f
}

// Frame is what Walk found in one packet. It is made to be used again for the next packet.
type Frame struct {
	// Src and Dst are the ends of the UDP datagram, the TCP segment or the SCTP packet: the innermost ones.
	Src, Dst Endpoint
	// VLAN holds the 802.1Q VLAN identifiers (1-4095), outermost first. Deeper ones than two are counted only.
	VLAN [2]uint16
	// VLANs is the number of VLAN identifiers in the packet. A priority tag (identifier 0) belongs to no VLAN
	// (IEEE 802.1Q section 9.6) and is not counted.
	VLANs uint8
	// Tunnels is how many layers the packet came through: see Tunnel.
	Tunnels uint8
	// Proto is the protocol above IP, by IANA's numbers; 17 (UDP) in a Datagram, but what a HEP agent says in one of its.
	Proto uint8
	// Payload is the UDP payload as captured, or of TCP and SCTP all from their header on. It aliases Packet.Data and lives
	// as long as that.
	Payload []byte
	// PayloadLen is the payload's length in octets by the headers, more than len(Payload) when the snap length cut the
	// packet.
	PayloadLen int
	// Fragment is what Walk found when it returned Fragment; its Scope is the caller's to set.
	Fragment reassembly.Fragment
	// Tunnel holds the layers that the packet came through, outermost first, Tunnels of them. The rest is left over from other
	// packets. It stands last so that what every packet sets stands together.
	Tunnel [tunnel.MaxDepth]tunnel.Header
}

// cut says whether the snap length took a part of the payload away.
func (f *Frame) cut() bool { return len(f.Payload) < f.PayloadLen }
