package watchlist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Scope is what is looked for in the stored records: the entries of a list, or one entry.
type Scope struct {
	List  string // or
	Entry int64
}

func (s Scope) String() string {
	if s.List != "" {
		return "list " + s.List
	}
	return fmt.Sprintf("entry %d", s.Entry)
}

// Job is how far a search has come.
type Job struct {
	ID      int64
	Resumed bool // it was begun before and had been stopped
	Entries int  // that it looks for
	// Spans of days there were at its start, and how many are done. A span that is made later needs no search: what lands
	// in it is compared as it lands.
	Spans, Done int64
	// From is the first day of the span done last, UTC; zero before the first.
	From time.Time
	Hits int64 // new ones: calls, roles and entries that had none
}

// Match looks for entries in everything that is stored, newest days first, a span of days (a row of calltrail.partition)
// a transaction. progress is called after each span; it may be nil. A search that was stopped is gone on with by the
// next one of the same scope, unless the list has got entries since: then all of it is searched for anew, and what was
// found stays found once. It is ErrNotListed when there is nothing to look for.
//
// What lands meanwhile is compared by the database as it lands.
func Match(ctx context.Context, conn *pgx.Conn, s Scope, by string, progress func(Job)) (Job, error) {
	if err := checkText(by, true); err != nil {
		return Job{}, fmt.Errorf("who looks: %w", err)
	}
	var job Job
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
		job, err = begin(ctx, tx, s, by)
		return err
	})
	if errors.Is(err, ErrNotListed) {
		return job, ErrNotListed
	}
	if err != nil {
		return job, postgres.Wrap("begin to look for "+s.String(), err)
	}
	for {
		var more bool
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
			more, err = job.span(ctx, tx)
			return err
		})
		if err != nil || !more {
			return job, postgres.Wrap(fmt.Sprintf("look for %s (job %d)", s, job.ID), err)
		}
		if progress != nil {
			progress(job)
		}
	}
}

// begin waits for the transactions that are storing records and may not know the newest entries, and finds or makes the
// job. The lock ends with the transaction.
func begin(ctx context.Context, tx pgx.Tx, s Scope, by string) (Job, error) {
	if _, err := tx.Exec(ctx, `SELECT calltrail.watchlist_lock()`); err != nil {
		return Job{}, err
	}
	rows, err := tx.Query(ctx, `SELECT entry_id FROM calltrail.watchlist_entry WHERE removed_at IS NULL AND CASE WHEN $1 <> '' THEN list = $1 ELSE entry_id = $2 END ORDER BY 1`,
		s.List, s.Entry)
	if err != nil {
		return Job{}, err
	}
	entries, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return Job{}, err
	}
	if len(entries) == 0 {
		return Job{}, ErrNotListed
	}
	job := Job{Resumed: true, Entries: len(entries)}
	err = tx.QueryRow(ctx, `SELECT job_id FROM calltrail.watchlist_job WHERE scope = $1 AND finished_at IS NULL AND entries @> $2 ORDER BY job_id DESC LIMIT 1`,
		s.String(), entries).Scan(&job.ID)
	if !errors.Is(err, pgx.ErrNoRows) {
		return job, err
	}
	job.Resumed = false
	err = tx.QueryRow(ctx, `INSERT INTO calltrail.watchlist_job (scope, entries, started_by, spans) SELECT $1, $2, $3, count(*) FROM calltrail.partition RETURNING job_id`,
		s.String(), entries, by).Scan(&job.ID)
	return job, err
}

// span searches the newest span that is not done. It says whether there was one. Two programs on one job take turns.
func (j *Job) span(ctx context.Context, tx pgx.Tx) (bool, error) {
	var entries []int64
	var before *time.Time
	err := tx.QueryRow(ctx, `SELECT entries, before_day, spans, spans_done, hits FROM calltrail.watchlist_job WHERE job_id = $1 FOR UPDATE`, j.ID).
		Scan(&entries, &before, &j.Spans, &j.Done, &j.Hits)
	if err != nil {
		return false, err
	}
	j.Entries = len(entries)
	var first, end time.Time
	err = tx.QueryRow(ctx, `SELECT first_day, end_day FROM calltrail.partition WHERE $1::date IS NULL OR first_day < $1 ORDER BY first_day DESC LIMIT 1`, before).Scan(&first, &end)
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = tx.Exec(ctx, `UPDATE calltrail.watchlist_job SET finished_at = now() WHERE job_id = $1 AND finished_at IS NULL`, j.ID)
		return false, err
	}
	if err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, `UPDATE calltrail.watchlist_job SET before_day = $3, spans_done = spans_done + 1, hits = hits + calltrail.watchlist_match_span($2, $3, $4, $1)
		WHERE job_id = $1 RETURNING spans_done, hits`, j.ID, entries, first, end).Scan(&j.Done, &j.Hits)
	j.From = first
	return true, err
}
