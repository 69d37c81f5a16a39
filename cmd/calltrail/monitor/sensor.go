package monitor

import (
	"errors"
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
	"calltrail/cmd/calltrail/monitor/status"
	"calltrail/store"
	"calltrail/store/spool"
)

// Sensor is where a running `capture` can be looked at. Every function may be called from any goroutine and returns at
// once. Only Name, Pipeline and Spool must be there; what is nil is left out.
type Sensor struct {
	// Name of the sensor.
	Name string
	// Pipeline gives the state of the run; see pipeline.LiveStats.
	Pipeline func() pipeline.LiveStats
	// NIC gives the losses of a tap's card and host.
	NIC func(tap string) (capture.NICStats, error)
	// Agents gives the state of what listens to capture agents.
	Agents func() Agents
	// Spool gives the state of the spool, Disk what is free and in all on its file system, octets.
	Spool func() spool.Stats
	Disk  func() (free, total uint64, err error)
	// Delivery are the pumps that empty the spool.
	Delivery []Delivery
	// Clock gives the state of the clock; false while it is not known.
	Clock func() (Clock, bool)
	// Coverage gives the minute of the last coverage event that was spooled; zero before the first.
	Coverage func() time.Time
	// Health adds a reason of its own for /healthz to be 503; nil error: none.
	Health func() error
}

// Delivery is a pump under observation.
type Delivery struct {
	// Name of the other side: kafka, postgres.
	Name  string
	Stats func() store.Stats
}

// Agents are the counts of what listens to capture agents (HEPv3); they only grow, but for Connections, those open now.
type Agents struct {
	Refused, Broken, Retimed uint64
	Connections              int
}

// Clock is the state of the clock of the host.
type Clock struct {
	// Synced says that something steers the clock, Source what (chrony, kernel).
	Synced bool
	Source string
	// Reference is what Source follows, Stratum how far from the true time it is; "" and 0 when not known.
	Reference string
	Stratum   int
	// Offset of the clock by its own estimate, and the most by which it can be wrong.
	Offset, MaxError time.Duration
	// Steps is how often the clock was set since the program began.
	Steps uint64
}

// sensor is a Sensor with what must be remembered of it.
type sensor struct {
	Sensor
	version string
	started time.Time
	now     func() time.Time

	mu      sync.Mutex // guards what follows
	recent  history
	growth  growth
	backlog backlog
}

// NewSensor makes the Monitor of a sensor. The error names what is missing.
func NewSensor(cfg Config, from Sensor) (*Monitor, error) {
	m, _, err := newSensor(cfg, from, time.Now)
	return m, err
}

func newSensor(cfg Config, from Sensor, now func() time.Time) (*Monitor, *sensor, error) {
	if from.Name == "" || from.Pipeline == nil || from.Spool == nil {
		return nil, nil, errors.New("monitor: a sensor needs a name, a pipeline and a spool")
	}
	s := &sensor{Sensor: from, version: cfg.Version, started: now(), now: now}
	m, err := newMonitor(cfg, s)
	if err != nil {
		return nil, nil, err
	}
	m.status = func() any { return s.status() }
	m.health = func() string { return s.status().Failing }
	m.sample = s.sample
	return m, s, nil
}

// Describe implements prometheus.Collector.
func (s *sensor) Describe(to chan<- *prometheus.Desc) { sensorSet.Describe(to) }

// Collect implements prometheus.Collector: one look at everything.
func (s *sensor) Collect(to chan<- prometheus.Metric) {
	o := out(to)
	live, now := s.Pipeline(), s.now()
	for i := range live.Taps {
		collectTap(o, &live.Taps[i])
		collectCarriage(o, &live.Taps[i])
		s.collectCard(o, live.Taps[i].Name, i == 0)
	}
	collectCalls(o, &live, now)
	s.collectSpool(o, now)
	for i := range s.Delivery {
		collectDelivery(o, sensorDelivery, s.Delivery[i].Name, s.Delivery[i].Stats())
	}
	s.collectClock(o)
	if s.Agents != nil {
		collectAgents(o, s.Agents())
	}
	if s.Coverage != nil {
		o.put(coverageMinute, seconds(s.Coverage()))
	}
}

// sample remembers a moment.
func (s *sensor) sample(now time.Time) {
	live, sp := s.Pipeline(), s.Spool()
	m := moment{at: now, taps: make(map[string]status.Seen, len(live.Taps)), evicted: live.Dialogs.Evicted}
	for i := range live.Taps {
		seen, _ := s.seen(&live.Taps[i])
		m.taps[live.Taps[i].Name] = seen
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.add(m)
	s.growth.add(now, sp.Bytes)
	s.backlog.add(now, sp.Last, sp.Acked)
}

// seen counts what a tap gave, its card included.
func (s *sensor) seen(t *pipeline.TapStats) (status.Seen, error) {
	seen := status.Seen{
		Packets: t.Packets, Octets: t.Octets, Unreadable: dropped(&t.Counts), KernelDrops: t.Capture.Drops,
		Duplicates: t.Duplicates, Flows: t.Flows, OneWayFlows: t.OneWayFlows, Carriage: carriage(&t.Carriage),
	}
	if s.NIC == nil {
		return seen, nil
	}
	card, err := s.NIC(t.Name)
	seen.CardMissed = card.Missed
	return seen, err
}

// seconds is a time as Prometheus has it, seconds since 1970; NaN for the zero time, which is not known.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return math.NaN()
	}
	return float64(t.UnixNano()) / 1e9
}
