package dialog

import (
	"cmp"
	"slices"
)

// lineName is one of the lines in which calls wait to be pushed out of a full table: what costs least goes first.
type lineName uint8

const (
	noLine      lineName = iota
	held                 // final record made; nothing is lost
	early                // not answered
	established          // answered
	numLines
)

// breach is a promise of the table that is broken on purpose, for the controls of this package's tests alone.
type breach uint8

const (
	intact           breach = iota
	establishedFirst        // who talks is pushed out before who only knocks
	uncounted               // who is pushed out is not counted
)

// line is a list of calls, linked through them, so that a call leaves it without a search and without a trace.
type line struct{ first, last *Call }

// enqueue puts c to the end of a line.
func (t *Table) enqueue(c *Call, name lineName) {
	t.dequeue(c)
	if c.gone {
		return
	}
	l := &t.lines[name]
	c.line, c.before = name, l.last
	if l.last == nil {
		l.first = c
	} else {
		l.last.after = c
	}
	l.last = c
}

func (t *Table) dequeue(c *Call) {
	if c.line == noLine {
		return
	}
	l := &t.lines[c.line]
	if c.before == nil {
		l.first = c.after
	} else {
		c.before.after = c.after
	}
	if c.after == nil {
		l.last = c.before
	} else {
		c.after.before = c.before
	}
	c.line, c.before, c.after = noLine, nil, nil
}

// maxLegs bounds the legs of one Call-ID, each of which every message of it looks at.
const maxLegs = 32

// room makes room for one more call with this Call-ID.
func (t *Table) room(callID string) {
	if legs := t.calls[callID]; len(legs) >= maxLegs {
		t.pushOut(legs[0])
	}
	if t.size < t.cfg.Calls {
		return
	}
	for i := range t.lines {
		l := t.lines[i]
		if t.breach == establishedFirst {
			l = t.lines[len(t.lines)-1-i]
		}
		if l.first != nil {
			t.pushOut(l.first)
			return
		}
	}
}

// pushOut lets a call go before its time. What was not written down gets its record first.
func (t *Table) pushOut(c *Call) {
	if !c.Done {
		if t.breach != uncounted {
			t.Stats.Evicted++
		}
		c.Flags |= Evicted
		t.record(c, !c.Open(), t.now)
		c.Done = true
		if t.Gone != nil {
			t.Gone(c.Key())
		}
	}
	t.remove(c)
}

func sortByOrder(calls []*Call) {
	slices.SortFunc(calls, func(a, b *Call) int { return cmp.Compare(a.order, b.order) })
}
