package pipeline

import (
	"calltrail/capture"
	"calltrail/cdr/media"
	"calltrail/cdr/record"
	"calltrail/decode"
	"calltrail/decode/sip"
)

// workerStats are the sums of one live worker since it began.
type workerStats struct {
	Packets, Octets, Late uint64
	Copies                uint64 // SIP datagrams that came twice
	RTPDuplicates         uint64
	Pairs                 pairCounts
	UnseenTCPOctets       uint64
	UnseenRTPPackets      uint64
	Counts                decode.Counts
	SIPErrors             [sip.ParseErrors]uint64
	Streams               int
	Tables                media.TableStats
	Carriage              CarriageStats
	Capture               capture.LiveStats
	NIC                   capture.NICStats // of the tap, in its first worker's
	hasNIC                bool
}

// mark says that a minute has ended for a worker, with its sums at that moment.
type mark struct {
	end    int64 // the minute's end; or the end of the run
	counts workerStats
	// incomplete: packets of the minute were lost, or may have been.
	incomplete bool
}

// coverage makes the coverage events: one for each tap and minute, once all workers have passed the minute's end. It is
// the correlator's.
type coverage struct {
	keeper  Keeper
	workers []coveredWorker
	from    []int64   // by tap: where its next event begins
	evicted evictions // at the last event
	// oneSided calls of each tap, at the last event.
	oneSided []uint64
}

// coveredWorker is what is known of one worker.
type coveredWorker struct {
	tap    int
	before workerStats // at its last mark that was used
	marks  []mark      // not used yet
}

// evictions are the sensor's tables' sums of what was pushed out.
type evictions struct{ calls, streams, refused, datagrams, tcp, tls, sctp, flows, apps, media uint64 }

func newCoverage(keeper Keeper, taps []LiveTap) *coverage {
	c := &coverage{keeper: keeper, oneSided: make([]uint64, len(taps))}
	for t, tap := range taps {
		c.from = append(c.from, tap.Since)
		first := true
		for range tap.Sources() {
			w := coveredWorker{tap: t}
			if first && tap.NIC != nil {
				// The card counts since the host began; what it lost before us is not ours.
				if n, err := tap.NIC(); err == nil {
					w.before.NIC, w.before.hasNIC = n, true
				}
			}
			first = false
			c.workers = append(c.workers, w)
		}
	}
	return c
}

// due is the end of the next minute that all workers have passed; ok is false when there is none.
func (c *coverage) due() (end int64, ok bool) {
	for i := range c.workers {
		if len(c.workers[i].marks) == 0 {
			return 0, false
		}
		end = max(end, c.workers[i].marks[0].end)
	}
	return end, len(c.workers) > 0
}

// tapMinute is what the workers of a tap have counted in one minute.
type tapMinute struct {
	workerStats
	from, to   int64 // what the event covers
	incomplete bool
}

// take adds up what the workers counted up to end, and forgets it.
func (c *coverage) take(end int64) []tapMinute {
	taps := make([]tapMinute, len(c.from))
	for t := range taps {
		// Of minutes that nobody followed (see maxMarks) there is no event.
		taps[t].from, taps[t].to = max(c.from[t], end-(end-1)%minute-1), end
		c.from[t] = end
	}
	for i := range c.workers {
		w := &c.workers[i]
		t := &taps[w.tap]
		for len(w.marks) > 0 && w.marks[0].end <= end {
			m := &w.marks[0]
			t.add(&m.counts, &w.before)
			t.incomplete = t.incomplete || m.incomplete
			w.before = m.counts
			w.marks = w.marks[1:]
		}
	}
	return taps
}

// add adds what was counted between two moments of a worker.
func (t *tapMinute) add(now, before *workerStats) {
	t.Packets += now.Packets - before.Packets
	t.Octets += now.Octets - before.Octets
	t.Copies += now.Copies - before.Copies
	t.RTPDuplicates += now.RTPDuplicates - before.RTPDuplicates
	t.Pairs.add(now.Pairs.since(before.Pairs))
	t.UnseenTCPOctets += now.UnseenTCPOctets - before.UnseenTCPOctets
	t.UnseenRTPPackets += now.UnseenRTPPackets - before.UnseenRTPPackets
	for r := range now.Counts {
		t.Counts[r] += now.Counts[r] - before.Counts[r]
	}
	t.Capture.Drops += now.Capture.Drops - before.Capture.Drops
	t.Capture.Freezes += now.Capture.Freezes - before.Capture.Freezes
	t.Capture.Reopened += now.Capture.Reopened - before.Capture.Reopened
	t.Capture.Down = max(t.Capture.Down, now.Capture.Down-before.Capture.Down) // all workers are down together
	if now.hasNIC {
		// A card that was taken away and put back begins at 0 again.
		t.NIC.Missed += since(now.NIC.Missed, before.NIC.Missed)
		t.NIC.SoftnetDropped += since(now.NIC.SoftnetDropped, before.NIC.SoftnetDropped)
	}
}

func since(now, before uint64) uint64 {
	if now < before {
		return now
	}
	return now - before
}

// state is the verdict on a minute.
func (t *tapMinute) state() string {
	down, span := t.Capture.Down.Nanoseconds(), t.to-t.from
	switch {
	case span > 0 && down >= span-span/20:
		return "down"
	case t.lost() || down > 0 || t.Capture.Reopened > 0 || t.UnseenTCPOctets > 0 || t.UnseenRTPPackets > 0:
		return "lossy"
	case t.Pairs.lacksDirection():
		return "one_way"
	}
	return "complete"
}

func (t *tapMinute) lost() bool {
	return t.incomplete || t.Capture.Drops > 0 || t.NIC.Missed > 0 || t.NIC.SoftnetDropped > 0
}

// minute gives out the events of the minute that ended at end.
func (c *correlator) minute(end int64) error {
	v := c.coverage
	taps := v.take(end)
	evicted := evictions{calls: c.calls.Stats.Evicted, apps: c.apps.Stats.Evicted, media: c.alone.Stats.Evicted}
	for i := range v.workers {
		evicted.streams += v.workers[i].before.Tables.Pushed
		evicted.refused += v.workers[i].before.Tables.Refused
		c := &v.workers[i].before.Carriage
		evicted.datagrams += c.Fragments.Evicted
		evicted.tcp += c.Streams.Evicted
		evicted.tls += c.TLS.Evicted
		evicted.sctp += c.SCTP.Forgotten
		evicted.flows += c.Flows.Evicted
	}
	var events []*record.Coverage
	for t, m := range taps {
		if m.to <= m.from {
			continue
		}
		e := c.recorder.coverage(c.recorder.cfg.taps[t], &m)
		e.Unseen.OneSidedCalls = c.recorder.oneSided[t] - v.oneSided[t]
		v.oneSided[t] = c.recorder.oneSided[t]
		e.Evicted = v.evicted.until(evicted)
		events = append(events, e)
	}
	v.evicted = evicted
	if len(events) == 0 {
		return nil
	}
	c.recorder.records[record.KindCoverage] += uint64(len(events))
	return v.keeper.Coverage(events)
}

// until is what was pushed out between two moments.
func (e evictions) until(now evictions) map[string]uint64 {
	m := map[string]uint64{}
	for name, n := range map[string]uint64{
		"calls": now.calls - e.calls, "streams": now.streams - e.streams, "stream_packets_refused": now.refused - e.refused,
		"datagrams": now.datagrams - e.datagrams, "tcp_connections": now.tcp - e.tcp, "tls_connections": now.tls - e.tls,
		"sctp_associations": now.sctp - e.sctp, "flows": now.flows - e.flows, "app_calls": now.apps - e.apps,
		"media_calls": now.media - e.media,
	} {
		if n > 0 {
			m[name] = n
		}
	}
	return m
}

// coverage writes down one tap's minute, without the chain's part.
func (r *recorder) coverage(tap string, m *tapMinute) *record.Coverage {
	from := record.TimeOf(m.from)
	start := record.TimeOf(m.from - m.from%minute)
	e := &record.Coverage{
		Schema: record.SchemaCoverage, Kind: record.KindCoverage, Day: start.Day(), Sensor: r.cfg.Sensor, Tap: tap,
		Minute: start, From: from, To: record.TimeOf(m.to), State: m.state(), DownMS: m.Capture.Down.Milliseconds(),
		Reopened: m.Capture.Reopened, Packets: m.Packets, Octets: m.Octets,
		Decoded: reasons(&m.Counts, decode.Decoded), Ignored: reasons(&m.Counts, decode.Ignored),
		Dropped: reasons(&m.Counts, decode.Dropped), Duplicates: m.Copies + m.RTPDuplicates,
		KernelDrops: m.Capture.Drops, RingFreezes: m.Capture.Freezes, NICMissed: m.NIC.Missed,
		SoftnetDropped: m.NIC.SoftnetDropped, Flows: m.Pairs.flows(), OneWayFlows: m.Pairs.oneWay(),
		Unseen:   record.Unseen{TCPOctets: m.UnseenTCPOctets, RTPPackets: m.UnseenRTPPackets},
		Observer: r.observer(),
	}
	return e
}

func reasons(counts *decode.Counts, class decode.Class) map[string]uint64 {
	m := map[string]uint64{}
	for r := range decode.NumReasons {
		if n := counts[r]; n > 0 && r.Class() == class {
			m[r.String()] = n
		}
	}
	return m
}
