package decode

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"calltrail/capture"
	"calltrail/decode/tunnel"
)

// The ends of the tunnels in the tables below.
var (
	outer4a, outer4b = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	outer6a, outer6b = netip.MustParseAddr("2001:db8:a::1"), netip.MustParseAddr("2001:db8:a::2")
)

func over4(proto uint8, b []byte) []byte { return onEther(between(outer4a, outer4b, proto, b)) }
func over6(proto uint8, b []byte) []byte { return onEther(between(outer6a, outer6b, proto, b)) }

// toPort is a datagram between the ends of a tunnel.
func toPort(port uint16, b []byte) []byte { return over4(protoUDP, udpPorts(40000, port, b)) }

func layer(kind tunnel.Type, id uint32) tunnel.Header {
	return tunnel.Header{Type: kind, HasID: true, ID: id, Src: outer4a.As16(), Dst: outer4b.As16()}
}

func TestWalkOpensTunnels(t *testing.T) {
	v4, v6 := udp4(invite), udp6(invite)
	frame := onEther(v4)
	tagged := slices.Concat(ether(0x8100), tag(8, 0x0800), v4)
	below := func(kind tunnel.Type, id uint32) tunnel.Header { return tunnel.Header{Type: kind, HasID: true, ID: id} }
	anonymous := func(kind tunnel.Type) tunnel.Header {
		return tunnel.Header{Type: kind, Src: outer4a.As16(), Dst: outer4b.As16()}
	}
	tests := []struct {
		name   string
		b      []byte
		layers []tunnel.Header
		vlans  []uint16
	}{
		{"MPLS", append(ether(0x8847), mplsLabel(1000, v4)...), []tunnel.Header{below(tunnel.MPLS, 1000)}, nil},
		{"MPLS, IPv6", append(ether(0x8847), mplsLabel(1000, v6)...), []tunnel.Header{below(tunnel.MPLS, 1000)}, nil},
		{
			"MPLS in a VLAN, pseudowire with a VLAN", slices.Concat(ether(0x8100), tag(7, 0x8847), mplsLabel(1000, controlWord(tagged))),
			[]tunnel.Header{below(tunnel.MPLS, 1000)},
			[]uint16{7, 8},
		},
		{"pseudowire without control word", append(ether(0x8847), mplsLabel(1000, frame)...), []tunnel.Header{below(tunnel.MPLS, 1000)}, nil},
		{"PPPoE", append(ether(0x8864), pppoe(5, []byte{0x00, 0x21}, v4)...), []tunnel.Header{below(tunnel.PPPoE, 5)}, nil},
		{"PPPoE, IPv6, padding", slices.Concat(ether(0x8864), pppoe(5, []byte{0x00, 0x57}, v6), make([]byte, 8)), []tunnel.Header{below(tunnel.PPPoE, 5)}, nil},
		{"PPPoE, compressed protocol", append(ether(0x8864), pppoe(5, []byte{0x21}, v4)...), []tunnel.Header{below(tunnel.PPPoE, 5)}, nil},
		{"GRE", over4(protoGRE, gre(0, 0x0800, 0, v4)), []tunnel.Header{anonymous(tunnel.GRE)}, nil},
		{"GRE with checksum, key and sequence number, IPv6", over4(protoGRE, gre(0xb0, 0x86dd, 77, v6)), []tunnel.Header{layer(tunnel.GRE, 77)}, nil},
		{"GRE, bridged", over4(protoGRE, gre(0x20, 0x6558, 77, tagged)), []tunnel.Header{layer(tunnel.GRE, 77)}, []uint16{8}},
		{
			"GRE over IPv6", over6(protoGRE, gre(0x20, 0x0800, 77, v4)),
			[]tunnel.Header{{Type: tunnel.GRE, HasID: true, ID: 77, Src: outer6a.As16(), Dst: outer6b.As16()}},
			nil,
		},
		{"PPTP", over4(protoGRE, pptp(99, v4)), []tunnel.Header{layer(tunnel.GRE, 99)}, nil},
		{"ERSPAN I", over4(protoGRE, gre(0, 0x88be, 0, frame)), []tunnel.Header{anonymous(tunnel.ERSPAN)}, nil},
		{"ERSPAN II", over4(protoGRE, erspan2(3, tagged)), []tunnel.Header{layer(tunnel.ERSPAN, 3)}, []uint16{8}},
		{"ERSPAN III", over4(protoGRE, erspan3(3, frame)), []tunnel.Header{layer(tunnel.ERSPAN, 3)}, nil},
		{"VXLAN", toPort(4789, vxlan(42, tagged)), []tunnel.Header{layer(tunnel.VXLAN, 42)}, []uint16{8}},
		{"VXLAN of Linux", toPort(8472, vxlan(42, frame)), []tunnel.Header{layer(tunnel.VXLAN, 42)}, nil},
		{"Geneve", toPort(6081, geneve(42, 0x6558, frame)), []tunnel.Header{layer(tunnel.Geneve, 42)}, nil},
		{"Geneve, IPv6", toPort(6081, geneve(42, 0x86dd, v6)), []tunnel.Header{layer(tunnel.Geneve, 42)}, nil},
		{"IPv4 in IPv4", over4(protoIPv4, v4), []tunnel.Header{anonymous(tunnel.IPIP)}, nil},
		{"IPv6 in IPv4", over4(protoIPv6, v6), []tunnel.Header{anonymous(tunnel.SixIn4)}, nil},
		{"IPv4 in IPv6", over6(protoIPv4, v4), []tunnel.Header{{Type: tunnel.IPIP, Src: outer6a.As16(), Dst: outer6b.As16()}}, nil},
		{
			"IPv6 in IPv6, behind options", over6(protoDestOpts, slices.Concat([]byte{protoIPv6, 0, 1, 4, 0, 0, 0, 0}, v6)),
			[]tunnel.Header{{Type: tunnel.IPIP, Src: outer6a.As16(), Dst: outer6b.As16()}},
			nil,
		},
		{"MPLS in IPv4", over4(protoMPLS, mplsLabel(1000, v4)), []tunnel.Header{layer(tunnel.MPLS, 1000)}, nil},
		{"L2TP", toPort(1701, l2tp(0x00010002, v4)), []tunnel.Header{layer(tunnel.L2TP, 0x00010002)}, nil},
		{"L2TP, the other way", over4(protoUDP, udpPorts(1701, 40000, l2tp(0x00010002, v6))), []tunnel.Header{layer(tunnel.L2TP, 0x00010002)}, nil},
		{"L2TP to a port of another", over4(protoUDP, udpPorts(1701, 2152, l2tp(0x00010002, v4))), []tunnel.Header{layer(tunnel.L2TP, 0x00010002)}, nil},
		{"GTP-U", toPort(2152, gtpu(0xcafe, v4)), []tunnel.Header{layer(tunnel.GTPU, 0xcafe)}, nil},
		{"GTP-U, Ethernet", toPort(2152, gtpu(0xcafe, tagged)), []tunnel.Header{layer(tunnel.GTPU, 0xcafe)}, []uint16{8}},
		{
			"VLAN, MPLS, PPPoE in a pseudowire", slices.Concat(ether(0x88a8), tag(7, 0x8847),
				mplsLabel(16, append(ether(0x8864), pppoe(5, []byte{0x00, 0x21}, v4)...))),
			[]tunnel.Header{below(tunnel.MPLS, 16), below(tunnel.PPPoE, 5)},
			[]uint16{7},
		},
		{
			"GTP-U in GRE in MPLS", append(ether(0x8847), mplsLabel(16, between(outer4a, outer4b, protoGRE,
				gre(0, 0x0800, 0, toPort(2152, gtpu(0xcafe, v4))[ethernetLen:])))...),
			[]tunnel.Header{below(tunnel.MPLS, 16), anonymous(tunnel.GRE), layer(tunnel.GTPU, 0xcafe)},
			nil,
		},
		{"eight times IP in IP", onEther(nested(8, v4)), slices.Repeat([]tunnel.Header{anonymous(tunnel.IPIP)}, 8), nil},
	}
	var f Frame // never cleared between the packets: nothing of one may show in the next
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := wrapped{b: tt.b, layers: tt.layers, vlans: tt.vlans}
			checkFound(t, &f, Walk(w.packet(), &f), w, bytes.Contains(tt.b, src6.IP[:]))
			checkCuts(t, w, bytes.Contains(tt.b, src6.IP[:]))
		})
	}
}

// nested puts n IPv4 headers around an IPv4 packet.
func nested(n int, ip []byte) []byte {
	for range n {
		ip = between(outer4a, outer4b, protoIPv4, ip)
	}
	return ip
}

// checkFound checks that r and f are the INVITE that was sent through w.
func checkFound(t *testing.T, f *Frame, r Reason, w wrapped, v6 bool) {
	t.Helper()
	src, dst := src4, dst4
	if v6 {
		src, dst = src6, dst6
	}
	if r != Datagram || f.Src != src || f.Dst != dst || f.Proto != protoUDP || !bytes.Equal(f.Payload, invite) || f.PayloadLen != len(invite) {
		t.Fatalf("%v: %v > %v, protocol %d, payload %d of %d\n%x", r, f.Src.AddrPort(), f.Dst.AddrPort(), f.Proto, len(f.Payload), f.PayloadLen, w.b)
	}
	if got := f.Tunnel[:f.Tunnels]; !slices.Equal(got, w.layers) {
		t.Fatalf("tunnels %+v\nwant    %+v\n%x", got, w.layers, w.b)
	}
	var vlan [2]uint16
	copy(vlan[:], w.vlans)
	if f.VLAN != vlan || int(f.VLANs) != len(w.vlans) {
		t.Fatalf("VLANs %v, %d of them; want %v", f.VLAN, f.VLANs, w.vlans)
	}
}

// checkCuts cuts the packet of an INVITE at every octet: in the INVITE it is found still; before it nothing is found that is
// not there; and if that was its length on the wire, nothing at all.
func checkCuts(t *testing.T, w wrapped, v6 bool) {
	t.Helper()
	src, dst := src4, dst4
	if v6 {
		src, dst = src6, dst6
	}
	headers := bytes.Index(w.b, invite)
	var f Frame
	for n := range headers + len(invite) {
		p := packetOf(capture.LinkEthernet, w.b[:n:n])
		p.Length = len(w.b)
		r := Walk(p, &f)
		switch {
		case n >= headers:
			if r != Datagram || f.Src != src || f.Dst != dst || len(f.Payload) != n-headers || f.PayloadLen != len(invite) {
				t.Fatalf("%d octets captured: %v, %v > %v, payload %d of %d", n, r, f.Src.AddrPort(), f.Dst.AddrPort(), len(f.Payload), f.PayloadLen)
			}
		case r == Datagram: // the datagram of a tunnel, whose inside was cut
			if c := Classify(&f); c != UDPOther && c != ShortPayload || tunnelPorts[f.Dst.Port%32] != f.Dst.Port && f.Src.Port != tunnel.PortL2TP {
				t.Fatalf("%d octets captured: %v, %v > %v", n, c, f.Src.AddrPort(), f.Dst.AddrPort())
			}
		case r != ShortLink && r != ShortIP && r != ShortUDP:
			t.Fatalf("%d octets captured: %v", n, r)
		}
		if r = Walk(packetOf(capture.LinkEthernet, w.b[:n:n]), &f); r == Datagram {
			if r = Classify(&f); r == SIP {
				t.Fatalf("%d octets on the wire: %v", n, r)
			}
		}
	}
}

// An INVITE is found through any tunnels, whatever their order.
func TestAnyNestingIsWalked(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 8))
	seen := map[tunnel.Type]int{}
	var f Frame
	for i := range 4000 {
		ip, v6 := udp4(invite), i%2 == 1
		if v6 {
			ip = udp6(invite)
		}
		w := through(ip, randomWay(rng, ip, rng.IntN(tunnel.MaxDepth+1)))
		checkFound(t, &f, Walk(w.packet(), &f), w, v6)
		if i < 100 {
			checkCuts(t, w, v6)
		}
		for _, l := range w.layers {
			seen[l.Type]++
		}
	}
	for kind := tunnel.MPLS; kind <= tunnel.GTPU; kind++ {
		if seen[kind] < 100 {
			t.Errorf("%v was met %d times: too few to mean anything", kind, seen[kind])
		}
	}
}

func TestWalkDoesNotOpen(t *testing.T) {
	v4 := udp4(invite)
	frame := onEther(v4)
	arp := append(ether(0x0806), make([]byte, 28)...)
	tests := []struct {
		name string
		b    []byte
		want Reason // of Walk, or of Classify for a datagram
	}{
		{"PPPoE discovery", append(ether(0x8863), 0x11, 0x09, 0, 0, 0, 0), Tunnel},
		{"PPPoE, LCP", append(ether(0x8864), pppoe(5, []byte{0xc0, 0x21}, []byte{9, 1, 0, 8, 0, 0, 0, 0})...), Tunnel},
		{"PPPoE, length past the frame", append(ether(0x8864), with(pppoe(5, []byte{0x00, 0x21}, v4), 4, 0xff)...), BadIPLength},
		{"MPLS, ARP", append(ether(0x8847), mplsLabel(16, arp)...), Tunnel},
		{"MPLS, IPv4 longer than the frame", append(ether(0x8847), mplsLabel(16, with(v4, 2, 0xff))...), BadIPLength},
		{"GRE, ARP", over4(protoGRE, gre(0, 0x6558, 0, arp)), Tunnel},
		{"GRE, no EtherType", over4(protoGRE, gre(0, 0, 0, v4)), Tunnel},
		{"GRE, routes", over4(protoGRE, gre(0x40, 0x0800, 0, v4)), Tunnel},
		{"GRE of 3 octets", over4(protoGRE, []byte{0, 0, 8}), BadIPLength},
		{"GRE, Ethernet of 13 octets", over4(protoGRE, gre(0, 0x6558, 0, frame[:13])), ShortLink},
		{"GRE, IPv4 of 19 octets", over4(protoGRE, gre(0, 0x0800, 0, v4[:19])), ShortIP},
		{"IPv4 inside longer than outside", over4(protoIPv4, with(v4, 2, byte((len(v4)+1)>>8), byte(len(v4)+1))), BadIPLength},
		{"IPv4 inside longer than outside, before padding", append(over4(protoIPv4, with(v4, 2, byte((len(v4)+1)>>8), byte(len(v4)+1))), make([]byte, 9)...), BadIPLength},
		{"protocol IPv4, version 6", over4(protoIPv4, udp6(invite)), BadIPHeader},
		{"ERSPAN II, Ethernet of 13 octets", over4(protoGRE, erspan2(1, frame[:13])), ShortLink},
		{"nine times IP in IP", onEther(nested(9, v4)), TooManyHeaders},
		{"nine times, the last a GTP-U", onEther(nested(8, toPort(2152, gtpu(1, v4))[ethernetLen:])), TooManyHeaders},

		{"VXLAN with ARP", toPort(4789, vxlan(1, arp)), UDPOther},
		{"VXLAN from, not to, its port", over4(protoUDP, udpPorts(4789, 40000, vxlan(1, frame))), UDPOther},
		{"VXLAN on another port", toPort(4790, vxlan(1, frame)), UDPOther},
		{"VXLAN, IPv4 longer than the datagram", toPort(4789, vxlan(1, onEther(with(v4, 2, 0xff)))), UDPOther},
		{"Geneve, ARP", toPort(6081, geneve(1, 0x6558, arp)), UDPOther},
		{"Geneve, LLDP", toPort(6081, geneve(1, 0x88cc, v4)), UDPOther},
		{"GTP-U echo", toPort(2152, []byte{0x32, 1, 0, 4, 0, 0, 0, 0, 0, 7, 0, 0}), UDPOther},
		{"GTP-U, length past the datagram", toPort(2152, with(gtpu(1, v4), 2, 0xff)), UDPOther},
		{"L2TP control", toPort(1701, []byte{0xc8, 0x02, 0, 12, 0, 1, 0, 0, 0, 5, 0, 6}), UDPOther},
		{"L2TP, no IP", toPort(1701, with(l2tp(1, v4), 16, 0x55)), UDPOther},
		{"SIP on the port of VXLAN", toPort(4789, invite), SIP},
		{"SIP on the port of GTP-U", toPort(2152, invite), SIP},
		{"SIP on the port of L2TP", toPort(1701, invite), SIP},
		{"RTP on the port of VXLAN", toPort(8472, voice), RTP},
		{"RTP on the port of Geneve", toPort(6081, voice), RTP},
		{"RTP from the port of L2TP", over4(protoUDP, udpPorts(1701, 40000, voice)), RTP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f Frame
			r := Walk(packetOf(capture.LinkEthernet, tt.b), &f)
			if r == Datagram {
				if f.Src.AddrPort().Addr() != outer4a || f.Dst.AddrPort().Addr() != outer4b || f.Tunnels != 0 {
					t.Errorf("%v > %v, %d tunnels", f.Src.AddrPort(), f.Dst.AddrPort(), f.Tunnels)
				}
				r = Classify(&f)
			}
			if r != tt.want {
				t.Errorf("got %v, want %v", r, tt.want)
			}
		})
	}
}

// A mirror that cut the frame says so: what it left is good.
func TestTruncatedMirror(t *testing.T) {
	frame := onEther(udp4(invite))
	b := over4(protoGRE, with(erspan2(3, frame[:len(frame)-100]), 10, 0x04))
	var f Frame
	r := Walk(packetOf(capture.LinkEthernet, b), &f)
	if r != Datagram || !bytes.Equal(f.Payload, invite[:len(invite)-100]) || f.PayloadLen != len(invite) || Classify(&f) != SIP {
		t.Errorf("%v, payload %d of %d", r, len(f.Payload), f.PayloadLen)
	}
	b = over4(protoGRE, erspan2(3, frame[:len(frame)-100]))
	if r := Walk(packetOf(capture.LinkEthernet, b), &f); r != BadIPLength {
		t.Errorf("without the flag: %v", r)
	}
}

// What an ICMP error quotes never counts, in a tunnel neither.
func TestQuotedInICMP(t *testing.T) {
	v4, v6 := udp4(invite), udp6(invite)
	unreachable := append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, v4...)
	unreachable6 := append([]byte{1, 4, 0, 0, 0, 0, 0, 0}, v6...)
	tunnelled := append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, nested(1, v4)...)
	for name, b := range map[string][]byte{
		"ICMP":                       over4(protoICMP, unreachable),
		"ICMPv6":                     over6(protoICMPv6, unreachable6),
		"ICMPv6 behind options":      over6(protoDestOpts, append([]byte{protoICMPv6, 0, 1, 4, 0, 0, 0, 0}, unreachable6...)),
		"of a tunnel":                over4(protoICMP, tunnelled),
		"in GRE":                     over4(protoGRE, gre(0, 0x0800, 0, ipv4(protoICMP, nil, unreachable))),
		"in PPPoE":                   append(ether(0x8864), pppoe(1, []byte{0, 0x57}, ipv6(protoICMPv6, unreachable6))...),
		"in VXLAN":                   toPort(4789, vxlan(1, onEther(ipv4(protoICMP, nil, unreachable)))),
		"ICMPv6 in IPv4, as some do": over4(protoICMPv6, unreachable6),
	} {
		var f Frame
		if r := Walk(packetOf(capture.LinkEthernet, b), &f); r != ICMP {
			t.Errorf("%s: %v", name, r)
		}
	}
}
