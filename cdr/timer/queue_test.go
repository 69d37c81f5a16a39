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
