package gen

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// web is what most of a provider's TCP is: connections to web servers, with TLS or HTTP, of which nobody follows one.
type web struct {
	r        *rand.Rand
	left     int
	interval float64 // mean between packets, in microseconds
	client   netip.AddrPort
	server   netip.AddrPort
	seq      [2]uint32 // of client and server
	step     int
	rest     int // segments of the response that are still to come
	payload  []byte
}

func (g *web) act(w *world, now int64) (int64, bool) {
	const client, server = 0, 1
	send := func(by int, flags byte, payload []byte) {
		src, dst := g.client, g.server
		if by == server {
			src, dst = dst, src
		}
		number := g.seq[1-by]
		if flags == syn {
			number = 0
		}
		w.totals.Web++
		w.other(now, w.frame.tcp(src, dst, 0, g.seq[by], number, flags, payload))
		g.seq[by] += low32(int64(len(payload)))
		if flags&(syn|fin) != 0 {
			g.seq[by]++
		}
	}
	g.step++
	switch g.step {
	case 1:
		g.begin()
		send(client, syn, nil)
	case 2:
		send(server, syn|ack, nil)
	case 3:
		send(client, ack, nil)
	case 4:
		send(client, psh|ack, g.request())
	default:
		switch {
		case g.rest > 0:
			g.rest--
			send(server, ack, g.random(1400))
		case g.rest == 0:
			g.rest--
			send(client, fin|ack, nil)
		default:
			send(server, fin|ack, nil)
			g.step = 0
		}
	}
	g.left--
	return now + int64(g.r.ExpFloat64()*g.interval) + 1, g.left > 0
}

// begin draws the next connection.
func (g *web) begin() {
	port := uint16(443)
	if g.r.IntN(5) == 0 {
		port = 80
	}
	g.client = netip.AddrPortFrom(browser, low16(49152+g.r.IntN(16384)))
	g.server = netip.AddrPortFrom(webServer.Addr(), port)
	g.seq, g.rest = [2]uint32{g.r.Uint32(), g.r.Uint32()}, 2+g.r.IntN(40)
}

// request is the first thing a browser sends.
func (g *web) request() []byte {
	if g.server.Port() == 80 {
		return []byte("GET /index.html HTTP/1.1\r\nHost: www.example.net\r\nAccept: */*\r\n\r\n")
	}
	return g.hello()
}

// hello is a ClientHello for www.example.net (RFC 8446 section 4.1.2), padded to 512 octets of handshake as browsers do.
func (g *web) hello() []byte {
	const name = "www.example.net"
	random := bytes.Clone(g.random(96)[16:80])
	b := []byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3} // a record of 512 octets, a handshake of 508, TLS 1.2 for old servers
	b = append(b, random[:32]...)
	b = append(append(b, 32), random[32:]...)           // session
	b = append(b, 0, 2, 0x13, 0x01, 1, 0)               // TLS_AES_128_GCM_SHA256; no compression
	extensions := binary.BigEndian.AppendUint16(nil, 0) // server_name (RFC 6066 section 3)
	extensions = append(extensions, 0, low8(5+len(name)), 0, low8(3+len(name)), 0, 0, low8(len(name)))
	extensions = append(extensions, name...)
	rest := 5 + 512 - len(b) - 2
	padding := rest - len(extensions) - 4
	extensions = binary.BigEndian.AppendUint16(append(extensions, 0, 21), low16(padding)) // RFC 7685
	b = binary.BigEndian.AppendUint16(b, low16(rest))
	return append(append(b, extensions...), make([]byte, padding)...)
}

// random are octets that look encrypted, behind the header of a TLS record.
func (g *web) random(n int) []byte {
	g.payload = g.payload[:0]
	for range n {
		g.payload = append(g.payload, low8(g.r.IntN(256)))
	}
	copy(g.payload, []byte{23, 3, 3, low8((n - 5) >> 8), low8(n - 5)})
	return g.payload
}
