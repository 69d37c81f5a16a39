package pipeline

import (
	"errors"
	"io"
	"math"
	"sync/atomic"
	"time"

	"calltrail/capture"
	"calltrail/decode/tcp"
)

// liveWorker is what only a worker with a source of its own has.
type liveWorker struct {
	source    capture.Live
	nic       func() (capture.NICStats, error)
	handed    atomic.Uint64 // batches
	nextFlush int64
	minuteEnd int64 // of the minute the clock is in
	segments  *tcp.Tracker
	ports     *[]tcp.Ports
	drops     uint64 // of the source, when it was last asked
	// incomplete: something of the present minute was lost, or may have been; behind: packets of a time after the clock may
	// have been, so the next minute may lack some too.
	incomplete, behind bool
	tcp                tcp.Segment // of the packet in hand
}

func (w *worker) goLive(tap uint16, src capture.Live, since int64) {
	w.tap, w.limit = tap, math.MaxInt64
	w.ports = w.cfg.ports.Load()
	w.source, w.segments = src, tcp.NewTracker(*w.ports)
	w.clock, w.minuteEnd = since, nextMinute(since)
}

const minute = int64(time.Minute)

func nextMinute(at int64) int64 { return at - at%minute + minute }

// follow takes packets until the source ends.
func (w *worker) follow() error {
	defer func() { _ = w.source.Close() }() // it has been read to its end
	var packet capture.Packet
	for {
		switch err := w.source.Next(&packet); {
		case err == nil:
			w.stats.Packets++
			w.stats.Octets += uint64(packet.Length) //nolint:gosec // never negative
			if packet.Time < w.clock {
				w.late(packet.Time)
			}
			packet.Tap = w.tap
			w.packet(&packet, max(w.clock, packet.Time))
		case errors.Is(err, capture.ErrIdle):
			if packet.Time > w.clock {
				w.tick(packet.Time)
			}
			w.behind = false // all that came is read: what was lost was lost before
			w.hand()         // also when the clock stands: whoever watches must see that the worker lives
		case errors.Is(err, io.EOF):
			w.finish(w.clock)
			return nil
		default:
			w.finish(w.clock)
			return err
		}
	}
}

// maxLate is how much older than the clock a packet may be when it comes from the same clock: more means that the host's
// clock was set back.
const maxLate = int64(time.Second)

// late counts a packet that is older than the worker's clock. While the host's clock, set back, has not come to where it
// was, the worker's stands still: it must go on handing over, and its minute is not whole.
func (w *worker) late(at int64) {
	w.stats.Late++
	if w.clock-at > maxLate {
		w.incomplete = true
		if w.stats.Late%1024 == 0 {
			w.hand()
		}
	}
}

// lost asks the source what it has lost. When that has grown, nobody knows when: the packets in hand are older than the
// moment at which it is asked.
func (w *worker) lost() {
	w.stats.Capture = w.source.LiveStats()
	if w.stats.Capture.Drops > w.drops {
		w.drops = w.stats.Capture.Drops
		w.incomplete, w.behind = true, true
	}
}

// pass is what the clock brings on its way to now: minutes that end, and batches that are due.
func (w *worker) pass(now int64) {
	if now >= w.minuteEnd {
		w.minutes(now)
	}
	if now >= w.nextFlush {
		w.hand()
	}
}

// hand gives the batch over and takes the commands that have come in.
func (w *worker) hand() {
	w.nextFlush = w.clock + flushEvery
	_, w.commands = w.progress.take(w.id, w.commands[:0])
	for _, c := range w.commands {
		w.table.Close(c)
	}
	if ports := w.cfg.ports.Load(); ports != w.ports {
		w.ports = ports
		w.segments.Watch(*ports)
		streams := portRanges(*ports)
		w.streams.SetPorts(streams)
		w.interest.watch(streams, w.cfg.TLS.Watched())
	}
	w.collect(0)
	w.measure()
	w.lost()
	w.flush(w.clock, false)
	w.handed.Add(1)
}

// maxMarks bounds the minutes that a clock which leaps ends one by one: of what lies before them there will be no event.
const maxMarks = 120

// minutes ends the minutes up to now for this worker. When the program stood still, there are several at once; packets may
// have been lost in any of them and in the one that begins, but the kernel tells only how many.
func (w *worker) minutes(now int64) {
	w.minuteEnd = max(w.minuteEnd, nextMinute(now)-maxMarks*minute)
	for ; w.minuteEnd <= now; w.minuteEnd += minute {
		w.table.Advance(w.minuteEnd)
		w.clock = max(w.clock, w.minuteEnd)
		w.collect(0)
		w.mark(w.minuteEnd)
		w.segments.Forget(w.minuteEnd)
		w.incomplete = w.behind
	}
	w.behind = false
	w.hand()
}

// mark puts the counts so far into the batch: a minute, or the run, has ended for this worker.
func (w *worker) mark(end int64) {
	w.measure()
	s := &w.stats
	w.pairs.settle(end)
	s.Pairs = w.pairs.counts
	w.lost()
	if w.nic != nil {
		if n, err := w.nic(); err == nil {
			s.NIC, s.hasNIC = n, true
		}
	}
	w.batch.marks = append(w.batch.marks, mark{end: end, counts: *s, incomplete: w.incomplete})
}

// measure brings the counts that are kept elsewhere up to date.
func (w *worker) measure() {
	s := &w.stats
	s.UnseenTCPOctets = w.segments.Unseen
	s.RTPDuplicates, s.UnseenRTPPackets = w.table.Stats.Duplicates, w.table.Stats.Unseen
	s.Tables, s.Streams = w.table.Stats, w.table.Len()
	s.Counts, s.SIPErrors = w.counts, w.sipError
	s.Carriage = w.carriage()
}
