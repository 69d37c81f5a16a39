package mediaonly

import (
	"slices"
	"testing"
	"time"

	"calltrail/cdr/media"
)

// The ends of the tests: 1 and 2 are hosts of one network, written as describe does without it.
const (
	a1, a2, a3 = "192.0.2.1:4000", "192.0.2.1:4002", "192.0.2.1:4004"
	b1, b2, b3 = "192.0.2.2:5000", "192.0.2.2:5002", "192.0.2.2:5004"
	c1         = "192.0.2.3:6000"
)

func TestCalls(t *testing.T) {
	tests := []struct {
		name    string
		end     float64
		streams []sent
		want    []string
	}{
		{"both directions", 185, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: b1, dst: a1, ssrc: 2, first: 101, last: 159},
		}, []string{"1:4000<>2:5000 100-101 open 1: a? b?", "1:4000<>2:5000 100-160 cut 2: a3001 b2901"}},
		{"its end is known", 220, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: b1, dst: a1, ssrc: 2, first: 101, last: 159},
		}, []string{"1:4000<>2:5000 100-101 open 1: a? b?", "1:4000<>2:5000 100-160 silent 2: a3001 b2901"}},
		{"the called party's packet first", 300, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 101, last: 160}, {src: b1, dst: a1, ssrc: 2, first: 100, last: 160},
		}, []string{"2:5000<>1:4000 100-101 open 1: a? b?", "2:5000<>1:4000 100-160 silent 2: a3001 b2951"}},
		{"one way", 300, []sent{{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}}, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001",
		}},
		{"another SSRC later, and video on the same port", 400, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160},
			{src: b1, dst: a1, ssrc: 2, first: 100, last: 200},
			{src: a1, dst: b1, ssrc: 3, first: 161, last: 200},
			{src: a1, dst: b1, ssrc: 4, first: 100, last: 200},
		}, []string{
			"1:4000<>2:5000 100-100 open 1: a? a? b?", "1:4000<>2:5000 100-200 silent 2: a3001 a5001 b5001 a1951",
		}},
		{"the other direction late", 400, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 200}, {src: b1, dst: a1, ssrc: 2, first: 150, last: 200},
		}, []string{"1:4000>2:5000 100-100 open 1: a?", "1:4000<>2:5000 100-200 silent 2: a5001 b2501"}},
		{"goes on within 5 s of its streams' end", 400, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: a1, dst: b1, ssrc: 1, first: 194, last: 220},
		}, []string{"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-220 silent 2: a4302"}},
		{"another call between the same ports", 400, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: a1, dst: b1, ssrc: 2, first: 196, last: 220},
		}, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001",
			"1:4000>2:5000 196-196 open 1: a?", "1:4000>2:5000 196-220 silent 2: a1201",
		}},
		{"between two hosts, two calls", 300, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160},
			{src: b1, dst: a1, ssrc: 2, first: 100, last: 160},
			{src: a2, dst: b2, ssrc: 1, first: 100, last: 150},
			{src: b2, dst: a2, ssrc: 2, first: 100, last: 150},
		}, []string{
			"1:4000<>2:5000 100-100 open 1: a? b?", "1:4000<>2:5000 100-160 silent 2: a3001 b3001",
			"1:4002<>2:5002 100-100 open 1: a? b?", "1:4002<>2:5002 100-150 silent 2: a2501 b2501",
		}},
		{"private addresses in two networks", 300, []sent{
			{src: "10.0.0.1:4000", dst: "10.0.0.2:5000", ssrc: 1, first: 100, last: 120, scope: 1},
			{src: "10.0.0.2:5000", dst: "10.0.0.1:4000", ssrc: 2, first: 110, last: 130, scope: 2},
		}, []string{
			"10.0.0.1:4000>10.0.0.2:5000 100-100 open 1: a?", "10.0.0.1:4000>10.0.0.2:5000 100-120 silent 2: a1001",
			"10.0.0.2:5000>10.0.0.1:4000 110-110 open 1: a?", "10.0.0.2:5000>10.0.0.1:4000 110-130 silent 2: a1001",
		}},
		{"public addresses, a VLAN for each direction", 300, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 120, scope: 1}, {src: b1, dst: a1, ssrc: 2, first: 100, last: 120, scope: 2},
		}, []string{"1:4000<>2:5000 100-100 open 1: a? b?", "1:4000<>2:5000 100-120 silent 2: a1001 b1001"}},
		{"both ends on one host", 300, []sent{
			{src: a1, dst: a2, ssrc: 1, first: 100, last: 120}, {src: a2, dst: a1, ssrc: 2, first: 101, last: 120},
		}, []string{"1:4000<>1:4002 100-101 open 1: a? b?", "1:4000<>1:4002 100-120 silent 2: a1001 b951"}},

		{"short: the input ended before it was 10 s old", 107, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 106}, {src: b1, dst: a1, ssrc: 2, first: 100.5, last: 106},
		}, []string{"1:4000<>2:5000 100-106 cut 1: a301 b276"}},
		{"short, over before its record was due", 300, []sent{{src: a1, dst: b1, ssrc: 1, first: 100, last: 103}}, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-103 silent 2: a151",
		}},
		{"its numbers began anew after 3 s", 300, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 103, closed: 103}, {src: a1, dst: b1, ssrc: 1, first: 103, last: 160},
		}, []string{"1:4000>2:5000 100-103 open 1: a151 a?", "1:4000>2:5000 100-160 silent 2: a3002"}},
		{"pieces too short, that join what is there", 300, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}, {src: a1, dst: b1, ssrc: 2, first: 130, last: 130.1, closed: 130.1},
		}, []string{"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001 a6"}},
		{"too short for a call", 300, []sent{{src: a1, dst: b1, ssrc: 1, first: 100, last: 100.9, closed: 101}}, nil},
		{"not media", 300, []sent{{src: a1, dst: b1, ssrc: 1, first: 100, last: 160, faint: true}}, nil},
		{"not media, and short", 300, []sent{{src: a1, dst: b1, ssrc: 1, first: 100, last: 106, closed: 107, faint: true}}, nil},
		{"was another's", 300, []sent{{src: a1, dst: b1, ssrc: 1, first: 100, last: 160, left: 112}}, nil},
		{"was another's after its first record", 300, []sent{{src: a1, dst: b1, ssrc: 1, first: 100, last: 160, left: 150}}, []string{
			"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-150 silent 2:",
		}},
		{"of two streams one was another's", 300, []sent{
			{src: a1, dst: b1, ssrc: 1, first: 100, last: 160, left: 112}, {src: a1, dst: b1, ssrc: 2, first: 101, last: 160},
		}, []string{"1:4000>2:5000 100-112 open 1: a?", "1:4000>2:5000 100-160 silent 2: a2951"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := play(t, Config{}, tt.end, tt.streams...)
			if slices.Sort(got); !slices.Equal(got, sorted(tt.want)) {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// The interim record comes at the age of 15 s, the last one 15 s after the streams were closed.
func TestTimes(t *testing.T) {
	var when []int64
	var now int64
	table := New(Config{}, func(*Call, bool) { when = append(when, now) })
	s := sent{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}
	for _, st := range steps([]sent{s}, []media.StreamID{{}}, 1000) {
		for now < st.at {
			next, ok := table.NextTimer()
			if !ok || next >= st.at {
				break
			}
			now = next
			table.Advance(next)
			if len(when) > 0 && when[len(when)-1] == now {
				t.Errorf("a deadline at %d fired before its time had passed", now)
			}
			table.Advance(next + 1)
		}
		now = st.at
		table.Advance(now)
		st.do(table)
	}
	now, _ = table.NextTimer()
	table.Advance(now + 1)
	if want := []int64{115 * second, 205 * second}; !slices.Equal(when, want) {
		t.Errorf("records at %d, want %d", when, want)
	}
}

// A stream that closed after it was known to be another's makes no call; Owns says which are here.
func TestStrangers(t *testing.T) {
	w := newWorld(t, Config{})
	s := sent{src: a1, dst: b1, ssrc: 1, first: 100, last: 160}
	ev := media.Event{Kind: media.Closed, Flow: s.flow(), At: s.end(), Stream: s.stream(), Proven: true}
	w.table.Closed(&ev, 0)
	w.table.Leave(media.StreamID{Slot: 9}, s.end(), s.end())
	if w.table.Len() != 0 || w.table.Stats.Late != 1 || w.table.Owns(ev.ID) {
		t.Errorf("%d calls, %+v", w.table.Len(), w.table.Stats)
	}
	w.table.Lone(ev.ID, s.flow(), 100*second, 110*second, 0)
	w.table.Lone(ev.ID, s.flow(), 100*second, 110*second, 0) // twice makes no two
	if !w.table.Owns(ev.ID) || w.table.Len() != 1 {
		t.Error("not owned")
	}
	w.table.Closed(&ev, 0)
	if w.table.Owns(ev.ID) {
		t.Error("owned after its end")
	}
	w.run(nil, 1000)
}

// What a record was made of has its name for good: a stream that began before, and was found to be media late, changes it no more.
func TestName(t *testing.T) {
	w := newWorld(t, Config{})
	s := sent{src: a1, dst: b1, ssrc: 1, first: 100}
	w.table.Lone(media.StreamID{Slot: 1}, s.flow(), 100*second, 110*second, 0)
	w.table.Advance(120 * second)
	s = sent{src: b1, dst: a1, ssrc: 2, first: 99}
	w.table.Lone(media.StreamID{Slot: 2}, s.flow(), 99*second, 120*second, 0)
	want := []string{"1:4000>2:5000 100-100 open 1: a?", "1:4000<>2:5000 100-100 cut 2: b? a?"}
	if got := w.run(nil, 125); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConfig(t *testing.T) {
	cfg := Config{Checkpoint: 20 * time.Second, Linger: 30 * time.Second, Idle: 10 * time.Second, MinPackets: 1000, MinLength: time.Minute}
	got := play(t, cfg, 107, sent{src: a1, dst: b1, ssrc: 1, first: 100, last: 106})
	if len(got) != 0 {
		t.Errorf("got %q", got)
	}
	got = play(t, cfg, 205, sent{src: a1, dst: b1, ssrc: 1, first: 100, last: 160})
	if want := []string{"1:4000>2:5000 100-100 open 1: a?", "1:4000>2:5000 100-160 silent 2: a3001"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
