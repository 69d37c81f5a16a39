package watchlist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Change is what became of entries that were added or removed.
type Change struct {
	// Added and Removed are entries that are on their list now, or no longer.
	Added, Removed int64
	// Already are entries that were on their list before, or came twice: nothing was changed for them.
	Already int64
	// Entries are the identities of the entries given to Add, in their order, of those that were there before too.
	Entries []int64
	// Versions are the new versions of the lists that were changed.
	Versions map[string]int64
}

// hadExpired is the reason of an entry's removal when it is added again after the end of its validity.
const hadExpired = "its validity had ended, and it was added again"

// Add puts normalised entries on their lists, in one transaction: all or none. What is on its list already stays as it is,
// unless its validity has ended and the new one's is another: then the old one is removed. Who adds is by.
func Add(ctx context.Context, conn *pgx.Conn, entries []Entry, by string) (c Change, err error) {
	if len(entries) > MaxEntries {
		return c, fmt.Errorf("%d entries at once; add them in parts of %d", len(entries), MaxEntries)
	}
	if err := checkText(by, true); err != nil {
		return c, fmt.Errorf("who adds: %w", err)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		c = Change{Versions: map[string]int64{}}
		return c.add(ctx, tx, entries, by)
	})
	return c, postgres.Wrap("add to the watchlist", err)
}

func (c *Change) add(ctx context.Context, tx pgx.Tx, entries []Entry, by string) error {
	versions, err := lockLists(ctx, tx, entries)
	if err != nil {
		return err
	}
	if err := stage(ctx, tx, entries, versions); err != nil {
		return err
	}
	added, removed := map[string]int64{}, map[string]int64{}
	if err := count(ctx, tx, removed, `
		UPDATE calltrail.watchlist_entry e SET removed_version = s.version, removed_at = now(), removed_by = $1, removed_reason = $2
		  FROM (SELECT DISTINCT ON (list, kind, value) * FROM pg_temp.watchlist_given ORDER BY list, kind, value, n) s
		 WHERE (e.list, e.kind, e.value) = (s.list, s.kind, s.value) AND e.removed_at IS NULL AND upper(e.valid) <= now() AND e.valid <> s.valid
		RETURNING e.list`, by, hadExpired); err != nil {
		return err
	}
	if err := count(ctx, tx, added, `
		INSERT INTO calltrail.watchlist_entry (list, kind, value, valid, source, case_ref, reason, version, added_by)
		SELECT list, kind, value, valid, source, case_ref, reason, version, $1 FROM pg_temp.watchlist_given ORDER BY n
		ON CONFLICT (list, kind, value) WHERE removed_at IS NULL DO NOTHING
		RETURNING list`, by); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT e.entry_id FROM pg_temp.watchlist_given s JOIN calltrail.watchlist_entry e
		    ON (e.list, e.kind, e.value) = (s.list, s.kind, s.value) AND e.removed_at IS NULL ORDER BY s.n`)
	if err != nil {
		return err
	}
	if c.Entries, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
		return err
	}
	c.Already = int64(len(entries))
	for list, version := range versions {
		if err := c.note(ctx, tx, list, version, by, added[list], removed[list]); err != nil {
			return err
		}
		c.Already -= added[list]
	}
	return nil
}

// lockLists makes the lists that are missing and locks all of them, in one order for everybody. It returns the versions
// that a change makes of them.
func lockLists(ctx context.Context, tx pgx.Tx, entries []Entry) (map[string]int64, error) {
	versions := map[string]int64{}
	for _, e := range entries {
		versions[e.List] = 0
	}
	var names []string
	for name := range versions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, err := tx.Exec(ctx, `INSERT INTO calltrail.watchlist (list) VALUES ($1) ON CONFLICT DO NOTHING`, name); err != nil {
			return nil, err
		}
		var version int64
		if err := tx.QueryRow(ctx, `SELECT version FROM calltrail.watchlist WHERE list = $1 FOR UPDATE`, name).Scan(&version); err != nil {
			return nil, err
		}
		versions[name] = version + 1
	}
	return versions, nil
}

// stage copies the entries to a temporary table, which ends with the transaction.
func stage(ctx context.Context, tx pgx.Tx, entries []Entry, versions map[string]int64) error {
	_, err := tx.Exec(ctx, `CREATE TEMPORARY TABLE watchlist_given (n integer, list text, kind text, value text, from_at timestamptz, until_at timestamptz,
		valid tstzrange GENERATED ALWAYS AS (tstzrange(from_at, until_at)) STORED, source text, case_ref text, reason text, version bigint) ON COMMIT DROP`)
	if err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"watchlist_given"}, []string{"n", "list", "kind", "value", "from_at", "until_at", "source", "case_ref", "reason", "version"},
		pgx.CopyFromSlice(len(entries), func(i int) ([]any, error) {
			e := &entries[i]
			return []any{int32(i), e.List, string(e.Kind), e.Value, orNull(e.From), orNull(e.Until), e.Source, textOrNull(e.Case), e.Reason, versions[e.List]}, nil //nolint:gosec // MaxEntries bounds it
		}))
	return err
}

// count runs a statement that returns the list of each row it changed.
func count(ctx context.Context, tx pgx.Tx, by map[string]int64, statement string, args ...any) error {
	rows, err := tx.Query(ctx, statement, args...)
	if err != nil {
		return err
	}
	var list string
	_, err = pgx.ForEachRow(rows, []any{&list}, func() error { by[list]++; return nil })
	return err
}

// note writes a list's change down, when there was one.
func (c *Change) note(ctx context.Context, tx pgx.Tx, list string, version int64, by string, added, removed int64) error {
	if added == 0 && removed == 0 {
		return nil
	}
	c.Added, c.Removed = c.Added+added, c.Removed+removed
	c.Versions[list] = version
	if _, err := tx.Exec(ctx, `UPDATE calltrail.watchlist SET version = $2 WHERE list = $1`, list, version); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO calltrail.watchlist_change (list, version, by, added, removed) VALUES ($1, $2, $3, $4, $5)`, list, version, by, added, removed)
	return err
}

// ErrNotListed says that there is no such entry, or none any more.
var ErrNotListed = errors.New("no such entry is on a list")

// Remove takes an entry off its list: it stays in the database and matches nothing from now on. Its hits stay. It is
// ErrNotListed when the entry is not there or was removed before.
func Remove(ctx context.Context, conn *pgx.Conn, entry int64, by, reason string) (c Change, err error) {
	for _, t := range []struct{ name, text string }{{"who removes", by}, {"reason", reason}} {
		if err := checkText(t.text, true); err != nil {
			return c, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		c = Change{Versions: map[string]int64{}}
		var list string
		var version int64
		err := tx.QueryRow(ctx, `SELECT w.list, w.version + 1 FROM calltrail.watchlist w
			WHERE w.list = (SELECT e.list FROM calltrail.watchlist_entry e WHERE e.entry_id = $1) FOR UPDATE`, entry).Scan(&list, &version)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotListed
		}
		if err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `UPDATE calltrail.watchlist_entry SET removed_version = $2, removed_at = now(), removed_by = $3, removed_reason = $4
			WHERE entry_id = $1 AND removed_at IS NULL`, entry, version, by, reason)
		if err != nil {
			return err
		}
		if done.RowsAffected() == 0 {
			return ErrNotListed
		}
		return c.note(ctx, tx, list, version, by, 0, 1)
	})
	if errors.Is(err, ErrNotListed) {
		return c, ErrNotListed
	}
	return c, postgres.Wrap("remove from the watchlist", err)
}

func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
