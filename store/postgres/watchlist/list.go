package watchlist

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Listed is an entry as the database has it.
type Listed struct {
	Entry
	ID      int64
	Version int64 // of the list: the change that added it
	AddedBy string
	AddedAt time.Time
	// RemovedBy, RemovedReason and RemovedAt are empty while it is on the list.
	RemovedBy     string
	RemovedReason string
	RemovedAt     time.Time
	Hits          int64 // calls, registrations and messages it was found in
}

// Query says which entries are wanted.
type Query struct {
	List    string // "": of all lists
	Removed bool   // those that were removed too
}

// List returns entries by list and identity. Hits are counted for each.
func List(ctx context.Context, conn *pgx.Conn, q Query) ([]Listed, error) {
	rows, err := conn.Query(ctx, `
		SELECT e.entry_id, e.list, e.kind, e.value, e.source, coalesce(e.case_ref, ''), e.reason, lower(e.valid), upper(e.valid), e.version, e.added_by, e.added_at,
		       coalesce(e.removed_by, ''), coalesce(e.removed_reason, ''), e.removed_at, coalesce(h.calls, 0)
		  FROM calltrail.watchlist_entry e
		  LEFT JOIN (SELECT entry_id, count(DISTINCT call_uid) AS calls FROM calltrail.watchlist_hit GROUP BY entry_id) h USING (entry_id)
		 WHERE ($1 = '' OR e.list = $1) AND ($2 OR e.removed_at IS NULL)
		 ORDER BY e.list, e.entry_id`, q.List, q.Removed)
	if err != nil {
		return nil, postgres.Wrap("read the watchlists", err)
	}
	var list []Listed
	var l Listed
	var kind string
	var from, until, removed *time.Time
	_, err = pgx.ForEachRow(rows, []any{
		&l.ID, &l.List, &kind, &l.Value, &l.Source, &l.Case, &l.Reason, &from, &until, &l.Version, &l.AddedBy, &l.AddedAt,
		&l.RemovedBy, &l.RemovedReason, &removed, &l.Hits,
	}, func() error {
		l.Kind, l.AddedAt = Kind(kind), l.AddedAt.UTC()
		l.From, l.Until, l.RemovedAt = orZero(from), orZero(until), orZero(removed)
		list = append(list, l)
		return nil
	})
	return list, postgres.Wrap("read the watchlists", err)
}

// Find returns the identity of a normalised entry that is on its list, or ErrNotListed.
func Find(ctx context.Context, conn *pgx.Conn, e Entry) (id int64, err error) {
	err = conn.QueryRow(ctx, `SELECT entry_id FROM calltrail.watchlist_entry WHERE list = $1 AND kind = $2 AND value = $3 AND removed_at IS NULL`,
		e.List, string(e.Kind), e.Value).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrNotListed
	}
	return id, postgres.Wrap("look for an entry", err)
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
