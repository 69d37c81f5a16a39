package pipeline

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"calltrail/cdr/dialog"
)

// liveState is what the correlator of a live run shows to other goroutines.
type liveState struct {
	handled   atomic.Uint64 // batches
	watermark atomic.Int64

	mu       sync.Mutex
	shown    LiveStats
	workers  []workerStats
	oneSided []uint64 // by tap
	at       int64    // packet time of shown
}

// showEvery is how often LiveStats gets new values, in packet time.
const showEvery = int64(5e8)

// keep makes the correlator that of a live run.
func (c *correlator) keep(keeper Keeper, taps []LiveTap) {
	c.coverage = newCoverage(keeper, taps)
	c.recorder.oneSided = make([]uint64, len(taps))
	c.live = &liveState{workers: make([]workerStats, len(c.queues)), at: noTime}
	c.calls.Save, c.calls.Gone = c.save, c.gone
}

// save keeps the state of a call for the next start.
func (c *correlator) save(call *dialog.Call) {
	if c.err != nil {
		return
	}
	var err error
	if c.snapshot, err = call.AppendSnapshot(appendTap(c.snapshot[:0], c.recorder.tap(call.Tap))); err != nil {
		c.unsaved++ // bounded as its parts are, this does not happen; if it did, the call would have its records all the same
		return
	}
	c.err = c.coverage.keeper.Local(LocalCall, c.snapshot)
}

// gone keeps that a call must not be taken up again.
func (c *correlator) gone(key dialog.Key) {
	if c.err != nil {
		return
	}
	var err error
	if c.snapshot, err = key.Append(c.snapshot[:0]); err != nil {
		c.unsaved++
		return
	}
	c.err = c.coverage.keeper.Local(LocalGone, c.snapshot)
}

// arrived takes from a batch what is not in the order of packet time.
func (c *correlator) arrived(b *batch) {
	if c.live == nil {
		return
	}
	c.live.handled.Add(1)
	c.live.mu.Lock()
	c.live.workers[b.worker] = b.stats
	c.live.mu.Unlock()
	w := &c.coverage.workers[b.worker]
	w.marks = append(w.marks, b.marks...)
}

// minutes gives out the coverage of the minutes that end up to now. Timers up to there fire first: their records are the
// minute's.
func (c *correlator) minutes(now int64) {
	if c.coverage == nil {
		return
	}
	for c.err == nil {
		end, ok := c.coverage.due()
		if !ok || end > now || end%minute != 0 {
			return // what ends within a minute ends with the run: endCoverage
		}
		c.elapse(end)
		if err := c.minute(end); err != nil && c.err == nil {
			c.err = err
		}
	}
}

// endCoverage gives out what is covered of the minute in which the run ends, behind the last records.
func (c *correlator) endCoverage() {
	if c.coverage == nil || c.err != nil {
		return
	}
	for i := range c.coverage.workers {
		if len(c.coverage.workers[i].marks) > 0 {
			if err := c.minute(c.end); err != nil && c.err == nil {
				c.err = err
			}
			return
		}
	}
}

// show publishes the state of the run.
func (c *correlator) show(last bool) {
	s := c.live
	if s != nil {
		s.watermark.Store(max(c.done, 0))
	}
	if s == nil || !last && c.done < s.at+showEvery {
		return
	}
	s.at = c.done
	shown := LiveStats{
		Calls: c.calls.Len(), OpenCalls: c.calls.Open(), Bindings: c.regs.Len(), Dialogs: c.calls.Stats, Unsaved: c.unsaved, Media: c.index.Stats,
		Apps: c.apps.Stats, AppCalls: c.apps.Len(), MediaOnly: c.alone.Stats, MediaCalls: c.alone.Len(),
		Outcomes: maps.Clone(c.recorder.outcomes), Records: maps.Clone(c.recorder.records),
	}
	oneSided := slices.Clone(c.recorder.oneSided)
	s.mu.Lock()
	s.shown, s.oneSided = shown, oneSided
	s.mu.Unlock()
}

// LiveStats returns the state of a run as it was not more than a second of packet time ago. Any goroutine may call it.
func (p *Pipeline) LiveStats() LiveStats {
	s := p.correlator.live
	if s == nil {
		return LiveStats{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.shown
	out.Watermark = s.watermark.Load()
	out.Outcomes, out.Records = maps.Clone(out.Outcomes), maps.Clone(out.Records)
	i := 0
	for n, tap := range p.taps {
		t := TapStats{Name: tap.Name()}
		if n < len(s.oneSided) {
			t.OneSidedCalls = s.oneSided[n]
		}
		t.Capture.Up = true
		for _, src := range tap.Sources() {
			t.add(&s.workers[i])
			now := src.LiveStats()
			t.Capture.Packets += now.Packets
			t.Capture.Drops += now.Drops
			t.Capture.Freezes += now.Freezes
			t.Capture.Reopened += now.Reopened
			t.Capture.Down = max(t.Capture.Down, now.Down)
			t.Capture.Up = t.Capture.Up && now.Up
			i++
		}
		out.Taps = append(out.Taps, t)
	}
	return out
}

// add adds up the workers of a tap.
func (t *TapStats) add(w *workerStats) {
	t.Packets += w.Packets
	t.Octets += w.Octets
	t.Late += w.Late
	t.Duplicates += w.Copies + w.RTPDuplicates
	t.Flows += w.Pairs.flows()
	t.OneWayFlows += w.Pairs.oneWay()
	t.UnseenTCPOctets += w.UnseenTCPOctets
	t.UnseenRTPPackets += w.UnseenRTPPackets
	t.Counts.Add(&w.Counts)
	for e, n := range w.SIPErrors {
		t.SIPErrors[e] += n
	}
	t.Streams += w.Streams
	t.Tables.Opened += w.Tables.Opened
	t.Tables.Single += w.Tables.Single
	t.Tables.Refused += w.Tables.Refused
	t.Tables.Pushed += w.Tables.Pushed
	t.Carriage.add(&w.Carriage)
}

// Progress returns counters that all go on growing while the run is alive, also when no packet comes: one for each worker,
// then the correlator's. Any goroutine may call it.
func (p *Pipeline) Progress() []uint64 {
	out := make([]uint64, 0, len(p.workers)+1)
	for _, w := range p.workers {
		out = append(out, w.handed.Load())
	}
	if p.correlator.live != nil {
		out = append(out, p.correlator.live.handled.Load())
	}
	return out
}
