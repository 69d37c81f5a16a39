package flow

// rank is how dear a flow is to a full table.
type rank uint8

const (
	fresh   rank = iota // nothing has come back yet: what anybody can forge
	quiet               // both ends have spoken
	playing             // media both ways
	ranks
)

// list holds the flows of one rank, linked through their entries in the order in which they were put there. Values are numbers + 1.
type list struct{ head, tail uint32 }

func (t *Table) link(i uint32, r rank) {
	e, l := t.flows.at(i), &t.lists[r]
	e.list, e.stamp, e.prev, e.next = r, e.seen, l.tail, 0
	if l.tail == 0 {
		l.head = i + 1
	} else {
		t.flows.at(l.tail - 1).next = i + 1
	}
	l.tail = i + 1
}

func (t *Table) unlink(i uint32) {
	e := t.flows.at(i)
	l := &t.lists[e.list]
	if e.prev == 0 {
		l.head = e.next
	} else {
		t.flows.at(e.prev - 1).next = e.next
	}
	if e.next == 0 {
		l.tail = e.prev
	} else {
		t.flows.at(e.next - 1).prev = e.prev
	}
}

// promote moves a flow to a dearer rank.
func (t *Table) promote(i uint32, r rank) {
	if t.flows.at(i).list < r {
		t.unlink(i)
		t.link(i, r)
	}
}

// oldest is the flow that a full table can spare most: a fresh one, the oldest; else one that is idle long, of those without media
// first. It is the first one in its list that had no packet since it was put there; those that had go to the end, so that a packet
// costs at most one such move, and none while there is room. (Of two idle ones the first may so be the less idle one.)
func (t *Table) oldest() uint32 {
	for r := range t.lists {
		l := &t.lists[r]
		for l.head != 0 {
			i := l.head - 1
			e := t.flows.at(i)
			if rank(r) == fresh || e.seen == e.stamp {
				return i
			}
			t.unlink(i)
			t.link(i, rank(r))
		}
	}
	return 0
}
