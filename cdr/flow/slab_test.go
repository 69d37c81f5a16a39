package flow

import (
	"math/rand/v2"
	"testing"

	"calltrail/decode"
)

// The slab finds what is in it and nothing else, whatever came and went before, and its filter lets nothing be missed.
func TestSlab(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSlab()
	in := map[uint32]uint32{} // number of the flow: its entry
	frame := func(n uint32) *decode.Frame {
		var f decode.Frame
		f.Src.IP[15], f.Src.IP[14], f.Src.Port = byte(n), byte(n>>8), 1000
		f.Dst.IP[15], f.Dst.Port = 7, uint16(n%3)
		return &f
	}
	for step := range 60_000 {
		n := r.Uint32N(4000)
		f := frame(n)
		hash := s.hash(f, 5)
		if i, ok := in[n]; ok && r.IntN(2) == 0 {
			s.remove(i)
			delete(in, n)
		} else if !ok {
			i, e := s.insert(hash)
			e.Client, e.Server, e.Scope = f.Dst, f.Src, 5
			in[n] = i
		}
		if step%100 != 0 {
			continue
		}
		for n := range uint32(4000) {
			f := frame(n)
			if r.IntN(2) == 0 {
				f.Src, f.Dst = f.Dst, f.Src
			}
			hash := s.hash(f, 5)
			want, known := in[n]
			got, ok := s.find(hash, f, 5, false)
			if ok != known || ok && got != want || known && !s.perhaps(hash) {
				t.Fatalf("step %d, flow %d: %d %t, want %d %t, filter %t", step, n, got, ok, want, known, s.perhaps(hash))
			}
			if _, ok := s.find(hash, f, 5, true); ok {
				t.Fatal("found over TCP")
			}
		}
		if s.used != len(in) || int(s.made) > 4000 {
			t.Fatalf("%d used of %d, want %d", s.used, s.made, len(in))
		}
	}
	for _, i := range in {
		s.remove(i)
	}
	for i, n := range s.filter {
		if n != 0 {
			t.Fatalf("%d left in slot %d of the filter", n, i)
		}
	}
}

// A slot of the filter that is full stays full: nobody can make it forget a flow.
func TestFilterFull(t *testing.T) {
	s := newSlab()
	var all []uint32
	for range 256 {
		i, _ := s.insert(1)
		all = append(all, i)
	}
	for _, i := range all[1:] {
		s.remove(i)
	}
	if !s.perhaps(1) {
		t.Error("a flow is there, and the filter says no")
	}
}
