package reassembly

import "container/heap"

// allowance is what a source may hold, in datagrams and blocks together, without being called greedy: one long datagram,
// or eight of the usual length. Without it a proxy with three messages on the way would go before a forged address with
// one.
const allowance = 16

// sourceKey is whom a datagram is charged to.
type sourceKey struct {
	addr  [16]byte
	scope uint32
}

func (k *fragmentKey) source() sourceKey {
	from := sourceKey{addr: k.src, scope: k.scope}
	if k.v6 {
		clear(from.addr[8:]) // the interface identifier, RFC 4291 section 2.5.1
	}
	return from
}

// source is a sender of datagrams that are incomplete: of one at least.
type source struct {
	key       sourceKey
	datagrams queue[datagram] // oldest first
	blocks    int
	position  int // in the heap
}

// excess is what a source holds beyond its allowance.
func (s *source) excess() int { return max(0, s.datagrams.n+s.blocks-allowance) }

// sources are all of them, and which one has to give way first.
type sources struct {
	known     map[sourceKey]*source
	greediest ranking
	free      []*source
}

// add charges a new datagram to its source.
func (t *sources) add(key sourceKey, g *datagram) {
	s := t.known[key]
	if s == nil {
		if n := len(t.free); n > 0 {
			s, t.free = t.free[n-1], t.free[:n-1]
		} else {
			s = &source{}
		}
		s.key = key
		t.known[key] = s
		s.datagrams.add(&g.turn, g)
		heap.Push(&t.greediest, s)
	} else {
		s.datagrams.add(&g.turn, g)
		heap.Fix(&t.greediest, s.position)
	}
	g.source = s
}

// changed charges blocks to a source.
func (t *sources) changed(s *source, blocks int) {
	if blocks != 0 {
		s.blocks += blocks
		heap.Fix(&t.greediest, s.position)
	}
}

// remove takes a datagram, with its blocks, off its source's account.
func (t *sources) remove(g *datagram) {
	s := g.source
	g.source = nil
	s.blocks -= len(g.blocks)
	if s.datagrams.n > 1 {
		s.datagrams.remove(&g.turn)
		heap.Fix(&t.greediest, s.position)
		return
	}
	heap.Remove(&t.greediest, s.position)
	s.datagrams.remove(&g.turn)
	delete(t.known, s.key)
	*s = source{}
	t.free = append(t.free, s)
}

// ranking is a heap of sources: first the one with the most beyond its allowance, of equals the one with the oldest
// datagram. No two have the same rank, so that the same packets always push out the same datagrams.
type ranking []*source

// Len is heap.Interface's.
func (r ranking) Len() int { return len(r) }

// Less is heap.Interface's.
func (r ranking) Less(i, j int) bool {
	a, b := r[i].excess(), r[j].excess()
	if a != b {
		return a > b
	}
	return r[i].datagrams.oldest().number < r[j].datagrams.oldest().number
}

// Swap is heap.Interface's.
func (r ranking) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].position, r[j].position = i, j
}

// Push is heap.Interface's.
func (r *ranking) Push(x any) {
	s := x.(*source) //nolint:errcheck,forcetypeassert // only add pushes
	s.position = len(*r)
	*r = append(*r, s)
}

// Pop is heap.Interface's.
func (r *ranking) Pop() any {
	last := len(*r) - 1
	s := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return s
}
