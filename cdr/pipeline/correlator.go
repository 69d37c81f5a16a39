package pipeline

import (
	"math"

	"calltrail/cdr/app"
	"calltrail/cdr/dialog"
	"calltrail/cdr/group"
	"calltrail/cdr/media"
	"calltrail/cdr/mediaonly"
	"calltrail/decode/sip"
)

// correlator puts what the workers found into the order of packet time and follows the calls. It runs in one goroutine.
type correlator struct {
	progress *progress
	free     []chan *batch // by worker
	index    *media.Index
	calls    *dialog.Table
	regs     *dialog.Registrar
	messages *dialog.Messages
	groups   *group.Index
	apps     *app.Sessions
	alone    *mediaonly.Table
	timed    []timed
	recorder *recorder
	taps     []uint16 // by worker

	queues    [][]*batch // by worker, oldest first
	watermark []place
	next      []int64
	done      int64
	end       int64 // of the input
	stopped   bool  // the run ended before the input did; set before the last batch
	message   dialog.Message
	err       error

	coverage *coverage // of a live run
	live     *liveState
	snapshot []byte // scratch
	unsaved  uint64
}

func newCorrelator(cfg *Config, p *progress, free []chan *batch, rec *recorder) *correlator {
	c := &correlator{
		progress: p, free: free, index: media.NewIndex(), recorder: rec, done: noTime, end: noTime,
		taps: make([]uint16, cfg.Workers), queues: make([][]*batch, cfg.Workers), watermark: make([]place, cfg.Workers), next: make([]int64, cfg.Workers),
	}
	for i := range c.watermark {
		c.watermark[i].at, c.next[i] = noTime, noTime
	}
	c.calls = dialog.NewTable(cfg.Dialog, c.index, c.emit, c.forget)
	c.regs = dialog.NewRegistrar(cfg.Dialog, c.emitRegistration)
	c.messages = dialog.NewMessages(cfg.Dialog, c.emitMessage)
	c.groups = group.New()
	c.calls.Began = func(call *dialog.Call, _ *dialog.Message) { c.calls.Join(call, c.groups.Begin(call, rec.whom)) }
	c.calls.Redirected = c.redirected
	if breach != keptGroups {
		c.calls.Left = c.groups.Leave
	}
	c.unsignalled(cfg)
	c.timed = []timed{c.calls, c.messages, c.index, c.apps, c.alone}
	return c
}

// timed is what has timers: Advance fires those before now, each at its own time.
type timed interface {
	NextTimer() (at int64, ok bool)
	Advance(now int64)
}

// run handles batches until the workers are done. It calls failed at the first error, so that the reading ends: the
// workers would wait for it in vain.
func (c *correlator) run(in <-chan *batch, failed func(error)) error {
	for b := range in {
		if c.err != nil {
			c.release(b)
			continue
		}
		c.queues[b.worker] = append(c.queues[b.worker], b)
		c.watermark[b.worker], c.next[b.worker] = b.watermark, b.next
		c.arrived(b)
		if b.last {
			// What it has found counts up to its clock; it holds nobody up any more.
			c.end = max(c.end, b.watermark.at)
			c.watermark[b.worker], c.next[b.worker] = place{at: math.MaxInt64}, math.MaxInt64
		}
		c.handle()
		if c.err != nil {
			failed(c.err)
			c.drop()
			continue
		}
		c.publish()
		c.show(false)
	}
	if c.err == nil {
		c.pass(c.end)
		why := dialog.CaptureEnd
		if c.stopped {
			why = dialog.Shutdown
		}
		c.messages.Finish()
		c.calls.Finish(why)
		c.apps.Finish(c.end, app.Cut)
		c.alone.Finish(c.end, mediaonly.Cut)
		c.endCoverage()
	}
	c.show(true)
	return c.err
}

// drop gives back what is not handled: after an error nothing more is.
func (c *correlator) drop() {
	for w := range c.queues {
		for _, b := range c.queues[w] {
			c.release(b)
		}
		c.queues[w] = nil
	}
}

// handle takes in everything up to the lowest watermark, in order.
func (c *correlator) handle() {
	for c.err == nil {
		best, limit := -1, place{at: math.MaxInt64}
		var first place
		var what found
		for w := range c.queues {
			p, kind := c.head(w)
			switch {
			case kind == nothing:
				if c.watermark[w].before(limit) {
					limit = c.watermark[w]
				}
			case best < 0 || p.before(first):
				best, first, what = w, p, kind
			}
		}
		if best < 0 || limit.before(first) {
			c.pass(limit.at)
			return
		}
		c.pass(first.at)
		b := c.queues[best][0]
		switch what {
		case aMessage:
			c.signalling(b, &b.messages[b.readMessages])
			b.readMessages++
		case aStream:
			c.stream(&b.streams[b.readStreams].Event)
			b.readStreams++
		case aFlow:
			f := &b.flows[b.readFlows]
			c.flow(&f.Event, f.tap)
			b.readFlows++
		case aConnection:
			c.connection(&b.connections[b.readConnections])
			b.readConnections++
		case nothing:
		}
	}
}

// head is the earliest thing of a worker that is not handled. Batches that have been read go back.
func (c *correlator) head(w int) (place, found) {
	for len(c.queues[w]) > 0 {
		b := c.queues[w][0]
		if p, what := b.head(); what != nothing {
			return p, what
		}
		c.queues[w] = c.queues[w][1:]
		c.release(b)
	}
	return place{}, nothing
}

// release gives a batch back. Its text is wiped: it holds URIs as they came, with passwords and keys pressed.
func (c *correlator) release(b *batch) {
	clear(b.text)
	c.free[b.worker] <- b
}

// pass lets packet time pass up to now: nothing before it will come.
func (c *correlator) pass(now int64) {
	if now == math.MaxInt64 || now <= c.done {
		return
	}
	c.minutes(now)
	c.elapse(now)
	c.done = now
}

// elapse fires the timers before now, in the order of their deadlines whatever the steps in which time passes.
func (c *correlator) elapse(now int64) {
	for {
		next, ok := c.nextTimer()
		if !ok || next >= now {
			break
		}
		for _, t := range c.timed {
			t.Advance(next + 1)
		}
	}
	for _, t := range c.timed {
		t.Advance(now)
	}
}

// nextTimer is the time of the earliest timer; ok is false when there is none.
func (c *correlator) nextTimer() (next int64, ok bool) {
	for _, t := range c.timed {
		if at, any := t.NextTimer(); any && (!ok || at < next) {
			next, ok = at, true
		}
	}
	return next, ok
}

// publish tells the workers how far it has come. When they all wait for a packet further on, the time in between has
// passed as soon as no timer stands in it.
func (c *correlator) publish() {
	idle := int64(math.MaxInt64)
	for w := range c.queues {
		if len(c.queues[w]) > 0 {
			idle = noTime
			break
		}
		idle = min(idle, c.next[w])
	}
	if at, ok := c.nextTimer(); ok {
		idle = min(idle, at)
	}
	done := c.done
	if idle != math.MaxInt64 && idle > done {
		done = idle
	}
	c.progress.advance(done, c.index.Commands)
	c.index.Commands = c.index.Commands[:0]
}

func (c *correlator) signalling(b *batch, m *message) {
	d := &c.message
	*d = dialog.Message{
		SIP: &m.sip, At: m.at, Now: m.now, Src: m.src, Dst: m.dst, VLAN: m.vlan, VLANs: m.vlans, Scope: m.scope, Tap: m.tap,
		Transport: m.transport, Tunnels: m.tunnel[:m.tunnels], Carriage: m.carriage,
		Stale: m.sip.StaleChallenge(),
	}
	if m.place >= 0 {
		d.Location = &b.locations[m.place]
	}
	if m.sdp >= 0 {
		d.SDP = &b.descriptions[m.sdp]
	}
	switch m.sip.Method() {
	case sip.MethodREGISTER:
		c.regs.Handle(d)
		return
	case sip.MethodMESSAGE:
		if c.recorder.cfg.Messages {
			c.messages.Handle(d)
		}
	default:
	}
	c.calls.Handle(d)
}

// redirected tells the groups that a call was sent on.
func (c *correlator) redirected(call *dialog.Call) {
	for _, j := range c.groups.Redirected(call, c.recorder.whom) {
		c.calls.Join(j.Call, j.Group)
	}
}

func (c *correlator) connection(e *connectionEvent) {
	if c.err == nil {
		c.err = c.recorder.connection(e)
	}
}

func (c *correlator) emitMessage(e *dialog.MessageEvent) {
	if c.err == nil {
		c.err = c.recorder.message(e)
	}
}

func (c *correlator) emit(call *dialog.Call, final bool, _ int64) {
	if c.err == nil {
		c.err = c.recorder.call(call, final)
	}
}

func (c *correlator) forget(call *dialog.Call) {
	if c.err == nil {
		c.err = c.recorder.forget(call)
	}
}

func (c *correlator) emitRegistration(r *dialog.Registration) {
	if c.err == nil {
		c.err = c.recorder.registration(r)
	}
}
