package reassembly

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestChunksExpire(t *testing.T) {
	a := NewAssociations(AssociationConfig{})
	a.Packet(sctpFlow, sctpPacket(1, dataChunk(flagBegin, 1, 0, sctpA)), 0, 10*second)
	a.Advance(40*second - 1)
	if a.waiting.n != 1 {
		t.Fatal("gone before its time")
	}
	if v := a.Packet(sctpFlow, sctpPacket(1, dataChunk(flagEnd, 2, 0, sctpC)), 0, 40*second); v != Held {
		t.Fatal(v)
	}
	a.Advance(40*second + 10*time.Minute.Nanoseconds())
	if a.Len() != 0 || a.waiting.n != 0 || a.Stats.Expired != 2 {
		t.Fatalf("%d associations, %d chunks, %+v", a.Len(), a.waiting.n, a.Stats)
	}
}

func TestAssociationBounds(t *testing.T) {
	t.Run("associations", func(t *testing.T) {
		a := NewAssociations(AssociationConfig{Associations: 2})
		for tag := range uint32(5) {
			a.Packet(sctpFlow, sctpPacket(7, heartbeat), 0, 0)
			a.Packet(sctpFlow, sctpPacket(tag, dataChunk(flagsWhole, 1, 0, sctpMessage)), 0, 0)
			a.Packet(sctpFlow, sctpPacket(7, dataChunk(flagsWhole, 1, 0, sctpMessage)), 0, 0)
			if tag > 0 && len(a.Messages) > 0 {
				t.Error("the one that is in use was forgotten")
			}
		}
		if a.Len() != 2 || a.Stats.Forgotten != 4 {
			t.Errorf("%d, %+v", a.Len(), a.Stats)
		}
	})
	t.Run("chunks of one", func(t *testing.T) {
		a := NewAssociations(AssociationConfig{})
		for tsn := range uint32(100) {
			a.Packet(sctpFlow, sctpPacket(1, dataChunk(0, 2*tsn, 0, "x")), 0, 0)
		}
		if a.waiting.n != maxParts || a.Stats.Evicted != 36 || a.waiting.oldest().tsn != 72 {
			t.Errorf("%d, %+v", a.waiting.n, a.Stats)
		}
	})
	t.Run("octets of one", func(t *testing.T) {
		a := NewAssociations(AssociationConfig{})
		for tsn := range uint32(5) {
			a.Packet(sctpFlow, sctpPacket(1, dataChunk(0, 2*tsn, 0, strings.Repeat("x", 60_000))), 0, 0)
		}
		if a.waiting.n != 2 || a.Stats.Evicted != 3 {
			t.Errorf("%d, %+v", a.waiting.n, a.Stats)
		}
	})
	t.Run("octets of all", func(t *testing.T) {
		a := NewAssociations(AssociationConfig{Octets: 8 * blockLen})
		for tag := range uint32(100) {
			a.Packet(sctpFlow, sctpPacket(tag, dataChunk(0, tag, 0, strings.Repeat("x", 3000))), 0, 0)
			checkAssociations(t, a)
		}
		a.Packet(sctpFlow, sctpPacket(1000, dataChunk(0, 1, 0, strings.Repeat("x", 9*blockLen))), 0, 0)
		if a.pool.made != 8 || a.Stats.Evicted != 96 || a.Stats.Refused != 1 {
			t.Errorf("%d, %+v", a.pool.made, a.Stats)
		}
	})
	t.Run("message too long", func(t *testing.T) {
		a := NewAssociations(AssociationConfig{})
		a.Packet(sctpFlow, sctpPacket(1, dataChunk(flagBegin, 1, 0, sctpA+strings.Repeat("x", 40_000))), 0, 0)
		v := a.Packet(sctpFlow, sctpPacket(1, dataChunk(flagEnd, 2, 0, strings.Repeat("x", 40_000))), 0, 0)
		if v != Held || a.Stats.Refused != 2 || a.waiting.n != 0 {
			t.Errorf("%d, %+v", v, a.Stats)
		}
	})
}

func TestChunksAreWiped(t *testing.T) {
	a := NewAssociations(AssociationConfig{})
	text := strings.Repeat("the text", 400)
	a.Packet(sctpFlow, sctpPacket(1, dataChunk(flagBegin, 1, 0, sctpA+text)), 0, 0)
	if v := a.Packet(sctpFlow, sctpPacket(1, dataChunk(flagEnd, 2, 0, text)), 0, 0); v != Completed {
		t.Fatal(v)
	}
	m := a.Messages[0].Octets
	a.Packet(sctpFlow, sctpPacket(1, heartbeat), 0, 0)
	if bytes.Contains(m[:cap(m)], []byte("text")) {
		t.Error("the message")
	}
	n := 0
	for b := a.pool.free; b != nil; b = b.next {
		if n++; bytes.Contains(b.octets[:], []byte("text")) {
			t.Errorf("block %d", n)
		}
	}
	if n != 4 {
		t.Errorf("%d blocks, want 4", n)
	}
}

func TestTSNWindow(t *testing.T) {
	var w tsns
	if w.has(0) {
		t.Error("the empty window has 0")
	}
	for _, tsn := range []uint32{1<<32 - 2, 1, 2, 0, 200} {
		if w.has(tsn) {
			t.Errorf("%d before it came", tsn)
		}
		w.mark(tsn)
	}
	for tsn, want := range map[uint32]bool{1<<32 - 2: true, 1<<32 - 1: false, 0: true, 1: true, 2: true, 3: false, 199: false, 200: true, 201: false} {
		if w.has(tsn) != want {
			t.Errorf("%d: %v", tsn, !want)
		}
	}
	w.mark(257) // 1<<32-2 and 1 fall out of it; 257 takes the place of 1
	if w.has(1) || w.has(1<<32-2) || !w.has(257) || !w.has(200) {
		t.Error("after it moved")
	}
	w.mark(300)
	if w.has(258) || w.has(299) || !w.has(257) || !w.has(200) {
		t.Error("what fell out of it is taken for new numbers")
	}
	w.mark(1 << 31) // another numbering
	if w.has(257) || !w.has(1<<31) {
		t.Error("after a leap")
	}
	w.mark(258)
	if !w.has(258) || w.has(1<<31) {
		t.Error("after a leap back")
	}
}

func TestAssociationsDoNotAllocate(t *testing.T) {
	for name, run := range sctpRuns() {
		for range 1000 {
			run()
		}
		if n := testing.AllocsPerRun(2000, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// sctpRuns gives packets to Associations of their own, with TSNs that grow.
func sctpRuns() map[string]func() {
	runs := map[string]func(){}
	for name, flags := range map[string][]byte{"one": {flagsWhole}, "two": {flagBegin, flagEnd}, "heartbeat": {}} {
		a := NewAssociations(AssociationConfig{})
		tsn, at := uint32(0), int64(0)
		first, beat := sctpPacket(1, dataChunk(0, 0, 0, sctpA)), sctpPacket(1, heartbeat)
		runs[name] = func() {
			at += 1e6
			for _, f := range flags {
				tsn++
				first[13] = f
				binary.BigEndian.PutUint32(first[16:], tsn)
				a.Packet(sctpFlow, first, len(first), at)
			}
			if len(flags) == 0 {
				a.Packet(sctpFlow, beat, len(beat), at)
			} else if len(a.Messages) != 1 {
				panic(fmt.Sprint(len(a.Messages)))
			}
		}
	}
	return runs
}

func BenchmarkAssociations(b *testing.B) {
	for name, run := range sctpRuns() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}
