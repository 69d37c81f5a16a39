package pipeline_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/decode"
)

// What most of a provider's packets are, and no call: each kind is written by code of its own, which knows nothing of decode.

// noise is a source of many packets in which nobody calls anybody. Its packets come 1,000 a second.
type noise struct {
	kinds []*noiseKind
	r     *rand.Rand
	left  int
	at    int
	buf   []byte
}

// noiseKind is one kind of traffic: next makes a packet of one of its conversations, n of them go on at a time.
type noiseKind struct {
	name  string
	share int // of 1,000 packets
	next  func(r *rand.Rand, c *talk) []byte
	talks []talk
}

// talk is one conversation.
type talk struct {
	client, server netip.AddrPort
	packets        int
	secret         [32]byte // random, the same in all its packets
	seq            [2]uint32
}

const talksEach = 200

func newNoise(packets int) *noise {
	n := &noise{kinds: noiseKinds(), r: rand.New(rand.NewPCG(6, 6)), left: packets}
	for _, k := range n.kinds {
		k.talks = make([]talk, talksEach)
		for i := range k.talks {
			k.talks[i] = n.talk()
		}
	}
	return n
}

func (n *noise) talk() (c talk) {
	c.client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(n.r.Uint32()), byte(n.r.Uint32())}), uint16(32768+n.r.IntN(28000)))
	c.server = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(n.r.Uint32())}), uint16(1024+n.r.IntN(60000)))
	for i := range c.secret {
		c.secret[i] = byte(n.r.Uint32())
	}
	return c
}

// Next implements capture.Source.
func (n *noise) Next(p *capture.Packet) error {
	if n.left == 0 {
		return io.EOF
	}
	n.left--
	pick := n.r.IntN(1000)
	for _, k := range n.kinds {
		if pick -= k.share; pick < 0 {
			c := &k.talks[n.r.IntN(len(k.talks))]
			if c.packets++; c.packets > 400 {
				*c = n.talk()
			}
			n.buf = append(n.buf[:0], k.next(n.r, c)...)
			break
		}
	}
	n.at++
	*p = capture.Packet{Link: capture.LinkEthernet, Data: n.buf, Length: len(n.buf), Time: start + int64(n.at)*1e6, Position: uint64(n.at)}
	return nil
}

// Close implements capture.Source.
func (*noise) Close() error { return nil }

const start = int64(1_700_000_000e9)

// send is a UDP packet of a conversation; down: from its server.
func send(c *talk, down bool, payload []byte) []byte {
	src, dst := c.client, c.server
	if down {
		src, dst = dst, src
	}
	return newEthernet(0x0800, newIP(src.Addr(), dst.Addr(), 17, 1, newUDP(src.Port(), dst.Port(), payload)))
}

// to gives the server of a conversation the port of a service.
func (c *talk) to(port uint16) *talk {
	c.server = netip.AddrPortFrom(c.server.Addr(), port)
	return c
}

// pool is what random takes from: making each octet anew would take longer than all the rest.
var pool = func() []byte {
	b := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(7, 7))
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}()

// random is n octets of encrypted data.
func random(r *rand.Rand, n int) []byte {
	at := r.IntN(len(pool) - n)
	return bytes.Clone(pool[at : at+n])
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// stunMessage is a STUN message with attributes, each type, length, value and padding.
func stunMessage(kind uint16, transaction []byte, attributes ...[]byte) []byte {
	body := join(attributes...)
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	b = append(b, 0x21, 0x12, 0xa4, 0x42)
	return join(b, transaction[:12], body)
}

func stunAttribute(kind uint16, value ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// xorMapped is the client's address, as a server answers it.
func xorMapped(c *talk) []byte {
	ip, port := c.client.Addr().As4(), c.client.Port()^0x2112
	return stunAttribute(0x20, 0, 1, byte(port>>8), byte(port), ip[0]^0x21, ip[1]^0x12, ip[2]^0xa4, ip[3]^0x42)
}

func dtls(kind byte, epoch uint16, seq uint32, body []byte) []byte {
	b := []byte{kind, 0xfe, 0xfd}
	b = binary.BigEndian.AppendUint16(b, epoch)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(b, body...)
}

// noiseKinds are the kinds of traffic, their shares summing to 1,000.
func noiseKinds() []*noiseKind {
	return []*noiseKind{
		{name: "web over TCP", share: 300, next: func(r *rand.Rand, c *talk) []byte {
			c.to(443)
			down := r.IntN(3) > 0
			src, dst, way := c.client, c.server, 0
			if down {
				src, dst, way = dst, src, 1
			}
			record := random(r, 100+r.IntN(1200))
			copy(record, []byte{0x17, 3, 3, byte((len(record) - 5) >> 8), byte(len(record) - 5)})
			h := binary.BigEndian.AppendUint16(nil, src.Port())
			h = binary.BigEndian.AppendUint16(h, dst.Port())
			h = binary.BigEndian.AppendUint32(h, c.seq[way])
			h = append(h, 0, 0, 0, 0, 5<<4, 0x18, 0xff, 0xff, 0, 0, 0, 0)
			c.seq[way] += uint32(len(record))
			return newEthernet(0x0800, newIP(src.Addr(), dst.Addr(), 6, 1, append(h, record...)))
		}},
		{name: "QUIC", share: 150, next: func(r *rand.Rand, c *talk) []byte {
			c.to(443)
			b := random(r, 60+r.IntN(1200))
			if c.packets < 5 {
				copy(b, []byte{0xc0 | b[0]&0x3f, 0, 0, 0, 1}) // long header, version 1 (RFC 9000 section 17.2)
			} else {
				b[0] = 0x40 | b[0]&0x3f
			}
			return send(c, r.IntN(4) > 0, b)
		}},
		{name: "QUIC on a high port", share: 50, next: func(r *rand.Rand, c *talk) []byte {
			b := random(r, 60+r.IntN(1200))
			b[0] = 0x40 | b[0]&0x3f
			copy(b[1:9], c.secret[:])
			return send(c, r.IntN(4) > 0, b)
		}},
		{name: "DNS", share: 60, next: func(r *rand.Rand, c *talk) []byte {
			c.to(53)
			down := r.IntN(2) == 0
			b := join(random(r, 2), []byte{1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0, 0, 1, 0, 1})
			if down {
				b[2], b[7] = 0x81, 1
				b = join(b, []byte{0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4}, random(r, 4))
			}
			return send(c, down, b)
		}},
		{name: "NTP", share: 20, next: func(r *rand.Rand, c *talk) []byte {
			c.to(123)
			down := r.IntN(2) == 0
			b := join([]byte{0x23, 0, 6, 0xe9}, random(r, 44))
			if down {
				b[0] = 0x24
			}
			return send(c, down, b)
		}},
		{name: "WireGuard", share: 80, next: func(r *rand.Rand, c *talk) []byte {
			way := r.IntN(2)
			c.seq[way]++
			b := join([]byte{4, 0, 0, 0}, c.secret[way*4:way*4+4], binary.LittleEndian.AppendUint64(nil, uint64(c.seq[way])), random(r, 32+16*r.IntN(80)))
			return send(c.to(51820), way == 1, b)
		}},
		{name: "WebRTC data channel", share: 80, next: func(r *rand.Rand, c *talk) []byte {
			fragments := c.secret[:9:9]
			for i := range fragments {
				fragments[i] = 'a' + fragments[i]%26
			}
			fragments[4] = ':'
			user := stunAttribute(6, fragments...)
			down := r.IntN(2) == 0
			switch n := c.packets; {
			case n == 1 || n > 10 && n%40 == 0:
				return send(c, false, stunMessage(1, random(r, 12), user, stunAttribute(0x24, 0x6e, 0, 1, 0xff), stunAttribute(0x802a, c.secret[16:24]...),
					stunAttribute(8, random(r, 20)...), stunAttribute(0x8028, random(r, 4)...)))
			case n == 2 || n > 10 && n%40 == 1:
				return send(c, true, stunMessage(0x101, random(r, 12), xorMapped(c), stunAttribute(8, random(r, 20)...)))
			case n == 3:
				return send(c, false, dtls(22, 0, 0, join([]byte{1, 0, 0, 100, 0, 0, 0, 0, 0, 100, 0xfe, 0xfd}, random(r, 98))))
			case n == 4:
				return send(c, true, dtls(22, 0, 0, join([]byte{2, 0, 0, 80, 0, 0, 0, 0, 0, 80, 0xfe, 0xfd}, random(r, 78))))
			}
			return send(c, down, dtls(23, 1, uint32(c.packets), random(r, 60+r.IntN(1100))))
		}},
		{name: "TURN keep-alives", share: 60, next: func(r *rand.Rand, c *talk) []byte {
			c.to(3478)
			switch n := c.packets; {
			case n == 1:
				return send(c, false, stunMessage(3, random(r, 12), stunAttribute(0x19, 17, 0, 0, 0)))
			case n == 2:
				return send(c, true, stunMessage(0x113, random(r, 12), stunAttribute(9, 0, 0, 4, 1), stunAttribute(0x14, []byte("example.net")...), stunAttribute(0x15, c.secret[:16]...)))
			case n%4 == 3:
				return send(c, false, stunMessage(4, random(r, 12), stunAttribute(0xd, 0, 0, 2, 0x58), stunAttribute(0x14, []byte("example.net")...)))
			case n%4 == 0:
				return send(c, true, stunMessage(0x104, random(r, 12), stunAttribute(0xd, 0, 0, 2, 0x58)))
			case n%4 == 1:
				return send(c, false, stunMessage(8, random(r, 12), stunAttribute(0x12, 0, 1, 0x30, 0x39, 0xe1, 0x12, 0xd5, 0x42)))
			}
			return send(c, true, stunMessage(0x108, random(r, 12)))
		}},
		{name: "STUN keep-alives of telephones", share: 30, next: func(r *rand.Rand, c *talk) []byte {
			c.to(3478)
			if c.packets%2 == 1 {
				return send(c, false, stunMessage(1, random(r, 12)))
			}
			return send(c, true, stunMessage(0x101, random(r, 12), xorMapped(c)))
		}},
		{name: "uTP of BitTorrent", share: 40, next: func(r *rand.Rand, c *talk) []byte {
			way := r.IntN(2)
			c.seq[way]++
			b := join([]byte{0x01, 0}, c.secret[way*2:way*2+2], random(r, 8), []byte{0, 4, 0, 0, byte(c.seq[way] >> 8), byte(c.seq[way]), byte(c.seq[1-way] >> 8), byte(c.seq[1-way])}, random(r, r.IntN(1300)))
			return send(c, way == 1, b)
		}},
		{name: "DHT of BitTorrent", share: 20, next: func(r *rand.Rand, c *talk) []byte {
			return send(c, r.IntN(2) == 0, join([]byte("d1:ad2:id20:"), random(r, 20), []byte("e1:q4:ping1:t2:aa1:y1:qe")))
		}},
		{name: "a protocol with fixed octets where RTP has its SSRC", share: 10, next: func(r *rand.Rand, c *talk) []byte {
			way := r.IntN(2)
			b := join([]byte{0x90, 0x60}, random(r, 2), random(r, 4), c.secret[way*4:way*4+4], random(r, 100))
			return send(c, way == 1, b)
		}},
		// 100,000 of a million.
		{name: "octets whose first is 128 to 191", share: 100, next: func(r *rand.Rand, c *talk) []byte {
			b := random(r, 12+r.IntN(400))
			b[0] = 0x80 | b[0]&0x3f
			return send(c, r.IntN(2) == 0, b)
		}},
	}
}

// In a million packets in which nobody calls anybody, no call is found.
func TestNoCallInWhatIsNone(t *testing.T) {
	packets := 1_000_000
	if testing.Short() {
		packets = 100_000
	}
	for _, workers := range []int{1, 4} {
		if workers > 1 {
			packets /= 10
		}
		got, stats := replay(t, newNoise(packets), func(c *pipeline.Config) { c.Workers = workers })
		if stats.Packets != uint64(packets) {
			t.Errorf("%d packets, want %d", stats.Packets, packets)
		}
		for _, b := range got.bodies[:min(len(got.bodies), 5)] {
			t.Errorf("%d workers: a record of what is no call: %.600s", workers, b)
		}
		if len(got.bodies) > 5 {
			t.Errorf("%d workers: %d records", workers, len(got.bodies))
		}
		for _, r := range []decode.Reason{decode.STUN, decode.DTLS, decode.RTP, decode.TCP, decode.UDPOther} {
			if stats.Counts[r] < uint64(packets)/100 {
				t.Errorf("only %d packets are %s: the traffic is not what it should be", stats.Counts[r], r)
			}
		}
	}
}

// The same traffic around one call: that one is found, and no other.
func TestOneCallInWhatIsNone(t *testing.T) {
	n := newNoise(60_000)
	c := n.talk()
	var seq [2]uint16
	call := &noiseKind{name: "a call", share: 1000, next: func(r *rand.Rand, _ *talk) []byte {
		way := r.IntN(2)
		seq[way]++
		h := []byte{0x80, 0, byte(seq[way] >> 8), byte(seq[way]), 0, 0, byte(seq[way]), 0, 1, 2, 3, byte(way)}
		return send(&c, way == 1, join(h, random(r, 160)))
	}, talks: []talk{c}}
	n.kinds[0].share -= 100
	call.share = 100
	n.kinds = append(n.kinds, call)
	got, _ := replay(t, n, func(c *pipeline.Config) { c.FinalOnly = true })
	if len(got.bodies) != 1 || !bytes.Contains(got.bodies[0], []byte(`"kind":"media"`)) {
		t.Errorf("got %d records, want one of the call: %.600s", len(got.bodies), bytes.Join(got.bodies, []byte("\n")))
	}
}
