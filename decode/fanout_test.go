package decode

import (
	"slices"
	"testing"

	"calltrail/capture"
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
