package kafka

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store"
	"calltrail/store/kafka/kafkatest"
	"calltrail/store/postgres"
	"calltrail/store/spool"
)

// path is a sensor's spool, brokers of the test's own, and Postgres, with what moves records between them. The ledger of what
// was spooled is bodies[:spooled].
type path struct {
	t       *testing.T
	ctx     context.Context
	cluster *kafkatest.Cluster
	cfg     Config
	spool   *spool.Spool
	loader  *postgres.Loader
	db      *sql.DB
	bodies  []store.Item
	spooled int
	// Other ways to the brokers than cfg's, for the publisher and for the consumer; nil: the same.
	outward, inward []string
	publishing      *store.Pump // the newest of a sensor
	loading         *store.Pump // the newest that ends in Postgres
	running         sync.WaitGroup
}

// newPath makes a path for up to limit records on a cluster, with topics of its own.
func newPath(t *testing.T, cluster *kafkatest.Cluster, limit int) *path {
	t.Helper()
	dsn := database(t)
	return newPathTo(t, cluster, limit, dsn, dsn)
}

// newPathTo makes one whose loader reaches the database by another way than the test.
func newPathTo(t *testing.T, cluster *kafkatest.Cluster, limit int, dsn, loaders string) *path {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	brokers := len(cluster.Addresses())
	suffix := fmt.Sprintf(".test.%016x", rand.Uint64())
	p := &path{t: t, ctx: ctx, cluster: cluster, bodies: callEntries(t, "edge-1", limit), cfg: Config{
		Brokers: cluster.Addresses(), RecordsTopic: RecordsTopic + suffix, ResendTopic: ResendTopic + suffix,
	}}
	if _, err := Init(ctx, p.cfg, Topics{Partitions: 2, Replication: brokers, MinInSync: max(1, brokers-1)}); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.spool, err = spool.Open(spool.Config{Dir: t.TempDir(), Sensor: "edge-1"}); err != nil {
		t.Fatal(err)
	}
	if p.loader, err = postgres.Open(ctx, postgres.Config{DSN: loaders, Logger: zerolog.Nop()}); err != nil {
		t.Fatal(err)
	}
	if p.db, err = sql.Open("pgx", dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		p.running.Wait()
		_ = p.db.Close()
		p.loader.Close()
		_ = p.spool.Close()
	})
	return p
}

// append spools n more records, waiting for the disk a hundred at a time, and returns how long the slowest of these waits was.
func (p *path) append(n int) (slowest time.Duration) {
	p.t.Helper()
	for n > 0 {
		some := min(n, 100)
		bodies := make([][]byte, some)
		for i := range bodies {
			bodies[i] = p.bodies[p.spooled+i].Body
		}
		began := time.Now()
		if _, _, err := p.spool.Append(bodies...); err != nil {
			p.t.Fatal(err)
		}
		slowest = max(slowest, time.Since(began))
		p.spooled, n = p.spooled+some, n-some
	}
	return slowest
}

// beside runs something until stop is called or the test ends.
func (p *path) beside(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(p.ctx)
	ended := make(chan struct{})
	p.running.Go(func() {
		defer close(ended)
		if err := run(ctx); err != nil && ctx.Err() == nil {
			p.t.Errorf("it ended: %v", err)
		}
	})
	return func() { cancel(); <-ended }
}

// sensor delivers what is spooled to Kafka. through may put something before the publisher.
func (p *path) sensor(through func(store.Sink) store.Sink) (stop func()) {
	p.t.Helper()
	cfg := p.cfg
	if p.outward != nil {
		cfg.Brokers = p.outward
	}
	publisher, err := NewPublisher(p.ctx, cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	var sink store.Sink = publisher
	if through != nil {
		sink = through(sink)
	}
	pump, err := store.New(store.Config{Name: "kafka", MaxWait: time.Second}, store.SpoolFeed(p.spool, 50, true), sink, zerolog.Nop())
	if err != nil {
		p.t.Fatal(err)
	}
	p.publishing = pump
	end := p.beside(pump.Run)
	return func() { end(); publisher.Close() }
}

// store delivers from Kafka to Postgres, as one of a group.
func (p *path) store() (stop func()) {
	p.t.Helper()
	cfg := p.cfg
	if p.inward != nil {
		cfg.Brokers = p.inward
	}
	feed, err := NewConsumer(p.ctx, ConsumerConfig{Config: cfg, Group: p.cfg.RecordsTopic, MaxItems: 100, Logger: zerolog.Nop()})
	if err != nil {
		p.t.Fatal(err)
	}
	pump, err := store.New(store.Config{Name: "postgres", MaxWait: time.Second}, feed, p.loader, zerolog.Nop())
	if err != nil {
		p.t.Fatal(err)
	}
	p.loading = pump
	end := p.beside(pump.Run)
	return func() {
		end()
		if err := feed.Close(); err != nil {
			p.t.Error(err)
		}
	}
}

// direct delivers what is spooled to Postgres, without Kafka.
func (p *path) direct() {
	p.t.Helper()
	pump, err := store.New(store.Config{Name: "postgres", MaxWait: time.Second}, store.SpoolFeed(p.spool, 50, true), p.loader, zerolog.Nop())
	if err != nil {
		p.t.Fatal(err)
	}
	p.loading = pump
	p.beside(pump.Run)
}

// inquire asks for what is missing.
func (p *path) inquire() {
	q := store.Inquiry{Pause: time.Second, Missing: p.loader.Missing, Log: zerolog.Nop(), Ask: func(ctx context.Context, r []store.Request) error { return Ask(ctx, p.cfg, r) }}
	p.beside(q.Run)
}

// answer sends what is asked for. It returns how often it came for a request.
func (p *path) answer() (asked *atomic.Int64) {
	p.t.Helper()
	requests, err := NewRequests(p.ctx, p.cfg)
	if err != nil {
		p.t.Fatal(err)
	}
	asked = &atomic.Int64{}
	next := func(ctx context.Context) (store.Request, error) {
		asked.Add(1)
		return requests.Next(ctx)
	}
	a := store.Answer{Spool: p.spool, Log: zerolog.Nop(), Requests: next, Open: func(ctx context.Context) (store.Sink, func(), error) {
		publisher, err := NewPublisher(ctx, p.cfg)
		if err != nil {
			return nil, nil, err
		}
		return publisher, publisher.Close, nil
	}}
	p.beside(a.Run)
	p.t.Cleanup(func() { _ = requests.Close() })
	return asked
}

// stored says what is in Postgres: numbers missing below the head, entries, records whose exact bytes have the entry's hash.
func (p *path) stored() string {
	p.t.Helper()
	var missing, entries, records int
	err := p.db.QueryRowContext(p.ctx, `SELECT (SELECT coalesce(sum(entries), 0) FROM calltrail.gap), (SELECT count(*) FROM calltrail.entry),
		(SELECT count(*) FROM calltrail.entry e JOIN calltrail.call_record c USING (day, record_id) JOIN calltrail.record_body b USING (day, record_id) WHERE sha256(b.body) = e.leaf)`).
		Scan(&missing, &entries, &records)
	if err != nil {
		p.t.Fatal(err)
	}
	return state(missing, entries, records)
}

func state(missing, entries, records int) string {
	return fmt.Sprintf("%d missing, %d entries, %d whole records", missing, entries, records)
}

// whole is what must be stored in the end: each record that was spooled, once.
func (p *path) whole() string { return state(0, p.spooled, p.spooled) }

// until waits for what is stored to be so, and returns what it is.
func (p *path) until(want string, limit time.Duration) string {
	p.t.Helper()
	deadline := time.Now().Add(limit)
	for p.stored() != want && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	return p.stored()
}

// mustBecome fails the test when what is stored is not so within the limit, or in far more time than it takes on a machine with
// other things to do.
func (p *path) mustBecome(want string, limit time.Duration) {
	p.t.Helper()
	limit = max(limit, 4*time.Minute)
	if got := p.until(want, limit); got != want {
		p.t.Fatalf("after %v there are %s, want %s", limit, got, want)
	}
}
