package attest

import (
	"hash/maphash"
	"sync/atomic"
)

// recentSlots is a power of two; full, the findings take some 1 MiB.
const recentSlots = 4096

// recent remembers the last finding in each of a fixed number of slots, chosen by the signature's hash. A new one pushes the old
// one out of its slot: bounded whatever comes, without a lock, and each slot is swapped whole. It belongs to one set, so a
// finding never outlives the certificates it came from. The seed keeps a sender from choosing signatures that share a slot.
type recent struct {
	seed  maphash.Seed
	slots [recentSlots]atomic.Pointer[entry]
}

type entry struct {
	digest    [32]byte
	signature [64]byte
	x5u       string
	finding   finding
}

func (r *recent) slot(signature *[64]byte) *atomic.Pointer[entry] {
	return &r.slots[maphash.Bytes(r.seed, signature[:])%recentSlots]
}
