package gen

import (
	"encoding/binary"
	"net/netip"
)

const (
	etherTypeIPv4 = 0x0800
	etherTypeARP  = 0x0806
	etherTypeVLAN = 0x8100 // IEEE 802.1Q
	etherTypeIPv6 = 0x86dd

	etherTypeBridged = 0x6558 // Ethernet in GRE (RFC 1701)

	protocolTCP      = 6
	protocolUDP      = 17
	protocolFragment = 44 // the IPv6 extension header
	protocolGRE      = 47

	minFrame = 60 // without the frame check sequence
)

// frame builds one Ethernet frame after the other in the same memory.
type frame struct {
	b          []byte
	id         uint16   // IPv4 identification of the last packet
	fragmented uint32   // identification of the last IPv6 packet that was cut
	list       [][]byte // of carriage.frames
}

// mac is a locally administered address that belongs to an IP address.
func mac(ip netip.Addr) [6]byte {
	raw := ip.As16()
	return [6]byte{0x02, 0x00, raw[12], raw[13], raw[14], raw[15]}
}

// ethernet starts a frame; vlan 0 is untagged.
func (f *frame) ethernet(src, dst [6]byte, vlan, etherType uint16) {
	f.b = append(append(f.b[:0], dst[:]...), src[:]...)
	if vlan != 0 {
		f.b = binary.BigEndian.AppendUint16(f.b, etherTypeVLAN)
		f.b = binary.BigEndian.AppendUint16(f.b, vlan)
	}
	f.b = binary.BigEndian.AppendUint16(f.b, etherType)
}

// finish pads a frame to the least length on the wire.
func (f *frame) finish() []byte {
	for len(f.b) < minFrame {
		f.b = append(f.b, 0)
	}
	return f.b
}

// ip appends an IPv4 (RFC 791) or IPv6 header (RFC 8200) for a payload of n octets.
func (f *frame) ip(src, dst netip.Addr, protocol byte, n int) {
	if src.Is6() {
		f.b = append(f.b, 0x60, 0, 0, 0)
		f.b = binary.BigEndian.AppendUint16(f.b, low16(n))
		f.b = append(f.b, protocol, 64)
		s, d := src.As16(), dst.As16()
		f.b = append(append(f.b, s[:]...), d[:]...)
		return
	}
	f.id++
	start := len(f.b)
	f.b = append(f.b, 0x45, 0)
	f.b = binary.BigEndian.AppendUint16(f.b, low16(20+n))
	f.b = binary.BigEndian.AppendUint16(f.b, f.id)
	f.b = append(f.b, 0x40, 0, 64, protocol, 0, 0) // don't fragment; checksum follows
	s, d := src.As4(), dst.As4()
	f.b = append(append(f.b, s[:]...), d[:]...)
	binary.BigEndian.PutUint16(f.b[start+10:], fold(sum(0, f.b[start:])))
}

// udp is the frame of a datagram (RFC 768).
func (f *frame) udp(src, dst netip.AddrPort, vlan uint16, payload []byte) []byte {
	f.start(src.Addr(), dst.Addr(), vlan, protocolUDP, 8+len(payload))
	start := len(f.b)
	f.b = binary.BigEndian.AppendUint16(f.b, src.Port())
	f.b = binary.BigEndian.AppendUint16(f.b, dst.Port())
	f.b = binary.BigEndian.AppendUint16(f.b, low16(8+len(payload)))
	f.b = append(append(f.b, 0, 0), payload...)
	check := transportSum(src.Addr(), dst.Addr(), protocolUDP, f.b[start:])
	if check == 0 {
		check = 0xffff // 0 means no checksum
	}
	binary.BigEndian.PutUint16(f.b[start+6:], check)
	return f.finish()
}

// tcp is the frame of a segment (RFC 9293) without options.
func (f *frame) tcp(src, dst netip.AddrPort, vlan uint16, seq, ack uint32, flags byte, payload []byte) []byte {
	f.start(src.Addr(), dst.Addr(), vlan, protocolTCP, 20+len(payload))
	start := len(f.b)
	f.b = binary.BigEndian.AppendUint16(f.b, src.Port())
	f.b = binary.BigEndian.AppendUint16(f.b, dst.Port())
	f.b = binary.BigEndian.AppendUint32(f.b, seq)
	f.b = binary.BigEndian.AppendUint32(f.b, ack)
	f.b = append(f.b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0) // window; checksum and urgent pointer follow
	f.b = append(f.b, payload...)
	binary.BigEndian.PutUint16(f.b[start+16:], transportSum(src.Addr(), dst.Addr(), protocolTCP, f.b[start:]))
	return f.finish()
}

// arp is a request for dst by src (RFC 826).
func (f *frame) arp(src, dst netip.Addr) []byte {
	hardware := mac(src)
	f.ethernet(hardware, [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0, etherTypeARP)
	f.b = append(f.b, 0, 1, 8, 0, 6, 4, 0, 1)
	s, d := src.As4(), dst.As4()
	f.b = append(append(f.b, hardware[:]...), s[:]...)
	f.b = append(append(f.b, 0, 0, 0, 0, 0, 0), d[:]...)
	return f.finish()
}

// start begins a frame with an IP packet of n octets of payload.
func (f *frame) start(src, dst netip.Addr, vlan uint16, protocol byte, n int) {
	etherType := uint16(etherTypeIPv4)
	if src.Is6() {
		etherType = etherTypeIPv6
	}
	f.ethernet(mac(src), mac(dst), vlan, etherType)
	f.ip(src, dst, protocol, n)
}

// transportSum is the checksum over pseudo header and segment, whose checksum field is still 0.
func transportSum(src, dst netip.Addr, protocol byte, segment []byte) uint16 {
	pseudo := uint64(protocol) + uint64(len(segment))
	pseudo = sum(sum(pseudo, src.AsSlice()), dst.AsSlice())
	return fold(sum(pseudo, segment))
}

// sum adds 16-bit words (RFC 1071); a last odd octet is the upper half of a word.
func sum(s uint64, b []byte) uint64 {
	for len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}
