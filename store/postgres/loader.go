// Package postgres keeps records for good: it takes numbered entries off a sensor's chain, proves that they belong
// there, and writes each record once.
//
// In: store.Item from Kafka or from a spool, at least once, in any order. Out: rows of the schema in migrations/: the
// record, its exact bytes, its addresses, one entry for each number, and a ledger of the numbers received, all in one
// transaction. A store.Pump calls it.
// It never changes a row that is there, never rebuilds a record's bytes, and never drops an item silently: what it
// cannot take in stands in calltrail.quarantine with the reason.
package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"calltrail/store"
)

// Loader is a store.Sink that ends in Postgres. Several may work on one database, also on one sensor's chain.
type Loader struct {
	cfg        Config
	pool       *pgxpool.Pool
	partitions partitions
	counts     counters
	now        func() time.Time // which days are too far ahead to be true
}

var _ store.Sink = (*Loader)(nil)

// Open connects, checks that the server keeps what it acknowledges and that the schema is the one this program knows,
// and makes the partitions of the coming weeks.
func Open(ctx context.Context, c Config) (*Loader, error) {
	pool, err := connect(ctx, c)
	if err != nil {
		return nil, err
	}
	l := &Loader{cfg: c, pool: pool, now: time.Now}
	if err := l.partitions.ahead(ctx, pool, l.now()); err != nil {
		pool.Close()
		return nil, err
	}
	return l, nil
}

// Close ends the connections. A Deliver under way fails.
func (l *Loader) Close() { l.pool.Close() }

// Deliver writes items, or finds them written, or puts them into quarantine; nil means that all of it is committed.
// After an error some may be written and some not: deliver the same items again, unless the error is permanent (it has
// a method Permanent() bool that says so).
func (l *Loader) Deliver(ctx context.Context, items []store.Item) error {
	if err := l.partitions.ahead(ctx, l.pool, l.now()); err != nil {
		return err
	}
	for len(items) > 0 {
		n := min(len(items), l.cfg.maxItems())
		list := make([]*entry, n)
		for i, item := range items[:n] {
			list[i] = examine(item, l.now())
		}
		if err := l.deliver(ctx, list); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// deliver loads list. When the server refuses a value, the reason may be a partition that retention has dropped since it
// was seen, so the partitions are looked at again before a record is blamed.
func (l *Loader) deliver(ctx context.Context, list []*entry) error {
	err := l.load(ctx, list)
	if badData(err) || noPartition(err) {
		l.partitions.forget()
		err = l.load(ctx, list)
	}
	if badData(err) {
		return l.isolate(ctx, list, err)
	}
	return err
}

// isolate halves a list the server refuses until the entry that carries the bad value stands alone, and puts that one
// into quarantine: one bad record never holds up the others.
func (l *Loader) isolate(ctx context.Context, list []*entry, refusal error) error {
	if len(list) == 1 {
		if list[0].reason != "" {
			return refusal
		}
		return l.load(ctx, []*entry{list[0].refuse(reasonRefused, refusal.Error())})
	}
	half := len(list) / 2
	for _, part := range [][]*entry{list[:half], list[half:]} {
		err := l.load(ctx, part)
		if badData(err) {
			err = l.isolate(ctx, part, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
