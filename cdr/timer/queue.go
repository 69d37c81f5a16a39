// Package timer keeps deadlines on packet time.
//
// In: deadlines with a value each. Out: the values whose deadline has passed, earliest first. Called by cdr/dialog and
// cdr/media. It has no clock of its own: whoever owns a Queue says what time it is.
package timer

// Queue is a binary min-heap of deadlines. The zero Queue is empty and ready. A deadline cannot be moved or taken out:
// owners push another one and check, when an old one comes up, whether it still means anything.
type Queue[T any] struct{ items []item[T] }

type item[T any] struct {
	at    int64
	order uint64
	value T
}

// Len is the number of deadlines waiting.
func (q *Queue[T]) Len() int { return len(q.items) }

// Next is the earliest deadline; ok is false when there is none.
func (q *Queue[T]) Next() (at int64, ok bool) {
	if len(q.items) == 0 {
		return 0, false
	}
	return q.items[0].at, true
}

// Push adds a deadline. Equal deadlines come up in the order of order, which the owner chooses so that it does not
// depend on when they were pushed.
func (q *Queue[T]) Push(at int64, order uint64, value T) {
	q.items = append(q.items, item[T]{at, order, value})
	i := len(q.items) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !q.less(i, parent) {
			break
		}
		q.items[i], q.items[parent] = q.items[parent], q.items[i]
		i = parent
	}
}

// Pop takes out the earliest deadline. The queue must not be empty.
func (q *Queue[T]) Pop() (at int64, value T) {
	top := q.items[0]
	last := len(q.items) - 1
	q.items[0] = q.items[last]
	q.items[last] = item[T]{}
	q.items = q.items[:last]
	i := 0
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if q.less(c, least) {
				least = c
			}
		}
		if least == i {
			return top.at, top.value
		}
		q.items[i], q.items[least] = q.items[least], q.items[i]
		i = least
	}
}

func (q *Queue[T]) less(i, j int) bool {
	a, b := &q.items[i], &q.items[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return a.order < b.order
}
