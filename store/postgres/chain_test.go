package postgres

import (
	"slices"
	"testing"
)

// Numbers a batch adds become as few ranges as they are runs.
func TestMultirange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fresh []uint64
		want  string
	}{
		{[]uint64{1}, "{[1,1]}"},
		{[]uint64{1, 2, 3}, "{[1,3]}"},
		{[]uint64{1, 3, 4, 9}, "{[1,1],[3,4],[9,9]}"},
		{nil, "{}"},
	} {
		if got := (&chain{fresh: c.fresh}).multirange(); got != c.want {
			t.Errorf("%v: %s, want %s", c.fresh, got, c.want)
		}
	}
}

// Only entries that are there are read, and none when a batch goes on where the chain ends.
func TestWanted(t *testing.T) {
	t.Parallel()
	items := newChain(t).calls(1, 20)
	for _, c := range []struct {
		name     string
		received []span
		head     uint64
		batch    []int
		want     []int64
	}{
		{"new chain", nil, 0, []int{1, 2, 3}, nil},
		{"going on", []span{{1, 5}}, 5, []int{6, 7, 8}, nil},
		{"again", []span{{1, 5}}, 5, []int{4, 5}, []int64{3, 4, 5}},
		{"into a gap", []span{{1, 3}, {8, 9}}, 9, []int{5}, nil},
		{"closing a gap", []span{{1, 3}, {5, 9}}, 9, []int{4}, []int64{3, 5}},
		{"unordered", []span{{4, 4}}, 4, []int{5, 3}, []int64{4}},
	} {
		ch := &chain{received: c.received, headSeq: c.head}
		for _, n := range c.batch {
			ch.entries = append(ch.entries, &entry{Item: items[n-1]})
		}
		if got := ch.wanted(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
