package gen

import (
	"math/rand/v2"
	"net/netip"
)

// carriage is how the packets of a call, or of a connection, come.
type carriage struct {
	vlan   uint16  // 802.1Q id of the frames; 0: untagged
	tunnel *tunnel // nil: none
	// mtu cuts datagrams of signalling into fragments that are no longer than it is, from the IP header on; 0: never.
	mtu int
	// outside: it is the outer packet of the tunnel that is cut.
	outside bool
	// backwards: the last fragment comes first; copied: the first one comes twice.
	backwards, copied bool
}

// Shares of the packets that are in something, in percent.
const (
	shareOutside   = 50 // of tunnelled calls with fragments: the outer packet is cut
	shareBackwards = 30 // of calls with fragments
	shareCopied    = 20
)

// MTUs in use: Ethernet, PPPoE, IPv6's least, and what dial-up had.
var mtus = [...]int{1500, 1492, 1280, 576}

// newCarriage draws how the packets of a call come. v6: its addresses are IPv6, of which no link has less than 1,280.
func newCarriage(cfg *Config, r *rand.Rand, vlan uint16, v6 bool) (c carriage) {
	c.vlan = vlan
	if r.Float64() < cfg.Tunnels {
		c.tunnel = newTunnel(r)
	}
	if r.Float64() < cfg.Fragments {
		c.mtu = mtus[r.IntN(len(mtus))]
		if v6 {
			c.mtu = max(c.mtu, 1280)
		}
		c.outside = c.tunnel != nil && r.IntN(100) < shareOutside
		if c.outside && c.tunnel.ends[0].Is6() {
			c.mtu = max(c.mtu, 1280)
		}
		c.backwards, c.copied = r.IntN(100) < shareBackwards, r.IntN(100) < shareCopied
	}
	return c
}

// plain says that a datagram is one frame and nothing more.
func (c *carriage) plain() bool { return c.tunnel == nil && c.mtu == 0 }

// frames are those that carry a datagram by one side, in the order in which they come. They are valid until the next call.
func (c *carriage) frames(f *frame, by side, src, dst netip.AddrPort, payload []byte) [][]byte {
	f.list = f.list[:0]
	if c.plain() {
		f.list = append(f.list, f.udp(src, dst, c.vlan, payload))
		return f.list
	}
	packet := f.packet(f.udp(src, dst, 0, payload), src.Addr())
	if c.tunnel != nil && c.outside {
		packet = c.tunnel.wrap(f, by, packet)
	}
	pieces := f.fragments(packet, c.mtu)
	for _, piece := range pieces {
		if c.tunnel != nil && !c.outside {
			piece = c.tunnel.wrap(f, by, piece)
		}
		f.list = append(f.list, f.framed(c.vlan, piece))
	}
	if len(f.list) > 1 {
		c.disorder(f)
	}
	return f.list
}

// disorder is what happens to the fragments of a datagram on their way.
func (c *carriage) disorder(f *frame) {
	if c.backwards {
		for i, j := 0, len(f.list)-1; i < j; i, j = i+1, j-1 {
			f.list[i], f.list[j] = f.list[j], f.list[i]
		}
	}
	if c.copied { // at once, and not behind the last one, which completes the datagram
		f.list = append(f.list[:1], f.list...)
	}
}

// segment is the frame of a TCP segment by one side.
func (c *carriage) segment(f *frame, by side, src, dst netip.AddrPort, seq, ack uint32, flags byte, payload []byte) []byte {
	b := f.tcp(src, dst, c.vlan, seq, ack, flags, payload)
	if c.tunnel == nil {
		return b
	}
	return f.framed(c.vlan, c.tunnel.wrap(f, by, f.packet(f.tcp(src, dst, 0, seq, ack, flags, payload), src.Addr())))
}
