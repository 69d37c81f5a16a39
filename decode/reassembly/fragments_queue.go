package reassembly

// queue is a list of values in the order in which they were added, without memory of its own: each value holds its
// place.
type queue[T any] struct {
	first, last *place[T]
	n           int
}

// place is where a value stands in a queue.
type place[T any] struct {
	previous, next *place[T]
	of             *T
}

// oldest is the value at the front, nil when there is none.
func (q *queue[T]) oldest() *T {
	if q.first == nil {
		return nil
	}
	return q.first.of
}

// add puts v, whose place is p, at the back.
func (q *queue[T]) add(p *place[T], v *T) {
	*p = place[T]{previous: q.last, of: v}
	if q.last == nil {
		q.first = p
	} else {
		q.last.next = p
	}
	q.last = p
	q.n++
}

// remove takes out the value whose place is p.
func (q *queue[T]) remove(p *place[T]) {
	if p.previous == nil {
		q.first = p.next
	} else {
		p.previous.next = p.next
	}
	if p.next == nil {
		q.last = p.previous
	} else {
		p.next.previous = p.previous
	}
	*p = place[T]{}
	q.n--
}
