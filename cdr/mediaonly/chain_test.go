package mediaonly

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/rtp"
)

// chain is what stands before a Table of calls in a run: stream tables, each with the pairs of hosts of one worker, and an index
// to which no call is known.
type chain struct {
	w      *world
	tables []*media.Table
	index  *media.Index
	events []media.Event
}

func newChain(t *testing.T, workers int) *chain {
	c := &chain{w: newWorld(t, Config{}), index: media.NewIndex()}
	for i := range workers {
		c.tables = append(c.tables, media.NewTable(media.TableConfig{Worker: uint16(i), Streams: 1000, Idle: 30 * second}))
	}
	c.index.Lone = func(id media.StreamID, f media.Flow, first, now int64) { c.w.table.Lone(id, f, first, now, 3) }
	c.index.Unclaimed = func(ev *media.Event) { c.w.table.Closed(ev, 3) }
	return c
}

// pass lets time go to now, and what happened until then be known in the order of its time.
func (c *chain) pass(now int64) {
	for _, table := range c.tables {
		table.Advance(now)
	}
	c.collect()
	c.elapse(now)
}

func (c *chain) collect() {
	for _, table := range c.tables {
		c.events = append(c.events, table.Events...)
		table.Events = table.Events[:0]
	}
	slices.SortStableFunc(c.events, func(a, b media.Event) int { return int(a.At - b.At) })
	for i := range c.events {
		c.elapse(c.events[i].At)
		c.index.Handle(&c.events[i])
	}
	c.events = c.events[:0]
}

func (c *chain) elapse(now int64) {
	for {
		at, ok := c.index.NextTimer()
		if next, any := c.w.table.NextTimer(); any && (!ok || next < at) {
			at, ok = next, true
		}
		if !ok || at >= now {
			return
		}
		c.index.Advance(at + 1)
		c.w.table.Advance(at + 1)
	}
}

func (c *chain) finish(now int64) []string {
	c.pass(now)
	for _, table := range c.tables {
		table.Finish(now)
	}
	c.collect()
	c.w.table.Finish(now, Cut)
	c.w.empty()
	return sorted(c.w.records)
}

// packet is one of a capture.
type packet struct {
	at     int64
	frame  decode.Frame
	header rtp.Header
}

// capture is 40 s of calls of all kinds and of noise.
func capture(r *rand.Rand) (list []packet) {
	for n := range 8 {
		for _, s := range callNumber(r, n) {
			if s.first -= 95; s.closed != 0 {
				s.closed = 0
			}
			s.last -= 95
			seq := uint16(r.Uint32())
			for now := int64(s.first * 1e9); now <= int64(min(s.last, 70)*1e9); now += second / 50 {
				if seq++; r.IntN(100) == 0 {
					continue // lost
				}
				p := packet{at: now, header: rtp.Header{PayloadType: 8, Seq: seq, SSRC: s.ssrc, PayloadLen: 160}}
				p.frame.Src, p.frame.Dst = at(s.src), at(s.dst)
				list = append(list, p)
			}
		}
	}
	for range 5000 {
		p := packet{at: r.Int64N(70 * second), header: rtp.Header{Seq: uint16(r.Uint32()), SSRC: r.Uint32N(3), PayloadLen: 20}}
		p.frame.Src, p.frame.Dst = at("203.0.113.1:4000"), at("203.0.113.2:5000")
		p.frame.Src.Port += uint16(r.IntN(5))
		list = append(list, p)
	}
	slices.SortStableFunc(list, func(a, b packet) int { return int(a.at - b.at) })
	return list
}

// From packets to records: whatever the number of workers, and noise gives none.
func TestWorkersDoNotMatter(t *testing.T) {
	for seed := range uint64(6) {
		list := capture(rand.New(rand.NewPCG(seed, 3)))
		end := list[len(list)-1].at + second*int64(seed*10)
		var first []string
		for _, workers := range []int{1, 2, 8} {
			c := newChain(t, workers)
			for i := range list {
				p := &list[i]
				if i%10 == 0 || i > 0 && p.at > list[i-1].at {
					c.pass(p.at)
				}
				hosts := (int(p.frame.Src.IP[15]) + int(p.frame.Dst.IP[15])) / 2
				c.tables[hosts%workers].Packet(&p.frame, &p.header, 0, p.at)
			}
			got := c.finish(end)
			if first == nil {
				first = got
			}
			if !slices.Equal(got, first) || len(got) < 8 || strings.Contains(strings.Join(got, " "), "203.0.113") {
				t.Fatalf("seed %d, %d workers: got\n%s\nwant\n%s", seed, workers, strings.Join(got, "\n"), strings.Join(first, "\n"))
			}
		}
	}
}
