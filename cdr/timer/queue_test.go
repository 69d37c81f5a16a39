package timer

import (
	"math/rand/v2"
	"sort"
	"testing"
)

func TestQueueOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q Queue[int]
	type want struct {
		at    int64
		order uint64
	}
	var all []want
	for i := range 2000 {
		w := want{int64(r.IntN(50)), uint64(i)}
		all = append(all, w)
		q.Push(w.at, w.order, i)
	}
	sort.Slice(all, func(i, j int) bool {
		return all[i].at < all[j].at || all[i].at == all[j].at && all[i].order < all[j].order
	})
	for i, w := range all {
		if next, _, ok := q.Next(); !ok || next != w.at {
			t.Fatalf("%d: next %d %v, want %d", i, next, ok, w.at)
		}
		if at, v := q.Pop(); at != w.at || uint64(v) != w.order {
			t.Fatalf("%d: %d %d, want %v", i, at, v, w)
		}
	}
	if _, _, ok := q.Next(); ok || q.Len() != 0 {
		t.Error("not empty")
	}
}

// Move and Remove by the positions that Placed tells, against a list that is searched from end to end.
func TestQueueMoveAndRemove(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	positions := map[int]int{}
	q := Queue[int]{Placed: func(v, position int) { positions[v] = position }}
	waiting := map[int]int64{}
	earliest := func() (value int) {
		value = -1
		for v, at := range waiting {
			if value < 0 || at < waiting[value] || at == waiting[value] && v < value {
				value = v
			}
		}
		return value
	}
	for i := range 20_000 {
		victim := i - r.IntN(min(i+1, 100))
		_, there := waiting[victim]
		switch op := r.IntN(5); {
		case op == 0 && there:
			q.Remove(positions[victim])
			delete(waiting, victim)
		case op == 1 && there:
			waiting[victim] = int64(r.IntN(1000))
			q.Move(positions[victim], waiting[victim])
		case op < 4 && len(waiting) < 60:
			waiting[i] = int64(r.IntN(1000))
			q.Push(waiting[i], uint64(i), i)
		case len(waiting) > 0:
			want := earliest()
			if at, v := q.Pop(); v != want || at != waiting[want] {
				t.Fatalf("step %d: %d at %d, want %d at %d", i, v, at, want, waiting[want])
			}
			delete(waiting, want)
		}
		if q.Len() != len(waiting) {
			t.Fatalf("step %d: %d waiting, want %d", i, q.Len(), len(waiting))
		}
	}
}
