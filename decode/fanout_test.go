package decode

import (
	"math/rand/v2"
	"slices"
	"testing"

	"calltrail/capture"
	"calltrail/decode/tunnel"
)

// turned returns an IPv4 packet with its addresses exchanged.
func turned(b []byte) []byte {
	return slices.Concat(b[:12], b[16:20], b[12:16], b[20:])
}

func TestFanoutHashIsSymmetric(t *testing.T) {
	v4 := FanoutHash(packetOf(capture.LinkRaw, udp4(hello)))
	same := map[string]*capture.Packet{
		"other direction": packetOf(capture.LinkRaw, turned(udp4(hello))),
		"Ethernet":        packetOf(capture.LinkEthernet, onEther(udp4(hello))),
		"VLAN":            packetOf(capture.LinkEthernet, slices.Concat(ether(0x8100), tag(3, 0x0800), udp4(hello))),
		"fragment":        packetOf(capture.LinkRaw, with(udp4(hello), 6, 0x20, 0x10)),
		"TCP":             packetOf(capture.LinkRaw, ipv4(protoTCP, nil, nil)),
		"options":         packetOf(capture.LinkRaw, ipv4(protoUDP, make([]byte, 8), udp(hello))),
		"MPLS":            packetOf(capture.LinkEthernet, append(ether(0x8847), mplsLabel(16, udp4(hello))...)),
		"MPLS, back":      packetOf(capture.LinkEthernet, append(ether(0x8847), mplsLabel(17, turned(udp4(hello)))...)),
		"pseudowire":      packetOf(capture.LinkEthernet, append(ether(0x8847), mplsLabel(16, controlWord(onEther(udp4(hello))))...)),
		"VLAN in pseudowire in VLAN": packetOf(capture.LinkEthernet, slices.Concat(ether(0x8100), tag(3, 0x8847),
			mplsLabel(16, slices.Concat(ether(0x8100), tag(4, 0x0800), udp4(hello))))),
		"PPPoE":              packetOf(capture.LinkEthernet, append(ether(0x8864), pppoe(5, []byte{0, 0x21}, turned(udp4(hello)))...)),
		"PPPoE in MPLS":      packetOf(capture.LinkEthernet, append(ether(0x8847), mplsLabel(16, append(ether(0x8864), pppoe(5, []byte{0x21}, udp4(hello))...))...)),
		"fragment in PPPoE":  packetOf(capture.LinkEthernet, append(ether(0x8864), pppoe(5, []byte{0, 0x21}, with(udp4(hello), 6, 0x20, 0x10))...)),
		"fragment of tunnel": packetOf(capture.LinkRaw, with(ipv4(protoGRE, nil, gre(0, 0x0800, 0, udp4(hello))), 6, 0, 9)),
		"tunnel":             packetOf(capture.LinkRaw, turned(ipv4(protoGRE, nil, gre(0, 0x0800, 0, udp4(hello))))),
	}
	for name, p := range same {
		if got := FanoutHash(p); got != v4 {
			t.Errorf("%s: %#x, want %#x", name, got, v4)
		}
	}
	b := udp6(hello)
	v6 := FanoutHash(packetOf(capture.LinkRaw, b))
	if got := FanoutHash(packetOf(capture.LinkRaw, slices.Concat(b[:8], b[24:40], b[8:24], b[40:]))); got != v6 {
		t.Errorf("IPv6, other direction: %#x, want %#x", got, v6)
	}
	if v4 == 0 || v6 == 0 || v4 == v6 {
		t.Errorf("IPv4 %#x, IPv6 %#x", v4, v6)
	}
}

func TestFanoutHashOfWhatHasNoAddresses(t *testing.T) {
	for name, p := range map[string]*capture.Packet{
		"ARP":          packetOf(capture.LinkEthernet, append(ether(0x0806), make([]byte, 28)...)),
		"short":        packetOf(capture.LinkEthernet, onEther(udp4(hello))[:33]),
		"short IPv6":   packetOf(capture.LinkEthernet, onEther(udp6(hello))[:53]),
		"short tag":    packetOf(capture.LinkEthernet, append(ether(0x8100), 1)),
		"no octets":    packetOf(capture.LinkEthernet, nil),
		"unknown link": packetOf(147, udp4(hello)),
		"LCP":          packetOf(capture.LinkEthernet, append(ether(0x8864), pppoe(5, []byte{0xc0, 0x21}, []byte{9, 1})...)),
		"short MPLS":   packetOf(capture.LinkEthernet, append(ether(0x8847), mplsLabel(16, udp4(hello)[:19])...)),
		"MPLS, ARP":    packetOf(capture.LinkEthernet, append(ether(0x8847), mplsLabel(16, append(ether(0x0806), make([]byte, 28)...))...)),
	} {
		if got := FanoutHash(p); got != 0 {
			t.Errorf("%s: %#x", name, got)
		}
	}
}

// Neighbouring addresses, as in a provider's pool, are spread evenly, in any of the ways a worker may be chosen by.
func TestFanoutHashSpreads(t *testing.T) {
	const hosts, workers = 8000, 8
	for _, name := range []string{"IPv4", "IPv6"} {
		var low, high [workers]int
		for i := range hosts {
			var b []byte
			if name == "IPv4" {
				b = with(udp4(hello), 14, byte(i>>8), byte(i))
			} else {
				b = with(udp6(hello), 22, byte(i>>8), byte(i))
			}
			h := FanoutHash(packetOf(capture.LinkRaw, b))
			low[h%workers]++
			high[uint64(h)*workers>>32]++
		}
		for i := range workers {
			for _, n := range []int{low[i], high[i]} {
				if n < hosts/workers*8/10 || n > hosts/workers*12/10 {
					t.Errorf("%s: worker %d of %d has %d of %d hosts", name, i, workers, n, hosts)
				}
			}
		}
	}
}

// Whatever is around a packet below IP, and in whichever direction it goes, it meets the same worker.
func TestFanoutHashLooksThrough(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 8))
	for range 500 {
		ip := udp4(hello)
		want := FanoutHash(packetOf(capture.LinkRaw, ip))
		for _, direction := range [][]byte{ip, turned(ip)} {
			w := wrapped{etherType: etherIPv4, b: direction}
			for range rng.IntN(tunnel.MaxDepth) {
				step := randomWrap(rng, w.etherType)(w)
				if !step.isIP() { // what has an address of its own hides the one inside
					w = step
				}
			}
			if w.etherType != tunnel.EtherBridged {
				w = randomEthernet(rng)(w)
			}
			if got := FanoutHash(w.packet()); got != want {
				t.Fatalf("%#x, want %#x: %x", got, want, w.b)
			}
		}
	}
}
