package mediaonly

import (
	"slices"
	"testing"
)

func TestJoin(t *testing.T) {
	tests := []struct {
		name    string
		streams []sent
		joined  uint64
		want    []string
	}{
		{"sends from one port, listens on another", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: b2, dst: a2, ssrc: 2, first: 102, last: 150},
		}, 1, []string{"1:4000<>2:5000 100-102 open 1: a? b?", "1:4000<>2:5000 100-160 silent 2: a3001 b2401"}},
		{"only one side does", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: b1, dst: a2, ssrc: 2, first: 99, last: 150},
		}, 1, []string{"2:5000<>1:4002 99-100 open 1: a? b?", "2:5000<>1:4002 99-160 silent 2: a2551 b3001"}},
		{"5 s apart", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: b2, dst: a2, ssrc: 2, first: 105, last: 160},
		}, 1, []string{"1:4000<>2:5000 100-105 open 1: a? b?", "1:4000<>2:5000 100-160 silent 2: a3001 b2751"}},
		{"further streams of either direction", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160},
			{src: b2, dst: a2, ssrc: 2, first: 102, last: 110},
			{src: b2, dst: a2, ssrc: 3, first: 120, last: 160},
			{src: a1, dst: b1, ssrc: 4, first: 130, last: 160},
			{src: a2, dst: b2, ssrc: 5, first: 140, last: 160},
		}, 1, []string{"1:4000<>2:5000 100-102 open 1: a? b?", "1:4000<>2:5000 100-160 silent 2: a3001 b401 b2001 a1501 a1001"}},
		{"a call that is over before the other direction is due", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 101, closed: 101}, {src: b2, dst: a2, ssrc: 2, first: 104.5, last: 160},
		}, 1, []string{"1:4000<>2:5000 100-104.5 open 1: a51 b?", "1:4000<>2:5000 100-160 silent 2: a51 b2776"}},

		{"5 s and a packet apart", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: b2, dst: a2, ssrc: 2, first: 105.02, last: 160},
		}, 0, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001",
			"2:5002>1:4002 105.02-105.02 open 1: a?", "2:5002>1:4002 105.02-160 silent 2: a2750",
		}},
		{"the same direction", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: a2, dst: b2, ssrc: 2, first: 100, last: 160},
		}, 0, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001",
			"1:4002>2:5002 100-100 open 1: a?", "1:4002>2:5002 100-160 silent 2: a3001",
		}},
		{"another host", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: c1, dst: a2, ssrc: 2, first: 100, last: 160},
		}, 0, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001",
			"3:6000>1:4002 100-100 open 1: a?", "3:6000>1:4002 100-160 silent 2: a3001",
		}},
		{"two that could be it", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160},
			{src: b2, dst: a2, ssrc: 2, first: 102, last: 160},
			{src: b3, dst: a3, ssrc: 3, first: 96, last: 160},
		}, 0, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001",
			"2:5002>1:4002 102-102 open 1: a?", "2:5002>1:4002 102-160 silent 2: a2901",
			"2:5004>1:4004 96-96 open 1: a?", "2:5004>1:4004 96-160 silent 2: a3201",
		}},
		{"its only one has two", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160},
			{src: a2, dst: b2, ssrc: 2, first: 109, last: 160},
			{src: b3, dst: a3, ssrc: 3, first: 104.5, last: 160},
		}, 0, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001",
			"1:4002>2:5002 109-109 open 1: a?", "1:4002>2:5002 109-160 silent 2: a2551",
			"2:5004>1:4004 104.5-104.5 open 1: a?", "2:5004>1:4004 104.5-160 silent 2: a2776",
		}},
		{"one of two has an answer of its own", []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160},
			{src: b2, dst: a2, ssrc: 2, first: 101, last: 160},
			{src: b3, dst: a3, ssrc: 3, first: 99, last: 160},
			{src: a3, dst: b3, ssrc: 4, first: 103, last: 160},
		}, 1, []string{
			"1:4000<>2:5000 100-101 open 1: a? b?", "1:4000<>2:5000 100-160 silent 2: a3001 b2951",
			"2:5004<>1:4004 99-103 open 1: a? b?", "2:5004<>1:4004 99-160 silent 2: a3051 b2851",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sorted(play(t, Config{}, 300, tt.streams...)); !slices.Equal(got, sorted(tt.want)) {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

// At the end of the input what is young is joined as it would have been.
func TestJoinAtTheEnd(t *testing.T) {
	a := sent{src: a1, dst: b1, ssrc: 1, first: 100, last: 106}
	b := sent{src: b2, dst: a2, ssrc: 2, first: 102, last: 106}
	c := sent{src: b3, dst: a3, ssrc: 2, first: 103, last: 106}
	if got, want := play(t, Config{}, 107, a, b), []string{"1:4000<>2:5000 100-106 cut 1: a301 b201"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []string{"1:4000>2:5000 100-106 cut 1: a301", "2:5002>1:4002 102-106 cut 1: a201", "2:5004>1:4004 103-106 cut 1: a151"}
	if got := play(t, Config{}, 107, a, b, c); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
