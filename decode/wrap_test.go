package decode

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"

	"calltrail/capture"
	"calltrail/decode/tunnel"
)

// The tunnels that test packets go through. Each takes what is inside and puts one header before it.

func mplsLabel(label uint32, inside []byte) []byte { // bottom of the stack, TTL 64
	return append(binary.BigEndian.AppendUint32(nil, label<<12|1<<8|64), inside...)
}

func controlWord(inside []byte) []byte { return append([]byte{0, 0, 0, 9}, inside...) } // sequence number 9

func pppoe(session uint16, ppp, inside []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x11, 0x00}, session)
	b = binary.BigEndian.AppendUint16(b, uint16(len(ppp)+len(inside)))
	return slices.Concat(b, ppp, inside)
}

// gre has the optional fields that flags (the first octet) ask for.
func gre(flags byte, protocol uint16, key uint32, inside []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{flags, 0}, protocol)
	if flags&0x80 != 0 {
		b = append(b, 0xba, 0xad, 0, 0)
	}
	if flags&0x20 != 0 {
		b = binary.BigEndian.AppendUint32(b, key)
	}
	if flags&0x10 != 0 {
		b = append(b, 0, 0, 0, 7)
	}
	return append(b, inside...)
}

func pptp(call uint16, inside []byte) []byte { // with address and control, and an acknowledgement
	b := binary.BigEndian.AppendUint16([]byte{0x30, 0x81, 0x88, 0x0b}, uint16(4+len(inside)))
	b = binary.BigEndian.AppendUint16(b, call)
	b = append(b, 0, 0, 0, 7, 0, 0, 0, 6, 0xff, 0x03)
	return slices.Concat(b, pppOf(inside), inside)
}

func erspan2(session uint16, inside []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x10, 0x64}, session)
	return gre(0x10, 0x88be, 0, slices.Concat(b, []byte{0, 0, 0, 5}, inside))
}

func erspan3(session uint16, inside []byte) []byte { // with a platform-specific sub-header
	b := binary.BigEndian.AppendUint16([]byte{0x20, 0x64}, session)
	b = append(b, 0, 0, 0, 42, 0, 0, 0x80, 0x01)
	return gre(0x10, 0x22eb, 0, slices.Concat(b, make([]byte, 8), inside))
}

func vxlan(vni uint32, inside []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0x08, 0, 0, 0}, vni<<8), inside...)
}

func geneve(vni uint32, protocol uint16, inside []byte) []byte { // with an option of 8 octets
	b := binary.BigEndian.AppendUint16([]byte{0x02, 0x00}, protocol)
	b = binary.BigEndian.AppendUint32(b, vni<<8)
	return slices.Concat(b, []byte{0x01, 0x02, 0x80, 0x01, 0xde, 0xad, 0xbe, 0xef}, inside)
}

func l2tp(id uint32, inside []byte) []byte { // with length and sequence numbers
	b := binary.BigEndian.AppendUint16([]byte{0x48, 0x02}, uint16(16+len(inside)))
	b = binary.BigEndian.AppendUint32(b, id)
	return slices.Concat(b, []byte{0, 5, 0, 6, 0xff, 0x03}, pppOf(inside), inside)
}

func gtpu(teid uint32, inside []byte) []byte { // with a sequence number and one extension header
	b := binary.BigEndian.AppendUint16([]byte{0x36, 0xff}, uint16(8+len(inside)))
	b = binary.BigEndian.AppendUint32(b, teid)
	return slices.Concat(b, []byte{0, 7, 0, 0x85, 0x01, 0x10, 0x09, 0x00}, inside)
}

// pppOf is the PPP protocol of an IP packet.
func pppOf(ip []byte) []byte {
	if ip[0]>>4 == 6 {
		return []byte{0x00, 0x57}
	}
	return []byte{0x00, 0x21}
}

// between puts an IPv4 or IPv6 header between two addresses before body.
func between(src, dst netip.Addr, proto uint8, body []byte) []byte {
	if src.Is4() {
		return with(ipv4(proto, nil, body), 12, slices.Concat(src.AsSlice(), dst.AsSlice())...)
	}
	return with(ipv6(proto, body), 8, slices.Concat(src.AsSlice(), dst.AsSlice())...)
}

// wrapped is a packet on its way through tunnels: what an EtherType names, and the layers around the innermost datagram.
type wrapped struct {
	etherType uint16
	b         []byte
	layers    []tunnel.Header // outermost first
	vlans     []uint16        // outermost first
}

func (w wrapped) isIP() bool { return w.etherType == etherIPv4 || w.etherType == etherIPv6 }

// wrap is one step outwards. It depends on nothing but the packet's EtherType, so that the fragments of a packet may go the
// same way.
type wrap func(w wrapped) wrapped

// ipOf is the EtherType of an IP packet.
func ipOf(b []byte) uint16 {
	if b[0]>>4 == 6 {
		return etherIPv6
	}
	return etherIPv4
}

// in returns w inside of one more tunnel, b being what carries it.
func (w wrapped) in(etherType uint16, b []byte, layer tunnel.Header) wrapped {
	return wrapped{etherType, b, append([]tunnel.Header{layer}, w.layers...), w.vlans}
}

// randomAddr is an address of either family, the same for equal seeds.
func randomAddr(rng *rand.Rand, v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 14: byte(rng.Uint32()), 15: byte(rng.Uint32())})
	}
	return netip.AddrFrom4([4]byte{10, byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())})
}

// randomWrap draws the next step around a packet: a tunnel, or an Ethernet header for one that is none yet.
func randomWrap(rng *rand.Rand, etherType uint16) wrap {
	isIP := etherType == etherIPv4 || etherType == etherIPv6
	if !isIP && etherType != tunnel.EtherBridged || rng.IntN(4) == 0 && etherType != tunnel.EtherBridged {
		return randomEthernet(rng)
	}
	v6 := rng.IntN(2) == 0
	src, dst := randomAddr(rng, v6), randomAddr(rng, v6)
	ends := tunnel.Header{Src: src.As16(), Dst: dst.As16()}
	id, port := rng.Uint32(), uint16(1024+rng.IntN(60000))
	// carry returns a tunnel with a protocol number of its own.
	carry := func(kind tunnel.Type, proto uint8, hasID bool, id uint32, head func([]byte) []byte) wrap {
		return func(w wrapped) wrapped {
			layer := ends
			layer.Type, layer.HasID = kind, hasID
			if hasID {
				layer.ID = id
			}
			b := between(src, dst, proto, head(w.b))
			return w.in(ipOf(b), b, layer)
		}
	}
	// carryUDP returns one with a UDP port.
	carryUDP := func(kind tunnel.Type, to uint16, id uint32, head func([]byte) []byte) wrap {
		return carry(kind, protoUDP, true, id, func(inside []byte) []byte { return udpPorts(port, to, head(inside)) })
	}
	below := func(etherType uint16, kind tunnel.Type, id uint32, head func([]byte) []byte) wrap {
		return func(w wrapped) wrapped {
			return w.in(etherType, head(w.b), tunnel.Header{Type: kind, HasID: true, ID: id})
		}
	}
	label, flags := id&0xfffff, byte(rng.IntN(8))<<4&0xb0
	if isIP {
		switch rng.IntN(9) {
		case 0:
			return below(etherMPLS, tunnel.MPLS, label, func(b []byte) []byte { return mplsLabel(label, b) })
		case 1:
			return below(etherPPPoE, tunnel.PPPoE, id&0xffff, func(b []byte) []byte { return pppoe(uint16(id), pppOf(b), b) })
		case 2:
			return carry(tunnel.GRE, protoGRE, flags&0x20 != 0, id, func(b []byte) []byte { return gre(flags, etherType, id, b) })
		case 3:
			return carry(tunnel.GRE, protoGRE, true, id&0xffff, func(b []byte) []byte { return pptp(uint16(id), b) })
		case 4:
			if etherType == etherIPv4 {
				return carry(tunnel.IPIP, protoIPv4, false, 0, slices.Clone[[]byte])
			}
			if v6 {
				return carry(tunnel.IPIP, protoIPv6, false, 0, slices.Clone[[]byte])
			}
			return carry(tunnel.SixIn4, protoIPv6, false, 0, slices.Clone[[]byte])
		case 5:
			return carryUDP(tunnel.L2TP, tunnel.PortL2TP, id, func(b []byte) []byte { return l2tp(id, b) })
		case 6:
			return carryUDP(tunnel.GTPU, tunnel.PortGTPU, id, func(b []byte) []byte { return gtpu(id, b) })
		case 7:
			return carryUDP(tunnel.Geneve, tunnel.PortGeneve, id>>8, func(b []byte) []byte { return geneve(id>>8, etherType, b) })
		}
		return carry(tunnel.MPLS, protoMPLS, true, label, func(b []byte) []byte { return mplsLabel(label, b) })
	}
	switch rng.IntN(8) {
	case 0:
		return below(etherMPLS, tunnel.MPLS, label, func(b []byte) []byte { return mplsLabel(label, b) })
	case 1:
		return below(etherMPLSMulti, tunnel.MPLS, label, func(b []byte) []byte { return mplsLabel(label, controlWord(b)) })
	case 2:
		return carry(tunnel.GRE, protoGRE, flags&0x20 != 0, id, func(b []byte) []byte { return gre(flags, tunnel.EtherBridged, id, b) })
	case 3:
		return carry(tunnel.ERSPAN, protoGRE, false, 0, func(b []byte) []byte { return gre(0, 0x88be, 0, b) })
	case 4:
		return carry(tunnel.ERSPAN, protoGRE, true, id&0x3ff, func(b []byte) []byte { return erspan2(uint16(id&0x3ff), b) })
	case 5:
		return carry(tunnel.ERSPAN, protoGRE, true, id&0x3ff, func(b []byte) []byte { return erspan3(uint16(id&0x3ff), b) })
	case 6:
		to := uint16(tunnel.PortVXLAN)
		if id&1 != 0 {
			to = tunnel.PortVXLANLinux
		}
		return carryUDP(tunnel.VXLAN, to, id>>8, func(b []byte) []byte { return vxlan(id>>8, b) })
	}
	return carryUDP(tunnel.Geneve, tunnel.PortGeneve, id>>8, func(b []byte) []byte { return geneve(id>>8, tunnel.EtherBridged, b) })
}

// randomEthernet draws an Ethernet header with up to two VLAN tags.
func randomEthernet(rng *rand.Rand) wrap {
	vlans := make([]uint16, rng.IntN(3))
	for i := range vlans {
		vlans[i] = uint16(1 + rng.IntN(4094))
	}
	return func(w wrapped) wrapped {
		b, etherType := w.b, w.etherType
		for _, id := range slices.Backward(vlans) {
			b, etherType = append(tag(id, etherType), b...), etherVLAN
		}
		return wrapped{tunnel.EtherBridged, append(ether(etherType), b...), w.layers, append(slices.Clone(vlans), w.vlans...)}
	}
}

// randomWay draws a way through n tunnels, that ends on Ethernet.
func randomWay(rng *rand.Rand, inside []byte, n int) []wrap {
	var way []wrap
	w := wrapped{etherType: ipOf(inside), b: inside}
	for len(w.layers) < n {
		way = append(way, randomWrap(rng, w.etherType))
		w = way[len(way)-1](w)
	}
	if w.etherType != tunnel.EtherBridged {
		way = append(way, randomEthernet(rng))
	}
	return way
}

// through sends an IP packet on its way.
func through(ip []byte, way []wrap) wrapped {
	w := wrapped{etherType: ipOf(ip), b: ip}
	for _, step := range way {
		w = step(w)
	}
	return w
}

// packet is w as it was captured, whole.
func (w wrapped) packet() *capture.Packet { return packetOf(capture.LinkEthernet, w.b) }
