package mediaonly

import (
	"cmp"
	"slices"
	"sort"
)

// half lists a call of one direction among those that may be joined; a call in whose both directions there was media, or both of
// whose ends are one host, is not one of them, nor is what is no call yet.
func (t *Table) half(c *call) {
	if !c.proven || c.both || len(c.pairs) > 1 || c.first.Src.IP == c.first.Dst.IP {
		return
	}
	d := directionOf(&c.first)
	i, _ := t.place(t.halves[d], c)
	t.halves[d] = slices.Insert(t.halves[d], i, c)
}

// unhalf takes a call off that list.
func (t *Table) unhalf(c *call) {
	d := directionOf(&c.first)
	list := t.halves[d]
	i, found := t.place(list, c)
	switch {
	case !found:
	case len(list) == 1:
		delete(t.halves, d)
	default:
		t.halves[d] = slices.Delete(list, i, i+1)
	}
}

// place is where a call stands in a list, or belongs: by the time of its first packet, then by its flow.
func (t *Table) place(list []*call, c *call) (int, bool) {
	return slices.BinarySearchFunc(list, c, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.started, b.started), compareFlows(&a.first, &b.first))
	})
}

// candidates returns the calls in the opposite direction that began within joinWindow of c, at most two: of several none is
// taken, however many there are.
func (t *Table) candidates(c *call) []*call {
	list := t.halves[directionOf(&c.first).back()]
	i := sort.Search(len(list), func(i int) bool { return list[i].started >= c.started-joinWindow })
	n := i
	for n < len(list) && n < i+2 && list[n].started <= c.started+joinWindow {
		n++
	}
	return list[i:n]
}

// match returns the call that is c's other direction, if each is the only one that the other could be joined with, and no record
// has been made of either.
func (t *Table) match(c *call) (other *call, ok bool) {
	if !c.proven || c.both || len(c.pairs) > 1 || c.revision > 0 {
		return nil, false
	}
	mine := t.candidates(c)
	if len(mine) != 1 || len(t.candidates(mine[0])) != 1 || mine[0].revision > 0 {
		if len(mine) > 0 {
			t.Stats.Ambiguous++
		}
		return nil, false
	}
	return mine[0], true
}

// settle decides whether another direction belongs to c, when all that could is known. That may be later than at: a candidate
// that began after c has to have had its time, too.
func (t *Table) settle(c *call, at int64) (until int64) {
	if c.proven && !c.both && len(c.pairs) == 1 && c.revision == 0 {
		if mine := t.candidates(c); len(mine) == 1 {
			if until = mine[0].started + int64(t.cfg.Checkpoint); until > at {
				return until
			}
		}
		if other, ok := t.match(c); ok {
			t.join(c, other)
		}
	}
	c.settled = true
	return at
}

// join makes c and other one call, c.
func (t *Table) join(c, other *call) {
	t.Stats.Joined++
	t.unhalf(c)
	t.forget(other)
	if other.started < c.started || other.started == c.started && compareFlows(&other.first, &c.first) < 0 {
		c.first, c.started, c.tap = other.first, other.started, other.tap
	}
	c.pairs = append(c.pairs, other.pairs...)
	for _, p := range other.pairs {
		t.calls[p] = c
	}
	c.both, c.settled, c.proven = true, true, true
	c.last, c.quiet, c.over = max(c.last, other.last), max(c.quiet, other.quiet), c.over || other.over
	for i := range other.closed {
		c.sum(&other.closed[i])
	}
	for _, o := range other.open {
		if len(c.open) >= MaxStreams {
			c.over = true
			break
		}
		c.open = append(c.open, o)
		t.streams[o.id] = c
	}
}
