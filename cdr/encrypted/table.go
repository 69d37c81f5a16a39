package encrypted

import (
	"bytes"
	"encoding/binary"
	"slices"

	"calltrail/cdr/timer"
	"calltrail/decode"
	"calltrail/decode/tls"
)

// Event is a connection as it stood. Now is the packet time at which it was made, LastWord says that it has ended.
type Event struct {
	Connection
	Now      int64
	LastWord bool
}

// Stats counts what a Table did.
type Stats struct {
	Opened  uint64 // connections followed
	MidWay  uint64 // of those, met in their middle
	Evicted uint64 // pushed out of a full table
	// Unproven are those that ended without a readable hello, an answer or a third packet: they have no event.
	Unproven uint64
	Forged   uint64 // RST with a number that no receiver takes
	// Unread are those whose hello came in pieces that did not become whole by the checkpoint, or found no room.
	Unread uint64
}

// proof is how many packets of one side alone make a connection.
const proof = 3

// Table follows connections. One goroutine uses it.
type Table struct {
	Stats Stats
	// Events are what happened, in order. Who reads them empties the list.
	Events []Event

	cfg     Config
	open    map[key]*Connection
	filter  [filterSlots]uint16 // how many connections of open have each slot
	timers  timer.Queue[*Connection]
	orders  uint64
	scratch []byte
	hellos  int // octets of unfinished hellos, of all connections
}

// key is a connection without regard to direction: the lower end first.
type key struct {
	low, high decode.Endpoint
	scope     uint32
}

// New returns an empty Table.
func New(cfg Config) *Table {
	t := &Table{cfg: cfg.withDefaults(), open: map[key]*Connection{}, scratch: make([]byte, 0, tls.MaxHello)}
	t.timers.Placed = func(c *Connection, position int) { c.position = position }
	return t
}

// Len is the number of connections in memory.
func (t *Table) Len() int { return len(t.open) }

const (
	tcpHeader   = 20
	filterBits  = 15
	filterSlots = 1 << filterBits

	flagFIN = 1
	flagSYN = 2
	flagRST = 4
)

// Segment takes in the TCP segment of f (decode.Walk's), seen at packet time now; at is its own time. It says whether the
// segment is of a connection that is followed. Of any other it costs a look at two fields.
func (t *Table) Segment(f *decode.Frame, scope uint32, at, now int64) bool {
	b := f.Payload
	if len(b) < tcpHeader {
		return false
	}
	offset := 4 * int(b[12]>>4)
	if offset < tcpHeader || offset > f.PayloadLen {
		return false
	}
	payload := b[min(offset, len(b)):]
	slot := slotOf(f, scope)
	if t.filter[slot] == 0 && (len(payload) == 0 || payload[0]-20 > 3) {
		return false
	}
	k, lowFirst := keyOf(f, scope)
	c := t.open[k]
	seq := binary.BigEndian.Uint32(b[4:])
	switch {
	case c == nil:
	case b[13]&flagSYN != 0:
		// Anybody can send one: what follows on it shows whether the ports are used again.
		c.renumber, c.first = true, seq+1
		return true
	case c.renumber && seq == c.first && startsHello(payload):
		t.finish(c, c.LastSeen, now, Closed)
		c = nil
	}
	if c == nil {
		if c = t.begin(f, k, slot, payload, at, now); c == nil {
			return false
		}
	}
	up := c.Client == f.Src && (c.Client != c.Server || lowFirst)
	t.take(c, up, b, payload, f.PayloadLen-offset, at, now)
	return true
}

// begin decides whether a segment begins a connection to follow.
func (t *Table) begin(f *decode.Frame, k key, slot uint64, payload []byte, at, now int64) *Connection {
	watched := t.cfg.watches(f.Src.Port) || t.cfg.watches(f.Dst.Port)
	isHello := startsHello(payload)
	if _, ok := tls.LooksLike(payload); !ok && (!watched || !isHello) {
		return nil
	}
	if !watched && (!isHello || !t.offersSIP(payload)) {
		return nil
	}
	c := &Connection{
		Client: f.Src, Server: f.Dst, Scope: k.scope, Started: at, VLAN: f.VLAN, VLANs: f.VLANs,
		Tunnels: slices.Clone(f.Tunnel[:f.Tunnels]), key: k, slot: slot, order: t.orders,
	}
	if !isHello {
		t.Stats.MidWay++
		// Who is the client? The one that talks to the port of the service.
		if t.cfg.watches(f.Src.Port) && !t.cfg.watches(f.Dst.Port) {
			c.Client, c.Server = f.Dst, f.Src
		}
	} else {
		c.hello = []byte{}
	}
	t.orders++
	t.Stats.Opened++
	if len(t.open) >= t.cfg.Connections {
		if _, oldest, any := t.timers.Next(); any {
			t.Stats.Evicted++
			t.finish(oldest, oldest.LastSeen, now, Evicted)
		}
	}
	t.open[k] = c
	t.filter[slot]++
	t.timers.Push(at, c.order, c)
	c.deadline = at
	return c
}

// startsHello says that a payload may be the beginning of a ClientHello; of a short one there may be no more than the first octet.
func startsHello(payload []byte) bool {
	switch n := len(payload); {
	case n > tls.HeaderLen:
		kind, ok := tls.LooksLike(payload)
		return ok && kind == tls.Handshake && payload[tls.HeaderLen] == 1
	case n > 0:
		return payload[0] == byte(tls.Handshake) && (n < 2 || payload[1] == 3)
	}
	return false
}

// offersSIP says that a ClientHello asks for SIP by ALPN (IANA: "sip/2").
func (t *Table) offersSIP(payload []byte) bool {
	var h tls.ClientHello
	if tls.ParseClientHello(payload, t.scratch, &h) != nil {
		return false
	}
	for p := range h.Protocols() {
		if bytes.Equal(p, []byte("sip/2")) {
			return true
		}
	}
	return false
}

// take counts a segment of a connection.
func (t *Table) take(c *Connection, up bool, header, payload []byte, length int, at, now int64) {
	c.active = max(c.active, at)
	v, side := &c.Down, 1
	if up {
		v, side = &c.Up, 0
	}
	fresh, inOrder := v.take(binary.BigEndian.Uint32(header[4:]), length)
	if fresh {
		c.LastSeen = max(c.LastSeen, at)
	}
	if up && c.hello != nil {
		t.greet(c, payload, length, inOrder)
	}
	if c.finished {
		return
	}
	if header[13]&flagFIN != 0 && !c.fin[side] {
		c.fin[side], c.LastSeen = true, max(c.LastSeen, at)
	}
	if header[13]&flagRST != 0 && !v.near(binary.BigEndian.Uint32(header[4:])) {
		t.Stats.Forged++ // no receiver takes it (RFC 9293 section 3.10.7.4)
		t.schedule(c, now)
		return
	}
	if header[13]&flagRST != 0 || c.fin[0] && c.fin[1] {
		c.finished, c.End, c.Ender = true, at, Closed
	}
	t.schedule(c, now)
}

// maxHellos bounds the octets of unfinished hellos, of all connections: 1,000 of the longest that are read. Real ones come in two
// segments at most, one right behind the other.
const maxHellos = 1000 * tls.MaxHello

// greet takes in a piece of a hello.
func (t *Table) greet(c *Connection, payload []byte, length int, inOrder bool) {
	before := len(c.hello)
	if inOrder && len(payload) == length {
		c.greet(payload, t.scratch)
	} else if length > 0 {
		c.hello = nil // a piece is missing
	}
	if t.hellos += len(c.hello) - before; t.hellos > maxHellos {
		t.unread(c)
	}
}

// unread gives up a hello that is not whole.
func (t *Table) unread(c *Connection) {
	if len(c.hello) > 0 {
		t.Stats.Unread++
		t.hellos -= len(c.hello)
	}
	c.hello = nil
}

// schedule sets the connection's next deadline.
func (t *Table) schedule(c *Connection, now int64) {
	at := c.active + int64(t.cfg.Idle)
	if !c.viewed {
		at = min(at, c.Started+int64(t.cfg.Checkpoint))
	}
	if c.finished {
		at = c.End + int64(t.cfg.Linger)
	}
	at = max(at, now)
	// Later deadlines wait until the present one comes up: a segment must not cost a heap's move.
	if at < c.deadline || c.deadline <= now {
		c.deadline = at
		t.timers.Move(c.position, at)
	}
}

// NextTimer is the time of the next deadline; ok is false when there is none.
func (t *Table) NextTimer() (at int64, ok bool) {
	at, _, ok = t.timers.Next()
	return at, ok
}

// Advance lets packet time pass up to now. Each deadline acts at its own time.
func (t *Table) Advance(now int64) {
	for {
		at, c, ok := t.timers.Next()
		if !ok || at > now {
			return
		}
		switch {
		case c.finished:
			if c.End+int64(t.cfg.Linger) <= at {
				t.leave(c, at)
				continue
			}
		case c.active+int64(t.cfg.Idle) <= at:
			t.finish(c, c.LastSeen, at, Silent)
			continue
		case !c.viewed && c.Started+int64(t.cfg.Checkpoint) <= at:
			c.viewed = true
			t.unread(c)
			t.event(c, at, false)
		}
		c.deadline = at
		t.reschedule(c)
	}
}

// reschedule is schedule for a deadline that has come up.
func (t *Table) reschedule(c *Connection) {
	at := c.deadline
	t.schedule(c, at)
	if c.deadline == at {
		c.deadline = at + 1 // never stand still
		t.timers.Move(c.position, c.deadline)
	}
}

// finish ends a connection at once.
func (t *Table) finish(c *Connection, end, now int64, by Ender) {
	if !c.finished {
		c.finished, c.End, c.Ender = true, end, by
	}
	t.leave(c, now)
}

// leave makes the last event of a connection and forgets it.
func (t *Table) leave(c *Connection, now int64) {
	t.hellos -= len(c.hello)
	t.event(c, now, true)
	t.timers.Remove(c.position)
	delete(t.open, c.key)
	t.filter[c.slot]--
}

// event tells of a connection, if there is one: a single packet, or two, that nobody answered, are what a scan sends, and would
// else make a record each.
func (t *Table) event(c *Connection, now int64, last bool) {
	if !c.Hello && (c.Up.Packets == 0 || c.Down.Packets == 0) && c.Up.Packets+c.Down.Packets < proof {
		if last {
			t.Stats.Unproven++
		}
		return
	}
	c.Revision++
	t.Events = append(t.Events, Event{Connection: *c, Now: now, LastWord: last})
	t.Events[len(t.Events)-1].hello = nil
}

// Finish makes the last events at the end of the input: what is open gives one that says so.
func (t *Table) Finish(now int64) {
	for {
		_, c, ok := t.timers.Next()
		if !ok {
			return
		}
		if !c.finished {
			c.finished, c.Ender = true, Ended
		}
		t.leave(c, now)
	}
}

// keyOf is the connection that a segment belongs to.
func keyOf(f *decode.Frame, scope uint32) (k key, lowFirst bool) {
	c := bytes.Compare(f.Src.IP[:], f.Dst.IP[:])
	if c < 0 || c == 0 && f.Src.Port <= f.Dst.Port {
		return key{f.Src, f.Dst, scope}, true
	}
	return key{f.Dst, f.Src, scope}, false
}

// slotOf is the bit of a connection in the filter, the same for both directions.
func slotOf(f *decode.Frame, scope uint32) uint64 {
	sum := f.Src.Hash() + f.Dst.Hash() + uint64(scope)
	return (sum * 0x9e3779b97f4a7c15) >> (64 - filterBits)
}
