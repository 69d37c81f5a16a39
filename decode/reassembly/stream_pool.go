package reassembly

import (
	"math/bits"

	"calltrail/decode/sip"
)

// Sizes of the buffers of a pool: powers of two.
const (
	minBuffer  = 64
	classes    = 12      // up to 128 KiB, more than one direction ever holds in one buffer
	pooled     = 1 << 18 // octets that are kept unused in one class
	maxHeld    = 64 << 10
	maxPieces  = 128
	maxPartial = sip.MaxMessage + 1<<16 // a message all but its last octet, and the segment with it
)

// pool gives out buffers and takes them back. What it takes back it clears: bodies may be content.
type pool struct {
	free [classes][][]byte
}

func class(n int) int { return max(0, bits.Len(uint((n-1)/minBuffer))) }

// get returns an empty buffer for n octets, 1 to maxPartial.
func (p *pool) get(n int) []byte {
	k := class(n)
	if last := len(p.free[k]) - 1; last >= 0 {
		b := p.free[k][last]
		p.free[k][last] = nil
		p.free[k] = p.free[k][:last]
		return b
	}
	return make([]byte, 0, minBuffer<<k)
}

// put takes a buffer back that get returned.
func (p *pool) put(b []byte) {
	b = b[:cap(b)]
	clear(b)
	if k := class(len(b)); len(p.free[k]) < max(1, pooled/len(b)) {
		p.free[k] = append(p.free[k], b[:0])
	}
}
