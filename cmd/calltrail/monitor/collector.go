package monitor

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"calltrail/store/collector"
)

// What a program that listens for assignments gives out.
var (
	collectorSet       set
	collectorReceived  = collectorSet.counter("assignments_datagrams_total", "Datagrams received, by protocol.", "via")
	collectorRefused   = collectorSet.counter("assignments_refused_total", "Datagrams from elsewhere than the allowed prefixes; they were not read.", "via")
	collectorEvents    = collectorSet.counter("assignments_events_total", "Events of addresses that were understood.", "via")
	collectorIgnored   = collectorSet.counter("assignments_ignored_total", "Requests, records and lines that tell of no address.", "via")
	collectorMalformed = collectorSet.counter("assignments_malformed_total", "Requests, records and lines that could not be understood or verified.", "via")
	collectorLost      = collectorSet.counter("assignments_lost_total", "Events, and datagrams the kernel dropped, that are not kept: queue_full (RADIUS sends them again), kernel.", "via", "where")
	collectorAnswered  = collectorSet.counter("assignments_answered_total", "Accounting requests that were answered, after their rows were committed.")
	collectorRows      = collectorSet.counter("assignments_rows_total", "Rows of calltrail.assignment that were made: new, superseding.", "what")
	collectorUnkept    = collectorSet.counter("assignments_unkept_total", "Events that were queued and are not kept: refused by Postgres, or still queued at the end.", "why")
	collectorWaiting   = collectorSet.gauge("assignments_waiting_events", "Events that are not committed yet.")
	collectorUp        = collectorSet.gauge("assignments_postgres_up", "Whether the last attempt to store succeeded, or none failed yet: 1, or 0.")
)

// collectorState is where a Collector is asked.
type collectorState struct {
	counts  func() collector.Counts
	version string
	started time.Time
}

// CollectorStatus is the document of /status.
type CollectorStatus struct {
	Version string           `json:"version"`
	At      time.Time        `json:"at"`
	Started time.Time        `json:"started"`
	Counts  collector.Counts `json:"counts"`
	Failing string           `json:"failing,omitempty"`
}

// NewCollector makes the Monitor of a program that listens for assignments. counts may be called from any goroutine.
func NewCollector(cfg Config, counts func() collector.Counts) (*Monitor, error) {
	if counts == nil {
		return nil, errors.New("monitor: a collector needs its counts")
	}
	s := &collectorState{counts: counts, version: cfg.Version, started: time.Now()}
	m, err := newMonitor(cfg, s)
	if err != nil {
		return nil, err
	}
	m.status = func() any { return s.status() }
	m.health = func() string { return s.status().Failing }
	return m, nil
}

func (s *collectorState) status() CollectorStatus {
	d := CollectorStatus{Version: s.version, At: time.Now(), Started: s.started, Counts: s.counts()}
	if d.Counts.Away {
		d.Failing = "Postgres does not take assignments"
	}
	return d
}

// Describe implements prometheus.Collector.
func (s *collectorState) Describe(to chan<- *prometheus.Desc) { collectorSet.Describe(to) }

// Collect implements prometheus.Collector.
func (s *collectorState) Collect(to chan<- prometheus.Metric) {
	o, c := out(to), s.counts()
	var answered uint64
	for _, l := range c.Listeners {
		via := string(l.Via)
		o.count(collectorReceived, l.Received, via)
		o.count(collectorRefused, l.Refused, via)
		o.count(collectorEvents, l.Events, via)
		o.count(collectorIgnored, l.Ignored, via)
		o.count(collectorMalformed, l.Malformed, via)
		o.count(collectorLost, l.Dropped, via, "queue_full")
		o.count(collectorLost, l.Overflown, via, "kernel")
		answered += l.Answered
	}
	o.count(collectorAnswered, answered)
	o.count(collectorRows, c.Rows-c.Superseding, "new")
	o.count(collectorRows, c.Superseding, "superseding")
	o.count(collectorUnkept, c.Unstorable, "refused")
	o.count(collectorUnkept, c.Lost, "at_end")
	o.put(collectorWaiting, float64(c.Waiting))
	o.truth(collectorUp, !c.Away)
}
