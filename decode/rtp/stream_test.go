package rtp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

const ms = int64(1e6) // nanoseconds

// feed gives a stream the numbered packets, one every 20 ms, and returns what became of each.
func feed(s *Stream, numbers ...uint16) string {
	var got []byte
	for i, seq := range numbers {
		h := Header{Seq: seq, Timestamp: uint32(seq) * 160, PayloadLen: 160}
		if t := int64(i) * 20 * ms; i == 0 {
			s.Start(&h, t)
			got = append(got, 'c')
		} else {
			got = append(got, "cdsj"[s.Add(&h, t)])
		}
	}
	return string(got)
}

func TestStreamAdd(t *testing.T) {
	type sums struct{ packets, lost, duplicates, strays uint64 }
	tests := []struct {
		name    string
		numbers []uint16
		updates string // c counted, d duplicate, s stray, j jump
		want    sums
	}{
		{"one", []uint16{7}, "c", sums{1, 0, 0, 0}},
		{"in order", []uint16{7, 8, 9}, "ccc", sums{3, 0, 0, 0}},
		{"lost", []uint16{7, 9, 12}, "ccc", sums{3, 3, 0, 0}},
		{"copies", []uint16{7, 7, 8, 7, 8}, "cdcdd", sums{2, 0, 3, 0}},
		{"reordered", []uint16{7, 9, 8, 10}, "cccc", sums{4, 0, 0, 0}},
		{"reordered before the first", []uint16{7, 5, 6, 5}, "cccd", sums{3, 0, 1, 0}},
		{"wrap-around", []uint16{65534, 65535, 0, 1}, "cccc", sums{4, 0, 0, 0}},
		{"reordered over the wrap-around", []uint16{65535, 1, 0, 65534, 0}, "ccccd", sums{4, 0, 1, 0}},
		{"before 0", []uint16{0, 65535}, "cc", sums{2, 0, 0, 0}},
		{"forward by 2999", []uint16{1, 3000}, "cc", sums{2, 2998, 0, 0}},
		{"forward by 3000", []uint16{1, 3001}, "cs", sums{1, 0, 0, 1}},
		{"back by 127", []uint16{200, 73, 73}, "ccd", sums{2, 126, 1, 0}},
		{"back by 128", []uint16{200, 72}, "cs", sums{1, 0, 0, 1}},
		{"window slid by 64", []uint16{200, 264, 200, 201, 264}, "ccdcd", sums{3, 62, 2, 0}},
		{"window slid by 63", []uint16{200, 263, 200, 201, 263}, "ccdcd", sums{3, 61, 2, 0}},
		{"window slid by 127", []uint16{200, 327, 200, 201}, "ccdc", sums{3, 125, 1, 0}},
		{"window slid by 128", []uint16{200, 328, 200, 201}, "ccsc", sums{3, 126, 0, 1}},
		{"jump", []uint16{1, 40000, 40001}, "csj", sums{1, 0, 0, 1}},
		{"jump over 65535", []uint16{30000, 65535, 0}, "csj", sums{1, 0, 0, 1}},
		{"stray", []uint16{1, 40000, 2, 3}, "cscc", sums{3, 0, 0, 1}},
		{"strays that do not follow each other", []uint16{1, 40000, 50000, 50001}, "cssj", sums{1, 0, 0, 2}},
		{"copies of a stray, jump", []uint16{1, 40000, 40000, 40001}, "cssj", sums{1, 0, 0, 2}},
		{"two senders take turns", []uint16{1, 40000, 2, 40001, 3, 40002}, "cscscs", sums{3, 0, 0, 3}},
		{"a copy between does not matter", []uint16{1, 40000, 1, 40001}, "csdj", sums{1, 0, 1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			if got := feed(&s, tt.numbers...); got != tt.updates {
				t.Errorf("updates %s, want %s", got, tt.updates)
			}
			if got := (sums{s.Packets, s.Lost(), s.Duplicates, s.Strays}); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if s.Octets != 160*s.Packets {
				t.Errorf("%d octets in %d packets", s.Octets, s.Packets)
			}
		})
	}
}

func TestStreamLongerThanOneCycle(t *testing.T) {
	var s Stream
	s.Start(&Header{Seq: 65000}, 0)
	for i := 1; i < 200_000; i++ {
		if i%100 == 0 {
			continue // lost
		}
		if got := s.Add(&Header{Seq: uint16(65000 + i)}, int64(i)); got != Counted {
			t.Fatalf("packet %d: %d", i, got)
		}
	}
	if s.Packets != 200_000-1999 || s.Lost() != 1999 || s.Expected() != 200_000 {
		t.Errorf("%d packets, %d lost of %d", s.Packets, s.Lost(), s.Expected())
	}
}

func TestStartAfter(t *testing.T) {
	var before, after Stream
	before.Start(&Header{SSRC: 9, Seq: 1, PayloadLen: 10}, 1)
	first := Header{SSRC: 9, Seq: 40000, Timestamp: 5, PayloadLen: 100, PayloadType: 8}
	second := Header{SSRC: 9, Seq: 40001, Timestamp: 165, PayloadLen: 1000, PayloadType: 8}
	for i, want := range []Update{Stray, Stray} {
		if got := before.Add(&first, int64(2+i)); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	}
	if got := before.Add(&second, 4); got != Jump {
		t.Fatalf("got %d, want Jump", got)
	}
	after.StartAfter(&before, &second, 4)

	if before.Packets != 1 || before.Strays != 0 || before.Octets != 10 || before.Last != 1 {
		t.Errorf("stream before: %+v", before)
	}
	if after.Packets != 2 || after.Octets != 1100 || after.Duplicates != 1 || after.Lost() != 0 ||
		after.First != 2 || after.Last != 4 || after.SSRC != 9 || after.PayloadType != 8 || after.Mixed {
		t.Errorf("stream after: %+v", after)
	}
	// Without a jump before, it starts like any other.
	before.Start(&Header{Seq: 1}, 1)
	after.StartAfter(&before, &second, 4)
	if after.Packets != 1 || after.Octets != 1000 || after.First != 4 || before.Strays != 0 {
		t.Errorf("stream without stray: %+v", after)
	}
}

// Any order within the window and any copies give what the stream in order gives.
func TestStreamOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		start := uint16(rng.UintN(1 << 16))
		type sent struct {
			h    Header
			time int64
			rank int
		}
		var packets []sent
		var octets, copies uint64
		for i := range 1500 {
			if i > 0 && rng.IntN(10) == 0 {
				continue // lost
			}
			p := sent{Header{Seq: start + uint16(i), Timestamp: uint32(160 * i), PayloadLen: rng.IntN(200)}, 0, i}
			octets += uint64(p.h.PayloadLen)
			packets = append(packets, p)
		}
		inOrder := uint64(len(packets))
		lost := uint64(packets[len(packets)-1].rank-packets[0].rank+1) - inOrder
		for i := range packets {
			p := packets[i]
			packets[i].rank += rng.IntN(60)
			for rng.IntN(5) == 0 {
				c := p
				c.rank += rng.IntN(60)
				packets = append(packets, c)
				copies++
			}
		}
		slices.SortStableFunc(packets, func(a, b sent) int { return a.rank - b.rank })

		var s Stream
		s.Start(&packets[0].h, 0)
		for i, p := range packets[1:] {
			if u := s.Add(&p.h, int64(i+1)*ms); u != Counted && u != Duplicate {
				t.Fatalf("seed %d, packet %d: update %d", seed, i, u)
			}
		}
		if s.Packets != inOrder || s.Octets != octets || s.Lost() != lost || s.Duplicates != copies || s.Strays != 0 {
			t.Fatalf("seed %d: %d packets, %d octets, %d lost, %d copies, %d strays; want %d, %d, %d, %d, 0", seed,
				s.Packets, s.Octets, s.Lost(), s.Duplicates, s.Strays, inOrder, octets, lost, copies)
		}
	}
}

// Whatever comes, each packet is in one counter and nothing is negative.
func TestStreamConservation(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		streams := []*Stream{{}}
		h := Header{Seq: uint16(rng.UintN(1 << 16)), PayloadLen: 1}
		streams[0].Start(&h, 0)
		const given = 3000
		for i := 1; i < given; i++ {
			switch rng.IntN(20) {
			case 0:
				h.Seq = uint16(rng.UintN(1 << 16))
			case 1:
				h.Seq -= uint16(rng.UintN(200))
			case 2: // a copy
			default:
				h.Seq++
			}
			s := streams[len(streams)-1]
			if s.Add(&h, int64(i)) == Jump {
				next := new(Stream)
				next.StartAfter(s, &h, int64(i))
				streams = append(streams, next)
			}
		}
		var sum uint64
		for _, s := range streams {
			sum += s.Packets + s.Duplicates + s.Strays
			if s.Octets != s.Packets || s.Packets > s.Expected() || s.First > s.Last {
				t.Fatalf("seed %d: %+v", seed, s)
			}
		}
		if sum != given {
			t.Fatalf("seed %d: %d packets in counters, %d given", seed, sum, given)
		}
	}
}

func TestStreamTimes(t *testing.T) {
	var s Stream
	s.Start(&Header{Seq: 10}, 100)
	s.Add(&Header{Seq: 12}, 300)
	s.Add(&Header{Seq: 11}, 200)   // an interface whose packets were merged late
	s.Add(&Header{Seq: 12}, 900)   // a copy
	s.Add(&Header{Seq: 5000}, 950) // a stray
	if s.First != 100 || s.Last != 300 {
		t.Errorf("first %d, last %d", s.First, s.Last)
	}
	s.Add(&Header{Seq: 9}, 50)
	if s.First != 50 || s.Last != 300 {
		t.Errorf("first %d, last %d", s.First, s.Last)
	}
}

func TestStreamPayloadType(t *testing.T) {
	tests := []struct {
		name  string
		types []uint8
		want  uint8
		mixed bool
	}{
		{"one", []uint8{8, 8, 8}, 8, false},
		{"events in the middle", []uint8{0, 0, 0, 101, 101, 0}, 0, true},
		{"events first", []uint8{101, 101, 0, 0, 0, 0}, 0, true},
		{"comfort noise first", []uint8{13, 13, 13, 18}, 18, true},
		{"mostly comfort noise", []uint8{18, 13, 13, 13, 13}, 18, true},
		{"comfort noise only", []uint8{13, 13}, 13, false},
		{"changed for good", []uint8{0, 0, 18, 18, 18, 18}, 18, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			s.Start(&Header{PayloadType: tt.types[0]}, 0)
			for i, pt := range tt.types[1:] {
				s.Add(&Header{Seq: uint16(i + 1), PayloadType: pt}, int64(i+1))
			}
			if s.PayloadType != tt.want || s.Mixed != tt.mixed {
				t.Errorf("payload type %d, mixed %v; want %d, %v", s.PayloadType, s.Mixed, tt.want, tt.mixed)
			}
		})
	}
}

func TestStreamIsSmallAndAllocatesNothing(t *testing.T) {
	if size := unsafe.Sizeof(Stream{}); size > 160 {
		t.Errorf("a Stream has %d octets", size)
	}
	var s, next Stream
	h := Header{Seq: 1}
	s.Start(&h, 0)
	if n := testing.AllocsPerRun(100, func() {
		h.Seq += 20000
		s.Add(&h, 1)
		h.Seq++
		if s.Add(&h, 2) != Jump {
			t.Error("no jump")
		}
		next.StartAfter(&s, &h, 2)
		next.Add(&h, 3)
		s, next = next, s
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkStreamAdd(b *testing.B) {
	for _, pt := range []uint8{0, 96} {
		b.Run(fmt.Sprintf("type=%d", pt), func(b *testing.B) {
			b.ReportAllocs()
			var s Stream
			h := Header{PayloadType: pt, PayloadLen: 160}
			s.Start(&h, 0)
			t := int64(0)
			for b.Loop() {
				h.Seq++
				h.Timestamp += 160
				t += 20 * ms
				s.Add(&h, t)
			}
		})
	}
}
