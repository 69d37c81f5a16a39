package reassembly

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
)

// interrupted counts how many of n datagrams of two fragments from 192.0.2.1 become whole, of about 2,800 octets each,
// when between the first and the second fragment of each flood runs.
func interrupted(d *Fragments, n int, flood func(now int64)) (whole int) {
	for i := range n {
		now := int64(i) * 1e6
		f := cut8(0, true, strings.Repeat("octets__", 185))
		f.ID = uint32(i)
		d.Add(f, now)
		flood(now)
		f = cut8(1480, false, strings.Repeat("octets__", 170))
		f.ID = uint32(i)
		if _, _, r := d.Add(f, now); r == Whole {
			whole++
		}
	}
	return whole
}

// A flood of fragments that never become whole, from one source: nobody else loses a datagram. Once of small fragments,
// which fill the table; once of large ones, which fill the memory; once from 200 sources together.
func TestFragmentFlood(t *testing.T) {
	for name, test := range map[string]struct{ sources, length, perSource int }{
		"table":           {1, 8, 1 << 20},
		"memory":          {1, 65_000 &^ 7, 1 << 20},
		"quota":           {1, 1480, 0},
		"200 sources":     {200, 1480, 0},
		"200, the memory": {200, 32_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := FragmentConfig{Datagrams: 4096, Octets: 16 << 20, PerSource: test.perSource}
			d := NewFragments(cfg)
			data := make([]byte, test.length)
			id := uint32(0)
			flood := func(now int64) {
				for range 500 {
					id++
					f := &Fragment{Src: addr(3), Dst: addr(2), Proto: 17, ID: id, More: true, Data: data, Length: len(data)}
					binary.BigEndian.PutUint16(f.Src[8:], uint16(int(id)%test.sources))
					d.Add(f, now)
				}
			}
			if n := interrupted(d, 40, flood); n != 40 {
				t.Errorf("%d of 40 datagrams of the other became whole", n)
			}
			checkFragments(t, d)
			if s := d.Stats; s.Evicted == 0 || s.Evicted != s.EvictedFragments {
				t.Errorf("%+v: the flood was none", s)
			}
		})
	}
}

// The memory that a flood takes is bounded by the configuration, and given back when it is over.
func TestFragmentFloodMemory(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	cfg := FragmentConfig{Datagrams: 1000, Octets: 4 << 20}
	before := heap()
	d := NewFragments(cfg)
	data := make([]byte, 8*maxExtents)
	for i := range 200_000 {
		f := &Fragment{
			Dst: addr(2), Proto: 17, ID: uint32(i) / maxExtents, Offset: 128 * (i % maxExtents), More: true, Data: data, Length: 8,
		}
		binary.BigEndian.PutUint32(f.Src[:], uint32(i/maxExtents))
		if i > 150_000 { // larger ones, each of a datagram and a source of its own
			f.Length, f.ID = len(data), uint32(i)
			binary.BigEndian.PutUint32(f.Src[:], uint32(i))
		}
		d.Add(f, int64(i))
	}
	checkFragments(t, d)
	// Beside the octets: 1,100 a datagram, as FragmentConfig says, and as much for its source and their tables.
	if used, most := heap()-before, uint64(cfg.Octets+cfg.Datagrams*2200); used > most {
		t.Errorf("%d octets of memory, more than %d", used, most)
	}
	d.Advance(3600 * second)
	if d.pool.made != idleBlocks || d.pool.spare != idleBlocks || d.spare != idleBlocks || len(d.sources.free) != idleBlocks {
		t.Errorf("%d blocks, %d datagrams, %d sources still there", d.pool.made, d.spare, len(d.sources.free))
	}
	if used, most := heap()-before, uint64(1<<20); used > most {
		t.Errorf("%d octets of memory when all is over", used)
	}
	runtime.KeepAlive(d)
}

// No memory is set aside for what only a header claims.
func TestFragmentClaims(t *testing.T) {
	d := NewFragments(FragmentConfig{})
	f := cut8(65_520, false, "")
	f.Length, f.Data = 8, []byte{1}
	d.Add(f, 0)
	if d.pool.made != 1 {
		t.Fatalf("%d blocks for one octet", d.pool.made)
	}
	f = cut8(0, true, "")
	f.Length = 65_520
	if whole, _, r := d.Add(f, 0); r != Whole || len(whole) != 0 || cap(d.whole) > blockLen || d.pool.made != 1 {
		t.Fatalf("%d, %d octets, %d made", r, len(whole), d.pool.made)
	}
}

func TestFragmentsDoNotAllocate(t *testing.T) {
	d := NewFragments(FragmentConfig{})
	run := twoFragments(d)
	for range 1000 { // until the tables have their size
		run()
	}
	if n := testing.AllocsPerRun(2000, run); n != 0 {
		t.Errorf("%v allocations for a datagram of two fragments", n)
	}
}

// twoFragments returns a function that gives d a datagram of two fragments, 1,800 octets, a millisecond after the last.
func twoFragments(d *Fragments) func() {
	data := make([]byte, 1480)
	now, id := int64(0), uint32(0)
	var f Fragment
	return func() {
		now += 1e6
		id++
		f = Fragment{Src: addr(1), Dst: addr(2), Proto: 17, ID: id & 0xffff, More: true, Data: data, Length: 1480}
		d.Add(&f, now)
		f = Fragment{Src: addr(1), Dst: addr(2), Proto: 17, ID: id & 0xffff, Offset: 1480, Data: data[:320], Length: 320}
		d.Add(&f, now)
	}
}

func BenchmarkFragments(b *testing.B) {
	b.Run("two", func(b *testing.B) {
		run := twoFragments(NewFragments(FragmentConfig{}))
		b.ReportAllocs()
		b.SetBytes(1800)
		for b.Loop() {
			run()
		}
	})
	// Each fragment of a source of its own pushes one out.
	b.Run("flood", func(b *testing.B) {
		d := NewFragments(FragmentConfig{})
		f := Fragment{Dst: addr(2), Proto: 17, More: true, Data: make([]byte, 1480), Length: 1480}
		i := uint32(0)
		b.ReportAllocs()
		b.SetBytes(1480)
		for b.Loop() {
			i++
			binary.BigEndian.PutUint32(f.Src[:], i)
			d.Add(&f, int64(i))
		}
	})
	b.Run("advance", func(b *testing.B) {
		d := NewFragments(FragmentConfig{})
		d.Add(cut8(0, true, "12345678"), 0)
		b.ReportAllocs()
		for b.Loop() {
			d.Advance(1)
		}
	})
}
