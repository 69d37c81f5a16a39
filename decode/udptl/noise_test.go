package udptl_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"calltrail/decode/fuzzbound"
	"calltrail/decode/udptl"
)

// noise calls f with n payloads of 5 to 200 octets, the same ones each time. of says which octet a random one stands for.
func noise(n int, of func(random byte) byte, f func(b []byte)) {
	r := rand.New(rand.NewPCG(38, 2010))
	b := make([]byte, 208)
	for range n {
		p := b[:5+r.IntN(196)]
		for i := 0; i < len(p); i += 8 {
			binary.NativeEndian.PutUint64(b[i:], r.Uint64())
		}
		if of != nil {
			for i := range p {
				p[i] = of(p[i])
			}
		}
		f(p)
	}
}

// Of a million datagrams that are not fax, none may be taken for it when their octets are random; and few when they are made of
// the octets that UDPTL itself is full of. What is accepted of these has the length and the form of a packet.
func TestNoise(t *testing.T) {
	own := [...]byte{0x00, 0x00, 0x00, 0x01, 0x01, 0x02, 0x04, 0x06}
	for _, c := range []struct {
		name string
		of   func(random byte) byte
		most int // accepted of 1,000,000
	}{
		{"random octets", nil, 0},
		{"octets of UDPTL", func(random byte) byte { return own[random&7] }, 400},
		{"0 and 1", func(random byte) byte { return random & 1 }, 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			accepted, cut := 0, 0
			var h udptl.Header
			noise(1_000_000, c.of, func(b []byte) {
				if udptl.Parse(b, len(b), &h) == nil {
					accepted++
				}
				if udptl.Parse(b[:min(len(b), 40)], len(b), &h) == nil {
					cut++
				}
			})
			t.Logf("%d of 1,000,000 accepted, %d when all but 40 octets are cut off", accepted, cut)
			if accepted > c.most {
				t.Errorf("%d of 1,000,000 accepted, want %d at most", accepted, c.most)
			}
		})
	}
}

func TestNoAllocations(t *testing.T) {
	var h udptl.Header
	for _, c := range packets {
		b := []byte(c.b)
		for n := range len(b) + 1 {
			if allocs := testing.AllocsPerRun(10, func() {
				_ = udptl.Parse(b[:n], n, &h)
				_ = udptl.Parse(b[:n], len(b), &h)
			}); allocs != 0 {
				t.Errorf("%s, %d octets: %v allocations", c.name, n, allocs)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range packets {
		f.Add([]byte(c.b), 0)
		f.Add([]byte(c.b[:len(c.b)*2/3]), len(c.b))
	}
	f.Fuzz(func(t *testing.T, b []byte, wireLen int) {
		fuzzbound.Check(t, len(b), func() { _ = udptl.Parse(b, wireLen, new(udptl.Header)) })
		wireLen %= 1 << 17 // more would overflow the check below, not Parse
		var h, again udptl.Header
		if udptl.Parse(b, wireLen, &h) != nil {
			return
		}
		if !udptl.Looks(b, wireLen) {
			t.Fatalf("%x is taken and does not look like it", b)
		}
		wire := max(wireLen, len(b))
		if h.PrimaryLen < 1 || h.PrimaryLen > wire-5 || h.Packets < 0 || h.Whole && (wire != len(b) || h.Recovery == udptl.NotCaptured) {
			t.Fatalf("%d of %d octets gave %+v", len(b), wire, h)
		}
		// Whatever is cut off, what is left says nothing else.
		for n := range b {
			if udptl.Parse(b[:n], wire, &again) == nil && (again.Seq != h.Seq || again.PrimaryLen != h.PrimaryLen || again.Whole) {
				t.Fatalf("%d octets gave %+v, %d gave %+v", len(b), h, n, again)
			}
			if n == 256 {
				break
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range packets[:10] {
		b.Run(c.name, func(b *testing.B) {
			var h udptl.Header
			packet := []byte(c.b)
			b.ReportAllocs()
			for b.Loop() {
				_ = udptl.Parse(packet, len(packet), &h)
			}
		})
	}
}

// All that Parse takes looks like it, whole and cut; of noise hardly anything does.
func TestLooks(t *testing.T) {
	var h udptl.Header
	taken := 0
	for _, c := range packets {
		for n := range len(c.b) + 1 {
			b := []byte(c.b)[:n]
			if udptl.Parse(b, len(c.b), &h) == nil {
				taken++
				if !udptl.Looks(b, len(c.b)) {
					t.Errorf("%s: %d octets of it do not look like it", c.name, n)
				}
			}
		}
	}
	if taken < len(packets) {
		t.Errorf("%d packets were taken", taken)
	}
	looking, of := 0, 0
	noise(20_000, nil, func(b []byte) {
		of++
		is := udptl.Looks(b, len(b))
		if is {
			looking++
		}
		if !is && udptl.Parse(b, len(b), &h) == nil {
			t.Fatalf("%x is taken and does not look like it", b)
		}
	})
	if looking > of/50 {
		t.Errorf("%d of %d payloads of noise look like it", looking, of)
	}
}

// BenchmarkRefused is what a random payload costs.
func BenchmarkRefused(b *testing.B) {
	var payloads [][]byte
	noise(1024, nil, func(p []byte) {
		payloads = append(payloads, append([]byte(nil), p...))
	})
	var h udptl.Header
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		p := payloads[i&1023]
		i++
		_ = udptl.Parse(p, len(p), &h)
	}
}
