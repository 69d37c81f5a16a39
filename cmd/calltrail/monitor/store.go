package monitor

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"calltrail/cmd/calltrail/monitor/status"
	"calltrail/store"
	"calltrail/store/postgres"
)

// Store is where a running `store` can be looked at. Counts and Delivery may be called from any goroutine and return at
// once; Lag and Newest ask a server, one at a time and within ctx, and are called every fifteen seconds.
type Store struct {
	Counts   func() postgres.Counts
	Delivery func() store.Stats
	// Lag counts the messages of the records topic that the group has not committed; nil: the store reads a spool.
	Lag func(context.Context) (uint64, error)
	// Newest asks the database what it holds.
	Newest func(context.Context) (postgres.Holdings, error)
	// Health adds a reason of its own for /healthz to be 503; nil error: none.
	Health func() error
}

// What a store gives out.
var (
	storeSet      set
	storeDelivery = newDeliveryFamilies(&storeSet)
	storeEntries  = storeSet.counter("store_entries_total", "Entries taken in, each once, by outcome: stored, duplicate (its record was there), redelivered (it was there itself), quarantined.", "outcome")
	storeAlarms   = storeSet.counter("store_alarms_total", "Entries whose bytes or place on the chain do not agree with their hashes; they are in quarantine.")
	kafkaUp       = storeSet.gauge("kafka_up", "Whether Kafka answered the last question for the lag: 1, or 0.")
	kafkaLag      = storeSet.gauge("kafka_lag_messages", "Messages of the records topic that the store's group has not committed; NaN when not known.")
	postgresUp    = storeSet.gauge("postgres_up", "Whether Postgres answered the last question for what it holds: 1, or 0.")
	newestRow     = storeSet.gauge("postgres_newest_row_timestamp_seconds", "When the newest entry was received, by the database's clock, seconds since 1970; NaN when not known, or none is there.")
	chainGaps     = storeSet.gauge("postgres_chain_gaps", "Runs of numbers missing below the heads of the chains; NaN when not known.")
	chainMissing  = storeSet.gauge("postgres_chain_missing_entries", "Numbers missing below the heads of the chains: records that were made and have not arrived; NaN when not known.")
	quarantined   = storeSet.gauge("postgres_quarantined_items", "Items in the quarantine table, counted up to 100,000; NaN when not known.")
)

// storeState is a Store with the last answers.
type storeState struct {
	Store
	version string
	started time.Time
	now     func() time.Time

	mu       sync.Mutex       // guards what follows
	kafka    *status.Kafka    // nil before the first answer
	postgres *status.Postgres // nil before the first answer
}

// NewStore makes the Monitor of a store. The error names what is missing.
func NewStore(cfg Config, from Store) (*Monitor, error) {
	m, _, err := newStore(cfg, from, time.Now)
	return m, err
}

func newStore(cfg Config, from Store, now func() time.Time) (*Monitor, *storeState, error) {
	if from.Counts == nil || from.Delivery == nil {
		return nil, nil, errors.New("monitor: a store needs the counts of its loader and of its pump")
	}
	s := &storeState{Store: from, version: cfg.Version, started: now(), now: now}
	m, err := newMonitor(cfg, s)
	if err != nil {
		return nil, nil, err
	}
	m.status = func() any { return s.status() }
	m.health = func() string { return s.status().Failing }
	m.ask = s.ask
	return m, s, nil
}

// Describe implements prometheus.Collector.
func (s *storeState) Describe(to chan<- *prometheus.Desc) { storeSet.Describe(to) }

// Collect implements prometheus.Collector.
func (s *storeState) Collect(to chan<- prometheus.Metric) {
	o, c := out(to), s.Counts()
	o.count(storeEntries, c.Stored, "stored")
	o.count(storeEntries, c.Duplicates, "duplicate")
	o.count(storeEntries, c.Redelivered, "redelivered")
	o.count(storeEntries, c.Quarantined, "quarantined")
	o.count(storeAlarms, c.Alarms)
	collectDelivery(o, storeDelivery, "postgres", s.Delivery())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Lag != nil {
		lag := math.NaN()
		if s.kafka != nil && s.kafka.Error == "" {
			lag = float64(s.kafka.Lag)
		}
		o.truth(kafkaUp, !math.IsNaN(lag))
		o.put(kafkaLag, lag)
	}
	if s.Newest == nil {
		return
	}
	p, known := s.postgres, s.postgres != nil && s.postgres.Error == ""
	o.truth(postgresUp, known)
	newest, gaps, missing, held := math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if known {
		gaps, missing, held = float64(p.Gaps), float64(p.Missing), float64(p.Quarantined)
		if p.Newest != nil {
			newest = seconds(*p.Newest)
		}
	}
	o.put(newestRow, newest)
	o.put(chainGaps, gaps)
	o.put(chainMissing, missing)
	o.put(quarantined, held)
}

// ask puts the two questions side by side, so that a server that is away holds up only its own answer.
func (s *storeState) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	var both sync.WaitGroup
	if s.Lag != nil {
		both.Go(func() {
			k := &status.Kafka{}
			var err error
			if k.Lag, err = s.Lag(ctx); err != nil {
				k.Error = err.Error()
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.kafka = k
		})
	}
	if s.Newest != nil {
		both.Go(func() {
			held, err := s.Newest(ctx)
			p := PostgresStatus(held, err)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.postgres = p
		})
	}
	both.Wait()
}

// PostgresStatus is a database's answer as the status has it.
func PostgresStatus(held postgres.Holdings, err error) *status.Postgres {
	p := &status.Postgres{Missing: held.Missing, Gaps: held.Gaps, Quarantined: held.Quarantined}
	if err != nil {
		p.Error = err.Error()
	}
	if !held.Newest.IsZero() {
		p.Newest = &held.Newest
	}
	return p
}

// status makes the document of /status.
func (s *storeState) status() *status.Store {
	c := s.Counts()
	d := &status.Store{
		Version: s.version, At: s.now(), Started: s.started,
		Stored: c.Stored, Duplicates: c.Duplicates, Redelivered: c.Redelivered, Quarantined: c.Quarantined, Alarms: c.Alarms,
		Delivery: delivery("postgres", s.Delivery()),
	}
	s.mu.Lock()
	d.Kafka, d.Postgres = s.kafka, s.postgres
	s.mu.Unlock()
	d.Failing = d.Fails()
	if s.Health != nil && d.Failing == "" {
		if err := s.Health(); err != nil {
			d.Failing = err.Error()
		}
	}
	return d
}
