package pipeline

import (
	"encoding/binary"
	"hash/maphash"
	"time"

	"calltrail/decode"
)

const (
	// copyWindow is how long after a datagram the same one again is a copy that a mirror port made. The shortest time
	// after which a SIP element sends a message again is T1, 500 ms (RFC 3261 section 17.1.1.1).
	copyWindow = int64(20 * time.Millisecond)
	// maxCopies bounds the datagrams remembered; more in one window are taken for what they are.
	maxCopies = 65_536
)

// copies remembers the signalling of the last moments, to count what a mirror port doubled once. It is a worker's own: both
// copies have the same addresses, the outer ones of tunnels too, so the same worker gets them. What is seen in one tunnel and
// then in another is no copy but another hop.
type copies struct {
	seed  maphash.Seed
	seen  map[uint64]int64
	queue []sighting
	head  int
}

type sighting struct {
	key uint64
	at  int64
}

func newCopies() *copies { return &copies{seed: maphash.MakeSeed(), seen: map[uint64]int64{}} }

// again says that the datagram was seen within the window before. at is packet time, never less than the time before.
func (c *copies) again(f *decode.Frame, scope uint32, at int64) bool {
	c.forget(at - copyWindow)
	var ends [40]byte
	copy(ends[:16], f.Src.IP[:])
	copy(ends[16:32], f.Dst.IP[:])
	binary.LittleEndian.PutUint16(ends[32:], f.Src.Port)
	binary.LittleEndian.PutUint16(ends[34:], f.Dst.Port)
	binary.LittleEndian.PutUint32(ends[36:], scope)
	var h maphash.Hash
	h.SetSeed(c.seed)
	_, _ = h.Write(ends[:]) // never fails
	for i := range f.Tunnels {
		_, _ = h.Write(f.Tunnel[i].Src[:]) // never fails
		_, _ = h.Write(f.Tunnel[i].Dst[:]) // never fails
	}
	_, _ = h.Write(f.Payload) // never fails
	key := h.Sum64()
	if _, ok := c.seen[key]; ok {
		return true
	}
	if len(c.seen) < maxCopies {
		c.seen[key] = at
		c.queue = append(c.queue, sighting{key, at})
	}
	return false
}

func (c *copies) forget(before int64) {
	for c.head < len(c.queue) && c.queue[c.head].at < before {
		delete(c.seen, c.queue[c.head].key)
		c.head++
	}
	if c.head > 1024 && 2*c.head > len(c.queue) {
		n := copy(c.queue, c.queue[c.head:])
		c.queue, c.head = c.queue[:n], 0
	}
}
