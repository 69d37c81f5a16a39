package reassembly

import (
	"bytes"
	"slices"
)

// fragmentKey is what the fragments of one datagram have in common.
type fragmentKey struct {
	src, dst [16]byte
	scope    uint32
	id       uint32
	proto    uint8 // of IPv4; RFC 8200 section 4.5 leaves it out
	v6       bool
}

func keyOf(f *Fragment) fragmentKey {
	k := fragmentKey{src: f.Src, dst: f.Dst, scope: f.Scope, id: f.ID, proto: f.Proto, v6: f.V6}
	if f.V6 {
		k.proto = 0
	}
	return k
}

// legal says whether f can be a part of a datagram. Offsets count units of 8 octets, so that only the last fragment may
// have another length than a multiple of them: RFC 8200 section 4.5 has all others dropped, and no sender of IPv4 makes
// them.
func legal(f *Fragment) bool {
	return f.Offset >= 0 && f.Offset%8 == 0 && f.Offset <= maxDatagram && f.Length > 0 && f.Length <= maxDatagram-f.Offset &&
		(!f.More || f.Length%8 == 0)
}

// unknown is the total of a datagram whose last fragment has not come.
const unknown = -1

// datagram is what was seen of one: pieces, in the order of their offsets and without overlaps, of octets that lie in
// blocks in the order in which they came.
type datagram struct {
	key     fragmentKey
	source  *source
	age     place[datagram] // among those that wait, or are remembered
	turn    place[datagram] // among those of its source
	spare   *datagram       // the next one, of those that are free
	number  uint64          // of all that were begun
	since   int64           // packet time of the first fragment; when done, of the last one
	done    bool            // it was whole and is remembered
	overlap bool
	proto   uint8 // by its first fragment

	total     int // octets on the wire, unknown at first
	covered   int // octets that pieces stand for
	fragments uint64
	pieces    []extent
	blocks    []*block
	used      int // octets in blocks
}

// extent is a piece: it stands for the octets [from, to) of a datagram. Those up to have were captured and lie at at.
type extent struct{ from, to, have, at uint16 }

// reset makes g ready for another datagram. Its blocks must have been put back.
func (g *datagram) reset() {
	clear(g.blocks)
	*g = datagram{pieces: g.pieces[:0], blocks: g.blocks[:0]}
}

// captured returns f's octets: never more than it has on the wire.
func captured(f *Fragment) []byte { return f.Data[:min(len(f.Data), f.Length)] }

// agrees says whether f's end fits to what is known of the end.
func (g *datagram) agrees(f *Fragment) bool {
	end := f.Offset + f.Length
	switch {
	case f.More:
		return g.total == unknown || end < g.total
	case g.total == unknown:
		return len(g.pieces) == 0 || end >= int(g.pieces[len(g.pieces)-1].to)
	}
	return end == g.total
}

// plan is what a fragment would add.
type plan struct {
	gaps    int  // pieces that it fills
	octets  int  // captured ones in them
	differs bool // where it is no gap, it has other octets
}

// measure compares f with what is there.
func (g *datagram) measure(f *Fragment) (p plan) {
	data, next, end := captured(f), f.Offset, f.Offset+f.Length
	gap := func(to int) {
		if next < to {
			p.gaps++
			p.octets += max(0, min(to, f.Offset+len(data))-next)
		}
	}
	for i := range g.pieces {
		from, to, have := int(g.pieces[i].from), int(g.pieces[i].to), int(g.pieces[i].have)
		if to <= next {
			continue
		}
		if from >= end {
			break
		}
		gap(from)
		first, last := max(from, f.Offset), min(have, f.Offset+len(data))
		if first < last && !g.equal(int(g.pieces[i].at)+first-from, data[first-f.Offset:last-f.Offset]) {
			p.differs = true
		}
		next = min(to, end)
	}
	gap(end)
	return p
}

// covers says whether f is a copy of a part of g, which is whole.
func (g *datagram) covers(f *Fragment) bool {
	return g.agrees(f) && !g.measure(f).differs
}

// store copies what f adds. There must be blocks for it.
func (g *datagram) store(f *Fragment) {
	g.fragments++
	data, next, end := captured(f), f.Offset, f.Offset+f.Length
	if !f.More {
		g.total = end
	}
	for i := 0; next < end; i++ {
		to := end
		if i < len(g.pieces) {
			to = min(end, int(g.pieces[i].from))
		}
		if next < to {
			g.insert(i, next, to, data[min(len(data), next-f.Offset):min(len(data), to-f.Offset)])
			if next == 0 {
				g.proto = f.Proto
			}
		}
		// What is at i is the one just made, or one that was there.
		next = max(next, int(g.pieces[i].to))
	}
}

// insert makes the octets [from, to) the piece i, of which data was captured.
func (g *datagram) insert(i, from, to int, data []byte) {
	g.pieces = slices.Insert(g.pieces, i, extent{
		from: uint16(from), to: uint16(to), //nolint:gosec // legal: up to maxDatagram
		have: uint16(from + len(data)), at: uint16(g.used), //nolint:gosec // pieces do not overlap, so used is no more
	})
	g.covered += to - from
	for len(data) > 0 {
		n := copy(g.blocks[g.used/blockLen].octets[g.used%blockLen:], data)
		data = data[n:]
		g.used += n
	}
}

// equal says whether the octets kept at at are data.
func (g *datagram) equal(at int, data []byte) bool {
	for len(data) > 0 {
		kept := g.blocks[at/blockLen].octets[at%blockLen:]
		n := min(len(kept), len(data))
		if !bytes.Equal(kept[:n], data[:n]) {
			return false
		}
		data = data[n:]
		at += n
	}
	return true
}

// appendTo appends the octets of g, which is whole, up to the first that was not captured.
func (g *datagram) appendTo(b []byte) []byte {
	for i := range g.pieces {
		p := &g.pieces[i]
		for at, n := int(p.at), int(p.have-p.from); n > 0; {
			kept := g.blocks[at/blockLen].octets[at%blockLen:]
			kept = kept[:min(n, len(kept))]
			b = append(b, kept...)
			at += len(kept)
			n -= len(kept)
		}
		if p.have < p.to {
			break
		}
	}
	return b
}
