package monitor

import (
	"math"
	"time"

	"calltrail/store"
)

// The spool and its disk.
var (
	spoolDepth      = sensorSet.gauge("spool_depth_records", "Durable records that the receiver has not confirmed.")
	spoolDepthBytes = sensorSet.gauge("spool_depth_bytes", "About how much disk these records take, octets.")
	spoolOldest     = sensorSet.gauge("spool_oldest_seconds", "How long the oldest of them has waited at least, seconds; not longer than the program runs; NaN when nothing delivers them.")
	spoolBytes      = sensorSet.gauge("spool_bytes", "Octets of the whole spool on disk, confirmed records that are kept among them.")
	spoolSegments   = sensorSet.gauge("spool_segments", "Files of the spool.")
	spoolQueued     = sensorSet.gauge("spool_queued_bytes", "Memory of what is numbered and not durable yet, octets.")
	spoolLast       = sensorSet.gauge("spool_last_number", "Highest durable number of the chain.")
	spoolAcked      = sensorSet.gauge("spool_acked_number", "Highest number that the receiver has confirmed.")
	spoolGaps       = sensorSet.gauge("spool_gaps", "Damaged places found in the spool.")
	spoolCommits    = sensorSet.counter("spool_commits_total", "Attempts to make records durable that succeeded.")
	spoolFailures   = sensorSet.counter("spool_commit_failures_total", "Attempts to make records durable that failed.")
	spoolFailing    = sensorSet.gauge("spool_failing", "Whether the last attempt to make records durable failed: 1, or 0.")
	diskFree        = sensorSet.gauge("disk_free_bytes", "Octets free on the spool's file system; NaN when that cannot be read.")
	diskTotal       = sensorSet.gauge("disk_size_bytes", "Octets of the spool's file system; NaN when that cannot be read.")
	diskLeft        = sensorSet.gauge("disk_left_seconds", "Time until the disk is full when nothing is delivered and removed any more, seconds, by what was written in up to a day; NaN in the first ten minutes, +Inf when nothing is written.")
)

// The clock.
var (
	clockSynced = sensorSet.gauge("clock_synced", "Whether something steers the clock: 1, or 0.", "source")
	clockOffset = sensorSet.gauge("clock_offset_seconds", "How far the clock is off by its own estimate, seconds.")
	clockError  = sensorSet.gauge("clock_max_error_seconds", "The most that the clock can be off, seconds.")
	clockSteps  = sensorSet.counter("clock_steps_total", "Times that the clock was set, by a person or a step.")
	clockTier   = sensorSet.gauge("clock_stratum", "Distance of the clock's reference to the true time (NTP stratum); 0 when not known.")
)

// deliveryFamilies are what is counted of a pump.
type deliveryFamilies struct{ batches, items, octets, retries, failures, failed family }

func newDeliveryFamilies(s *set) deliveryFamilies {
	return deliveryFamilies{
		batches:  s.counter("delivery_batches_total", "Batches delivered and confirmed; target is the other side.", "target"),
		items:    s.counter("delivery_records_total", "Records delivered and confirmed.", "target"),
		octets:   s.counter("delivery_bytes_total", "Octets of these records.", "target"),
		retries:  s.counter("delivery_retries_total", "Attempts that failed and were, or will be, made again.", "target"),
		failures: s.gauge("delivery_failures", "Attempts that have failed in a row up to now; 0 when the last one succeeded.", "target"),
		failed:   s.gauge("delivery_last_failure_timestamp_seconds", "When an attempt failed last, seconds since 1970; NaN when none has.", "target"),
	}
}

var sensorDelivery = newDeliveryFamilies(&sensorSet)

func collectDelivery(o out, f deliveryFamilies, target string, s store.Stats) {
	o.count(f.batches, s.Batches, target)
	o.count(f.items, s.Items, target)
	o.count(f.octets, s.Bytes, target)
	o.count(f.retries, s.Retries, target)
	o.put(f.failures, float64(s.Failures), target)
	o.put(f.failed, seconds(s.LastErrorAt), target)
}

func (s *sensor) collectSpool(o out, now time.Time) {
	sp := s.Spool()
	o.count(spoolDepth, sp.Depth)
	o.put(spoolDepthBytes, float64(sp.DepthBytes))
	o.put(spoolBytes, float64(sp.Bytes))
	o.put(spoolSegments, float64(sp.Segments))
	o.put(spoolQueued, float64(sp.Queued))
	o.count(spoolLast, sp.Last)
	o.count(spoolAcked, sp.Acked)
	o.put(spoolGaps, float64(sp.Gaps))
	o.count(spoolCommits, sp.Commits)
	o.count(spoolFailures, sp.Failures)
	o.truth(spoolFailing, sp.Failure != nil)

	s.mu.Lock()
	oldest := s.backlog.oldest(now, sp.Acked)
	rate, known := s.growth.perSecond()
	s.mu.Unlock()
	if len(s.Delivery) > 0 {
		o.put(spoolOldest, oldest.Seconds())
	} else {
		o.put(spoolOldest, math.NaN())
	}
	if s.Disk == nil {
		return
	}
	free, total, left := math.NaN(), math.NaN(), math.NaN()
	if f, t, err := s.Disk(); err == nil {
		free, total = float64(f), float64(t)
	}
	if known {
		left = free / rate // nothing written: +Inf
	}
	o.put(diskFree, free)
	o.put(diskTotal, total)
	o.put(diskLeft, left)
}

func (s *sensor) collectClock(o out) {
	if s.Clock == nil {
		return
	}
	c, known := s.Clock()
	if !known {
		return
	}
	o.truth(clockSynced, c.Synced, c.Source)
	o.put(clockOffset, c.Offset.Seconds())
	o.put(clockError, c.MaxError.Seconds())
	o.count(clockSteps, c.Steps)
	o.put(clockTier, float64(c.Stratum))
}
