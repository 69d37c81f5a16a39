package dialog

import (
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"

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
	Restored    uint64 // calls taken back from an earlier run of the program; Calls does not count them
	Orphans     uint64 // messages of no call, such as a BYE after everything was forgotten
	Unverified  uint64 // BYE and CANCEL of no participant
	OtherDialog uint64 // messages outside of calls: OPTIONS, SUBSCRIBE, …
}

// Table holds the calls. One goroutine uses it.
type Table struct {
	Stats Stats
	// Save is called with a call whose state has changed so that it is to be kept for the next start of the program: see
	// keep.go. Gone is called for one that was pushed out of a full table and must not be taken back. Both read what they
	// need before they return. They are set before the first message, both or, in a replay, neither.
	Save func(c *Call)
	Gone func(key Key)
	// Began, Redirected and Left tell who groups calls of each that begins, is sent on and leaves: see group.go. Each may be nil.
	Began      func(c *Call, m *Message)
	Redirected func(c *Call)
	Left       func(c *Call)

	cfg    Config
	media  *media.Index
	emit   Emit
	forget func(*Call)
	calls  map[string][]*Call // by Call-ID, oldest first
	size   int
	timers timer.Queue[*Call] // one of each call
	orders uint64
	now    int64
	lines  [numLines]line
	stale  []*Call // to be saved
	breach breach  // by tests alone
}

// NewTable returns an empty table. emit makes records; forget, which may be nil, is told of each call that leaves.
func NewTable(cfg Config, index *media.Index, emit Emit, forget func(*Call)) *Table {
	t := &Table{
		cfg: cfg.withDefaults(), media: index, emit: emit, forget: forget, calls: map[string][]*Call{},
	}
	index.GoesOn = t.goesOn
	t.timers.Placed = func(c *Call, position int) { c.position = position }
	return t
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
	t.flush() // what media has changed in between
	for {
		at, c, ok := t.timers.Next()
		if !ok || at >= now {
			break
		}
		t.now = max(t.now, at)
		t.fire(c, at)
		t.schedule(c)
		t.flush()
	}
	t.now = max(t.now, now)
}

// NextTimer is the time of the next timer; ok is false when there is none.
func (t *Table) NextTimer() (at int64, ok bool) {
	at, _, ok = t.timers.Next()
	return at, ok
}

// Handle takes in a message of a call; REGISTER and messages outside of calls are not for it. Advance must have been
// called with its time before.
func (t *Table) Handle(m *Message) {
	t.now = max(t.now, m.Now)
	if m.SIP.IsRequest() {
		t.request(m)
	} else {
		t.response(m)
	}
	t.flush()
}

// Finish makes the last records, in the order in which the calls began. Those that are open get the flag why: CaptureEnd
// at the end of the input, Shutdown before it. When calls are saved, a Shutdown is no end to those that have not settled
// either: the next start goes on with them.
func (t *Table) Finish(why Flag) {
	var rest []*Call
	for _, legs := range t.calls {
		rest = append(rest, legs...)
	}
	sortByOrder(rest)
	for _, c := range rest {
		if !c.Done {
			goesOn := c.Open() || why == Shutdown && t.Save != nil
			if goesOn {
				c.Flags |= why
			}
			t.record(c, !goesOn, t.now)
			t.flush()
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
	case due(c.mediaAt, now):
		c.mediaAt = 0
		t.mediaStop(c, now)
	case due(c.checkpointAt, now):
		c.checkpointAt = 0
		c.viewed = true
		t.record(c, false, now)
	case due(c.keepAt, now):
		c.keepAt = 0
		c.byeKept = c.byeKept || c.hungUp() && !c.endKept
		t.keep(c)
	}
}

func due(at, now int64) bool { return at != 0 && at <= now }

// schedule sets the call's timer to its earliest deadline.
func (t *Table) schedule(c *Call) {
	if c.gone {
		return
	}
	var next int64
	for _, at := range [...]int64{c.checkpointAt, c.timeoutAt, c.finalAt, c.forgetAt, c.keepAt, c.mediaAt} {
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	was := c.due
	c.due = next
	switch {
	case was == next:
	case was == 0:
		t.timers.Push(next, c.order, c)
	case next == 0:
		t.timers.Remove(c.position)
	default:
		t.timers.Move(c.position, next)
	}
}

// find returns the leg of a message: of those that fit its tags best the one that knows its transaction, else the newest. And the party that sent it. exact is false
// when the tags are not those of the leg.
func (t *Table) find(m *sip.Message) (c *Call, p media.Party, exact bool) {
	legs := t.calls[string(m.CallID())]
	best, knows := noMatch, false
	for _, leg := range slices.Backward(legs) {
		q, how := leg.party(m.FromTag(), m.ToTag(), m.IsRequest())
		if how < best || how == noMatch {
			continue
		}
		// Hosts that use the same Call-ID and tag are told apart by their branches.
		known := len(legs) > 1 && leg.transaction(branchOf(m), m.CSeq(), m.CSeqMethod()) != nil
		if how > best || known && !knows {
			c, p, best, knows = leg, q, how, known
		}
	}
	return c, p, best >= compatible
}

func (t *Table) newCall(m *Message) *Call {
	t.Stats.Calls++
	t.orders++
	c := &Call{
		CallID: string(m.SIP.CallID()), FirstTag: string(m.SIP.FromTag()), Q850: -1, Started: m.At, order: t.orders,
		Src: m.Src, Dst: m.Dst, VLAN: m.VLAN, VLANs: m.VLANs, Tap: m.Tap,
		inviteVias: math.MaxUint16, srcVias: math.MaxUint16,
	}
	c.FromTag = c.FirstTag
	c.checkpointAt = m.Now + int64(t.cfg.Checkpoint)
	t.insert(c, early)
	return c
}

func (t *Table) insert(c *Call, name lineName) {
	t.room(c.CallID)
	t.calls[c.CallID] = append(t.calls[c.CallID], c)
	t.size++
	t.enqueue(c, name)
}

func (t *Table) remove(c *Call) {
	if c.gone {
		return
	}
	t.drop(c)
	if t.forget != nil {
		t.forget(c)
	}
}

// drop takes a call out of the table without a word.
func (t *Table) drop(c *Call) {
	legs := slices.DeleteFunc(t.calls[c.CallID], func(o *Call) bool { return o == c })
	if len(legs) == 0 {
		delete(t.calls, c.CallID)
	} else {
		t.calls[c.CallID] = legs
	}
	t.size--
	c.gone = true
	if t.Left != nil {
		t.Left(c)
	}
	t.dequeue(c)
	if c.due != 0 {
		t.timers.Remove(c.position)
		c.due = 0
	}
	t.media.Forget(&c.Media)
}

// touch notes that a message of the call was seen from party p.
func (t *Table) touch(c *Call, p media.Party, m *Message) {
	c.LastSeen = max(c.LastSeen, m.At)
	if m.Now-c.lifeAt >= t1 { // else it may be a copy: when the call ends must not depend on it
		c.lifeAt = m.Now
	}
	if fresh := m.SIP.Anomalies() & sip.Duplicates &^ c.Anomalies; fresh != 0 {
		c.Text.conflict(m.SIP, fresh)
		t.keep(c)
	}
	c.Anomalies |= m.SIP.Anomalies()
	if m.Carriage != 0 {
		t.flag(c, carried(m.Carriage))
	}
	if !c.Seen[p] {
		c.Seen[p] = true
		if m.SIP.Status() != 100 { // what a 100 says will be said again
			t.keep(c)
		}
	}
	c.Media.Signalled(p, m.Src)
}

// branchOf names a transaction within its call. The hash is not seeded, so that it is the same after a restart: whoever looks
// for two branches that meet confuses nobody's call but his own.
func branchOf(m *sip.Message) uint64 { return xxhash.Sum64(m.Branch()) }

func (t *Table) record(c *Call, final bool, now int64) {
	if c.Media.Overflow || c.Text.full {
		c.Flags |= Truncated
	}
	if final && c.Answered != 0 {
		if !c.acked && c.Seen[media.Caller] {
			c.Flags |= AckMissing
		}
		if (c.EndedBy == EndedByCaller || c.EndedBy == EndedByCallee) && c.byeStatus == 0 && !c.endKept {
			c.Flags |= ByeUnanswered
		}
	}
	c.Revision++
	t.emit(c, final, now)
	t.keep(c)
}

// change makes a further interim record once there has been a first one: the checkpoint has passed.
func (t *Table) change(c *Call, now int64) {
	if c.viewed && !c.Done && c.Open() {
		t.record(c, false, now)
	}
}
