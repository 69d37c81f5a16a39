package pipeline

import (
	"calltrail/capture"
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/rtp"
	"calltrail/decode/sdp"
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
	stopped  bool
	copies   *copies
	pairs    *pairs
	tap      uint16
	stats    workerStats

	liveWorker // in a live run only
}

func newWorker(id int, cfg *Config, p *progress, out chan<- *batch, free <-chan *batch) *worker {
	w := &worker{
		id: id, cfg: cfg, progress: p, out: out, free: free, clock: noTime, limit: noTime, copies: newCopies(), pairs: newPairs(),
		table: media.NewTable(media.TableConfig{
			Worker: uint16(id), Streams: cfg.Streams, Idle: int64(cfg.StreamIdle), //nolint:gosec // few workers
		}),
	}
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
	w.position = p.Position
	r := decode.Walk(p, &w.frame)
	if r == decode.Datagram {
		switch r = decode.Classify(&w.frame); r {
		case decode.SIP:
			r = w.signalling(p, now)
		case decode.RTP:
			if w.cfg.live && w.cfg.LegalBasisMedia == "" {
				r = decode.NoLegalBasis
				break
			}
			if rtp.Parse(w.frame.Payload, w.frame.PayloadLen, &w.header) == nil {
				w.table.Packet(&w.frame, &w.header, scope(&w.frame), p.Time)
				w.collect(p.Position)
			}
		default:
		}
	} else if r == decode.TCP && w.cfg.live {
		w.acknowledged(p)
	}
	w.counts[r]++
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
	w.clock = now
	w.table.Advance(now)
	w.collect(0)
}

// acknowledged lets a TCP segment tell what of its connection was never seen.
func (w *worker) acknowledged(p *capture.Packet) {
	src, dst, b, length, ok := decode.Segment(p, &w.frame)
	if ok && w.segment.Parse(src, dst, b, length) {
		w.segments.Add(&w.segment)
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
			w.clock = w.limit
			w.table.Advance(w.clock)
		}
		w.collect(0)
		w.flush(now, false)
		if !w.progress.wait(done) {
			w.stopped = true
		}
	}
}

// signalling parses a SIP message and keeps what the correlator needs of it.
func (w *worker) signalling(p *capture.Packet, now int64) decode.Reason {
	if w.copies.again(&w.frame, scope(&w.frame), now) {
		w.stats.Copies++
		return decode.Copy
	}
	b := w.batch
	m := b.addMessage()
	if err := m.sip.Parse(w.frame.Payload); err != nil {
		m.sip = sip.Message{} // it would hold the packet
		b.messages = b.messages[:len(b.messages)-1]
		if e, ok := err.(sip.ParseError); ok { //nolint:errorlint // Parse returns it as it is
			w.sipError[e]++
			if e == sip.ErrEmpty {
				return decode.KeepAlive
			}
		}
		return decode.SIPMalformed
	}
	if w.cfg.live && w.forbidden(m.sip.Method()) {
		m.sip = sip.Message{}
		b.messages = b.messages[:len(b.messages)-1]
		return decode.NoLegalBasis
	}
	w.pairs.packet(&w.frame.Src, &w.frame.Dst, false, exchanges(&m.sip), now)
	m.sdp = -1
	if body := sdp.FromBody(m.sip.Value(sip.HeaderContentType), m.sip.Body()); body != nil {
		if d := b.description(); d.Parse(body) == nil {
			m.sdp = int32(len(b.descriptions) - 1) //nolint:gosec // at most batchMessages
		} else {
			b.descriptions = b.descriptions[:len(b.descriptions)-1]
		}
	}
	b.text = m.sip.Keep(b.text)
	m.at, m.now, m.position, m.tap = p.Time, now, p.Position, p.Tap
	m.src, m.dst, m.vlan, m.vlans, m.scope = w.frame.Src, w.frame.Dst, w.frame.VLAN, w.frame.VLANs, scope(&w.frame)
	if b.full() {
		w.flush(now, false)
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

// scope folds the VLAN ids of a frame: addresses repeat from one VLAN to the next.
func scope(f *decode.Frame) uint32 {
	switch f.VLANs {
	case 0:
		return 0
	case 1:
		return 1<<31 | uint32(f.VLAN[0])
	}
	return 1<<31 | uint32(f.VLAN[0]) | uint32(f.VLAN[1])<<12
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
	w.table.Finish(w.clock)
	w.collect(inputEnd)
	if w.cfg.live {
		w.mark(w.clock)
	}
	w.flush(w.clock, true)
	w.frame = decode.Frame{} // it would hold the last packet
}
