package kafka

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store"
	"calltrail/store/kafka/kafkatest"
	"calltrail/store/postgres/pgtest"
)

// hoard takes whatever comes into memory and delivers it at leisure: the breach that the test of a slow Postgres must notice.
type hoard struct {
	store.Sink
	waiting chan []store.Item
}

func newHoard(p *path, s store.Sink) hoard {
	h := hoard{s, make(chan []store.Item, 1<<16)}
	p.beside(func(ctx context.Context) error {
		for {
			select {
			case items := <-h.waiting:
				_ = s.Deliver(ctx, items) // whatever comes of it
			case <-ctx.Done():
				return nil
			}
		}
	})
	return h
}

func (h hoard) Deliver(_ context.Context, items []store.Item) error {
	kept := make([]store.Item, len(items))
	for i, item := range items {
		item.Body = bytes.Clone(item.Body)
		kept[i] = item
	}
	h.waiting <- kept
	return nil
}

// Records come at ten times the rate at which Postgres takes them, for its answers take long (fault 14). They wait on the spool, or in
// the topic, and not in memory; appending goes on as before; when Postgres is quick again all are there.
func postgresSlow(t *testing.T, cluster *kafkatest.Cluster) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			s := newSlow(t, cluster)
			way.start(s.path)
			if more := s.flood(); more > s.octets {
				t.Errorf("with a slow Postgres %d KiB more are in use, as if %d KiB of records were kept", more>>10, s.octets>>10)
			}
			s.proxy.Delay(0)
			s.mustBecome(s.whole(), time.Minute)
			if fault := s.unkept(0); fault != "" {
				t.Error(fault)
			}
		})
	}
	t.Run("control", func(t *testing.T) {
		s := newSlow(t, cluster)
		pump, err := store.New(store.Config{Name: "postgres"}, store.SpoolFeed(s.spool, 50, true), newHoard(s.path, s.loader), zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		s.beside(pump.Run)
		more := s.flood()
		if more <= s.octets {
			t.Errorf("a sink that keeps all in memory: %d KiB more are in use, of %d KiB of records", more>>10, s.octets>>10)
		}
		s.proxy.Delay(0)
		t.Logf("noticed: %d KiB more in use for %d KiB of records", more>>10, s.octets>>10)
	})
}

// slow is a path whose Postgres will be slow.
type slow struct {
	*path
	proxy  interface{ Delay(time.Duration) }
	octets int64 // of the records that come meanwhile
}

// What comes before Postgres is slow, and how much a second for how long then. An answer takes answering: a batch has many.
const (
	slowBefore  = 100
	slowRate    = 400
	slowSeconds = 4
	answering   = 500 * time.Millisecond
)

func newSlow(t *testing.T, cluster *kafkatest.Cluster) *slow {
	t.Helper()
	p, _, proxy := ownPostgres(t, cluster, slowBefore+slowRate*slowSeconds, pgtest.Options{}, nil)
	s := &slow{path: p, proxy: proxy}
	for i := range p.bodies[slowBefore:] {
		s.octets += int64(len(p.bodies[slowBefore+i].Body))
	}
	return s
}

// flood lets records come while Postgres is slow, and returns by how much more memory is in use then.
func (s *slow) flood() (more int64) {
	s.t.Helper()
	calm := s.append(slowBefore)
	s.mustBecome(s.whole(), time.Minute)
	s.proxy.Delay(answering)
	heap := heapInUse()
	slowest := s.appendAt(slowRate, slowRate*slowSeconds)
	more = heapInUse() - heap
	taken := s.entries() - slowBefore
	if taken*10 > s.spooled-slowBefore {
		s.t.Errorf("Postgres has taken %d of %d meanwhile: it was not slow", taken, s.spooled-slowBefore)
	}
	if slowest > 20*time.Second+calm {
		s.t.Errorf("with a slow Postgres an append took %v, before %v", slowest, calm)
	}
	s.t.Logf("fault 14: %d records at %d a second, Postgres took %d of them", s.spooled-slowBefore, slowRate, taken)
	return more
}
