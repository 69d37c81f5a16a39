package decode

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"calltrail/capture"
)

var (
	src4 = EndpointOf(netip.MustParseAddrPort("192.0.2.1:5060"))
	dst4 = EndpointOf(netip.MustParseAddrPort("198.51.100.2:5062"))
	src6 = EndpointOf(netip.MustParseAddrPort("[2001:db8::1]:5060"))
	dst6 = EndpointOf(netip.MustParseAddrPort("[2001:db8::2]:5062"))
)

func TestWalkFindsTheDatagram(t *testing.T) {
	hopByHop := []byte{protoUDP, 0, 1, 4, 0, 0, 0, 0}              // next header, length 0: 8 octets, PadN
	destOpts := []byte{protoUDP, 1, 1, 12, 14: 0, 15: 0}           // length 1: 16 octets, PadN
	routing := []byte{protoUDP, 0, 4, 0, 0, 0, 0, 0}               // type 4, segments left 0
	ah := []byte{protoUDP, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 23: 0} // length 4: (4+2)*4 = 24 octets
	atomic := []byte{protoUDP, 0, 0, 0x06, 0, 0, 0, 1}             // offset 0, reserved bits set, M 0
	nop := []byte{1, 1, 1, 0}                                      // IPv4 options: NOP, NOP, NOP, end

	tests := []struct {
		name string
		link capture.LinkType
		b    []byte
		vlan [2]uint16
		n    uint8
	}{
		{"Ethernet, IPv4", capture.LinkEthernet, onEther(udp4(hello)), [2]uint16{}, 0},
		{"Ethernet, IPv6", capture.LinkEthernet, onEther(udp6(hello)), [2]uint16{}, 0},
		{"Ethernet padding", capture.LinkEthernet, append(onEther(udp4(hello)), make([]byte, 13)...), [2]uint16{}, 0},
		{"IPv6 and padding", capture.LinkEthernet, append(onEther(udp6(hello)), 0, 0, 0, 0), [2]uint16{}, 0},
		{"VLAN", capture.LinkEthernet, slices.Concat(ether(0x8100), tag(0xa064, 0x0800), udp4(hello)), [2]uint16{100}, 1},
		{"VLAN, IPv6", capture.LinkEthernet, slices.Concat(ether(0x8100), tag(0x0fff, 0x86dd), udp6(hello)), [2]uint16{4095}, 1},
		{"QinQ", capture.LinkEthernet, slices.Concat(ether(0x88a8), tag(7, 0x8100), tag(8, 0x0800), udp4(hello)), [2]uint16{7, 8}, 2},
		{"old QinQ", capture.LinkEthernet, slices.Concat(ether(0x9100), tag(7, 0x8100), tag(8, 0x0800), udp4(hello)), [2]uint16{7, 8}, 2},
		{"three tags", capture.LinkEthernet, slices.Concat(ether(0x8100), tag(7, 0x8100), tag(8, 0x8100), tag(9, 0x0800), udp4(hello)), [2]uint16{7, 8}, 3},
		{"priority tag", capture.LinkEthernet, slices.Concat(ether(0x8100), tag(0xe000, 0x0800), udp4(hello)), [2]uint16{}, 0},
		{"priority tag, then VLAN", capture.LinkEthernet, slices.Concat(ether(0x8100), tag(0xe000, 0x8100), tag(8, 0x0800), udp4(hello)), [2]uint16{8}, 1},
		{"eight tags", capture.LinkEthernet, slices.Concat(ether(0x8100), bytes.Repeat(tag(5, 0x8100), 7), tag(5, 0x0800), udp4(hello)), [2]uint16{5, 5}, 8},
		{"cooked v1, IPv4", capture.LinkLinuxSLL, append(sll(0x0800), udp4(hello)...), [2]uint16{}, 0},
		{"cooked v1, IPv6", capture.LinkLinuxSLL, append(sll(0x86dd), udp6(hello)...), [2]uint16{}, 0},
		{"cooked v1, VLAN", capture.LinkLinuxSLL, slices.Concat(sll(0x8100), tag(6, 0x0800), udp4(hello)), [2]uint16{6}, 1},
		{"cooked v2, IPv4", capture.LinkLinuxSLL2, append(sll2(0x0800), udp4(hello)...), [2]uint16{}, 0},
		{"cooked v2, IPv6", capture.LinkLinuxSLL2, append(sll2(0x86dd), udp6(hello)...), [2]uint16{}, 0},
		{"cooked v2, VLAN", capture.LinkLinuxSLL2, slices.Concat(sll2(0x88a8), tag(6, 0x86dd), udp6(hello)), [2]uint16{6}, 1},
		{"raw IPv4", capture.LinkRaw, udp4(hello), [2]uint16{}, 0},
		{"raw IPv6", capture.LinkRaw, udp6(hello), [2]uint16{}, 0},
		{"link type IPv4", capture.LinkIPv4, udp4(hello), [2]uint16{}, 0},
		{"link type IPv6", capture.LinkIPv6, udp6(hello), [2]uint16{}, 0},
		{"null, little-endian, AF_INET", capture.LinkNull, append([]byte{2, 0, 0, 0}, udp4(hello)...), [2]uint16{}, 0},
		{"null, big-endian, AF_INET", capture.LinkNull, append([]byte{0, 0, 0, 2}, udp4(hello)...), [2]uint16{}, 0},
		{"null, Linux AF_INET6", capture.LinkNull, append([]byte{10, 0, 0, 0}, udp6(hello)...), [2]uint16{}, 0},
		{"null, NetBSD AF_INET6", capture.LinkNull, append([]byte{24, 0, 0, 0}, udp6(hello)...), [2]uint16{}, 0},
		{"null, FreeBSD AF_INET6", capture.LinkNull, append([]byte{28, 0, 0, 0}, udp6(hello)...), [2]uint16{}, 0},
		{"null, Darwin AF_INET6", capture.LinkNull, append([]byte{0, 0, 0, 30}, udp6(hello)...), [2]uint16{}, 0},
		{"loop, AF_INET", capture.LinkLoop, append([]byte{0, 0, 0, 2}, udp4(hello)...), [2]uint16{}, 0},
		{"loop, AF_INET6", capture.LinkLoop, append([]byte{0, 0, 0, 24}, udp6(hello)...), [2]uint16{}, 0},
		{"IPv4 options", capture.LinkRaw, ipv4(protoUDP, nop, udp(hello)), [2]uint16{}, 0},
		{"IPv4, 40 octets of options", capture.LinkRaw, ipv4(protoUDP, make([]byte, 40), udp(hello)), [2]uint16{}, 0},
		{"octets after UDP", capture.LinkRaw, ipv4(protoUDP, nil, append(udp(hello), 0xff, 0xff)), [2]uint16{}, 0},
		{"hop-by-hop", capture.LinkRaw, ipv6(protoHopByHop, append(hopByHop, udp(hello)...)), [2]uint16{}, 0},
		{"destination options", capture.LinkRaw, ipv6(protoDestOpts, append(destOpts, udp(hello)...)), [2]uint16{}, 0},
		{"routing", capture.LinkRaw, ipv6(protoRouting, append(routing, udp(hello)...)), [2]uint16{}, 0},
		{"AH", capture.LinkRaw, ipv6(protoAH, append(ah, udp(hello)...)), [2]uint16{}, 0},
		{"atomic fragment", capture.LinkRaw, ipv6(protoFragment, append(atomic, udp(hello)...)), [2]uint16{}, 0},
		{"hop-by-hop, routing, atomic fragment", capture.LinkRaw, ipv6(protoHopByHop, slices.Concat(
			with(hopByHop, 0, protoRouting), with(routing, 0, protoFragment), atomic, udp(hello))), [2]uint16{}, 0},
		{"eight extension headers", capture.LinkRaw, ipv6(protoDestOpts, slices.Concat(
			bytes.Repeat(with(hopByHop, 0, protoDestOpts), 7), hopByHop, udp(hello))), [2]uint16{}, 0},
	}
	// Never cleared between the packets: nothing of one may show in the next.
	f := Frame{VLAN: [2]uint16{9, 9}, VLANs: 9, Payload: []byte("stale"), PayloadLen: 9}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, dst := src4, dst4
			if bytes.Contains(tt.b, src6.IP[:]) {
				src, dst = src6, dst6
			}
			p := packetOf(tt.link, tt.b)
			if r := Walk(p, &f); r != Datagram {
				t.Fatalf("%v", r)
			}
			if f.Src != src || f.Dst != dst || f.Proto != protoUDP {
				t.Errorf("%v > %v, protocol %d", f.Src.AddrPort(), f.Dst.AddrPort(), f.Proto)
			}
			if !bytes.Equal(f.Payload, hello) || f.PayloadLen != len(hello) {
				t.Errorf("payload %q, length %d", f.Payload, f.PayloadLen)
			}
			if f.VLAN != tt.vlan || f.VLANs != tt.n {
				t.Errorf("VLAN %v, %d of them; want %v, %d", f.VLAN, f.VLANs, tt.vlan, tt.n)
			}
			// Every packet of this table is read with the snap length just behind the UDP header, too, and not with
			// less.
			whole := p.Data
			headers := bytes.Index(whole, hello)
			p.Data = whole[:headers]
			if r := Walk(p, &f); r != Datagram || len(f.Payload) != 0 || f.PayloadLen != len(hello) {
				t.Errorf("cut to headers: %v, payload %d of %d", r, len(f.Payload), f.PayloadLen)
			}
			for n := range headers {
				p.Data = whole[:n:n]
				if r := Walk(p, &f); r != ShortLink && r != ShortIP && r != ShortUDP {
					t.Errorf("cut to %d octets: %v", n, r)
				}
			}
		})
	}
}

func TestWalkTurnsAway(t *testing.T) {
	tcp := []byte{0x13, 0xc4, 0x13, 0xc4} // the ports, and nothing more: not looked at
	v4, v6 := udp4(hello), udp6(hello)
	jumbo := []byte{protoUDP, 0, 0xc2, 4, 0, 1, 0, 0} // next header, 8 octets, jumbo payload of 65536
	opts := []byte{protoDestOpts, 0, 1, 4, 0, 0, 0, 0}
	tests := []struct {
		name string
		link capture.LinkType
		b    []byte
		want Reason
	}{
		{"ARP", capture.LinkEthernet, append(ether(0x0806), make([]byte, 28)...), NotIP},
		{"LLDP", capture.LinkEthernet, append(ether(0x88cc), make([]byte, 28)...), NotIP},
		{"802.3 with LLC", capture.LinkEthernet, append(ether(38), 0x42, 0x42, 0x03), NotIP},
		{"ARP in a VLAN", capture.LinkEthernet, slices.Concat(ether(0x8100), tag(1, 0x0806), make([]byte, 28)), NotIP},
		{"cooked, 802.2", capture.LinkLinuxSLL, append(sll(0x0004), 0x42, 0x42, 0x03), NotIP},
		{"null, AppleTalk", capture.LinkNull, []byte{16, 0, 0, 0, 1, 2, 3}, NotIP},
		{"loop is big-endian only", capture.LinkLoop, append([]byte{2, 0, 0, 0}, v4...), NotIP},
		{"MPLS without a bottom", capture.LinkEthernet, append(ether(0x8847), make([]byte, 80)...), Tunnel},
		{"PPPoE of version 4", capture.LinkEthernet, append(ether(0x8864), v4...), Tunnel},
		{"GRE of version 5", capture.LinkRaw, ipv4(protoGRE, nil, with(v4, 1, 5)), Tunnel},
		{"TCP", capture.LinkEthernet, onEther(ipv4(protoTCP, nil, tcp)), TCP},
		{"TCP, IPv6", capture.LinkEthernet, onEther(ipv6(protoTCP, tcp)), TCP},
		{"TCP after options", capture.LinkRaw, ipv6(protoDestOpts, append(with(opts, 0, protoTCP), tcp...)), TCP},
		{"ICMP", capture.LinkRaw, ipv4(protoICMP, nil, []byte{8, 0, 0, 0}), ICMP},
		{"ICMPv6", capture.LinkRaw, ipv6(protoICMPv6, []byte{128, 0, 0, 0}), ICMP},
		{"SCTP", capture.LinkRaw, ipv4(132, nil, tcp), SCTP},
		{"ESP, IPv6", capture.LinkRaw, ipv6(50, tcp), OtherProtocol},
		{"no next header", capture.LinkRaw, ipv6(59, nil), OtherProtocol},

		{"unknown link type", 147, v4, LinkTypeUnknown},
		{"no octets", capture.LinkEthernet, nil, ShortLink},
		{"13 octets of Ethernet", capture.LinkEthernet, ether(0x0800)[:13], ShortLink},
		{"15 octets of cooked v1", capture.LinkLinuxSLL, sll(0x0800)[:15], ShortLink},
		{"19 octets of cooked v2", capture.LinkLinuxSLL2, sll2(0x0800)[:19], ShortLink},
		{"3 octets of null", capture.LinkNull, []byte{2, 0, 0}, ShortLink},
		{"3 octets of a tag", capture.LinkEthernet, append(ether(0x8100), 0, 1, 8), ShortLink},
		{"nine tags", capture.LinkEthernet, slices.Concat(ether(0x8100), bytes.Repeat(tag(5, 0x8100), 8), tag(5, 0x0800), v4), TooManyHeaders},
		{"nothing after Ethernet", capture.LinkEthernet, ether(0x0800), ShortIP},
		{"19 octets of IPv4", capture.LinkRaw, v4[:19], ShortIP},
		{"39 octets of IPv6", capture.LinkRaw, v6[:39], ShortIP},
		{"raw, no octets", capture.LinkRaw, nil, ShortIP},
		{"raw, version 5", capture.LinkRaw, with(v4, 0, 0x55), BadIPHeader},
		{"EtherType says 4, version 6", capture.LinkEthernet, append(ether(0x0800), v6...), BadIPHeader},
		{"EtherType says 6, version 4", capture.LinkEthernet, slices.Concat(ether(0x86dd), v4, make([]byte, 40)), BadIPHeader},
		{"IHL 4", capture.LinkRaw, with(v4, 0, 0x44), BadIPHeader},
		{"IHL past the packet", capture.LinkRaw, with(v4, 0, 0x4f), BadIPLength},
		{"total length 0", capture.LinkRaw, with(v4, 2, 0, 0), BadIPLength},
		{"total length 19", capture.LinkRaw, with(v4, 2, 0, 19), BadIPLength},
		{"total length one too many", capture.LinkRaw, with(v4, 2, 0, byte(len(v4)+1)), BadIPLength},
		{"payload length one too many", capture.LinkRaw, with(v6, 4, 0, byte(len(v6)-40+1)), BadIPLength},
		{"payload length 0", capture.LinkRaw, with(v6, 4, 0, 0), ShortUDP},
		{"jumbogram", capture.LinkRaw, with(ipv6(protoHopByHop, append(jumbo, udp(hello)...)), 4, 0, 0), Jumbogram},
		{"nine extension headers", capture.LinkRaw, ipv6(protoDestOpts, slices.Concat(
			bytes.Repeat(opts, 8), with(opts, 0, protoUDP), udp(hello))), TooManyHeaders},
		{"extension header past the packet", capture.LinkRaw, ipv6(protoDestOpts, with(opts, 1, 1)), BadIPLength},
		{"extension header of 7 octets", capture.LinkRaw, ipv6(protoDestOpts, opts[:7]), BadIPLength},
		{"extension header into the padding", capture.LinkEthernet, append(onEther(ipv6(protoDestOpts, with(opts, 1, 1))), make([]byte, 20)...), BadIPLength},
		{"AH past the packet", capture.LinkRaw, ipv6(protoAH, []byte{protoUDP, 255, 0, 0, 0, 0, 0, 0}), BadIPLength},
		{"7 octets of UDP", capture.LinkRaw, ipv4(protoUDP, nil, udp(nil)[:7]), ShortUDP},
		{"7 octets of UDP, IPv6", capture.LinkRaw, ipv6(protoUDP, udp(nil)[:7]), ShortUDP},
		{"UDP header in the padding", capture.LinkEthernet, append(onEther(ipv4(protoUDP, nil, udp(nil)[:4])), make([]byte, 22)...), ShortUDP},
		{"UDP length 7", capture.LinkRaw, with(v4, 24, 0, 7), BadUDPLength},
		{"UDP length 0", capture.LinkRaw, with(v6, 44, 0, 0), BadUDPLength},
		{"UDP length one too many", capture.LinkRaw, with(v4, 24, 0, 8+5+1), BadUDPLength},
		{"UDP length into the padding", capture.LinkEthernet, append(onEther(with(v4, 24, 0, 8+5+1)), make([]byte, 13)...), BadUDPLength},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f Frame
			if r := Walk(packetOf(tt.link, tt.b), &f); r != tt.want {
				t.Errorf("got %v, want %v", r, tt.want)
			}
		})
	}
}

// A length on the wire below the captured one is not believed.
func TestWalkWithWrongLength(t *testing.T) {
	p := packetOf(capture.LinkEthernet, onEther(udp4(hello)))
	p.Length = 3
	var f Frame
	if r := Walk(p, &f); r != Datagram || !bytes.Equal(f.Payload, hello) {
		t.Errorf("%v, payload %q", r, f.Payload)
	}
}

func TestEndpoint(t *testing.T) {
	for _, text := range []string{"192.0.2.1:5060", "[2001:db8::1]:0", "0.0.0.0:65535", "[::]:1"} {
		want := netip.MustParseAddrPort(text)
		if got := EndpointOf(want).AddrPort(); got != want {
			t.Errorf("%v came back as %v", want, got)
		}
	}
	if got := EndpointOf(netip.MustParseAddrPort("[fe80::1%eth0]:5060")).AddrPort(); got.String() != "[fe80::1]:5060" {
		t.Errorf("with a zone: %v", got)
	}
	if EndpointOf(netip.MustParseAddrPort("[::ffff:192.0.2.1]:5060")) != src4 {
		t.Error("an IPv4-mapped address is another endpoint")
	}
}
