package pipeline

import (
	"math"

	"calltrail/capture"
	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/reassembly"
	"calltrail/decode/rtp"
	"calltrail/decode/sip"
)

// worker decodes packets. It owns the RTP streams it sees.
type worker struct {
	id       int
	cfg      *Config
	progress *progress
	out      chan<- *batch
	free     <-chan *batch

	table    *media.Table
	counts   decode.Counts
	sipError [sip.ParseErrors]uint64
	frame    decode.Frame
	header   rtp.Header

	batch    *batch
	clock    int64
	position uint64 // of the last packet that it had, or that another worker had in its place
	limit    int64  // packet time up to which it may go without asking
	commands []media.Command
	due      int64 // nothing that is put together waits for a time before
	stopped  bool
	copies   *copies
	pairs    *pairs
	tap      uint16
	seenBy   uint16 // tap of the packet in hand
	stats    workerStats

	fragments    *reassembly.Fragments
	streams      *reassembly.Streams
	associations *reassembly.Associations
	connections  *encrypted.Table
	flows        *flow.Table // nil in a live run without a legal basis for them
	layers       layers      // of the packet in hand
	messages     uint64
	ended        CarriageStats // after finish
	anomalies    [sip.Anomalies]uint64
	layered      layered
	interest     interest

	liveWorker // in a live run only
}

func newWorker(id int, cfg *Config, p *progress, out chan<- *batch, free <-chan *batch) *worker {
	w := &worker{
		id: id, cfg: cfg, progress: p, out: out, free: free, clock: noTime, limit: noTime, due: noTime, copies: newCopies(), pairs: newPairs(),
		fragments: reassembly.NewFragments(cfg.Fragments), streams: reassembly.NewStreams(cfg.TCP),
		associations: reassembly.NewAssociations(cfg.SCTP), connections: encrypted.New(cfg.TLS), layered: newLayered(),
		table: media.NewTable(media.TableConfig{
			Worker: uint16(id), Streams: cfg.Streams, Idle: int64(cfg.StreamIdle), //nolint:gosec // few workers
		}),
	}
	if !cfg.live || cfg.LegalBasisApp != "" {
		w.flows = flow.New(cfg.Flows)
	}
	w.interest.watch(cfg.TCP.Ports, cfg.TLS.Watched())
	w.batch = w.take()
	return w
}

// noTime is before every packet.
const noTime = int64(-1) << 62

// packet takes in one packet, seen at packet time now: its own time, or later when packets are out of order.
func (w *worker) packet(p *capture.Packet, now int64) {
	if now > w.clock {
		w.tick(now)
	}
	w.position, w.seenBy = p.Position, p.Tap
	w.counts[w.name(p, now)]++
}

// tick says that packet time is now.
func (w *worker) tick(now int64) {
	if w.cfg.live {
		if now >= w.minuteEnd || now >= w.nextFlush {
			w.pass(now)
		}
	} else if now > w.limit {
		w.catchUp(now)
	}
	w.advance(now)
}

// advance lets packet time pass for the worker's tables, each of which acts on what is due in the order of its deadlines.
func (w *worker) advance(now int64) {
	if now >= w.due {
		w.elapse(now)
	}
	w.clock = now
	w.table.Advance(now)
	if len(w.table.Events) > 0 {
		w.collect(0)
	}
}

// elapse lets packet time pass for what is put together. Most packets come before anything of it is due.
func (w *worker) elapse(now int64) {
	w.fragments.Advance(now)
	// Messages behind a gap that nothing has filled are known at the time at which that was given up.
	w.streams.Advance(now)
	w.deliver(w.streams.Messages, 0, 0)
	w.associations.Advance(now)
	w.connections.Advance(now)
	w.collectConnections(0)
	if w.flows != nil {
		w.flows.Advance(now)
		w.collectFlows(0)
	}
	w.due = math.MaxInt64
	w.wake(w.fragments.NextTimer())
	w.wake(w.streams.NextTimer())
	w.wake(w.associations.NextTimer())
	w.wake(w.connections.NextTimer())
	if w.flows != nil {
		w.wake(w.flows.NextTimer())
	}
}

// wake says that something is due at a time, if it is.
func (w *worker) wake(at int64, ok bool) {
	if ok && at < w.due {
		w.due = at
	}
}

// acknowledged lets the segment in hand tell what of its connection was never seen.
func (w *worker) acknowledged() {
	f := &w.frame
	if w.tcp.Parse(f.Src.AddrPort().Addr(), f.Dst.AddrPort().Addr(), f.Payload, f.PayloadLen) {
		w.segments.Add(&w.tcp, w.clock)
	}
}

// catchUp waits until the worker may go on to now: see order.go.
func (w *worker) catchUp(now int64) {
	for !w.stopped {
		var done int64
		done, w.commands = w.progress.take(w.id, w.commands[:0])
		for _, c := range w.commands {
			w.table.Close(c)
		}
		w.limit = done + media.Linger - 1
		if now <= w.limit {
			w.collect(0)
			return
		}
		if w.limit > w.clock {
			w.advance(w.limit)
		}
		w.collect(0)
		w.flush(now, false)
		if !w.progress.wait(done) {
			w.stopped = true
		}
	}
}

// signalling parses a SIP message and keeps what the correlator needs of it.
func (w *worker) signalling(c *carried) decode.Reason {
	b := w.batch
	m := b.addMessage()
	if err := m.sip.Parse(c.octets); err != nil {
		b.dropMessage()
		if e, ok := err.(sip.ParseError); ok { //nolint:errorlint // Parse returns it as it is
			w.sipError[e]++
			if e == sip.ErrEmpty {
				return decode.KeepAlive
			}
		}
		return decode.SIPMalformed
	}
	if w.cfg.live && w.forbidden(m.sip.Method()) {
		b.dropMessage()
		return decode.NoLegalBasis
	}
	w.messages++
	w.count(m.sip.Anomalies())
	w.pairs.packet(&c.src, &c.dst, false, exchanges(&m.sip), c.now)
	m.sdp = b.describe(&m.sip)
	m.place = b.locate(&m.sip)
	b.text = m.sip.Keep(b.text)
	m.at, m.now, m.position, m.tap = c.at, c.now, c.position, w.seenBy
	m.src, m.dst, m.scope, m.layers = c.src, c.dst, c.scope, *c.layers
	m.transport, m.carriage = c.transport, c.carriage
	if c.proto != 0 {
		m.transport = transportOf(c.proto, &m.sip)
	}
	if b.full() {
		w.flush(c.now, false)
	}
	return decode.SIP
}

// forbidden says that no legal basis is configured for a message: REGISTER has its own.
func (w *worker) forbidden(m sip.Method) bool {
	if m == sip.MethodREGISTER {
		return w.cfg.LegalBasisRegistration == ""
	}
	return w.cfg.LegalBasisSIP == ""
}

// collect moves the table's events to the batch. The packet at position made them, or time did: 0.
func (w *worker) collect(position uint64) {
	if len(w.table.Events) == 0 {
		return
	}
	for i := range w.table.Events {
		if ev := &w.table.Events[i]; ev.Kind == media.Opened {
			w.pairs.packet(&ev.Flow.Src, &ev.Flow.Dst, true, true, ev.At)
		}
		w.batch.streams = append(w.batch.streams, streamEvent{w.table.Events[i], position})
	}
	clear(w.table.Events) // they hold names
	w.table.Events = w.table.Events[:0]
	if w.batch.full() {
		w.flush(w.clock, false)
	}
}

// flush hands the batch to the correlator. No packet of this worker comes before the time next.
func (w *worker) flush(next int64, last bool) {
	if w.cfg.live {
		w.batch.stats = w.stats
	}
	// What time brings comes before the next packet.
	if at, ok := w.streams.NextTimer(); ok {
		next = min(next, at)
	}
	if at, ok := w.connections.NextTimer(); ok {
		next = min(next, at)
	}
	if w.flows != nil {
		if at, ok := w.flows.NextTimer(); ok {
			next = min(next, at)
		}
	}
	w.batch.watermark, w.batch.next, w.batch.last = place{w.clock, w.position}, max(next, w.clock), last
	w.out <- w.batch
	if !last {
		w.batch = w.take()
	}
}

func (w *worker) take() *batch {
	b := <-w.free
	b.reset()
	b.worker = w.id
	return b
}

// finish is the end of the input, at packet time end.
func (w *worker) finish(end int64) {
	if end > w.clock {
		w.tick(end)
	}
	// What waits behind a gap that the rest of the input would have filled, or not.
	w.streams.Advance(math.MaxInt64)
	for i := range w.streams.Messages {
		w.streams.Messages[i].Now = w.clock
	}
	w.deliver(w.streams.Messages, inputEnd, 0)
	w.connections.Finish(w.clock)
	w.collectConnections(inputEnd)
	if w.flows != nil {
		w.flows.Finish(w.clock)
		w.collectFlows(flowsEnd)
	}
	w.table.Finish(w.clock)
	w.collect(inputEnd)
	if w.cfg.live {
		w.mark(w.clock)
	}
	w.flush(w.clock, true)
	w.frame = decode.Frame{} // it would hold the last packet
	w.ended = w.carriage()
	w.fragments, w.streams, w.associations = nil, nil, nil // they hold parts of messages
}
