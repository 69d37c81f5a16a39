package monitor

import (
	"maps"
	"math"
	"slices"
	"time"

	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
)

// Calls and what is made of them.
var (
	calls           = sensorSet.gauge("calls", "Calls in memory, the ended ones that may still change among them.")
	callsOpen       = sensorSet.gauge("calls_open", "Calls in memory that have not ended.")
	callsEnded      = sensorSet.counter("calls_total", "Call legs that have left memory, by the disposition of their last record.", "disposition")
	callsBegun      = sensorSet.counter("calls_begun_total", "Call legs begun.")
	callsMid        = sensorSet.counter("calls_mid_call_total", "Call legs that were seen from the middle.")
	callsForked     = sensorSet.counter("calls_forked_total", "Further branches of a call that answered.")
	callsReopened   = sensorSet.counter("calls_reopened_total", "Calls taken up again after their final record.")
	callsEvicted    = sensorSet.counter("calls_evicted_total", "Calls pushed out of the full table (limits.calls); each has a record that says so.")
	sipOrphans      = sensorSet.counter("sip_orphans_total", "SIP messages of no call that is known.")
	sipUnverified   = sensorSet.counter("sip_unverified_total", "BYE and CANCEL of nobody who takes part in the call.")
	sipOther        = sensorSet.counter("sip_other_dialog_total", "SIP messages outside of calls: OPTIONS, SUBSCRIBE and others.")
	bindings        = sensorSet.gauge("registrations", "Bindings of telephones in memory.")
	records         = sensorSet.counter("records_total", "Records and events given out, all revisions, by kind.", "kind")
	streamsAssigned = sensorSet.counter("streams_closed_total", "RTP streams ended, by whether they belonged to a call: owner is call or none.", "owner")
	watermark       = sensorSet.gauge("watermark_timestamp_seconds", "Packet time up to which everything has been worked through, seconds since 1970; NaN before the first packet.")
	watermarkLag    = sensorSet.gauge("watermark_lag_seconds", "How far that time is behind the clock, seconds; NaN before the first packet.")
	coverageMinute  = sensorSet.gauge("coverage_last_minute_timestamp_seconds", "Minute of the last coverage event on the spool, seconds since 1970; NaN before the first.")
)

// dispositions and kinds are given out from the start, at 0, so that a rate over the first of them is right.
var (
	dispositions = []record.Disposition{
		record.Answered, record.Busy, record.NoAnswer, record.Cancelled, record.Rejected,
		record.Redirected, record.Failed, record.InProgress, record.Unknown,
	}
	kinds = []record.Kind{
		record.KindSIP, record.KindMedia, record.KindApp, record.KindTLS, record.KindRegistration, record.KindMessage, record.KindCoverage,
	}
)

func collectCalls(o out, live *pipeline.LiveStats, now time.Time) {
	o.put(calls, float64(live.Calls))
	o.put(callsOpen, float64(live.OpenCalls))
	o.put(bindings, float64(live.Bindings))
	byName(o, callsEnded, dispositions, live.Outcomes)
	byName(o, records, kinds, live.Records)
	d := &live.Dialogs
	for _, x := range []struct {
		f family
		n uint64
	}{
		{callsBegun, d.Calls},
		{callsMid, d.MidCall},
		{callsForked, d.Forks},
		{callsReopened, d.Reopened},
		{callsEvicted, d.Evicted},
		{sipOrphans, d.Orphans},
		{sipUnverified, d.Unverified},
		{sipOther, d.OtherDialog},
	} {
		o.count(x.f, x.n)
	}
	o.count(streamsAssigned, live.Media.Claimed, "call")
	o.count(streamsAssigned, live.Media.Unclaimed, "none")
	at, lag := math.NaN(), math.NaN()
	if live.Watermark != 0 {
		at = float64(live.Watermark) / 1e9
		lag = behind(live, now)
	}
	o.put(watermark, at)
	o.put(watermarkLag, lag)
}

// byName gives out the counts of all names that are known, and of any that n has besides.
func byName[K ~string](o out, f family, known []K, n map[K]uint64) {
	for _, k := range known {
		o.count(f, n[k], string(k))
	}
	for _, k := range slices.Sorted(maps.Keys(n)) {
		if !slices.Contains(known, k) {
			o.count(f, n[k], string(k))
		}
	}
}

// behind is how far the watermark is behind now, seconds. Packets may be stamped a little ahead of the clock.
func behind(live *pipeline.LiveStats, now time.Time) float64 {
	return max(now.Sub(time.Unix(0, live.Watermark)).Seconds(), 0)
}
