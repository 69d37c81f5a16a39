package reassembly

// blockLen is the number of octets in a block: the two fragments of a usual SIP request of 1,500 to 2,000 octets share
// one.
const blockLen = 2048

// idleBlocks is how many blocks stay at hand when nothing is kept, so that the next ones need no allocation: 128 KiB.
const idleBlocks = 64

// block is a piece of memory for octets from the wire.
type block struct {
	next   *block // in the pool, or of a chunk
	octets [blockLen]byte
}

// blockPool hands out blocks and takes them back, wiped. There are never more than most of them, in use and spare together.
type blockPool struct {
	most, made int
	spare      int
	free       *block
}

// room is how many blocks can be taken.
func (p *blockPool) room() int { return p.most - p.made + p.spare }

// take returns a block full of zeros. There must be room.
func (p *blockPool) take() *block {
	if p.free == nil {
		p.made++
		return new(block)
	}
	b := p.free
	p.free, b.next = b.next, nil
	p.spare--
	return b
}

// put wipes a block and takes it back.
func (p *blockPool) put(b *block) {
	clear(b.octets[:])
	b.next, p.free = p.free, b
	p.spare++
}

// shrink lets the memory of a rush go when it is over.
func (p *blockPool) shrink() {
	for p.spare > idleBlocks {
		p.free = p.free.next
		p.spare--
		p.made--
	}
}

// blocksFor is how many blocks n octets take.
func blocksFor(n int) int { return (n + blockLen - 1) / blockLen }

// wiped returns an empty buffer that has room for n octets, and nothing left in it of what buf held: buf itself, if that
// is large enough.
func wiped(buf []byte, n int) []byte {
	clear(buf)
	if cap(buf) < n {
		return make([]byte, 0, blocksFor(n)*blockLen)
	}
	return buf[:0]
}
