package media

import "hash/maphash"

// The hash is seeded, so that nobody outside can choose flows that meet in one slot.
func (t *Table) hash(key *flowKey) uint32 {
	return uint32(maphash.Bytes(t.seed, key[:])) //nolint:gosec // the low half will do
}

func (t *Table) mask() uint32 { return uint32(len(t.slots) - 1) } //nolint:gosec // a power of two, bounded by cfg.Streams

func (t *Table) find(key *flowKey) (uint32, bool) {
	hash, mask := t.hash(key), t.mask()
	for i := hash & mask; ; i = (i + 1) & mask {
		switch s := t.slots[i]; {
		case s.entry == 0:
			return 0, false
		case s.hash == hash && t.entries[s.entry-1].key == *key:
			return s.entry - 1, true
		}
	}
}

func (t *Table) place(s slot) {
	mask := t.mask()
	i := s.hash & mask
	for t.slots[i].entry != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

// remove takes entry n out of the slots and moves back what stood behind it, so that no search meets a hole.
func (t *Table) remove(n uint32) {
	mask := t.mask()
	hole := t.hash(&t.entries[n].key) & mask
	for t.slots[hole].entry != n+1 {
		hole = (hole + 1) & mask
	}
	for i := (hole + 1) & mask; t.slots[i].entry != 0; i = (i + 1) & mask {
		if home := t.slots[i].hash & mask; (i-home)&mask >= (i-hole)&mask {
			t.slots[hole] = t.slots[i]
			hole = i
		}
	}
	t.slots[hole] = slot{}
}

func (t *Table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s.entry != 0 {
			t.place(s)
		}
	}
}
