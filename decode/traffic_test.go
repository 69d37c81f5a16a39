package decode

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"calltrail/capture"
)

// traffic is a mix of packets as a tap at a provider's edge sees them, the same each time.
type traffic struct {
	packets []capture.Packet
	pcap    []byte // the same in a capture file, whose bytes the packets point into
}

// Mixes of traffic, by the first kind of anyPacket that is in them.
const (
	everything = 0  // a provider's edge
	callsOnly  = 62 // a tap beside the voice network
)

// newTraffic makes n packets on Ethernet. Of 100 at the edge, 40 are TCP, 22 UDP that is no VoIP, 30 RTP, 1 RTCP, 3
// SIP, and 4 ICMP, fragments or ARP; one in four is in a VLAN, one in four is IPv6. What is no VoIP has the sizes of the usual
// "simple IMIX": 7 packets of 40 octets, 4 of 576, 1 of 1500. Addresses, kinds and sizes are drawn, so that neither
// branch prediction nor the cache knows the next.
func newTraffic(n, mix int) traffic {
	rng := rand.New(rand.NewPCG(5060, 1))
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d) // pcap, nanoseconds
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)      // version 2.4, reserved
	b = binary.LittleEndian.AppendUint32(b, 262144)        // snap length
	b = binary.LittleEndian.AppendUint32(b, 1)             // LINKTYPE_ETHERNET
	filler := bytes.Repeat([]byte{0xd5}, 1400)

	type extent struct{ from, to int }
	extents := make([]extent, n)
	for i := range n {
		frame := onVLAN(rng, anyPacket(rng, mix, filler))
		for len(frame) < 60 { // the minimum of Ethernet
			frame = append(frame, 0)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(1_700_000_000+i/50_000))
		b = binary.LittleEndian.AppendUint32(b, uint32(i%50_000*20_000))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))
		extents[i] = extent{len(b), len(b) + len(frame)}
		b = append(b, frame...)
	}
	t := traffic{make([]capture.Packet, n), b}
	for i, e := range extents {
		t.packets[i] = capture.Packet{Data: b[e.from:e.to:e.to], Length: e.to - e.from, Link: capture.LinkEthernet}
	}
	return t
}

// anyPacket makes one IP packet of the mix, or none where ARP is to stand.
func anyPacket(rng *rand.Rand, mix int, filler []byte) []byte {
	high := func() uint16 { return uint16(1024 + rng.IntN(60000)) }
	size := [12]int{7: 536, 536, 536, 536, 1400}[rng.IntN(12)]
	switch kind := mix + rng.IntN(100-mix); {
	case kind < 40:
		return onIP(rng, protoTCP, append([]byte{0x01, 0xbb, 0xc0, 0x00, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0}, filler[:size]...))
	case kind < 52: // QUIC, short header
		return onIP(rng, protoUDP, udpPorts(443, high(), append([]byte{byte(0x40 | rng.IntN(64))}, filler[:size]...)))
	case kind < 57:
		return onIP(rng, protoUDP, udpPorts(high(), 53, dnsQuery))
	case kind < 62: // a game or a VPN: anything that is not for us
		return onIP(rng, protoUDP, udpPorts(high(), high(), append([]byte{byte(1 + rng.IntN(100))}, filler[:size]...)))
	case kind < 92:
		b := bytes.Clone(voice)
		binary.BigEndian.PutUint16(b[2:], uint16(rng.Uint32()))
		binary.BigEndian.PutUint32(b[8:], rng.Uint32())
		return onIP(rng, protoUDP, udpPorts(high()&^1, high()&^1, b))
	case kind < 93:
		return onIP(rng, protoUDP, udpPorts(high()|1, high()|1, receiverReport))
	case kind < 95:
		return onIP(rng, protoUDP, udpPorts(5060, 5060, invite))
	case kind < 96:
		return onIP(rng, protoUDP, udpPorts(5060, 5060, ringing))
	case kind < 98:
		return onIP(rng, protoICMP, make([]byte, 64))
	case kind < 99:
		return with(ipv4(protoUDP, nil, filler[:max(size&^7, 8)]), 6, 0x20, 0)
	}
	return nil
}

// onIP puts a packet on IPv4, or one in four on IPv6, between two hosts.
func onIP(rng *rand.Rand, proto uint8, body []byte) []byte {
	if rng.IntN(4) == 0 {
		return with(with(ipv6(proto, body), 20, byte(rng.Uint32()), byte(rng.Uint32())), 38, byte(rng.Uint32()))
	}
	return with(ipv4(proto, nil, body), 14, byte(rng.Uint32()), byte(rng.Uint32()), 198, 51, 100, byte(rng.Uint32()))
}

// onVLAN puts a packet on Ethernet, one in four behind a VLAN tag; ARP where there is none.
func onVLAN(rng *rand.Rand, ip []byte) []byte {
	frame := append(ether(0x0806), make([]byte, 28)...)
	if ip != nil {
		frame = onEther(ip)
	}
	if rng.IntN(4) != 0 {
		return frame
	}
	etherType := binary.BigEndian.Uint16(frame[12:])
	return append(append(ether(etherVLAN), tag(uint16(1+rng.IntN(4094)), etherType)...), frame[14:]...)
}
