package kafka

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store"
	"calltrail/store/kafka/kafkatest"
	"calltrail/store/proxytest"
)

// early acknowledges what the broker has not: the breach that the tests of this file must notice.
type early struct{ store.Sink }

func (s early) Deliver(ctx context.Context, items []store.Item) error {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	_ = s.Sink.Deliver(ctx, items) // whatever came of it
	return nil
}

// TestFaults are the faults of a broker that can be made with one, after each other. Each has a test of what must hold and,
// as its control, one that breaks it on purpose and must see that.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("brokers are killed in the full pass, not under the race detector")
	}
	out, in := proxytest.New(t), proxytest.New(t)
	cluster := kafkatest.Start(t, kafkatest.Options{Listeners: []kafkatest.Listener{
		{Name: "OUT", Protocol: "PLAINTEXT", Advertised: out.Address()}, {Name: "IN", Protocol: "PLAINTEXT", Advertised: in.Address()},
	}, Properties: map[string]string{"log.retention.check.interval.ms": "200", "log.initial.task.delay.ms": "200"}})
	out.To(cluster.Listener("OUT")[0])
	in.To(cluster.Listener("IN")[0])
	doors := doors{out, in}
	for name, test := range map[string]func(*testing.T, *kafkatest.Cluster){
		"broker away": brokerAway, "broker away, control": brokerAwayIsNoticed, "expired records": expiredRecordsAreSentAgain, "expired records, control": expiredRecordsIsNoticed,
		"flipped octet": flippedOctetInBrokersLog, "rebalances": rebalances, "early commit, control": earlyCommitIsNoticed,
		"connections": doors.connections, "connections, control": doors.lostAnswerIsNoticed,
		"postgres dies": postgresDies, "postgres trouble": postgresTrouble, "postgres slow": postgresSlow,
	} {
		t.Run(name, func(t *testing.T) { test(t, cluster) })
	}
}

// Kafka is away, first frozen, then killed (fault 6). The spool takes records as before, and drains when it is back.
func brokerAway(t *testing.T, cluster *kafkatest.Cluster) {
	const live, before, during = 50, 200, 700 // records a second, and of each time
	p := newPath(t, cluster, before+during)
	p.store()
	p.sensor(nil)
	calm := p.appendAt(live, before)
	p.mustBecome(p.whole(), time.Minute)
	heap := heapInUse()
	p.cluster.Freeze(0)
	slowest := p.appendAt(live, during/2)
	p.cluster.Thaw(0)
	p.cluster.Kill(0)
	slowest = max(slowest, p.appendAt(live, during/2))
	// The records of the outage are on the spool and nowhere else. What the library has of its connections varies.
	if more := heapInUse() - heap; more > 1<<20 {
		t.Errorf("with Kafka away %d KiB more are in use", more>>10)
	}
	// They came back while the broker could not have answered; the disk and the machine's other work decide how soon.
	if slowest > 20*time.Second+calm {
		t.Errorf("with Kafka away an append took %v, before %v", slowest, calm)
	}
	p.cluster.Restart(0)
	for p.spool.Stats().Acked < before+1 {
		p.pause("the first records")
	}
	drained, began := uint64(before+during)-p.spool.Stats().Acked, time.Now()
	for p.spool.Stats().Acked < before+during {
		p.pause("the spool to drain")
	}
	rate := float64(drained) / time.Since(began).Seconds()
	if rate < 5*live {
		t.Errorf("it drains at %.0f records a second, %d came", rate, live)
	}
	p.mustBecome(p.whole(), 2*time.Minute)
	t.Logf("fault 6: away for %d records at %d a second, drained at %.0f a second", during, live, rate)
	t.Logf("slowest append of 100 records %v with the broker away, %v before", slowest, calm)
}

// appendAt is append at a rate of records a second, a tenth of a second's at a time.
func (p *path) appendAt(rate, n int) (slowest time.Duration) {
	p.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range n / (rate / 10) {
		slowest = max(slowest, p.append(rate/10))
		<-tick.C
	}
	return slowest
}

// heapInUse is what lives in memory.
func heapInUse() int64 {
	for range 3 { // pools let go at the second, what finalizers held at the third
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The control of fault 6: a publisher that acknowledges early loses what was sent while the broker was away.
func brokerAwayIsNoticed(t *testing.T, cluster *kafkatest.Cluster) {
	p := newPath(t, cluster, 300)
	p.store()
	stop := p.sensor(func(s store.Sink) store.Sink { return early{s} })
	p.append(100)
	p.mustBecome(p.whole(), time.Minute)
	p.cluster.Kill(0)
	p.append(100)
	for p.spool.Stats().Acked != 200 {
		p.pause("the early acknowledgement")
	}
	stop()
	p.cluster.Restart(0)
	p.sensor(nil)
	p.append(100)
	lost := state(100, 200, 200)
	p.mustBecome(lost, time.Minute)
}

// Three brokers, two of them enough, are started again one after the other while records come (fault 8).
func TestRollingRestart(t *testing.T) {
	if testing.Short() {
		t.Skip("brokers are killed in the full pass, not under the race detector")
	}
	t.Parallel()
	const each = 400
	p := newPath(t, kafkatest.Start(t, kafkatest.Options{Brokers: 3}), 4*each)
	p.store()
	p.sensor(nil)
	p.append(each)
	for i := range 3 {
		if i == 1 {
			p.cluster.Kill(i)
		} else {
			p.cluster.Stop(i)
		}
		p.append(each)
		p.cluster.Restart(i)
	}
	p.mustBecome(p.whole(), 2*time.Minute)
}

// All brokers but the leader are frozen, records are published, and the leader dies (fault 8, at its worst moment). What was
// acknowledged is in Postgres in the end. With one acknowledgement for all, the control, it is not.
func TestLeaderDies(t *testing.T) {
	if testing.Short() {
		t.Skip("brokers are killed in the full pass, not under the race detector")
	}
	t.Parallel()
	cluster := kafkatest.Start(t, kafkatest.Options{Brokers: 3})
	for _, tt := range []struct {
		name   string
		breach breach
	}{{"all in-sync replicas", intact}, {"control", leaderOnly}} {
		t.Run(tt.name, func(t *testing.T) {
			const each, batches = 20, 10
			p := newPath(t, cluster, each*(batches+1))
			p.cfg.breach = tt.breach
			p.sensor(nil)
			p.append(each)
			for p.spool.Stats().Acked != each {
				p.pause("the first records")
			}
			leader := leaderOf(t, p.cfg, p.bodies[0].Sensor)
			for i := range 3 {
				if i != leader {
					cluster.Freeze(i)
				}
			}
			// The others' questions on their way are answered with the first of these; the rest only the leader has.
			for range batches {
				p.append(each)
				if tt.breach == intact {
					continue
				}
				for p.spool.Stats().Acked != uint64(p.spooled) {
					p.pause("the leader's acknowledgement")
				}
			}
			acked := p.spool.Stats().Acked
			cluster.Kill(leader)
			for i := range 3 {
				if i != leader {
					cluster.Thaw(i)
				}
			}
			cluster.Restart(leader)
			p.store()
			if tt.breach == intact {
				p.mustBecome(p.whole(), 2*time.Minute)
				t.Logf("fault 8: the leader died with %d of %d records acknowledged; all are whole", acked, p.spooled)
				return
			}
			for p.spool.Stats().Acked != uint64(p.spooled) {
				p.pause("the rest")
			}
			if got := p.until(p.whole(), 10*time.Second); got == p.whole() {
				t.Errorf("%s: nothing was lost with one acknowledgement for all", got)
			} else {
				t.Logf("noticed: %s of %d that were acknowledged", got, acked)
			}
		})
	}
}

// leaderOf is the broker that leads the partition of a sensor's records.
func leaderOf(t *testing.T, c Config, sensor string) int {
	t.Helper()
	p := publisher(t, c)
	answer, err := c.metadata(within(t), p.client, c.RecordsTopic)
	if err != nil {
		t.Fatal(err)
	}
	for _, partition := range answer.Topics[0].Partitions {
		if partition.ID == p.partition(sensor) {
			return partition.Leader.ID - 1
		}
	}
	t.Fatal("the partition has no leader")
	return 0
}

// An octet of a record is flipped in the broker's file (fault 10): its hash shows it, the store keeps it apart, and the sensor
// sends the true one again.
func flippedOctetInBrokersLog(t *testing.T, cluster *kafkatest.Cluster) {
	const calls = 50
	p := newPath(t, cluster, calls)
	p.append(calls)
	stop := p.sensor(nil)
	for latest(t, p.cfg, p.cfg.RecordsTopic, 0)+latest(t, p.cfg, p.cfg.RecordsTopic, 1) != calls {
		p.pause("the records to be published")
	}
	stop()
	p.cluster.Stop(0)
	flipped := 0
	files, err := filepath.Glob(p.cluster.Data(0) + "/" + p.cfg.RecordsTopic + "-*/*.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(text, p.bodies[20].Body); i >= 0 {
			text[i+len(p.bodies[20].Body)/2] ^= 1
			flipped++
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if flipped != 1 {
		t.Fatalf("the record is in %d of the broker's files", flipped)
	}
	p.cluster.Restart(0)
	p.store()
	p.mustBecome(state(1, calls-1, calls-1), time.Minute)
	var reason string
	var seq int
	if err := p.db.QueryRowContext(p.ctx, "SELECT reason, seq FROM calltrail.quarantine").Scan(&reason, &seq); err != nil || reason != "leaf_mismatch" || seq != 21 {
		t.Errorf("quarantine: %s of number %d, %v, want leaf_mismatch of 21", reason, seq, err)
	}
	if c := p.loader.Counts(); c.Alarms != 1 {
		t.Errorf("%d alarms, want 1", c.Alarms)
	}
	p.inquire()
	p.answer()
	p.mustBecome(p.whole(), time.Minute)
}

// Stores join and leave the group while records come (fault 13).
func rebalances(t *testing.T, cluster *kafkatest.Cluster) {
	const rounds, each = 4, 300
	p := newPath(t, cluster, rounds*each)
	p.sensor(nil)
	p.store()
	for range rounds {
		stop := p.store()
		p.append(each)
		p.until(p.whole(), 2*time.Second) // leaving in the middle of it is the point
		stop()
	}
	p.mustBecome(p.whole(), time.Minute)
	t.Logf("fault 13: %d records while a second store came and went %d times", p.spooled, rounds)
}

// The control of faults 7 and 13: a store that commits its offsets before the rows are there loses what it had in hand.
func earlyCommitIsNoticed(t *testing.T, cluster *kafkatest.Cluster) {
	const calls = 200
	p := newPath(t, cluster, calls)
	p.append(calls)
	p.sensor(nil)
	feed, err := NewConsumer(p.ctx, ConsumerConfig{Config: p.cfg, Group: p.cfg.RecordsTopic, MaxItems: 100, Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := feed.Fetch(p.ctx)
	for err != nil { // a group's coordinator is being chosen; a pump tries again, too
		p.pause("the group")
		batch, err = feed.Fetch(p.ctx)
	}
	if err := feed.Ack(p.ctx, batch); err != nil { // the breach; and then it is killed
		t.Fatal(err)
	}
	if err := feed.Close(); err != nil {
		t.Fatal(err)
	}
	n := len(batch.Items)
	p.store()
	p.mustBecome(state(n, calls-n, calls-n), time.Minute)
}
