package decode

import (
	"bytes"
	"slices"
	"testing"

	"calltrail/capture"
	"calltrail/decode/tunnel"
)

func TestWalkFindsSegments(t *testing.T) {
	segment := slices.Concat([]byte{
		0x13, 0xc4, 0x13, 0xc6, // 5060 to 5062
		0, 0, 0, 1, 0, 0, 0, 2, // sequence, acknowledgment number
		0x50, 0x18, 1, 0, 0, 0, 0, 0, // data offset 5; PSH, ACK
	}, invite)
	opts := append([]byte{protoTCP, 0, 1, 4, 0, 0, 0, 0}, segment...)
	for _, tt := range []struct {
		name   string
		b      []byte
		header int
		want   Reason
	}{
		{"TCP", onEther(ipv4(protoTCP, nil, segment)), tcpLen, TCP},
		{"TCP, options of IP", onEther(ipv4(protoTCP, make([]byte, 8), segment)), tcpLen, TCP},
		{"TCP, IPv6", onEther(ipv6(protoTCP, segment)), tcpLen, TCP},
		{"TCP, IPv6 behind options", onEther(ipv6(protoDestOpts, opts)), tcpLen, TCP},
		{"TCP, data offset 0", onEther(ipv4(protoTCP, nil, with(segment, 12, 0))), tcpLen, TCP},
		{"SCTP", onEther(ipv4(protoSCTP, nil, segment)), sctpLen, SCTP},
		{"SCTP, IPv6", onEther(ipv6(protoSCTP, segment)), sctpLen, SCTP},
		{"TCP in GRE", over4(protoGRE, gre(0, 0x0800, 0, ipv4(protoTCP, nil, segment))), tcpLen, TCP},
		{"SCTP in VXLAN", toPort(4789, vxlan(1, onEther(ipv6(protoSCTP, segment)))), sctpLen, SCTP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src, dst := src4, dst4
			if bytes.Contains(tt.b, src6.IP[:]) {
				src, dst = src6, dst6
			}
			from := len(tt.b) - len(segment)
			b := append(slices.Clone(tt.b), 0, 0, 0) // padding
			p := packetOf(capture.LinkEthernet, b)
			var f Frame
			for n := len(b); n >= from; n-- {
				p.Data = b[:n]
				f.Src.Port, f.Dst.Port = 9, 9
				captured := min(n, len(tt.b)) - from
				wantSrc, wantDst := src, dst
				if captured < tt.header {
					wantSrc.Port, wantDst.Port = 0, 0
				}
				if r := Walk(p, &f); r != tt.want || f.Src != wantSrc || f.Dst != wantDst || len(f.Payload) != captured || f.PayloadLen != len(segment) {
					t.Fatalf("%d octets: %v, %v > %v, payload %d of %d", n, r, f.Src.AddrPort(), f.Dst.AddrPort(), len(f.Payload), f.PayloadLen)
				}
				if captured > 0 && &f.Payload[0] != &b[from] {
					t.Fatal("the payload begins elsewhere")
				}
			}
			if tt.want == TCP && f.Proto != protoTCP || tt.want == SCTP && f.Proto != protoSCTP {
				t.Errorf("protocol %d", f.Proto)
			}
		})
	}
}

// Lengths are looked at before the ends are.
func TestSegmentLengths(t *testing.T) {
	b := ipv4(protoTCP, nil, make([]byte, 24))
	for name, b := range map[string][]byte{
		"IPv4 one too many": with(b, 3, byte(len(b)+1)),
		"IPv4 length 19":    with(b, 3, 19),
		"IPv6 one too many": with(ipv6(protoTCP, make([]byte, 24)), 5, 25),
	} {
		var f Frame
		if r := Walk(packetOf(capture.LinkRaw, b), &f); r != BadIPLength {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestNothingOfOneFrameShowsInTheNext(t *testing.T) {
	var f Frame
	Walk(packetOf(capture.LinkEthernet, toPort(4789, vxlan(1, slices.Concat(ether(0x8100), tag(7, 0x0800), udp4(invite))))), &f)
	if f.Tunnels != 1 || f.Tunnel[0].Type != tunnel.VXLAN || f.VLANs != 1 {
		t.Fatalf("%+v", f)
	}
	if r := Walk(packetOf(capture.LinkEthernet, onEther(udp4(invite))), &f); r != Datagram || f.Tunnels != 0 || f.VLANs != 0 || f.VLAN[0] != 0 {
		t.Errorf("%v, %d tunnels, %d VLANs", r, f.Tunnels, f.VLANs)
	}
}
