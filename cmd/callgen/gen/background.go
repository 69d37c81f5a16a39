package gen

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// background is the traffic that has nothing to do with calls: most of what a tap sees. Its hosts take no calls.
type background struct {
	r        *rand.Rand
	left     int
	interval float64 // mean, in microseconds
	seq      uint32
	payload  []byte
}

// Hosts that only the background uses.
var (
	browser    = netip.AddrFrom4([4]byte{192, 0, 2, 251})
	client     = netip.AddrFrom4([4]byte{192, 0, 2, 252})
	resolver   = netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, 253}), 53)
	webServer  = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, 254}), 443)
	gatewayARP = netip.AddrFrom4([4]byte{192, 0, 2, 254})
)

func (g *background) act(w *world, now int64) (int64, bool) {
	port := netip.AddrPortFrom(client, low16(49152+g.r.IntN(16384)))
	switch n := g.r.IntN(100); {
	case n < 20:
		w.totals.DNS++
		w.other(now, w.frame.udp(port, resolver, 0, g.dnsQuery()))
	case n < 65:
		w.totals.TCP++
		g.seq += 1200
		g.fill(g.r.IntN(400))
		w.other(now, w.frame.tcp(port, webServer, 0, g.seq, g.seq/2, 0x18, g.payload)) // PSH, ACK
	case n < 95:
		w.totals.QUIC++
		g.fill(40 + g.r.IntN(400))
		g.payload[0] = 0x40 | g.payload[0]&0x3f // short header, fixed bit (RFC 9000 section 17.3)
		w.other(now, w.frame.udp(webServer, port, 0, g.payload))
	default:
		w.arp(now)
	}
	g.left--
	return now + int64(g.r.ExpFloat64()*g.interval) + 1, g.left > 0
}

// fill makes a payload of n octets that look encrypted.
func (g *background) fill(n int) {
	g.payload = g.payload[:0]
	for len(g.payload) < n {
		g.payload = binary.LittleEndian.AppendUint64(g.payload, g.r.Uint64())
	}
	g.payload = g.payload[:n]
}

// dnsQuery asks for the AAAA record of hXX.example.net (RFC 1035 section 4.1).
func (g *background) dnsQuery() []byte {
	b := binary.BigEndian.AppendUint16(g.payload[:0], low16(int(g.r.Uint32())))
	b = append(b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired, one question
	b = append(b, 3, 'h', low8('0'+g.r.IntN(10)), low8('0'+g.r.IntN(10)))
	b = append(b, "\x07example\x03net\x00"...)
	g.payload = append(b, 0, 28, 0, 1)
	return g.payload
}
