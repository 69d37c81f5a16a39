package gen

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

const (
	ipv4Len     = 20
	ipv6Len     = 40
	fragmentLen = 8 // the IPv6 fragment header
	udpLen      = 8
)

// etherTypeOf is the EtherType of an IP packet.
func etherTypeOf(packet []byte) uint16 {
	if packet[0]>>4 == 6 {
		return etherTypeIPv6
	}
	return etherTypeIPv4
}

// packet is a copy of the IP packet in an untagged frame, without padding.
func (f *frame) packet(b []byte, src netip.Addr) []byte {
	b = b[14:]
	n := int(binary.BigEndian.Uint16(b[2:]))
	if src.Is6() {
		n = ipv6Len + int(binary.BigEndian.Uint16(b[4:]))
	}
	return slices.Clone(b[:n])
}

// framed is a copy of a frame around an IP packet between routers.
func (f *frame) framed(vlan uint16, packet []byte) []byte {
	f.ethernet([6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}, vlan, etherTypeOf(packet))
	f.b = append(f.b, packet...)
	return slices.Clone(f.finish())
}

// outer is an IP packet of a tunnel: UDP without checksum (RFC 6935 allows that over IPv6 too), or GRE. Routers may cut it.
func (f *frame) outer(src, dst netip.Addr, protocol byte, srcPort, dstPort uint16, payload []byte) []byte {
	n := len(payload)
	if protocol == protocolUDP {
		n += udpLen
	}
	f.b = f.b[:0]
	f.ip(src, dst, protocol, n)
	if protocol == protocolUDP {
		f.b = binary.BigEndian.AppendUint16(f.b, srcPort)
		f.b = binary.BigEndian.AppendUint16(f.b, dstPort)
		f.b = binary.BigEndian.AppendUint16(f.b, low16(n))
		f.b = append(f.b, 0, 0)
	}
	return slices.Clone(append(f.b, payload...))
}

// fragments cuts an IP packet so that no part is longer than mtu; 0 leaves it whole.
func (f *frame) fragments(packet []byte, mtu int) [][]byte {
	if mtu == 0 || len(packet) <= mtu {
		return [][]byte{packet}
	}
	if packet[0]>>4 == 6 {
		return f.fragments6(packet, mtu)
	}
	return fragments4(packet, mtu)
}

// fragments4 cuts an IPv4 packet (RFC 791 section 3.2).
func fragments4(packet []byte, mtu int) (list [][]byte) {
	data, most := packet[ipv4Len:], (mtu-ipv4Len)/8*8
	for at := 0; at < len(data); at += most {
		piece := data[at:min(at+most, len(data))]
		b := slices.Concat(packet[:ipv4Len], piece)
		field := low16(at / 8)
		if at+most < len(data) {
			field |= 0x2000 // more fragments; and it was not forbidden
		}
		binary.BigEndian.PutUint16(b[2:], low16(len(b)))
		binary.BigEndian.PutUint16(b[6:], field)
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], fold(sum(0, b[:ipv4Len])))
		list = append(list, b)
	}
	return list
}

// fragments6 cuts an IPv6 packet (RFC 8200 section 4.5).
func (f *frame) fragments6(packet []byte, mtu int) (list [][]byte) {
	f.fragmented++
	data, most := packet[ipv6Len:], (mtu-ipv6Len-fragmentLen)/8*8
	for at := 0; at < len(data); at += most {
		piece := data[at:min(at+most, len(data))]
		b := slices.Clone(packet[:ipv6Len])
		binary.BigEndian.PutUint16(b[4:], low16(fragmentLen+len(piece)))
		b[6] = protocolFragment
		field := low16(at)
		if at+most < len(data) {
			field |= 1
		}
		b = append(b, packet[6], 0)
		b = binary.BigEndian.AppendUint16(b, field)
		b = binary.BigEndian.AppendUint32(b, f.fragmented)
		list = append(list, append(b, piece...))
	}
	return list
}
