package flow

import (
	"encoding/binary"
	"hash/maphash"

	"calltrail/decode"
)

// slab is where flows lie: open addressing over chunks that never move, and before it a filter of counting slots, so that a packet
// of no followed flow costs one look.
type slab struct {
	chunks []*[chunkLen]entry
	made   uint32 // entries ever used
	free   uint32 // first free one + 1
	used   int
	slots  []slot
	filter []uint8 // how many flows have each slot; full stays full
	shift  uint8   // 64 - log2(len(filter))
	seeds  [2]uint64
}

// slot is a place of the hash table.
type slot struct {
	entry uint32 // its number + 1; 0 is empty
	hash  uint32 // the low half of its hash
}

const (
	chunkLen   = 256
	firstSlots = 1 << 10
	// filterPerSlot is how many slots of the filter there are for one of the table: with the table at most half full, one packet
	// in sixteen of no flow at most goes on to it.
	filterPerSlot = 8
	filterBits    = 13 // log2(firstSlots * filterPerSlot)
	stuck         = 1<<8 - 1
)

func newSlab() slab {
	seed := maphash.MakeSeed()
	return slab{
		slots: make([]slot, firstSlots), filter: make([]uint8, firstSlots*filterPerSlot), shift: 64 - filterBits,
		seeds: [2]uint64{maphash.String(seed, "address"), maphash.String(seed, "port")},
	}
}

func (s *slab) at(i uint32) *entry { return &s.chunks[i/chunkLen][i%chunkLen] }

// hash is the same for both directions. It is seeded, so that nobody outside can choose flows that meet in one slot.
func (s *slab) hash(f *decode.Frame, scope uint32) uint64 {
	return fold(s.half(&f.Src)+s.half(&f.Dst)^uint64(scope), prime1)
}

func (s *slab) half(e *decode.Endpoint) uint64 {
	return fold(binary.LittleEndian.Uint64(e.IP[8:])^s.seeds[0],
		binary.LittleEndian.Uint64(e.IP[:8])^s.seeds[1]^uint64(e.Port)*prime2)
}

// perhaps is false when no flow has this hash.
func (s *slab) perhaps(hash uint64) bool { return s.filter[hash>>s.shift] != 0 }

func (s *slab) find(hash uint64, f *decode.Frame, scope uint32, tcp bool) (uint32, bool) {
	mask := s.mask()
	for i := uint32(hash) & mask; ; i = (i + 1) & mask { //nolint:gosec // the low half will do
		switch p := s.slots[i]; {
		case p.entry == 0:
			return 0, false
		case p.hash == uint32(hash) && s.at(p.entry-1).is(f, scope, tcp): //nolint:gosec // as above
			return p.entry - 1, true
		}
	}
}

// insert makes room for a flow; the entry is zero but for its hash.
func (s *slab) insert(hash uint64) (uint32, *entry) {
	if 2*(s.used+1) > len(s.slots) {
		s.grow()
	}
	i := s.made
	if s.free != 0 {
		i = s.free - 1
		s.free = s.at(i).next
	} else {
		if int(i/chunkLen) == len(s.chunks) {
			s.chunks = append(s.chunks, new([chunkLen]entry))
		}
		s.made++
	}
	e := s.at(i)
	*e = entry{hash: hash}
	s.used++
	s.place(slot{i + 1, uint32(hash)}) //nolint:gosec // the low half will do
	s.mark(hash)
	return i, e
}

// remove takes entry i out of the slots and moves back what stood behind it, so that no search meets a hole.
func (s *slab) remove(i uint32) {
	e, mask := s.at(i), s.mask()
	hole := uint32(e.hash) & mask //nolint:gosec // the low half will do
	for s.slots[hole].entry != i+1 {
		hole = (hole + 1) & mask
	}
	for j := (hole + 1) & mask; s.slots[j].entry != 0; j = (j + 1) & mask {
		if home := s.slots[j].hash & mask; (j-home)&mask >= (j-hole)&mask {
			s.slots[hole] = s.slots[j]
			hole = j
		}
	}
	s.slots[hole] = slot{}
	if n := &s.filter[e.hash>>s.shift]; *n != stuck {
		*n--
	}
	*e = entry{next: s.free}
	s.free = i + 1
	s.used--
}

func (s *slab) mask() uint32 { return uint32(len(s.slots) - 1) } //nolint:gosec // a power of two, bounded by Config.Flows

func (s *slab) place(p slot) {
	mask := s.mask()
	i := p.hash & mask
	for s.slots[i].entry != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = p
}

func (s *slab) mark(hash uint64) {
	if n := &s.filter[hash>>s.shift]; *n != stuck {
		*n++
	}
}

func (s *slab) grow() {
	old := s.slots
	s.slots, s.filter = make([]slot, 2*len(old)), make([]uint8, 2*len(s.filter))
	s.shift--
	for _, p := range old {
		if p.entry != 0 {
			s.place(p)
			s.mark(s.at(p.entry - 1).hash)
		}
	}
}
