package reassembly

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// checkFragments holds a defragmenter to what is always so: every fragment is somewhere, every octet within bounds, every
// account right.
func checkFragments(t *testing.T, d *Fragments) {
	t.Helper()
	s := &d.Stats
	var waiting uint64
	blocks, held := 0, map[sourceKey]int{}
	number := uint64(0)
	for p := d.waiting.first; p != nil; p = p.next {
		g := p.of
		waiting += g.fragments
		held[g.source.key] += len(g.blocks)
		if d.known[g.key] != g || g.done || g.number <= number {
			t.Fatalf("datagram %d after %d, known %v, done %v", g.number, number, d.known[g.key] == g, g.done)
		}
		number = g.number
		covered, captured, last := 0, 0, 0
		for _, e := range g.pieces {
			if int(e.from) < last || e.have < e.from || e.to < e.have || e.from == e.to {
				t.Fatalf("pieces %v", g.pieces)
			}
			last = int(e.to)
			covered += int(e.to - e.from)
			captured += int(e.have - e.from)
		}
		if covered != g.covered || captured != g.used || blocksFor(g.used) != len(g.blocks) || len(g.pieces) > maxExtents {
			t.Fatalf("covered %d of %d, captured %d of %d in %d blocks", covered, g.covered, captured, g.used, len(g.blocks))
		}
	}
	for _, g := range d.known {
		blocks += len(g.blocks)
	}
	for _, src := range d.sources.greediest {
		if held[src.key] != src.blocks || src.datagrams.n == 0 || src.datagrams.n > d.cfg.PerSource {
			t.Fatalf("source: %d blocks of %d, %d datagrams", src.blocks, held[src.key], src.datagrams.n)
		}
	}
	if s.Fragments != s.Joined+s.Copies+s.ExpiredFragments+s.EvictedFragments+s.Refused+s.Bad+waiting {
		t.Fatalf("%d fragments wait, %+v", waiting, *s)
	}
	if len(d.known) != d.waiting.n+d.done.n || len(d.known) > d.cfg.Datagrams || blocks != d.pool.made-d.pool.spare ||
		d.pool.made > d.pool.most || len(held) != len(d.sources.known) || len(held) != len(d.sources.greediest) {
		t.Fatalf("%d known, %d wait, %d done, %d blocks of %d made", len(d.known), d.waiting.n, d.done.n, blocks, d.pool.made)
	}
}

// octets returns n random ones.
func octets(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// fragmented cuts a datagram into legal fragments.
func fragmented(r *rand.Rand, whole []byte, id uint32, v6 bool) (all []*Fragment) {
	most := 8 * (1 + max(len(whole)/8/24, r.IntN(1+min(len(whole)/8, 300))))
	for from := 0; from < len(whole); {
		to := min(len(whole), from+8*(1+r.IntN(most/8)))
		if len(all) > 40 {
			to = len(whole)
		}
		all = append(all, &Fragment{
			Src: addr(byte(id)), Dst: addr(2), ID: id, Proto: 17, V6: v6, Offset: from, More: to < len(whole),
			Data: whole[from:to], Length: to - from,
		})
		from = to
	}
	return all
}

// Datagrams cut into any legal fragments, in any order, among each other, with any copies, come out once each, as sent.
func TestAnyFragmentsMakeTheWhole(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			sent := map[uint32][]byte{}
			var all []*Fragment
			for id := range uint32(1 + r.IntN(6)) {
				sent[id] = octets(r, 9+r.IntN(1<<(4+r.IntN(12))))
				cut := fragmented(r, sent[id], id, r.IntN(2) == 0)
				for range r.IntN(4) {
					cut = append(cut, cut[r.IntN(len(cut))])
				}
				all = append(all, cut...)
			}
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			d := NewFragments(FragmentConfig{})
			for i, f := range all {
				given := *f
				given.Data = bytes.Clone(f.Data)
				whole, overlap, result := d.Add(&given, int64(i))
				clear(given.Data[:0])
				if result == Whole {
					if !bytes.Equal(whole, sent[f.ID]) || overlap || given.Length != len(whole) {
						t.Fatalf("datagram %d: %d octets of %d, overlap %v", f.ID, len(whole), len(sent[f.ID]), overlap)
					}
					delete(sent, f.ID)
				} else if result != Waiting {
					t.Fatal(result)
				}
				checkFragments(t, d)
			}
			if len(sent) > 0 || d.Len() > 0 {
				t.Fatalf("%d missing, %d waiting", len(sent), d.Len())
			}
		})
	}
}

// Of fragments that overlap in any way the first octets come out, and the overlap is told exactly when octets or ends
// differed. The reference is a datagram painted octet by octet.
func TestAnyOverlapKeepsTheFirstOctets(t *testing.T) {
	told, agreed := 0, 0
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 2))
		total := 8 * (2 + r.IntN(12))
		versions := [2][]byte{octets(r, total), nil}
		versions[1] = bytes.Clone(versions[0])
		versions[1][r.IntN(total)] ^= 0x55
		d := NewFragments(FragmentConfig{})
		painted, have := make([]byte, total), make([]bool, total)
		differs, ended, complete := false, false, false
		for range 400 {
			from := 8 * r.IntN(total/8)
			to := min(total, from+8*(1+r.IntN(4)))
			data := versions[r.IntN(2)][from:to]
			for i := range data {
				if have[from+i] {
					differs = differs || painted[from+i] != data[i]
				} else {
					painted[from+i], have[from+i] = data[i], true
				}
			}
			ended = ended || to == total
			f := cut8(from, to < total, string(data))
			whole, overlap, result := d.Add(f, 0)
			checkFragments(t, d)
			complete = ended
			for _, h := range have {
				complete = complete && h
			}
			if complete != (result == Whole) {
				t.Fatalf("seed %d: result %d, complete %v", seed, result, complete)
			}
			if complete {
				if !bytes.Equal(whole, painted) || overlap != differs {
					t.Fatalf("seed %d: overlap %v, differed %v\n%x\n%x", seed, overlap, differs, whole, painted)
				}
				break
			}
		}
		if !complete {
			t.Fatalf("seed %d never became whole", seed)
		}
		if differs {
			told++
		} else {
			agreed++
		}
	}
	if told < 100 || agreed < 100 {
		t.Fatalf("%d overlaps, %d without: the test shows nothing", told, agreed)
	}
}

// Random fragments of few datagrams in little room, over time: the accounts stay right, whatever is pushed out.
func TestFragmentAccounts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	d := NewFragments(FragmentConfig{Datagrams: 12, Octets: 24 * blockLen, PerSource: 5, Timeout: 15})
	for now := range int64(20_000) {
		f := randomFragment(r)
		d.Add(f, now)
		checkFragments(t, d)
	}
	s := d.Stats
	for name, n := range map[string]uint64{
		"datagrams": s.Datagrams, "copies": s.Copies, "expired": s.Expired, "evicted": s.Evicted, "overlaps": s.Overlaps,
		"refused": s.Refused, "bad": s.Bad,
	} {
		if n == 0 {
			t.Errorf("no %s: the test shows nothing about them; %+v", name, s)
		}
	}
}

func randomFragment(r *rand.Rand) *Fragment {
	f := &Fragment{
		Src: addr(byte(r.IntN(4))), Dst: addr(200), ID: uint32(r.IntN(5)), Proto: 17, V6: r.IntN(2) == 0,
		Offset: 8 * r.IntN(64), More: r.IntN(5) > 0, Length: 8 * r.IntN(40),
	}
	switch r.IntN(20) {
	case 0:
		f.Offset = 8 * r.IntN(8192)
	case 1:
		f.Length = r.IntN(40_000) &^ 7
	}
	f.Data = make([]byte, f.Length)
	if r.IntN(10) == 0 && f.Length > 0 {
		f.Data = f.Data[:r.IntN(f.Length)]
	}
	if r.IntN(100) == 0 && len(f.Data) > 0 {
		f.Data[0] = 1
	}
	return f
}
