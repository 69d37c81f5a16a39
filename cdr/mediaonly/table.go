package mediaonly

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"calltrail/cdr/media"
	"calltrail/cdr/timer"
)

// Stats counts what a Table did.
type Stats struct {
	Opened    uint64 // calls begun
	Joined    uint64 // calls of two directions on different ports
	Ambiguous uint64 // calls of one direction that could have been joined with several
	Evicted   uint64 // calls pushed out of a full table
	Short     uint64 // calls of which no stream was long enough: they made no record
	Late      uint64 // closed streams that were known to belong to others, or to a call pushed out
}

// Table joins streams into calls. One goroutine uses it, in the order of packet time.
type Table struct {
	Stats Stats

	cfg     Config
	emit    func(*Call, bool)
	calls   map[pair]*call
	streams map[media.StreamID]*call
	halves  map[direction][]*call // calls of one direction that may be joined, by the time of their first packets
	timers  queue                 // calls that something is to happen to
	playing queue                 // calls that go on until a stream closes; the oldest one first
	size    int
}

type queue = timer.Queue[*call]

// New returns an empty Table. emit is given each call when it is 15 s old (Config.Checkpoint) and goes on, and, with final, at its
// end; the Call is its own to keep.
func New(cfg Config, emit func(c *Call, final bool)) *Table {
	t := &Table{
		cfg: cfg.withDefaults(), emit: emit, calls: map[pair]*call{}, streams: map[media.StreamID]*call{}, halves: map[direction][]*call{},
	}
	placed := func(c *call, position int) { c.position = position }
	t.timers.Placed, t.playing.Placed = placed, placed
	return t
}

// Len is the number of calls in memory.
func (t *Table) Len() int { return t.size }

// Owns says that an open stream belongs to a call here: its end is to be told with Closed, or with Leave.
func (t *Table) Owns(id media.StreamID) bool { return t.streams[id] != nil }

// Lone takes in an open stream, confirmed and claimed by nothing, whose first packet came at first. It is now.
func (t *Table) Lone(id media.StreamID, f media.Flow, first, now int64, tap uint16) {
	if t.streams[id] != nil {
		return
	}
	c := t.callOf(&f, first, now, tap)
	if len(c.open) >= MaxStreams {
		c.over = true
	} else {
		c.open = append(c.open, openStream{id, f, first})
		t.streams[id] = c
	}
	t.prove(c)
	t.schedule(c, now)
}

// prove says that a call has a stream that makes it one.
func (t *Table) prove(c *call) {
	if !c.proven {
		c.proven = true
		t.half(c)
	}
}

// Closed takes in a stream that was closed and that nothing has claimed. One that Lone told of ends there; one that closed before
// its time for that came is part of a call all the same, or a short one of its own.
func (t *Table) Closed(ev *media.Event, tap uint16) {
	o := media.ObservedOf(ev)
	if c := t.streams[ev.ID]; c != nil {
		t.drop(c, ev.ID)
		c.sum(&o)
		c.quiet = max(c.quiet, ev.At)
		t.schedule(c, ev.At)
		return
	}
	if !ev.Proven {
		return
	}
	if ev.At-o.First > media.Probation {
		t.Stats.Late++
		return
	}
	c := t.callOf(&ev.Flow, o.First, ev.At, tap)
	c.sum(&o)
	// What is too short waits all the same: the other direction may close at the same time, and after it.
	if o.Packets >= t.cfg.MinPackets && o.Last-o.First >= int64(t.cfg.MinLength) {
		t.prove(c)
	}
	c.quiet = max(c.quiet, ev.At)
	t.schedule(c, ev.At)
}

// Leave takes a stream out, whose last packet was at last, that was found to belong elsewhere after Lone had told of it. A call
// that has nothing left and has made no record is forgotten.
func (t *Table) Leave(id media.StreamID, last, now int64) {
	c := t.streams[id]
	if c == nil {
		return
	}
	t.drop(c, id)
	c.last = max(c.last, last)
	if len(c.open)+len(c.closed)+c.revision == 0 {
		t.forget(c)
		return
	}
	c.quiet = max(c.quiet, now)
	t.schedule(c, now)
}

// drop takes an open stream out of its call.
func (t *Table) drop(c *call, id media.StreamID) {
	delete(t.streams, id)
	c.open = slices.DeleteFunc(c.open, func(o openStream) bool { return o.id == id })
}

// callOf returns the call that a stream belongs to, a new one when there is none.
func (t *Table) callOf(f *media.Flow, first, now int64, tap uint16) *call {
	p := pairOf(f)
	c := t.calls[p]
	if c != nil {
		t.unhalf(c)
		c.begin(f, first, tap)
		t.half(c)
		return c
	}
	if t.size >= t.cfg.Calls {
		t.evict()
	}
	c = &call{pairs: []pair{p}, first: *f, started: first, tap: tap, last: first}
	t.calls[p] = c
	t.size++
	t.Stats.Opened++
	t.push(&t.timers, c, now)
	return c
}

// evict makes room: the call that would end next goes, or else the oldest.
func (t *Table) evict() {
	_, c, ok := t.timers.Next()
	if !ok {
		_, c, _ = t.playing.Next()
	}
	t.Stats.Evicted++
	t.finish(c, Evicted)
}

// finish makes the last record of a call, if it is one, and forgets it.
func (t *Table) finish(c *call, by Ender) {
	if c.proven {
		t.emit(c.view(by), true)
	} else {
		t.Stats.Short++
	}
	t.forget(c)
}

func (t *Table) forget(c *call) {
	t.unhalf(c)
	for _, o := range c.open {
		delete(t.streams, o.id)
	}
	for _, p := range c.pairs {
		delete(t.calls, p)
	}
	c.queued.Remove(c.position)
	c.queued = nil
	t.size--
}

// push puts a call into a queue. Of two at one time the order depends on the flows alone.
func (t *Table) push(q *queue, c *call, at int64) {
	var ports [4]byte
	binary.BigEndian.PutUint16(ports[:], c.first.Src.Port)
	binary.BigEndian.PutUint16(ports[2:], c.first.Dst.Port)
	h := fnv.New64a()
	for _, b := range [...][]byte{c.first.Src.IP[:], c.first.Dst.IP[:], ports[:]} {
		_, _ = h.Write(b) // a hash takes anything
	}
	c.queued = q
	q.Push(at, h.Sum64(), c)
}

// schedule puts a call where it waits for what comes next.
func (t *Table) schedule(c *call, now int64) {
	c.queued.Remove(c.position)
	switch settles := c.started + int64(t.cfg.Checkpoint); {
	case !c.settled || len(c.open) > 0 && !c.viewed:
		t.push(&t.timers, c, max(settles, now))
	case len(c.open) > 0:
		t.push(&t.playing, c, c.started)
	default:
		t.push(&t.timers, c, max(c.quiet+int64(t.cfg.Linger), now))
	}
}
