package subscriber

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const landing = `INSERT INTO calltrail.endpoint (day, record_id, call_uid, ip, port, roles, first_at, last_at)
	VALUES ('2026-05-28', $1::uuid, $1::uuid, $2::inet, 5060, '{via}', '2026-05-28 10:05Z', '2026-05-28 10:06Z')`

func (d *database) begin(o pgx.TxOptions) pgx.Tx {
	d.Helper()
	tx, err := d.pool.BeginTx(context.Background(), o)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // after Commit it does nothing
	return tx
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// A record that lands while an import commits is seen by one of the two: in both orders of two real transactions.
func TestLandingMeetsImport(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	d := newDatabase(t)
	d.exec(`SELECT calltrail.ensure_partitions('2026-05-28', '2026-05-28')`)
	for n := range 10 {
		address := fmt.Sprintf("198.51.100.%d", n)
		session := fmt.Sprintf("Start,%d,asha,2026-05-28T10:00:00Z,%s,\n", n, address)
		landed := fmt.Sprintf("00000000-0000-8000-8000-%012d", n)

		if n%2 == 0 {
			// The record is stored before the import and committed after it: the correction waits for it.
			tx := d.begin(pgx.TxOptions{})
			_, err := tx.Exec(ctx, landing, landed, address)
			must(t, err)
			d.put(RADIUS, radiusHeader+session)
			done := make(chan error, 1)
			go func() {
				_, err := Correct(ctx, d.cfg, nil)
				done <- err
			}()
			for waits := false; !waits; {
				select {
				case err := <-done:
					t.Fatalf("%s: the correction did not wait for the record (%v)", address, err)
				default:
				}
				must(t, d.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory')`).Scan(&waits))
			}
			must(t, tx.Commit(ctx))
			must(t, <-done)
		} else {
			// The assignment is stored before the record and committed after it: the record cannot know it, the correction finds the record.
			tx := d.begin(pgx.TxOptions{})
			_, err := tx.Exec(ctx, `INSERT INTO calltrail.assignment (assignment_id, lineage, address, during, start_seen, last_seen_at, subscriber, source)
				VALUES ($1::uuid, $1::uuid, $2::inet, '[2026-05-28 10:00Z,)', true, '2026-05-28 10:00Z', 'asha', 'manual')`, landed, address)
			must(t, err)
			d.exec(landing, landed, address)
			d.want(`SELECT count(*) FROM calltrail.call_subscriber WHERE ip = $1::inet`, "0", address)
			must(t, tx.Commit(ctx))
			d.correct(1, 1, 0)
		}
		d.want(`SELECT subscriber FROM calltrail.call_subscribers WHERE ip = $1::inet`, "asha", address)
		d.want(`SELECT count(*) FROM calltrail.call_subscriber`, fmt.Sprint(n+1))
	}

	// With a snapshot from before, neither would see the other: refused.
	for _, level := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
		tx := d.begin(pgx.TxOptions{IsoLevel: level})
		if _, err := tx.Exec(ctx, landing, "00000000-0000-8000-8000-00000000ffff", "198.51.100.1"); err == nil || !strings.Contains(err.Error(), "READ COMMITTED") {
			t.Errorf("stored in a transaction that is %s: %v", level, err)
		}
		must(t, tx.Rollback(ctx))
		tx = d.begin(pgx.TxOptions{IsoLevel: level})
		if _, err := tx.Exec(ctx, `SELECT calltrail.correct_subscribers('{}')`); err == nil || !strings.Contains(err.Error(), "READ COMMITTED") {
			t.Errorf("corrected in a transaction that is %s: %v", level, err)
		}
		must(t, tx.Rollback(ctx))
	}
}

// Two that store records and two that import, at once and without any order: in the end each address of each record has its
// subscriber once.
func TestLandingBesideImports(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	d := newDatabase(t)
	d.exec(`SELECT calltrail.ensure_partitions('2026-05-28', '2026-05-28')`)
	const addresses = 60
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			for n := half; n < addresses; n += 2 {
				if _, err := d.pool.Exec(ctx, landing, fmt.Sprintf("00000000-0000-8000-8000-%012d", n), fmt.Sprintf("198.51.100.%d", n)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for n := half; n < addresses; n += 10 {
				var file strings.Builder
				for k := n; k < min(n+10, addresses); k += 2 {
					_, _ = fmt.Fprintf(&file, "Start,%d,asha-%d,2026-05-28T10:00:00Z,198.51.100.%d,\n", k, k, k) // a Builder never fails
				}
				if _, err := d.try(RADIUS, radiusHeader+file.String()); err != nil {
					t.Error(err)
				}
				if _, err := Correct(ctx, d.cfg, nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	d.want(`SELECT count(*), count(*) FILTER (WHERE s.subscriber = 'asha-' || split_part(host(s.ip), '.', 4)) FROM calltrail.call_subscribers s`, "60|60")
	d.want(`SELECT count(*) FROM calltrail.call_subscriber`, "60")
	d.want(`SELECT count(*) FROM calltrail.assignment_due`, "0")
}
