package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// weeksAhead is how far ahead of today partitions are made, so that a database where this program may no longer make
// any still takes records for a month.
const weeksAhead = 4

// partitions remembers which days have a partition, so that the database is not asked for every batch. Days are bounded
// by examine: some ten thousand.
type partitions struct {
	mu     sync.Mutex
	days   map[time.Time]bool
	latest time.Time // today, when ahead was last done
}

// ahead makes the partitions of the coming weeks, once a day.
func (p *partitions) ahead(ctx context.Context, pool *pgxpool.Pool, now time.Time) error {
	today := now.UTC().Truncate(24 * time.Hour)
	p.mu.Lock()
	done := p.latest.Equal(today)
	p.mu.Unlock()
	if done {
		return nil
	}
	if _, err := pool.Exec(ctx, "SELECT calltrail.ensure_partitions($1, $2)", today, today.AddDate(0, 0, 7*weeksAhead)); err != nil {
		return wrap("make the partitions of the coming weeks", err)
	}
	p.mu.Lock()
	p.latest = today
	p.mu.Unlock()
	return nil
}

// ensure makes the partitions that list needs, each in a transaction of its own: the parent tables are locked for a
// moment, not for a load.
func (p *partitions) ensure(ctx context.Context, pool *pgxpool.Pool, list []*entry) error {
	if breach == noPartitions {
		return nil
	}
	for _, e := range list {
		if e.reason != "" || p.known(e.day) {
			continue
		}
		if _, err := pool.Exec(ctx, "SELECT calltrail.ensure_partitions($1, $1)", e.day); err != nil {
			return wrap("make the partition of "+e.day.Format(time.DateOnly), err)
		}
		p.mu.Lock()
		if p.days == nil {
			p.days = map[time.Time]bool{}
		}
		p.days[e.day] = true
		p.mu.Unlock()
	}
	return nil
}

func (p *partitions) known(day time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.days[day]
}

// forget makes ensure ask the database again.
func (p *partitions) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.days)
}
