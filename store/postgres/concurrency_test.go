package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

func TestTwoLoadersOnOneChain(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	items := newChain(t).calls(1, 640)
	loaders := []*Loader{open(t, c), open(t, c)}
	var wg sync.WaitGroup
	for i, l := range loaders {
		wg.Go(func() {
			for at := 0; at < len(items); at += 16 {
				// One forwards, one with every second pair of batches swapped: they meet and overlap.
				from := at
				if i == 1 {
					from = at ^ 16
				}
				for err := errors.New("not tried"); err != nil; {
					err = l.Deliver(context.Background(), items[from:from+16])
					var p interface{ Permanent() bool }
					if errors.As(err, &p) && p.Permanent() {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	db := ask(t, c)
	db.want(`SELECT head_seq, received FROM calltrail.ledger`, `640|"{[1|641)}"`)
	db.want(`SELECT count(*) FROM calltrail.call_record`, "640")
	db.want(`SELECT count(*) FROM calltrail.entry WHERE outcome = 'stored'`, "640")
	a, b := loaders[0].Counts(), loaders[1].Counts()
	if a.Stored+b.Stored != 640 || a.Redelivered+b.Redelivered != 640 || a.Alarms+b.Alarms != 0 {
		t.Errorf("counts %+v and %+v", a, b)
	}
}

// The connection is cut in the middle of a transaction: the loader is held up by a lock, its backend is terminated.
// Delivered again, everything is there once.
func TestConnectionKilled(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	items := newChain(t).calls(1, 50)
	deliver(t, l, items[:10]...)

	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	lock, err := db.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(ctx, "LOCK TABLE calltrail.entry IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Deliver(ctx, items) }()
	killed := 0
	for killed == 0 {
		// A backend that waits for the lock is in the middle of the batch.
		err := db.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'calltrail' AND wait_event_type = 'Lock'`).Scan(&killed)
		if err != nil {
			t.Fatal(err)
		}
	}
	err = <-done
	var p interface{ Permanent() bool }
	if err == nil || !errors.As(err, &p) || p.Permanent() {
		t.Fatalf("after the connection was killed: %v, want an error that can be retried", err)
	}
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	db.want(`SELECT count(*) FROM calltrail.call_record`, "10")
	deliver(t, l, items...)
	db.want(`SELECT count(*) FROM calltrail.call_record`, "50")
	wantCounts(t, l, Counts{Stored: 50, Redelivered: 10})
}
