package mediaonly

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/media"
)

// call n is one of several kinds, between hosts of its own.
func callNumber(r *rand.Rand, n int) (list []sent) {
	host := func(side, port int) string { return fmt.Sprintf("198.51.%d.%d:%d", 100+side, n, port) }
	first := 100 + float64(r.IntN(1000))/10
	up := sent{src: host(0, 4000), dst: host(1, 5000), ssrc: uint32(n), first: first, last: first + float64(2+r.IntN(40))}
	down := up
	down.src, down.dst, down.first = up.dst, up.src, first+float64(r.IntN(70))/10
	down.last = down.first + float64(2+r.IntN(40))
	switch r.IntN(5) {
	case 0:
		return []sent{up}
	case 1: // on other ports
		down.src, down.dst = host(1, 5002), host(0, 4002)
	case 2: // video on the same ports
		video := up
		video.ssrc += 1000
		return []sent{up, down, video}
	case 3: // its numbers began anew
		up.last = first + 3
		up.closed = up.last
		next := up
		next.first, next.last, next.closed = first+3.02, first+20, 0
		return []sent{up, next, down}
	}
	return []sent{up, down}
}

// Whatever the ids, and in whatever order comes what has one time, the records are the same; and calls that have no host in common
// do not touch each other.
func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		var all []sent
		var alone []string
		end := 130 + float64(r.IntN(150))
		for n := range 1 + r.IntN(12) {
			list := callNumber(r, n)
			list = slices.DeleteFunc(list, func(s sent) bool { return s.first >= end })
			for i := range list {
				list[i].last = min(list[i].last, end)
			}
			all = append(all, list...)
			alone = append(alone, play(t, Config{}, end, list...)...)
		}
		want := sorted(alone)
		for range 5 {
			if got := sorted(shuffled(t, r, Config{}, end, all)); !slices.Equal(got, want) {
				t.Fatalf("seed %d, to %g s: got\n%s\nwant\n%s", seed, end, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
}

// Between two hosts with many calls at once, of which nothing tells what belongs to what, the order does not matter either; and no
// packet is in two records or in none.
func TestGateways(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		var all []sent
		packets := uint64(0)
		for n := range 2 + r.IntN(12) {
			first := 100 + float64(r.IntN(400))/10
			s := sent{ssrc: uint32(n), first: first, last: first + float64(2+r.IntN(30))}
			x, y := fmt.Sprintf("192.0.2.1:%d", 4000+2*r.IntN(6)), fmt.Sprintf("192.0.2.2:%d", 5000+2*r.IntN(6))
			if s.src, s.dst = x, y; r.IntN(2) == 0 {
				s.src, s.dst = y, x
			}
			st := s.stream()
			packets += st.Packets
			all = append(all, s)
		}
		want := sorted(shuffled(t, r, Config{}, 300, all))
		for range 5 {
			if got := sorted(shuffled(t, r, Config{}, 300, all)); !slices.Equal(got, want) {
				t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		sum := uint64(0)
		table := New(Config{}, func(c *Call, final bool) {
			for i := range c.Streams {
				if final {
					sum += c.Streams[i].Packets
				}
			}
		})
		for i, s := range all {
			id := media.StreamID{Slot: uint32(i)}
			table.Lone(id, s.flow(), int64(s.first*1e9), int64(s.first*1e9)+media.Probation, 0)
		}
		for i, s := range all {
			ev := media.Event{Kind: media.Closed, ID: media.StreamID{Slot: uint32(i)}, Flow: s.flow(), At: s.end(), Stream: s.stream(), Proven: true}
			table.Closed(&ev, 0)
		}
		if table.Finish(300*second, Cut); sum != packets {
			t.Fatalf("seed %d: %d packets in records, %d in streams", seed, sum, packets)
		}
	}
}

// flowOf is the n-th of many flows.
func flowOf(n int) media.Flow {
	f := media.Flow{Src: at("203.0.113.1:4000"), Dst: at("203.0.113.2:5000"), SSRC: 1}
	binary.BigEndian.PutUint32(f.Src.IP[12:], 0xcb007100+uint32(n))
	return f
}

// A full table pushes out what ends next, or else the oldest, and says so; nothing is left of it.
func TestBounds(t *testing.T) {
	w := newWorld(t, Config{Calls: 3})
	for n := range 3 {
		first := int64(100+n) * second
		w.table.Advance(first + media.Probation)
		w.table.Lone(media.StreamID{Slot: uint32(n)}, flowOf(n), first, first+media.Probation, 0)
	}
	w.table.Advance(150 * second) // all go on
	s := sent{src: "203.0.113.1:4000", dst: "203.0.113.2:5000", ssrc: 1, first: 101, last: 160}
	w.table.Closed(&media.Event{ID: media.StreamID{Slot: 1}, Flow: flowOf(1), At: 190 * second, Stream: s.stream(), Proven: true}, 0)
	for n := 3; n < 5; n++ {
		w.table.Lone(media.StreamID{Slot: uint32(n)}, flowOf(n), 181*second, 191*second, 0)
	}
	w.table.Advance(250 * second)
	w.table.Lone(media.StreamID{Slot: 5}, flowOf(5), 241*second, 251*second, 0)
	var pushed []string
	for _, r := range w.records {
		if strings.Contains(r, "evicted") {
			pushed = append(pushed, r)
		}
	}
	want := []string{
		"203.0.113.1:4000>203.0.113.2:5000 101-160 evicted 2: a2951", // was over
		"203.0.113.3:4000>203.0.113.2:5000 181-181 evicted 1: a?",    // waited for its first record
		"203.0.113.0:4000>203.0.113.2:5000 100-100 evicted 2: a?",    // the oldest
	}
	if !slices.Equal(pushed, want) || w.table.Stats.Evicted != 3 || w.table.Len() != 3 {
		t.Errorf("%d pushed out, %d left:\n%s", w.table.Stats.Evicted, w.table.Len(), strings.Join(pushed, "\n"))
	}
	// The end of a stream whose call was pushed out makes no second call.
	w.table.Closed(&media.Event{ID: media.StreamID{Slot: 0}, Flow: flowOf(0), At: 252 * second, Stream: s.stream(), Proven: true}, 0)
	if w.table.Len() != 3 || w.table.Stats.Late != 1 {
		t.Errorf("%d calls, %+v", w.table.Len(), w.table.Stats)
	}
	w.run(nil, 300)
}

// Ever new sources between two ends are one call, of bounded size.
func TestManySources(t *testing.T) {
	w := newWorld(t, Config{})
	list := make([]sent, 200)
	for i := range list {
		first := 100 + float64(i)/100
		list[i] = sent{src: a1, dst: b1, ssrc: uint32(i), first: first, last: first + 20}
	}
	ids := make([]media.StreamID, len(list))
	for i := range ids {
		ids[i].Slot = uint32(i)
	}
	all := steps(list, ids, 300)
	slices.SortStableFunc(all, func(a, b step) int { return int(a.at - b.at) })
	records := w.run(all, 300)
	if len(records) != 2 || !strings.HasSuffix(records[1], "overflow") || w.table.Stats.Opened != 1 {
		t.Errorf("%d records, %d calls: %q", len(records), w.table.Stats.Opened, records)
	}
}

// Thousands of calls of one direction between two hosts cost no search of all of them.
func BenchmarkLone(b *testing.B) {
	for _, n := range []int{1000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			table := New(Config{}, func(*Call, bool) {})
			flow := media.Flow{SSRC: 1}
			id := media.StreamID{}
			now := int64(0)
			open := make([]media.StreamID, n)
			next := func(i int) {
				flow.Src, flow.Dst = at("192.0.2.1:1"), at("192.0.2.2:1")
				flow.Src.Port, flow.Dst.Port = uint16(i), uint16(i>>16+1024)
				if i%2 == 0 {
					flow.Src.IP, flow.Dst.IP = flow.Dst.IP, flow.Src.IP
				}
				id.Slot = uint32(i)
				now += second / 100
				table.Advance(now)
				table.Lone(id, flow, now-media.Probation, now, 0)
			}
			for i := range n {
				next(i)
				open[i] = id
			}
			b.ReportAllocs()
			i := n
			ev := media.Event{Kind: media.Closed, Proven: true}
			for b.Loop() {
				ev.ID, ev.At = open[i%n], now
				table.Closed(&ev, 0)
				next(i)
				open[i%n] = id
				i++
			}
		})
	}
}
