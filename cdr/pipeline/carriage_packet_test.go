package pipeline_test

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"calltrail/capture"
)

// The carriage tests take packets apart and put them together with code of their own, which shares nothing with decode: a
// misreading of a header cannot cancel itself out. They know Ethernet, 802.1Q, IPv4 without options and IPv6 without extension
// headers, which is all that the captures they begin with have; a packet of another kind stays as it is.

// ipPacket is an IP packet of a capture.
type ipPacket struct {
	link   []byte // all before it
	v6     bool
	header []byte // of IP
	proto  byte
	data   []byte // above IP
	// fragment: it is one, or has other extension headers.
	fragment bool
}

// openIP reads a packet; false when it is not for these tests: no IP, or cut by the snap length.
func openIP(p *capture.Packet) (ip ipPacket, ok bool) {
	b := p.Data
	if p.Link != capture.LinkEthernet || len(b) < 14 || len(b) != p.Length {
		return ip, false
	}
	at := 14
	for len(b) >= at+4 && binary.BigEndian.Uint16(b[at-2:]) == 0x8100 {
		at += 4
	}
	ip.link = b[:at]
	switch binary.BigEndian.Uint16(b[at-2:]) {
	case 0x0800:
		total := int(binary.BigEndian.Uint16(b[at+2:]))
		if b[at] != 0x45 || at+total > len(b) {
			return ip, false
		}
		ip.fragment = b[at+6]&0x3f != 0 || b[at+7] != 0
		ip.header, ip.proto, ip.data = b[at:at+20], b[at+9], b[at+20:at+total]
	case 0x86dd:
		total := 40 + int(binary.BigEndian.Uint16(b[at+4:]))
		next := b[at+6]
		if at+total > len(b) {
			return ip, false
		}
		ip.fragment = slices.Contains([]byte{0, 43, 44, 60}, next)
		ip.v6, ip.header, ip.proto, ip.data = true, b[at:at+40], next, b[at+40:at+total]
	default:
		return ip, false
	}
	return ip, true
}

// ends are the addresses.
func (ip *ipPacket) ends() (src, dst netip.Addr) {
	if ip.v6 {
		return netip.AddrFrom16([16]byte(ip.header[8:])), netip.AddrFrom16([16]byte(ip.header[24:]))
	}
	return netip.AddrFrom4([4]byte(ip.header[12:])), netip.AddrFrom4([4]byte(ip.header[16:]))
}

// with is the packet of old with something else above IP; extension is a header that IPv6 names proto, and goes before data.
// Identification, offset and flags are those of frag in IPv4.
func (ip *ipPacket) with(old *capture.Packet, proto byte, id, frag uint16, data ...[]byte) capture.Packet {
	above := slices.Concat(data...)
	b := slices.Concat(ip.link, ip.header, above)
	h := b[len(ip.link):]
	if ip.v6 {
		binary.BigEndian.PutUint16(h[4:], uint16(len(above)))
		h[6] = proto
	} else {
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(above)))
		binary.BigEndian.PutUint16(h[4:], id)
		binary.BigEndian.PutUint16(h[6:], frag)
		h[9] = proto
		h[10], h[11] = 0, 0
		binary.BigEndian.PutUint16(h[10:], onesComplement(h[:20]))
	}
	return remade(old, b)
}

// remade is a packet of the same time and tap.
func remade(old *capture.Packet, b []byte) capture.Packet {
	p := *old
	p.Data, p.Length = b, len(b)
	return p
}

// onesComplement is the Internet checksum (RFC 1071) of an even number of octets.
func onesComplement(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// newIP is an IP packet around data, without a link.
func newIP(src, dst netip.Addr, proto byte, id uint16, data []byte) []byte {
	if src.Is6() {
		b := []byte{0x60, 0, 0, 0, 0, 0, proto, 64}
		binary.BigEndian.PutUint16(b[4:], uint16(len(data)))
		return slices.Concat(b, src.AsSlice(), dst.AsSlice(), data)
	}
	b := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0}
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(data)))
	binary.BigEndian.PutUint16(b[4:], id)
	b = slices.Concat(b, src.AsSlice(), dst.AsSlice())
	binary.BigEndian.PutUint16(b[10:], onesComplement(b))
	return append(b, data...)
}

// newUDP is a datagram without checksum, which 0 stands for (RFC 768; in tunnels over IPv6 too, RFC 6935).
func newUDP(src, dst uint16, data []byte) []byte {
	var h [8]byte
	binary.BigEndian.PutUint16(h[0:], src)
	binary.BigEndian.PutUint16(h[2:], dst)
	binary.BigEndian.PutUint16(h[4:], uint16(8+len(data)))
	return append(h[:], data...)
}

// newEthernet is a frame around an IP packet, or around what etherType says.
func newEthernet(etherType uint16, data []byte) []byte {
	b := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
	return append(binary.BigEndian.AppendUint16(b, etherType), data...)
}
