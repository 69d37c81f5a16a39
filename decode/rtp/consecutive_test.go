package rtp

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestConsecutive(t *testing.T) {
	tests := []struct {
		name    string
		numbers []uint16
		want    uint16
	}{
		{"one", []uint16{7}, 1},
		{"in order", []uint16{7, 8, 9, 10}, 4},
		{"over the wrap-around", []uint16{65534, 65535, 0, 1}, 4},
		{"copies of each", []uint16{7, 7, 8, 8, 9, 9}, 3},
		{"copies of an older one", []uint16{7, 8, 7, 9}, 3},
		{"a gap begins a new run", []uint16{7, 8, 9, 11, 12}, 3},
		{"the longest run counts", []uint16{7, 8, 10, 11, 12, 13, 15}, 4},
		{"out of order", []uint16{7, 9, 8, 10, 11}, 2},
		{"a stray between", []uint16{7, 8, 40000, 9, 10, 11}, 3},
		{"two senders take turns", []uint16{1, 40000, 2, 40001, 3, 40002}, 1},
		{"stands still", []uint16{7, 7, 7, 7}, 1},
		{"counts by two", []uint16{2, 4, 6, 8}, 1},
		{"counts down", []uint16{9, 8, 7, 6}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			feed(&s, tt.numbers...)
			if s.Consecutive != tt.want {
				t.Errorf("got %d, want %d", s.Consecutive, tt.want)
			}
		})
	}
}

func TestConsecutiveSaturates(t *testing.T) {
	var s Stream
	s.Start(&Header{}, 0)
	for i := 1; i < 70_000; i++ {
		s.Add(&Header{Seq: uint16(i)}, 0)
	}
	if s.Consecutive != math.MaxUint16 {
		t.Errorf("got %d", s.Consecutive)
	}
	s.Add(&Header{Seq: 10_000}, 0) // a gap
	if s.Consecutive != math.MaxUint16 || s.run != 0 {
		t.Errorf("after a gap: %d, present run %d", s.Consecutive, s.run)
	}
}

// The run of a stream after a jump begins with the two packets that made the jump.
func TestConsecutiveAfterAJump(t *testing.T) {
	var before, after Stream
	before.Start(&Header{Seq: 1}, 0)
	before.Add(&Header{Seq: 40000}, 0)
	h := Header{Seq: 40001}
	if before.Add(&h, 0) != Jump {
		t.Fatal("no jump")
	}
	if after.StartAfter(&before, &h, 0); after.Consecutive != 2 {
		t.Errorf("got %d", after.Consecutive)
	}
}

// Random numbers do not make a run that a caller would take for media.
func TestConsecutiveOfNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	var s Stream
	s.Start(&Header{}, 0)
	longest := uint16(0)
	for range 1_000_000 {
		h := Header{Seq: uint16(r.UintN(1 << 16))}
		if s.Add(&h, 0) == Jump {
			var next Stream
			next.StartAfter(&s, &h, 0)
			s = next
		}
		longest = max(longest, s.Consecutive)
	}
	if longest > 4 {
		t.Errorf("a run of %d", longest)
	}
}

func TestRange(t *testing.T) {
	var s Stream
	feed(&s, 65534, 1, 65533)
	if low, high := s.Range(); low != 1<<16+65533 || high != 2<<16+1 || high-low+1 != s.Expected() {
		t.Errorf("%d to %d, %d expected", low, high, s.Expected())
	}
}

// A stream without timestamps has no jitter, after a jump neither.
func TestUntimed(t *testing.T) {
	var s, next Stream
	s.StartUntimed(&Header{Seq: 0, PayloadLen: 30}, 0)
	s.Add(&Header{Seq: 1, PayloadLen: 30}, 20*ms)
	s.Add(&Header{Seq: 9000}, 40*ms)
	h := Header{Seq: 9001}
	if s.Add(&h, 60*ms) != Jump {
		t.Fatal("no jump")
	}
	next.StartAfter(&s, &h, 60*ms)
	for _, s := range []*Stream{&s, &next} {
		if _, ok := s.JitterMS(8000); ok || s.Packets != 2 {
			t.Errorf("jitter %v of %d packets", ok, s.Packets)
		}
	}
}

func TestConsecutiveCostsNoRoom(t *testing.T) {
	if size := unsafe.Sizeof(Stream{}); size > 152 {
		t.Errorf("a Stream has %d octets", size)
	}
}
