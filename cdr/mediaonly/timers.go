package mediaonly

import (
	"cmp"
	"slices"
)

// NextTimer is the time of the next deadline; ok is false when there is none.
func (t *Table) NextTimer() (at int64, ok bool) {
	at, _, ok = t.timers.Next()
	return at, ok
}

// Advance fires the deadlines before now, each at its own time.
func (t *Table) Advance(now int64) {
	for {
		at, c, ok := t.timers.Next()
		if !ok || at >= now {
			return
		}
		t.act(c, at)
	}
}

// act does what is due for a call at its deadline.
func (t *Table) act(c *call, at int64) {
	if !c.settled {
		if until := t.settle(c, at); until > at {
			t.timers.Move(c.position, until)
			return
		}
	}
	if len(c.open) == 0 && c.quiet+int64(t.cfg.Linger) <= at {
		t.finish(c, Silent)
		return
	}
	if len(c.open) > 0 && !c.viewed {
		c.viewed = true
		t.emit(c.view(Open), false)
	}
	t.schedule(c, at)
}

// Finish ends all calls at the end of the input: those that were not silent yet end by why.
func (t *Table) Finish(now int64, why Ender) {
	// Nothing more comes: what could be joined is joined now.
	for _, c := range t.sorted() {
		if !c.settled && c.queued != nil {
			if other, ok := t.match(c); ok {
				t.join(c, other)
			}
		}
	}
	for _, c := range t.sorted() {
		by := why
		if len(c.open) == 0 && now-c.last >= int64(t.cfg.Idle) {
			by = Silent
		}
		t.finish(c, by)
	}
}

// sorted is all calls in the order of their first packets.
func (t *Table) sorted() []*call {
	all := make([]*call, 0, t.size)
	for p, c := range t.calls {
		if p == c.pairs[0] {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.started, b.started), compareFlows(&a.first, &b.first))
	})
	return all
}
