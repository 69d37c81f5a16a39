package decode

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"calltrail/decode/tunnel"
)

// gopacketWraps are the tunnels that gopacket decodes, too, around an IP packet, and what makes an IP packet of them again.
// It knows no L2TP, no PPTP's PPP, no pseudowires, no ERSPAN but II, no bridged GTP-U, and VXLAN on one port.
var gopacketWraps = []struct {
	kind tunnel.Type
	wrap func(ip []byte, id uint32) []byte // to an Ethernet frame
}{
	{tunnel.MPLS, func(ip []byte, id uint32) []byte { return append(ether(0x8847), mplsLabel(id&0xfffff, ip)...) }},
	{tunnel.PPPoE, func(ip []byte, id uint32) []byte { return append(ether(0x8864), pppoe(uint16(id), pppOf(ip), ip)...) }},
	{tunnel.GRE, func(ip []byte, id uint32) []byte { return over4(protoGRE, gre(0xb0, ipOf(ip), id, ip)) }},
	{tunnel.GRE, func(ip []byte, id uint32) []byte { return over6(protoGRE, gre(0x20, 0x6558, id, onEther(ip))) }},
	{tunnel.ERSPAN, func(ip []byte, id uint32) []byte { return over4(protoGRE, erspan2(uint16(id&0x3ff), onEther(ip))) }},
	{tunnel.VXLAN, func(ip []byte, id uint32) []byte { return toPort(4789, vxlan(id>>8, onEther(ip))) }},
	{tunnel.Geneve, func(ip []byte, id uint32) []byte { return toPort(6081, geneve(id>>8, 0x6558, onEther(ip))) }},
	{tunnel.GTPU, func(ip []byte, id uint32) []byte { return toPort(2152, gtpu(id, ip)) }},
	{tunnel.IPIP, func(ip []byte, _ uint32) []byte {
		if ip[0]>>4 == 6 {
			return over6(protoIPv6, ip)
		}
		return over4(protoIPv4, ip)
	}},
	{tunnel.SixIn4, func(ip []byte, _ uint32) []byte {
		if ip[0]>>4 == 6 {
			return over4(protoIPv6, ip)
		}
		return over4(protoIPv4, ip)
	}},
}

// theirs are the innermost addresses, ports and payload that gopacket finds in a frame, and the ids of its tunnels.
func theirs(t *testing.T, frame []byte) (f Frame, ids []uint32) {
	t.Helper()
	packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
	if e := packet.ErrorLayer(); e != nil {
		t.Fatalf("gopacket: %v: %x", e.Error(), frame)
	}
	for _, l := range packet.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			f.Src.IP, f.Dst.IP = [16]byte(l.SrcIP.To16()), [16]byte(l.DstIP.To16())
		case *layers.IPv6:
			f.Src.IP, f.Dst.IP = [16]byte(l.SrcIP), [16]byte(l.DstIP)
		case *layers.UDP:
			f.Src.Port, f.Dst.Port, f.Payload = uint16(l.SrcPort), uint16(l.DstPort), l.Payload
		case *layers.MPLS:
			ids = append(ids, l.Label)
		case *layers.PPPoE:
			ids = append(ids, uint32(l.SessionId))
		case *layers.GRE:
			if l.KeyPresent {
				ids = append(ids, l.Key)
			}
		case *layers.ERSPANII:
			ids = append(ids, uint32(l.SessionID))
		case *layers.VXLAN:
			ids = append(ids, l.VNI)
		case *layers.Geneve:
			ids = append(ids, l.VNI)
		case *layers.GTPv1U:
			ids = append(ids, l.TEID)
		}
	}
	return f, ids
}

// Walk finds what gopacket finds, through any of the tunnels that both know, nested, and the same ids.
func TestTunnelsAgreeWithGopacket(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 19))
	seen := map[tunnel.Type]int{}
	var f Frame
	for i := range 2000 {
		ip := udp4(invite)
		if i%2 == 1 {
			ip = udp6(invite)
		}
		frame := onEther(ip)
		for range 1 + rng.IntN(3) {
			ip, isIP := afterLink(frame)
			if !isIP { // MPLS or PPPoE is the last
				break
			}
			frame = gopacketWraps[rng.IntN(len(gopacketWraps))].wrap(ip, rng.Uint32())
		}
		want, ids := theirs(t, frame)
		p := wrapped{b: frame}.packet()
		if r := Walk(p, &f); r != Datagram || f.Src != want.Src || f.Dst != want.Dst || !bytes.Equal(f.Payload, want.Payload) || !bytes.Equal(f.Payload, invite) {
			t.Fatalf("%v: %v > %v, payload %d; gopacket %v > %v, payload %d\n%x", r, f.Src.AddrPort(), f.Dst.AddrPort(), len(f.Payload),
				want.Src.AddrPort(), want.Dst.AddrPort(), len(want.Payload), frame)
		}
		var ours []uint32
		for _, l := range f.Tunnel[:f.Tunnels] {
			if l.HasID {
				ours = append(ours, l.ID)
			}
			seen[l.Type]++
		}
		if !slices.Equal(ours, ids) {
			t.Fatalf("ids %v, gopacket %v\n%x", ours, ids, frame)
		}
	}
	for _, w := range gopacketWraps {
		if seen[w.kind] < 50 {
			t.Errorf("%v was met %d times: too few to mean anything", w.kind, seen[w.kind])
		}
	}
}

// afterLink is the IP packet on an Ethernet frame without tags.
func afterLink(frame []byte) (ip []byte, isIP bool) {
	ip = frame[ethernetLen:]
	return ip, ether(ipOf(ip))[12] == frame[12] && ether(ipOf(ip))[13] == frame[13]
}
