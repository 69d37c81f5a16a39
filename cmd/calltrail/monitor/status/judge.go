package status

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Where something begins to be wrong. deploy/prometheus/alerts.yml uses the same figures.
const (
	// A tap sees one direction when at least oneWayShare of at least oneWayFlows recent flows are one-way.
	oneWayShare = 0.5
	oneWayFlows = 10
	// A tap does not see all of TCP when it has at least tcpGaps recent gaps, which are at least tcpGapShare of its streams.
	tcpGaps     = 10
	tcpGapShare = 0.01
	// Fragments do not come when at least lostShare of the recent datagrams, and at least lostDatagrams, are not whole.
	lostShare     = 0.1
	lostDatagrams = 10
	// oldestWait is the longest that a record should wait for its delivery.
	oldestWait = 10 * time.Minute
	// clockOffset is the most that a clock should be off.
	clockOffset = 100 * time.Millisecond
	// daysLeft is the least time that the disk should last.
	daysLeft = 7
	// coverageAge is how old the last coverage event may be: its minute, the settling of calls, and some.
	coverageAge = 3 * time.Minute
	// lag is how far the work may be behind the clock.
	lag = 30 * time.Second
	// kafkaLag is how many messages the store may be behind.
	kafkaLag = 100_000
)

// Judge fills Problems.
func (r *Report) Judge() {
	r.Problems = []string{}
	add := func(format string, args ...any) {
		// What /healthz says stands among the rest once.
		if line := fmt.Sprintf(format, args...); !slices.Contains(r.Problems, line) {
			r.Problems = append(r.Problems, line)
		}
	}
	absent(&r.Sensor, "sensor", add)
	absent(&r.Store, "store", add)
	absent(&r.Kafka, "kafka", add)
	absent(&r.Postgres, "postgres", add)
	if r.Sensor.Value == nil && r.Store.Value == nil && !r.Sensor.Expected && !r.Store.Expected {
		add("neither sensor nor store answers, and the configuration is of neither; name it with --config")
	}
	if s := r.Sensor.Value; s != nil {
		s.judge(add)
	}
	if s := r.Store.Value; s != nil {
		s.judge(add)
	}
	if k := r.Kafka.Value; k != nil && k.Error == "" && k.Lag > kafkaLag {
		add("the store is %s messages behind: is it running, and Postgres fast enough?", count(k.Lag))
	}
	if p := r.Postgres.Value; p != nil && p.Error == "" && p.Missing > 0 {
		add("%s records are missing in %s gaps of the chain: see the view calltrail.gap", count(p.Missing), count(p.Gaps))
	}
}

func absent[T any](p *Part[T], name string, add func(string, ...any)) {
	if p.Expected && p.Error != "" {
		add("%s: %s", name, p.Error)
	}
}

func (s *Sensor) judge(add func(string, ...any)) {
	if s.Failing != "" {
		add("%s", s.Failing)
	}
	if len(s.Taps) == 0 {
		add("the sensor has no tap")
	}
	for i := range s.Taps {
		s.Taps[i].judge(s.RecentSeconds, add)
	}
	if s.behind() {
		add(behindText, span(*s.LagSeconds))
	}
	if s.Calls.RecentEvicted > 0 {
		add("%s calls were pushed out of memory in %s: raise limits.calls", count(s.Calls.RecentEvicted), span(s.RecentSeconds))
	}
	if s.CoverageMinute != nil && s.At.Sub(*s.CoverageMinute) > coverageAge {
		add("the last coverage event is of %s ago", span(s.At.Sub(*s.CoverageMinute).Seconds()))
	}
	s.judgeSpool(add)
	for i := range s.Delivery {
		s.Delivery[i].judge(add)
	}
	if c := s.Clock; c != nil {
		switch off := max(c.OffsetSeconds, -c.OffsetSeconds); {
		case !c.Synced:
			add("the clock is not synchronised: see chronyc tracking")
		case off > clockOffset.Seconds():
			add("the clock is %s off: see chronyc tracking", span(off))
		}
	}
}

func (t *Tap) judge(recent float64, add func(string, ...any)) {
	if !t.Up {
		add(downText, t.Name)
	}
	if n := t.Recent.KernelDrops; n > 0 {
		add("%s: the kernel dropped %s packets in %s: raise capture.ring_bytes or .workers", t.Name, count(n), span(recent))
	}
	if n := t.Recent.CardMissed; n > 0 {
		add("%s: the card missed %s packets in %s: see ethtool -g", t.Name, count(n), span(recent))
	}
	if t.Recent.oneWay() {
		add("%s sees one direction only (%s of flows): check the mirror port", t.Name, percent(t.Recent.OneWayFlows, t.Recent.Flows))
	}
	t.judgeCarriage(recent, add)
}

func (t *Tap) judgeCarriage(recent float64, add func(string, ...any)) {
	c := &t.Recent.Carriage
	if n := c.TCPGaps; n >= tcpGaps && float64(n) >= tcpGapShare*float64(t.TCPStreams) {
		add("%s: %s gaps in TCP streams in %s: does the mirror port lose packets?", t.Name, count(n), span(recent))
	}
	if n := c.TCPEvicted; n > 0 {
		add("%s: %s TCP connections were pushed out in %s: raise limits.tcp_streams", t.Name, count(n), span(recent))
	}
	if n := c.TLSEvicted; n > 0 {
		add("%s: %s TLS connections were pushed out in %s: raise limits.tls_connections", t.Name, count(n), span(recent))
	}
	if n := c.FlowsEvicted; n > 0 {
		add("%s: %s conversations of applications were pushed out in %s: raise limits.flows", t.Name, count(n), span(recent))
	}
	if n := c.PiecesEvicted; n > 0 {
		add("%s: %s pieces of TCP or SCTP were pushed out in %s: a flood, or gaps", t.Name, count(n), span(recent))
	}
	if n, all := c.DatagramsLost, c.Datagrams+c.DatagramsLost; n >= lostDatagrams && float64(n) >= lostShare*float64(all) {
		add("%s: %s of fragmented datagrams lost: see mirror port, limits.fragments", t.Name, percent(n, all))
	}
}

// Fails says why a sensor cannot do its work, in one line; "" when it can. It is what /healthz answers.
func (s *Sensor) Fails() string {
	if s.Spool != nil && s.Spool.Failure != "" {
		return fmt.Sprintf(spoolText, s.Spool.Failure)
	}
	for i := range s.Taps {
		if !s.Taps[i].Up {
			return fmt.Sprintf(downText, s.Taps[i].Name)
		}
	}
	if s.behind() {
		return fmt.Sprintf(behindText, span(*s.LagSeconds))
	}
	return ""
}

// Fails says why a store cannot do its work, as Sensor.Fails does.
func (s *Store) Fails() string {
	if s.Delivery.Failures > 0 {
		return s.Delivery.fails()
	}
	return ""
}

const (
	spoolText  = "the spool cannot be written: %s"
	downText   = "%s is down: see ip link"
	behindText = "the work is %s behind the clock: is the CPU enough?"
)

func (s *Sensor) behind() bool { return s.LagSeconds != nil && *s.LagSeconds > lag.Seconds() }

func (s Seen) oneWay() bool {
	return s.Flows >= oneWayFlows && float64(s.OneWayFlows) >= oneWayShare*float64(s.Flows)
}

func (s *Sensor) judgeSpool(add func(string, ...any)) {
	if sp := s.Spool; sp != nil {
		if sp.Failure != "" {
			add(spoolText, sp.Failure)
		}
		if sp.Gaps > 0 {
			add("the spool has %s damaged places: see its quarantine folder", count(positive(sp.Gaps)))
		}
		// Where nothing delivers, the spool is the end of the way.
		if len(s.Delivery) > 0 && sp.Depth > 0 && sp.OldestSeconds > oldestWait.Seconds() {
			add("%s records wait, the oldest for %s", count(sp.Depth), span(sp.OldestSeconds))
		}
	}
	if d := s.Disk; d != nil {
		if days, known := d.DaysLeft(); known && days < daysLeft {
			add("the disk is full in %.1f days if nothing is delivered", days)
		}
	}
}

func (d *Delivery) judge(add func(string, ...any)) {
	if d.Failures > 0 {
		add("%s", d.fails())
	}
}

func (d *Delivery) fails() string {
	return fmt.Sprintf("delivery to %s fails, attempt %s: %s", d.Name, count(positive(d.Failures)), d.reason())
}

// reason is the last error without the name that stands before it already.
func (d *Delivery) reason() string { return strings.TrimPrefix(d.LastError, d.Name+": ") }

func (s *Store) judge(add func(string, ...any)) {
	if s.Failing != "" {
		add("%s", s.Failing)
	}
	s.Delivery.judge(add)
	if s.Alarms > 0 {
		add("%s items do not agree with their hashes: see the table calltrail.quarantine", count(s.Alarms))
	}
	if s.Quarantined > s.Alarms {
		add("%s items were put into quarantine: see the table calltrail.quarantine", count(s.Quarantined-s.Alarms))
	}
}
