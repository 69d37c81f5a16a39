package decode

import (
	"encoding/binary"
	"slices"

	"calltrail/capture"
)

// The layers that test packets are put together from. The innermost datagram is always udp4(payload) or the like:
// 192.0.2.1:5060 to 198.51.100.2:5062, or 2001:db8::1 to 2001:db8::2.

var hello = []byte("hello") // a payload of 5 octets

// ether is an Ethernet header.
func ether(etherType uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{
		0x02, 0x00, 0x00, 0x00, 0x00, 0x02, // destination, locally administered
		0x02, 0x00, 0x00, 0x00, 0x00, 0x01, // source
	}, etherType)
}

// tag is what follows the EtherType of a VLAN tag.
func tag(tci, etherType uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, tci), etherType)
}

// sll is a Linux cooked v1 header.
func sll(protocol uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{
		0x00, 0x00, // packet type: to us
		0x00, 0x01, // ARPHRD_ETHER
		0x00, 0x06, // address length
		0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, // address, padded
	}, protocol)
}

// sll2 is a Linux cooked v2 header.
func sll2(protocol uint16) []byte {
	return append(binary.BigEndian.AppendUint16(nil, protocol),
		0x00, 0x00, // reserved
		0x00, 0x00, 0x00, 0x03, // interface index
		0x00, 0x01, // ARPHRD_ETHER
		0x04,                                           // packet type: from us
		0x06,                                           // address length
		0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, // address, padded
	)
}

// ipv4 puts an IPv4 header with the given octets of options before body.
func ipv4(proto uint8, options, body []byte) []byte {
	total := 20 + len(options) + len(body)
	return slices.Concat([]byte{
		byte(0x45 + len(options)/4),   // version 4, IHL
		0xb8,                          // type of service: expedited forwarding
		byte(total >> 8), byte(total), // total length
		0x12, 0x34, 0x40, 0x00, // identification, DF, fragment offset 0
		0x40, proto, // time to live, protocol
		0x00, 0x00, // header checksum: not looked at
		192, 0, 2, 1, // source
		198, 51, 100, 2, // destination
	}, options, body)
}

// ipv6 puts an IPv6 header before body, which starts with the header that next names.
func ipv6(next uint8, body []byte) []byte {
	return slices.Concat([]byte{
		0x6b, 0x80, 0x00, 0x00, // version 6, traffic class, flow label
		byte(len(body) >> 8), byte(len(body)), // payload length
		next, 0x40, // next header, hop limit
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, // source
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, // destination
	}, body)
}

// udp puts a UDP header before payload.
func udp(payload []byte) []byte { return udpPorts(5060, 5062, payload) }

func udpPorts(src, dst uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = append(b, 0xba, 0xad) // checksum, wrong: not looked at
	return append(b, payload...)
}

func udp4(payload []byte) []byte { return ipv4(protoUDP, nil, udp(payload)) }

func udp6(payload []byte) []byte { return ipv6(protoUDP, udp(payload)) }

// onEther puts an IPv4 or IPv6 packet on Ethernet.
func onEther(ip []byte) []byte {
	if ip[0]>>4 == 6 {
		return append(ether(etherIPv6), ip...)
	}
	return append(ether(etherIPv4), ip...)
}

// with returns a copy of b with the octets from offset on replaced.
func with(b []byte, offset int, octets ...byte) []byte {
	b = slices.Clone(b)
	copy(b[offset:], octets)
	return b
}

// packetOf returns b as a packet that was captured whole.
func packetOf(link capture.LinkType, b []byte) *capture.Packet {
	return &capture.Packet{Link: link, Data: b, Length: len(b)}
}
