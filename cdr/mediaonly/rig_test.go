package mediaonly

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/rtp"
)

const second = int64(1e9)

func at(s string) decode.Endpoint { return decode.EndpointOf(netip.MustParseAddrPort(s)) }

// sent is a stream as a tap sees it: 50 packets in a second.
type sent struct {
	src, dst    string
	ssrc        uint32
	first, last float64 // seconds
	// closed is when the Table closes it; 0 is 30 s after its last packet.
	closed float64
	scope  uint32
	faint  bool // it was not confirmed
	left   float64
}

func (s *sent) flow() media.Flow {
	return media.Flow{Src: at(s.src), Dst: at(s.dst), SSRC: s.ssrc, Scope: s.scope}
}

func (s *sent) stream() (st rtp.Stream) {
	first, last := int64(s.first*1e9), int64(s.last*1e9)
	h := rtp.Header{PayloadType: 8, SSRC: s.ssrc, PayloadLen: 160}
	st.Start(&h, first)
	for t := first + second/50; t <= last; t += second / 50 {
		h.Seq++
		h.Timestamp += 160
		st.Add(&h, t)
	}
	return st
}

func (s *sent) end() int64 {
	if s.closed != 0 {
		return int64(s.closed * 1e9)
	}
	return int64((s.last + 30) * 1e9)
}

// step is something that a Table is told.
type step struct {
	at int64
	do func(t *Table)
}

// steps is what a media.Index would tell of the streams until the end of the input, in seconds, if each has the id of ids.
func steps(list []sent, ids []media.StreamID, end float64) (all []step) {
	stop := int64(end * 1e9)
	for i := range list {
		s, id := &list[i], ids[i]
		closed := min(s.end(), stop)
		lone := int64(s.first*1e9) + media.Probation
		if lone < closed && !s.faint {
			all = append(all, step{lone, func(t *Table) { t.Lone(id, s.flow(), int64(s.first*1e9), lone, 3) }})
		}
		if s.left != 0 {
			left := int64(s.left * 1e9)
			all = append(all, step{left, func(t *Table) { t.Leave(id, left, left) }})
			continue
		}
		ev := media.Event{Kind: media.Closed, ID: id, Flow: s.flow(), At: closed, Stream: s.stream(), Proven: !s.faint}
		all = append(all, step{closed, func(t *Table) { t.Closed(&ev, 3) }})
	}
	return all
}

// world runs steps and says what records came of them.
type world struct {
	t       *testing.T
	table   *Table
	records []string
	seen    map[string]int // records by call, which is named by its ends and its beginning
	done    map[string]bool
}

func newWorld(t *testing.T, cfg Config) *world {
	w := &world{t: t, seen: map[string]int{}, done: map[string]bool{}}
	w.table = New(cfg, w.emit)
	return w
}

// emit holds what must be true of every record.
func (w *world) emit(c *Call, final bool) {
	w.t.Helper()
	text := describe(c)
	name := fmt.Sprint(c.A, c.B, c.Started)
	w.seen[name]++
	switch {
	case w.done[name]:
		w.t.Errorf("after its last record: %s", text)
	case c.Revision != w.seen[name]:
		w.t.Errorf("record %d is revision %d: %s", w.seen[name], c.Revision, text)
	case final != (c.Ender != Open), (final && c.Ender != Cut) != (c.End != 0), c.Ender == Silent && len(c.Open) > 0:
		w.t.Errorf("final %v: %s", final, text)
	case c.LastSeen < c.Started, c.End != 0 && c.End != c.LastSeen, len(c.Streams) > MaxStreams, len(c.Open) > MaxStreams:
		w.t.Errorf("bounds or times: %s", text)
	}
	w.done[name] = final
	w.records = append(w.records, text)
}

func (w *world) run(all []step, end float64) []string {
	for _, s := range all {
		w.table.Advance(s.at)
		s.do(w.table)
	}
	stop := int64(end * 1e9)
	w.table.Advance(stop)
	w.table.Finish(stop, Cut)
	w.empty()
	return w.records
}

// empty holds that nothing is left.
func (w *world) empty() {
	w.t.Helper()
	x := w.table
	if _, ok := x.NextTimer(); ok || x.Len()+len(x.calls)+len(x.streams)+len(x.halves)+x.timers.Len()+x.playing.Len() != 0 {
		w.t.Errorf("left: %d calls, %d ends, %d streams, %d halves, %d and %d timers", x.Len(), len(x.calls), len(x.streams),
			len(x.halves), x.timers.Len(), x.playing.Len())
	}
}

// play runs streams in the order of time, to the end of the input in seconds.
func play(t *testing.T, cfg Config, end float64, list ...sent) []string {
	t.Helper()
	ids := make([]media.StreamID, len(list))
	for i := range ids {
		ids[i].Slot = uint32(i)
	}
	all := steps(list, ids, end)
	slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	return newWorld(t, cfg).run(all, end)
}

// shuffled is play with ids of chance, and what comes at one time in an order of chance.
func shuffled(t *testing.T, r *rand.Rand, cfg Config, end float64, list []sent) []string {
	ids := make([]media.StreamID, len(list))
	for i, n := range r.Perm(len(list)) {
		ids[i] = media.StreamID{Slot: uint32(n), Generation: r.Uint32(), Worker: uint16(r.UintN(8))}
	}
	all := steps(list, ids, end)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	return newWorld(t, cfg).run(all, end)
}

// describe is a record in a line: "A>B 0-60 silent 2: streams of A | of B".
func describe(c *Call) string {
	var b strings.Builder
	short := func(e decode.Endpoint) string { return strings.TrimPrefix(e.AddrPort().String(), "192.0.2.") }
	way := ">"
	if !c.OneWay {
		way = "<>"
	}
	ender := [...]string{"open", "silent", "evicted", "cut"}[c.Ender]
	fmt.Fprintf(&b, "%s%s%s %g-%g %s %d:", short(c.A), way, short(c.B), float64(c.Started)/1e9, float64(c.LastSeen)/1e9, ender, c.Revision)
	for i := range c.Streams {
		o := &c.Streams[i]
		fmt.Fprintf(&b, " %c%d", "ab"[o.Sender], o.Packets)
	}
	for i := range c.Open {
		fmt.Fprintf(&b, " %c?", "ab"[c.Open[i].Sender])
	}
	if c.Overflow {
		b.WriteString(" overflow")
	}
	return b.String()
}
