package decode

import (
	"math/rand/v2"
	"testing"

	"calltrail/decode/tunnel"
)

// BenchmarkWalkTunnel is what a packet through one tunnel costs.
func BenchmarkWalkTunnel(b *testing.B) {
	frame := onEther(udp4(invite))
	for _, kind := range []struct {
		name  string
		frame []byte
	}{
		{"mpls", append(ether(0x8847), mplsLabel(16, udp4(invite))...)},
		{"pppoe", append(ether(0x8864), pppoe(5, []byte{0x00, 0x21}, udp4(invite))...)},
		{"gre", over4(protoGRE, gre(0, 0x0800, 0, udp4(invite)))},
		{"erspan", over4(protoGRE, erspan3(7, frame))},
		{"vxlan", toPort(4789, vxlan(7, frame))},
		{"gtpu", toPort(2152, gtpu(7, udp4(invite)))},
		{"l2tp", toPort(1701, l2tp(7, udp4(invite)))},
		{"eight times ip", onEther(nested(8, udp4(invite)))},
		{"fragment", onEther(fragmented(udp4(invite), 64, 1)[0])},
	} {
		b.Run(kind.name, func(b *testing.B) {
			b.ReportAllocs()
			p := wrapped{b: kind.frame}.packet()
			var f Frame
			for b.Loop() {
				Walk(p, &f)
			}
		})
	}
}

// Neither the way through tunnels nor the one after fragments costs an allocation.
func TestTunnelsAllocateNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	var packets []wrapped
	for range 200 {
		ip := udp4(invite)
		packets = append(packets, through(ip, randomWay(rng, ip, 1+rng.IntN(tunnel.MaxDepth))))
	}
	for _, piece := range fragmented(ipv4(protoGRE, nil, gre(0, 0x0800, 0, udp4(invite))), 200, 1) {
		packets = append(packets, wrapped{b: onEther(piece)})
	}
	var f Frame
	resumed := 0
	if n := testing.AllocsPerRun(5, func() {
		for _, w := range packets {
			p := w.packet()
			r := Walk(p, &f)
			if r == Fragment {
				r = Resume(f.Fragment.Data, &f)
				resumed++
			}
			switch r {
			case Datagram:
				Classify(&f)
			case TCP:
				ClassifySegment(&f)
			default:
			}
			FanoutHash(p)
		}
	}); n != 0 || resumed == 0 {
		t.Errorf("%v allocations, %d fragments", n, resumed)
	}
}
