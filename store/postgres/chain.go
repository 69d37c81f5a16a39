package postgres

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"

	"calltrail/store/spool"
)

// chainKey names one chain: one life of one sensor's spool.
type chainKey struct {
	sensor string
	epoch  uint64
}

func (k chainKey) compare(o chainKey) int {
	return cmp.Or(strings.Compare(k.sensor, o.sensor), cmp.Compare(k.epoch, o.epoch))
}

// link is an entry's place: what its neighbours must agree with.
type link struct{ leaf, hash [sha256.Size]byte }

// span is a run of numbers, both ends included.
type span struct{ first, last uint64 }

// chain is what the database knows of one chain, as far as a batch touches it, while its ledger row is locked.
type chain struct {
	chainKey
	received []span // ascending, apart
	headSeq  uint64
	headHash [sha256.Size]byte
	genesis  []byte // Prev of entry 1; nil: not received yet
	known    map[uint64]link
	entries  []*entry // of this batch, ascending
	fresh    []uint64 // numbers this batch adds
}

// byChain groups the entries that have a place on a chain: chains in the order in which every loader locks them, entries
// in the order of their numbers.
func byChain(list []*entry) []*chain {
	at := map[chainKey]*chain{}
	var chains []*chain
	for _, e := range list {
		if !e.chained {
			continue
		}
		key := chainKey{e.Sensor, e.Epoch}
		c := at[key]
		if c == nil {
			c = &chain{chainKey: key, known: map[uint64]link{}}
			at[key] = c
			chains = append(chains, c)
		}
		c.entries = append(c.entries, e)
	}
	slices.SortFunc(chains, func(a, b *chain) int { return a.compare(b.chainKey) })
	for _, c := range chains {
		slices.SortStableFunc(c.entries, func(a, b *entry) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return chains
}

// has says whether a number was received before this batch.
func (c *chain) has(seq uint64) bool {
	_, found := slices.BinarySearchFunc(c.received, seq, func(s span, seq uint64) int {
		switch {
		case s.last < seq:
			return -1
		case s.first > seq:
			return 1
		}
		return 0
	})
	return found
}

// wanted lists the numbers whose entries must be read before the batch can be placed: those that are there already, and
// the neighbours of new ones. The head is known from the ledger, so a batch that simply goes on needs none.
func (c *chain) wanted() []int64 {
	var list []int64
	want := func(seq uint64) {
		if c.has(seq) {
			list = append(list, int64(seq)) //nolint:gosec // examine bounds numbers to int64
		}
	}
	for _, e := range c.entries {
		if e.Seq-1 != c.headSeq {
			want(e.Seq - 1)
		}
		want(e.Seq)
		want(e.Seq + 1)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// verdict is what becomes of an entry on its chain.
type verdict int

const (
	fresh       verdict = iota // new, and it fits
	redelivered                // there already, the same
	conflict                   // there already, and another: an alarm
	broken                     // new, and a neighbour says it is not the one: an alarm
)

// place decides about one entry and, when it is fresh, adds it. Entries are placed in ascending order.
func (c *chain) place(e *entry) verdict {
	if there, ok := c.known[e.Seq]; ok && breach != breachDedupe {
		if there.hash == e.Hash {
			return redelivered
		}
		return conflict
	}
	switch before, ok := c.known[e.Seq-1]; {
	case ok && before.hash != e.Prev:
		return broken
	case !ok && e.Seq > 1 && e.Seq-1 == c.headSeq && c.headHash != e.Prev:
		return broken
	}
	// An entry does not keep its prev; that it follows from this one shows in its hash.
	if after, ok := c.known[e.Seq+1]; ok && spool.Link(e.Hash, e.Epoch, e.Seq+1, after.leaf) != after.hash {
		return broken
	}
	c.known[e.Seq] = link{e.Leaf, e.Hash}
	c.fresh = append(c.fresh, e.Seq)
	if e.Seq == 1 {
		c.genesis = e.Prev[:]
	}
	if e.Seq > c.headSeq {
		c.headSeq, c.headHash = e.Seq, e.Hash
	}
	return fresh
}

// multirange is the numbers this batch adds in the notation of int8multirange.
func (c *chain) multirange() string {
	b := []byte{'{'}
	for i := 0; i < len(c.fresh); {
		j := i + 1
		for j < len(c.fresh) && c.fresh[j] == c.fresh[j-1]+1 {
			j++
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = strconv.AppendUint(b, c.fresh[i], 10)
		b = append(b, ',')
		b = strconv.AppendUint(b, c.fresh[j-1], 10)
		b = append(b, ']')
		i = j
	}
	return string(append(b, '}'))
}
