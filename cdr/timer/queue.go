// Package timer keeps deadlines on packet time.
//
// In: deadlines with a value each. Out: the values whose deadline has passed, earliest first. Called by cdr/dialog and
// cdr/media. It has no clock of its own: whoever owns a Queue says what time it is.
package timer

// Queue is a binary min-heap of deadlines. The zero Queue is empty and ready.
type Queue[T any] struct {
	// Placed, when set, is told where a value stands whenever that changes: what Move and Remove need. An owner that
	// moves its deadlines instead of pushing further ones has as many of them as values, however long they live.
	Placed func(value T, position int)

	items []item[T]
}

type item[T any] struct {
	at    int64
	order uint64
	value T
}

// Len is the number of deadlines waiting.
func (q *Queue[T]) Len() int { return len(q.items) }

// Next is the earliest deadline and its value; ok is false when there is none.
func (q *Queue[T]) Next() (at int64, value T, ok bool) {
	if len(q.items) == 0 {
		return 0, value, false
	}
	return q.items[0].at, q.items[0].value, true
}

// Push adds a deadline. Equal deadlines come up in the order of order, which the owner chooses so that it does not
// depend on when they were pushed.
func (q *Queue[T]) Push(at int64, order uint64, value T) {
	q.items = append(q.items, item[T]{at, order, value})
	q.up(len(q.items) - 1)
}

// Pop takes out the earliest deadline. The queue must not be empty.
func (q *Queue[T]) Pop() (at int64, value T) {
	top := q.items[0]
	q.Remove(0)
	return top.at, top.value
}

// Move changes the deadline at position to at.
func (q *Queue[T]) Move(position int, at int64) {
	q.items[position].at = at
	q.down(q.up(position))
}

// Remove takes out the deadline at position.
func (q *Queue[T]) Remove(position int) {
	last := len(q.items) - 1
	q.items[position] = q.items[last]
	q.items[last] = item[T]{} // lets go of the value
	q.items = q.items[:last]
	if position < last {
		q.down(q.up(position))
	}
}

// up moves the item at i towards the front as far as it belongs and returns where it is then.
func (q *Queue[T]) up(i int) int {
	for i > 0 {
		parent := (i - 1) / 2
		if !q.less(i, parent) {
			break
		}
		q.swap(i, parent)
		i = parent
	}
	q.placed(i)
	return i
}

// down moves the item at i towards the back as far as it belongs.
func (q *Queue[T]) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(q.items); c++ {
			if q.less(c, least) {
				least = c
			}
		}
		if least == i {
			q.placed(i)
			return
		}
		q.swap(i, least)
		i = least
	}
}

// swap exchanges two items and tells of the one that is at i now; the other one goes on.
func (q *Queue[T]) swap(i, j int) {
	q.items[i], q.items[j] = q.items[j], q.items[i]
	q.placed(i)
}

func (q *Queue[T]) placed(i int) {
	if q.Placed != nil {
		q.Placed(q.items[i].value, i)
	}
}

func (q *Queue[T]) less(i, j int) bool {
	a, b := &q.items[i], &q.items[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return a.order < b.order
}
