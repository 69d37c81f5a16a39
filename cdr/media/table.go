package media

import (
	"encoding/binary"
	"hash/maphash"
	"math"

	"calltrail/cdr/timer"
	"calltrail/decode"
	"calltrail/decode/rtp"
)

// TableConfig bounds a Table.
type TableConfig struct {
	Worker  uint16
	Streams int   // most streams at a time; at least 1
	Idle    int64 // nanoseconds without a packet after which a stream is closed
	// Confirm is how many packets in a row, each with the number after the one before, make a stream media: see confirm.go.
	// 0 stands for 10; 1 would take anything for media.
	Confirm uint16
}

// TableStats counts what a Table did with packets and streams.
type TableStats struct {
	Opened  uint64 // streams begun
	Single  uint64 // of those, closed after a single packet
	Refused uint64 // packets of new streams that found the table full of streams with more than one packet
	Pushed  uint64 // streams of one packet pushed out for new ones
	// Confirmed is streams that were found to be media, with those that followed on one.
	Confirmed uint64
	// Named is streams whose sender was given a name by RTCP.
	Named uint64
	// Duplicates are copies of packets, as mirror ports make them.
	Duplicates uint64
	// Unseen estimates the packets that never reached the tap: see outage.go.
	Unseen uint64
}

// Table holds the streams of one decode worker: open addressing over a slab of entries. Only its worker may use it.
type Table struct {
	// Events are what happened since the owner last emptied it, in the order of their times.
	Events []Event
	Stats  TableStats

	cfg       TableConfig
	seed      maphash.Seed
	slots     []slot
	entries   []entry
	free      uint32 // first unused entry + 1
	used      int
	fresh     []reference // entries of one packet, oldest first
	freshHead int
	deadlines timer.Queue[uint32] // one of each entry
	names     map[uint32]string   // canonical names by entry, of those that have one
	faxes     int                 // entries that are UDPTL's
	wake      int64               // no deadline is before
	now       int64
	outage    outage
}

// slot is a place of the hash table: most searches need not look at an entry that is not the one they are after.
type slot struct {
	entry uint32 // its number + 1; 0 is empty
	hash  uint32 // of its key
}

// flowKey is a flow as octets: source, destination, ports, scope, SSRC, and what the packets are (keyUDPTL, or 0 for RTP).
type flowKey [48]byte

type entry struct {
	key        flowKey
	stream     rtp.Stream
	seen       int64 // packet time of the last packet of any sort
	cut        int64 // no packet from here on counts; noCut for none
	generation uint32
	next       uint32 // in the free list
	position   uint32 // in deadlines
	lost       uint32 // packets missing when second began
	second     int64  // of packet time, in which its last packet was
	several    bool   // more than one packet was counted
	confirmed  bool
	used       bool
}

type reference struct{ slot, generation uint32 }

const noCut = int64(math.MaxInt64)

// NewTable returns an empty table.
func NewTable(cfg TableConfig) *Table {
	if cfg.Confirm == 0 {
		cfg.Confirm = 10
	}
	t := &Table{cfg: cfg, seed: maphash.MakeSeed(), slots: make([]slot, 1024), names: map[uint32]string{}, wake: math.MaxInt64}
	t.deadlines.Placed = func(i uint32, position int) {
		t.entries[i].position = uint32(position) //nolint:gosec // bounded by cfg.Streams
	}
	return t
}

// Packet counts one RTP packet captured at at. Advance must have been called with its time before.
func (t *Table) Packet(f *decode.Frame, h *rtp.Header, scope uint32, at int64) {
	var key flowKey
	key.set(f, scope, h.SSRC)
	i, ok := t.find(&key)
	if !ok {
		if i, ok = t.insert(&key); ok {
			t.entries[i].stream.Start(h, at)
			t.tell(Opened, i, t.now)
		}
		return
	}
	t.count(i, &key, h, at)
}

// set makes k, which is zero, the key of an RTP packet.
func (k *flowKey) set(f *decode.Frame, scope, ssrc uint32) {
	copy(k[0:16], f.Src.IP[:])
	copy(k[16:32], f.Dst.IP[:])
	k.ports(f.Src.Port, f.Dst.Port)
	binary.LittleEndian.PutUint32(k[36:], scope)
	binary.LittleEndian.PutUint32(k[40:], ssrc)
}

func (k *flowKey) ports(src, dst uint16) {
	binary.LittleEndian.PutUint16(k[32:], src)
	binary.LittleEndian.PutUint16(k[34:], dst)
}

// count adds a packet to the stream that there is.
func (t *Table) count(i uint32, key *flowKey, h *rtp.Header, at int64) {
	e := &t.entries[i]
	e.seen = t.now
	if e.second != t.outage.second {
		t.outage.add(e)
	}
	switch e.stream.Add(h, at) {
	case rtp.Counted:
		e.several = true
		if !e.confirmed && e.stream.Consecutive >= t.cfg.Confirm {
			t.judge(i)
		}
	case rtp.Jump:
		t.jump(i, key, h, at)
	case rtp.Duplicate:
		t.Stats.Duplicates++
	case rtp.Stray:
	}
}

// jump closes a stream whose numbers have begun anew, and opens the one that follows it. What was known of the first is true
// of the second.
func (t *Table) jump(i uint32, key *flowKey, h *rtp.Header, at int64) {
	var next rtp.Stream
	next.StartAfter(&t.entries[i].stream, h, at)
	confirmed, name := t.entries[i].confirmed, t.names[i]
	t.close(i, t.now)
	i, ok := t.insert(key)
	if !ok {
		return
	}
	e := &t.entries[i]
	e.stream, e.several = next, true
	if name != "" {
		t.names[i] = name
	}
	t.tell(Opened, i, t.now)
	if confirmed {
		t.confirm(i)
	}
}

// Advance says that it is now: streams whose cut or idle time has come are closed. Time never goes back; an earlier
// now is ignored.
func (t *Table) Advance(now int64) {
	if now <= t.now {
		return
	}
	if now >= t.wake {
		t.expire(now)
	}
	t.now = now
	if now >= t.outage.next {
		t.Stats.Unseen += t.outage.pass(now)
	}
}

// expire closes what is due by now.
func (t *Table) expire(now int64) {
	for {
		at, i, ok := t.deadlines.Next()
		if !ok {
			t.wake = math.MaxInt64
			return
		}
		if at > now {
			t.wake = at
			return
		}
		// Packets put the idle time off without a word to the queue. A deadline that was put off waits for its turn,
		// past now or not: the events must come in the order of their times.
		if due := t.due(i); due > at {
			t.deadlines.Move(int(t.entries[i].position), due)
		} else {
			t.close(i, at)
		}
	}
}

// Close cuts a stream as c says. One that is gone already is left alone; a time that has passed means now.
func (t *Table) Close(c Command) {
	if int(c.ID.Slot) >= len(t.entries) {
		return
	}
	e := &t.entries[c.ID.Slot]
	if !e.used || e.generation != c.ID.Generation || c.At >= e.cut {
		return
	}
	if c.At <= t.now {
		t.close(c.ID.Slot, t.now)
		return
	}
	e.cut = c.At
	due := t.due(c.ID.Slot)
	t.deadlines.Move(int(e.position), due)
	t.wake = min(t.wake, due)
}

// due is when entry i is to be closed as things stand.
func (t *Table) due(i uint32) int64 {
	e := &t.entries[i]
	return min(e.cut, e.seen+t.cfg.Idle)
}

// Finish closes every stream at now: nothing more will come.
func (t *Table) Finish(now int64) {
	t.Advance(now)
	for i := range t.entries {
		if t.entries[i].used {
			t.close(uint32(i), t.now)
		}
	}
}

// Len is the number of streams in the table.
func (t *Table) Len() int { return t.used }

// insert makes room for a stream; ok is false when the table is full of such as have more than one packet.
func (t *Table) insert(key *flowKey) (i uint32, ok bool) {
	if t.used >= t.cfg.Streams && !t.pushOut() {
		t.Stats.Refused++
		return 0, false
	}
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	if t.free != 0 {
		i = t.free - 1
		t.free = t.entries[i].next
	} else {
		i = uint32(len(t.entries)) //nolint:gosec // bounded by cfg.Streams
		t.entries = append(t.entries, entry{})
	}
	e := &t.entries[i]
	*e = entry{
		key: *key, seen: t.now, cut: noCut, generation: e.generation + 1, used: true, second: t.outage.second,
	}
	t.used++
	if key[keyKind] == keyUDPTL {
		t.faxes++
	}
	t.Stats.Opened++
	t.place(slot{i + 1, t.hash(key)})
	if len(t.fresh) > 2*t.used+1024 {
		t.compactFresh()
	}
	t.fresh = append(t.fresh, reference{i, e.generation})
	due := t.due(i)
	t.deadlines.Push(due, uint64(i), i)
	t.wake = min(t.wake, due)
	return i, true
}

func (t *Table) close(i uint32, at int64) {
	e := &t.entries[i]
	if !e.several {
		t.Stats.Single++
	}
	t.tell(Closed, i, at)
	if len(t.names) > 0 {
		delete(t.names, i)
	}
	if e.key[keyKind] == keyUDPTL {
		t.faxes--
	}
	t.remove(i)
	t.deadlines.Remove(int(e.position))
	e.used = false
	e.next = t.free
	t.free = i + 1
	t.used--
}

func (t *Table) tell(kind EventKind, i uint32, at int64) {
	e := &t.entries[i]
	ev := Event{Kind: kind, ID: StreamID{Slot: i, Generation: e.generation, Worker: t.cfg.Worker}, At: at, Stream: e.stream}
	ev.Proven, ev.UDPTL = e.confirmed, e.key[keyKind] == keyUDPTL
	if kind == Closed && len(t.names) > 0 {
		ev.CName = t.names[i]
	}
	copy(ev.Flow.Src.IP[:], e.key[0:16])
	copy(ev.Flow.Dst.IP[:], e.key[16:32])
	ev.Flow.Src.Port = binary.LittleEndian.Uint16(e.key[32:])
	ev.Flow.Dst.Port = binary.LittleEndian.Uint16(e.key[34:])
	ev.Flow.Scope = binary.LittleEndian.Uint32(e.key[36:])
	ev.Flow.SSRC = binary.LittleEndian.Uint32(e.key[40:])
	t.Events = append(t.Events, ev)
}
