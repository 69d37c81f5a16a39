package geo

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
)

// recentSlots is a power of two; full, the answers take some 2 MiB.
const recentSlots = 8192

// recent remembers the last answer in each of a fixed number of slots, chosen by the address's hash. A new answer
// pushes the old one out of its slot: bounded whatever comes, without a lock, and each slot is swapped whole. It
// belongs to one snapshot, so an answer never outlives the database it came from. The seed keeps a sender from choosing
// addresses that share a slot.
type recent struct {
	seed  maphash.Seed
	slots [recentSlots]atomic.Pointer[answer]
}

type answer struct {
	addr  netip.Addr
	place Place
}

func (r *recent) slot(addr netip.Addr) *atomic.Pointer[answer] {
	return &r.slots[maphash.Comparable(r.seed, addr)%recentSlots]
}
