package media

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"calltrail/decode"
	"calltrail/decode/rtp"
)

const second = int64(1e9)

// frame is a packet of flow n.
func frame(n int) *decode.Frame {
	f := &decode.Frame{}
	f.Src.IP = [16]byte{10: 0xff, 11: 0xff, 12: 192, 13: 0, 14: 2, 15: byte(n)}
	f.Dst.IP = [16]byte{10: 0xff, 11: 0xff, 12: 198, 13: 51, 14: 100, 15: byte(n >> 8)}
	f.Src.Port, f.Dst.Port = uint16(n>>16), 5000
	return f
}

func header(ssrc uint32, seq uint16) *rtp.Header {
	return &rtp.Header{PayloadType: 8, Seq: seq, Timestamp: 160 * uint32(seq), SSRC: ssrc, PayloadLen: 160}
}

// modelStream is a stream of the model: what a Table should hold, kept in a map and searched from end to end.
type modelStream struct {
	flow      Flow
	stream    rtp.Stream
	seen, cut int64
	several   bool
	proven    bool
	born      int
}

type model struct {
	cfg     TableConfig
	now     int64
	streams map[Flow]*modelStream
	events  []Event
	born    int
	stats   TableStats
}

func (m *model) advance(now int64) {
	for _, s := range m.streams {
		if due := min(s.cut, s.seen+m.cfg.Idle); due <= now {
			m.close(s, due)
		}
	}
	m.now = max(m.now, now)
}

func (m *model) close(s *modelStream, at int64) {
	if !s.several {
		m.stats.Single++
	}
	m.events = append(m.events, Event{Kind: Closed, Flow: s.flow, At: at, Stream: s.stream, Proven: s.proven})
	delete(m.streams, s.flow)
}

func (m *model) confirm(s *modelStream) {
	s.proven = true
	m.stats.Confirmed++
	m.events = append(m.events, Event{Kind: Confirmed, Flow: s.flow, At: m.now, Stream: s.stream, Proven: true})
}

func (m *model) open(f Flow, st rtp.Stream, several, proven bool) {
	if len(m.streams) >= m.cfg.Streams {
		var oldest *modelStream
		for _, s := range m.streams {
			if !s.several && (oldest == nil || s.born < oldest.born) {
				oldest = s
			}
		}
		if oldest == nil {
			m.stats.Refused++
			return
		}
		m.stats.Pushed++
		m.close(oldest, m.now)
	}
	m.born++
	m.stats.Opened++
	s := &modelStream{flow: f, stream: st, seen: m.now, cut: noCut, several: several, born: m.born}
	m.streams[f] = s
	m.events = append(m.events, Event{Kind: Opened, Flow: f, At: m.now, Stream: st})
	if proven {
		m.confirm(s)
	}
}

func (m *model) packet(f Flow, h *rtp.Header, at int64) {
	s := m.streams[f]
	if s == nil {
		var st rtp.Stream
		st.Start(h, at)
		m.open(f, st, false, false)
		return
	}
	s.seen = m.now
	switch s.stream.Add(h, at) {
	case rtp.Counted:
		s.several = true
		if st := &s.stream; !s.proven && st.Consecutive >= m.cfg.Confirm && st.Packets >= 20 && st.Last-st.First >= second {
			m.confirm(s)
		}
	case rtp.Jump:
		var next rtp.Stream
		next.StartAfter(&s.stream, h, at)
		m.close(s, m.now)
		m.open(f, next, true, s.proven)
	case rtp.Duplicate:
		m.stats.Duplicates++
	case rtp.Stray:
	}
}

// byTime sorts events as the owner of a Table may not: within one time by what they say.
func byTime(events []Event) []Event {
	return slices.SortedFunc(slices.Values(events), func(a, b Event) int {
		return cmp.Or(
			cmp.Compare(a.At, b.At), cmp.Compare(a.Flow.SSRC, b.Flow.SSRC), cmp.Compare(a.Flow.Scope, b.Flow.Scope),
			slices.Compare(a.Flow.Src.IP[:], b.Flow.Src.IP[:]),
			slices.Compare(a.Flow.Dst.IP[:], b.Flow.Dst.IP[:]), cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Stream.First, b.Stream.First))
	})
}

// A Table does what a map would do: with random packets, jumps, copies, gaps in time, cuts, and more streams than it holds.
func TestTableAgainstModel(t *testing.T) {
	var confirmed uint64
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 7))
		cfg := TableConfig{Worker: 3, Streams: 1 + r.IntN(80), Idle: second, Confirm: uint16(3 + r.IntN(8))}
		if seed%10 == 0 {
			cfg.Streams, cfg.Idle = 5000, 20*second // grows, never full
		}
		table := NewTable(cfg)
		m := &model{cfg: cfg, streams: map[Flow]*modelStream{}}
		var events []Event
		open := map[Flow]StreamID{}
		used := map[StreamID]bool{}
		take := func() {
			for i, e := range table.Events {
				if i > 0 && e.At < table.Events[i-1].At || len(events) > 0 && e.At < events[len(events)-1].At {
					t.Fatalf("seed %d: an event at %d after one that is later", seed, e.At)
				}
				switch id := e.ID; {
				case id.Worker != 3, e.Kind == Opened && used[id], e.Kind == Closed && open[e.Flow] != id:
					t.Fatalf("seed %d: event %d has id %v", seed, e.Kind, id)
				case e.Kind == Opened:
					used[id], open[e.Flow] = true, id
				}
				e.ID = StreamID{}
				events = append(events, e)
			}
			table.Events = table.Events[:0]
		}
		now, flows := second, 20+r.IntN(150)
		if seed%3 == 1 {
			flows, table.cfg.Idle, m.cfg.Idle = 3, 5*second, 5*second // few, which are found to be media
		}
		if cfg.Streams == 5000 {
			flows = 3000
		}
		seqs := map[Flow]uint16{}
		for range 6_000 {
			switch r.IntN(20) {
			case 0:
				now += int64(r.IntN(int(second)))
			case 1:
				now += second // streams end exactly at their deadline
			default:
				now += int64(r.IntN(3)) * 1e6
			}
			table.Advance(now)
			m.advance(now)
			take()
			f := frame(r.IntN(flows))
			ssrc := uint32(r.IntN(2))
			flow := Flow{Src: f.Src, Dst: f.Dst, SSRC: ssrc, Scope: uint32(r.IntN(2))}
			if r.IntN(10) == 0 {
				if id, ok := open[flow]; ok && m.streams[flow] != nil {
					at := now + int64(r.IntN(int(2*second)))
					table.Close(Command{id, at})
					if s := m.streams[flow]; at <= now {
						m.close(s, now)
					} else {
						s.cut = min(s.cut, at)
					}
				}
				take()
				continue
			}
			switch r.IntN(12) {
			case 0: // a copy
			case 1:
				seqs[flow] += 10_000
			default:
				seqs[flow]++
			}
			h := header(ssrc, seqs[flow])
			table.Packet(f, h, flow.Scope, now)
			m.packet(flow, h, now)
			take()
			if table.Len() != len(m.streams) || table.deadlines.Len() != table.Len() || len(table.fresh) > 3*cfg.Streams+1024 {
				t.Fatalf("seed %d: %d streams, want %d; %d deadlines, %d fresh", seed, table.Len(), len(m.streams),
					table.deadlines.Len(), len(table.fresh))
			}
		}
		table.Finish(now)
		m.advance(now)
		for _, s := range m.streams {
			m.close(s, now)
		}
		take()
		if m.stats.Unseen = table.Stats.Unseen; table.Stats != m.stats { // the estimate has a test of its own
			t.Fatalf("seed %d: %+v, want %+v", seed, table.Stats, m.stats)
		}
		confirmed += m.stats.Confirmed
		got, want := byTime(events), byTime(m.events)
		if len(got) != len(want) {
			t.Fatalf("seed %d: %d events, want %d", seed, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("seed %d: event %d is\n%+v, want\n%+v", seed, i, got[i], want[i])
			}
		}
	}
	if confirmed < 100 {
		t.Errorf("only %d streams were confirmed", confirmed)
	}
}

func TestTableDeadlines(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 10 * second})
	table.Advance(second)
	table.Packet(frame(1), header(1, 1), 0, second)
	id := table.Events[0].ID
	table.Advance(5 * second)
	table.Packet(frame(1), header(1, 2), 0, 5*second)
	if table.Advance(15*second - 1); table.Len() != 1 {
		t.Error("closed before it was idle for 10 s")
	}
	if table.Advance(15 * second); table.Len() != 0 || table.Events[1].At != 15*second {
		t.Error("not closed when it was idle for 10 s")
	}
	table.Packet(frame(2), header(1, 1), 0, 15*second)
	table.Close(Command{id, 16 * second})
	if table.Advance(17 * second); table.Len() != 1 {
		t.Error("a command for the slot's former stream closed its new one")
	}
	id = table.Events[2].ID
	table.Close(Command{StreamID{Slot: 99}, 18 * second}) // of no stream
	table.Close(Command{id, 20 * second})
	table.Close(Command{id, 21 * second}) // later than one that is given
	table.Advance(20*second - 1)
	table.Packet(frame(2), header(1, 2), 0, 20*second-1)
	table.Advance(20 * second)
	table.Packet(frame(2), header(1, 3), 0, 20*second)
	last := table.Events[len(table.Events)-2:]
	if last[0].Kind != Closed || last[0].Stream.Packets != 2 || last[1].Kind != Opened || last[1].ID == id {
		t.Errorf("cut at a time: %+v", last)
	}
	table.Close(Command{last[1].ID, 20 * second})
	if table.Len() != 0 {
		t.Error("a command for a time that has passed does not close now")
	}
}

// A stream that was put off is closed in its turn, not when its old deadline comes up in one long step of time.
func TestEventsInOrderAfterAGap(t *testing.T) {
	table := NewTable(TableConfig{Streams: 10, Idle: 10 * second})
	table.Advance(second)
	table.Packet(frame(1), header(1, 1), 0, second)
	table.Advance(2 * second)
	table.Packet(frame(2), header(2, 1), 0, 2*second)
	table.Advance(9 * second)
	table.Packet(frame(1), header(1, 2), 0, 9*second)
	table.Events = nil
	table.Advance(100 * second)
	if len(table.Events) != 2 || table.Events[0].At != 12*second || table.Events[1].At != 19*second {
		t.Errorf("%+v", table.Events)
	}
}

// A flood of single packets pushes single packets out, never a stream that is known to be one, and leaves nothing behind.
func TestTableFlood(t *testing.T) {
	table := NewTable(TableConfig{Streams: 100, Idle: 30 * second})
	table.Advance(1)
	for n := range 60 {
		table.Packet(frame(n), header(1, 1), 0, 1)
		table.Packet(frame(n), header(1, 2), 0, 1)
	}
	for n := range 200_000 {
		table.Packet(frame(1000+n), header(9, 1), 0, 1)
		table.Events = table.Events[:0]
	}
	if table.Len() != 100 || table.deadlines.Len() != 100 || len(table.fresh) > 2*100+1024 || len(table.entries) > 100 {
		t.Errorf("%d streams, %d deadlines, %d fresh, %d entries", table.Len(), table.deadlines.Len(), len(table.fresh), len(table.entries))
	}
	for n := range 60 {
		table.Packet(frame(n), header(1, 3), 0, 1)
	}
	if len(table.Events) != 0 {
		t.Error("a stream of two packets was pushed out")
	}
}

func TestTableHitDoesNotAllocate(t *testing.T) {
	table := NewTable(TableConfig{Streams: 1000, Idle: 30 * second})
	for n := range 1000 {
		table.Packet(frame(n), header(1, 0), 0, 1)
	}
	f, h, now := frame(7), header(1, 0), int64(1)
	if n := testing.AllocsPerRun(1000, func() {
		h.Seq++
		now += 20e6
		table.Advance(now)
		table.Packet(f, h, 0, now)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkTablePacket(b *testing.B) {
	for _, streams := range []int{1000, 400_000} {
		b.Run(fmt.Sprint(streams), func(b *testing.B) {
			table := NewTable(TableConfig{Streams: streams, Idle: 30 * second})
			frames := make([]decode.Frame, streams)
			for n := range frames {
				frames[n] = *frame(n)
				binary.BigEndian.PutUint32(frames[n].Src.IP[12:], uint32(n))
				table.Packet(&frames[n], header(1, 0), 0, 1)
			}
			table.Events = nil
			// Streams take turns in an order that no cache foresees.
			order := rand.New(rand.NewPCG(1, 1)).Perm(streams)
			h := header(1, 0)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i == streams {
					i = 0
					h.Seq++
				}
				table.Packet(&frames[order[i]], h, 0, 1)
				i++
			}
		})
	}
}
