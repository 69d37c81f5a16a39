package dialog

import (
	"hash/maphash"

	"calltrail/cdr/media"
	"calltrail/cdr/timer"
	"calltrail/decode/sip"
)

// Emit makes a record of a call as it stands. final says that it is the last word for now; now is packet time. The call
// is the Table's: what outlives the function is copied.
type Emit func(c *Call, final bool, now int64)

// Stats counts what a Table did.
type Stats struct {
	Calls       uint64 // legs begun
	MidCall     uint64 // of those, seen from the middle
	Forks       uint64 // of those, further branches that answered
	Reopened    uint64 // calls taken up again after their final record
	Evicted     uint64 // calls pushed out of a full table
	Orphans     uint64 // messages of no call, such as a BYE after everything was forgotten
	Unverified  uint64 // BYE and CANCEL of no participant
	OtherDialog uint64 // messages outside of calls: OPTIONS, SUBSCRIBE, …
}

// Table holds the calls. One goroutine uses it.
type Table struct {
	Stats Stats

	cfg    Config
	media  *media.Index
	emit   Emit
	forget func(*Call)
	seed   maphash.Seed
	calls  map[string][]*Call // by Call-ID, oldest first
	size   int
	timers timer.Queue[*Call]
	orders uint64
	now    int64
	queues [numQueues][]queued
}

// NewTable returns an empty table. emit makes records; forget, which may be nil, is told of each call that leaves.
func NewTable(cfg Config, index *media.Index, emit Emit, forget func(*Call)) *Table {
	return &Table{
		cfg: cfg.withDefaults(), media: index, emit: emit, forget: forget, seed: maphash.MakeSeed(), calls: map[string][]*Call{},
	}
}

// Len is the number of calls in memory.
func (t *Table) Len() int { return t.size }

// Open is the number of calls that have not ended.
func (t *Table) Open() (n int) {
	for _, legs := range t.calls {
		for _, c := range legs {
			if c.Open() {
				n++
			}
		}
	}
	return n
}

// Advance lets packet time pass: timers before now fire, each at its deadline.
func (t *Table) Advance(now int64) {
	for {
		at, ok := t.timers.Next()
		if !ok || at >= now {
			break
		}
		_, c := t.timers.Pop()
		if c.gone || c.due != at {
			continue
		}
		c.due = 0
		t.now = max(t.now, at)
		t.fire(c, at)
		t.schedule(c)
	}
	t.now = max(t.now, now)
}

// NextTimer is the time of the next timer that may fire; ok is false when there is none.
func (t *Table) NextTimer() (at int64, ok bool) { return t.timers.Next() }

// Handle takes in a message of a call; REGISTER and messages outside of calls are not for it. Advance must have been
// called with its time before.
func (t *Table) Handle(m *Message) {
	t.now = max(t.now, m.Now)
	if m.SIP.IsRequest() {
		t.request(m)
	} else {
		t.response(m)
	}
}

// Finish makes the last records at the end of the input, in the order in which the calls began.
func (t *Table) Finish() {
	var rest []*Call
	for _, legs := range t.calls {
		rest = append(rest, legs...)
	}
	sortByOrder(rest)
	for _, c := range rest {
		if !c.Done {
			if c.Open() {
				c.Flags |= CaptureEnd
			}
			t.record(c, !c.Open(), t.now)
			c.Done = true
		}
	}
	for _, c := range rest {
		t.remove(c)
	}
}

// fire acts on the deadlines of c that have come.
func (t *Table) fire(c *Call, now int64) {
	switch {
	case due(c.forgetAt, now):
		t.remove(c)
	case due(c.finalAt, now):
		c.finalAt = 0
		t.finish(c, now)
	case due(c.timeoutAt, now):
		c.timeoutAt = 0
		t.timeOut(c, now)
	case due(c.checkpointAt, now):
		c.checkpointAt = 0
		c.viewed = true
		t.record(c, false, now)
	}
}

func due(at, now int64) bool { return at != 0 && at <= now }

// schedule puts the call's earliest deadline into the queue, unless an earlier one is there already.
func (t *Table) schedule(c *Call) {
	if c.gone {
		return
	}
	var next int64
	for _, at := range [...]int64{c.checkpointAt, c.timeoutAt, c.finalAt, c.forgetAt} {
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	if next == 0 || c.due != 0 && c.due <= next {
		return
	}
	c.due = next
	t.timers.Push(next, c.order, c)
}

// find returns the leg of a message and the party that sent it. exact is false when the tags are not those of the leg.
func (t *Table) find(m *sip.Message) (c *Call, p media.Party, exact bool) {
	legs := t.calls[string(m.CallID())]
	for i := len(legs) - 1; i >= 0; i-- {
		q, e, ok := legs[i].party(m.FromTag(), m.ToTag(), m.IsRequest())
		switch {
		case ok && e:
			return legs[i], q, true
		case ok:
			c, p = legs[i], q // the oldest leg with this From tag, if no leg has the To tag
		}
	}
	return c, p, false
}

func (t *Table) newCall(m *Message) *Call {
	if t.size >= t.cfg.Calls {
		t.evict()
	}
	t.Stats.Calls++
	t.orders++
	c := &Call{
		CallID: string(m.SIP.CallID()), FirstTag: string(m.SIP.FromTag()), Q850: -1, Started: m.At, order: t.orders,
		Src: m.Src, Dst: m.Dst, VLAN: m.VLAN, VLANs: m.VLANs, Tap: m.Tap,
	}
	c.FromTag = c.FirstTag
	c.checkpointAt = m.Now + int64(t.cfg.Checkpoint)
	t.insert(c)
	t.enqueue(c, early)
	return c
}

func (t *Table) insert(c *Call) {
	t.calls[c.CallID] = append(t.calls[c.CallID], c)
	t.size++
}

func (t *Table) remove(c *Call) {
	if c.gone {
		return
	}
	legs := t.calls[c.CallID]
	for i := range legs {
		if legs[i] == c {
			legs = append(legs[:i], legs[i+1:]...)
			break
		}
	}
	if len(legs) == 0 {
		delete(t.calls, c.CallID)
	} else {
		t.calls[c.CallID] = legs
	}
	t.size--
	c.gone = true
	t.media.Forget(&c.Media)
	if t.forget != nil {
		t.forget(c)
	}
}

// touch notes that a message of the call was seen from party p.
func (t *Table) touch(c *Call, p media.Party, m *Message) {
	c.LastSeen = max(c.LastSeen, m.At)
	c.Anomalies |= m.SIP.Anomalies()
	c.Seen[p] = true
	c.Media.Signalled(p, m.Src)
}

func (t *Table) branch(m *sip.Message) uint64 { return maphash.Bytes(t.seed, m.Branch()) }

func (t *Table) record(c *Call, final bool, now int64) {
	if c.Media.Overflow {
		c.Flags |= Truncated
	}
	c.Revision++
	c.changed = false
	t.emit(c, final, now)
}

// change makes a further interim record once there has been a first one: the checkpoint has passed.
func (t *Table) change(c *Call, now int64) {
	if c.viewed && !c.Done && c.Open() {
		t.record(c, false, now)
	}
}
