package main

import (
	"encoding/binary"
	"net/netip"
)

// EtherTypes, by IANA's "IEEE 802 Numbers".
const (
	etherIPv4    = 0x0800
	etherBridged = 0x6558 // an Ethernet frame, in GRE and Geneve
	etherVLAN    = 0x8100
	etherIPv6    = 0x86dd
	etherMPLS    = 0x8847
	etherPPPoE   = 0x8864
	etherQinQ    = 0x88a8
)

// Protocols above IP, by IANA's "Protocol Numbers".
const (
	protocolICMP   = 1
	protocolIPv4   = 4
	protocolUDP    = 17
	protocolIPv6   = 41
	protocolGRE    = 47
	protocolICMPv6 = 58
	protocolSCTP   = 132
)

// Lengths of headers in octets.
const (
	ethernetLen = 14
	ipv4Len     = 20 // without options
	ipv6Len     = 40
	udpLen      = 8
)

// ipPacket returns an IPv4 (RFC 791 section 3.1) or IPv6 packet (RFC 8200 section 3). id is IPv4's identification;
// whole forbids fragments.
func ipPacket(src, dst netip.Addr, protocol byte, id uint16, whole bool, payload []byte) []byte {
	if src.Is6() {
		b := []byte{0x60, 0, 0, 0}
		b = binary.BigEndian.AppendUint16(b, low16(len(payload)))
		b = append(b, protocol, 64)
		b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
		return append(b, payload...)
	}
	b := []byte{0x45, 0}
	b = binary.BigEndian.AppendUint16(b, low16(ipv4Len+len(payload)))
	b = binary.BigEndian.AppendUint16(b, id)
	flags := byte(0)
	if whole {
		flags = 0x40
	}
	b = append(b, flags, 0, 64, protocol, 0, 0)
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	binary.BigEndian.PutUint16(b[10:], checksum(b))
	return append(b, payload...)
}

// udpDatagram returns a UDP datagram (RFC 768) between two addresses.
func udpDatagram(src, dst netip.Addr, from, to uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, from)
	b = binary.BigEndian.AppendUint16(b, to)
	b = binary.BigEndian.AppendUint16(b, low16(udpLen+len(payload)))
	b = append(append(b, 0, 0), payload...)
	check := checksum(pseudo(src, dst, protocolUDP, len(b)), b)
	if check == 0 {
		check = 0xffff // 0 means no checksum
	}
	binary.BigEndian.PutUint16(b[6:], check)
	return b
}

// pseudo is the header that checksums above IP cover beside their own (RFC 768, RFC 8200 section 8.1); the sums are the
// same whatever the width of its fields.
func pseudo(src, dst netip.Addr, protocol byte, n int) []byte {
	b := append(src.AsSlice(), dst.AsSlice()...)
	b = binary.BigEndian.AppendUint32(b, low32(int64(n)))
	return append(b, 0, 0, 0, protocol)
}

// checksum is that of RFC 1071 over parts, each but the last of even length.
func checksum(parts ...[]byte) uint16 {
	var sum uint32
	for _, b := range parts {
		for ; len(b) >= 2; b = b[2:] {
			sum += uint32(binary.BigEndian.Uint16(b))
		}
		if len(b) == 1 {
			sum += uint32(b[0]) << 8
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum & 0xffff)
}

// fragments splits an IPv4 packet for a link of mtu octets (RFC 791 section 3.2).
func fragments(ip []byte, mtu int) (list [][]byte) {
	if len(ip) <= mtu {
		return [][]byte{ip}
	}
	payload := ip[ipv4Len:]
	room := (mtu - ipv4Len) &^ 7
	for offset := 0; offset < len(payload); offset += room {
		part := payload[offset:min(offset+room, len(payload))]
		b := append([]byte(nil), ip[:ipv4Len]...)
		binary.BigEndian.PutUint16(b[2:], low16(ipv4Len+len(part)))
		field := low16(offset / 8)
		if offset+len(part) < len(payload) {
			field |= 0x2000 // more fragments
		}
		binary.BigEndian.PutUint16(b[6:], field)
		binary.BigEndian.PutUint16(b[10:], 0)
		binary.BigEndian.PutUint16(b[10:], checksum(b))
		list = append(list, append(b, part...))
	}
	return list
}
