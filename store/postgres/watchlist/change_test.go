package watchlist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOnTheListOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := Entry{Kind: Number, Value: "+911204100001"}, Entry{Kind: Number, Value: "0120 4100001"}
	other := Entry{List: "other", Kind: Number, Value: "+911204100001"}
	if c := w.add(one, two, other); c.Added != 2 || c.Already != 1 || c.Versions["scam"] != 1 || c.Versions["other"] != 1 || c.Entries[0] != c.Entries[1] {
		t.Errorf("two of one and another list's: %+v", c)
	}
	if c := w.add(one); c.Added != 0 || c.Already != 1 || len(c.Versions) != 0 || len(c.Entries) != 1 {
		t.Errorf("once more: %+v", c)
	}
	id := w.rows(`SELECT entry_id::text FROM calltrail.watchlist_entry WHERE list = 'scam'`)
	if len(id) != 1 {
		t.Fatalf("%d entries, want 1", len(id))
	}
	first, err := Find(t.Context(), w.conn, known(t, one))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := Remove(t.Context(), w.conn, first, "anna", "a mistake"); err != nil || c.Removed != 1 || c.Versions["scam"] != 2 {
		t.Errorf("removed: %+v, %v", c, err)
	}
	for _, id := range []int64{first, 4711} {
		if _, err := Remove(t.Context(), w.conn, id, "anna", "again"); !errors.Is(err, ErrNotListed) {
			t.Errorf("removing %d again: %v", id, err)
		}
	}
	if _, err := Find(t.Context(), w.conn, known(t, one)); !errors.Is(err, ErrNotListed) {
		t.Errorf("a removed entry is still there: %v", err)
	}
	if c := w.add(one); c.Added != 1 || c.Versions["scam"] != 3 || c.Entries[0] == first {
		t.Errorf("after its removal: %+v", c)
	}
	w.want(`SELECT concat_ws(' ', list, version, by, added, removed) FROM calltrail.watchlist_change ORDER BY list, version`,
		"other 1 tester 1 0; scam 1 tester 1 0; scam 2 anna 0 1; scam 3 tester 1 0")
	w.want(`SELECT concat_ws(' ', version, removed_version, removed_by, removed_reason) FROM calltrail.watchlist_entry WHERE list = 'scam' ORDER BY entry_id`, "1 2 anna a mistake; 3")
	list, err := List(t.Context(), w.conn, Query{List: "scam", Removed: true})
	if err != nil || len(list) != 2 || list[0].RemovedReason != "a mistake" || list[0].RemovedAt.IsZero() || !list[1].RemovedAt.IsZero() || list[1].Source != "police" {
		t.Errorf("list: %+v, %v", list, err)
	}
	if list, err = List(t.Context(), w.conn, Query{}); err != nil || len(list) != 2 {
		t.Errorf("%d entries are on lists, want 2: %v", len(list), err)
	}
}

// An entry whose time is over gives way to one with another time, and only to that.
func TestExpiredGivesWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	past := Entry{Kind: Address, Value: "203.0.113.7", Until: ten}
	now := Entry{Kind: Address, Value: "203.0.113.7"}
	w.add(past)
	if c := w.add(past); c.Added != 0 || c.Removed != 0 || c.Already != 1 {
		t.Errorf("the same again: %+v", c)
	}
	if c := w.add(now); c.Added != 1 || c.Removed != 1 || c.Versions["scam"] != 2 {
		t.Errorf("with another time: %+v", c)
	}
	if c := w.add(past); c.Added != 0 || c.Removed != 0 {
		t.Errorf("one that is valid gave way: %+v", c)
	}
	w.want(`SELECT concat_ws(' ', version, removed_version, removed_by) FROM calltrail.watchlist_entry ORDER BY entry_id`, "1 2 tester; 2")
}

// Imports of the same lists at once: each entry once, each version once, and nobody waits in a circle.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const importers, entries = 6, 40
	var wait sync.WaitGroup
	for n := range importers {
		conn := w.connect()
		var list []Entry
		for i := range entries {
			// Half of the entries are everybody's, and the lists come in another order each time.
			e := Entry{List: fmt.Sprintf("l%d", (i+n)%4), Kind: NumberPrefix, Value: fmt.Sprintf("+9112%02d", i)}
			if i%2 == 0 {
				e = Entry{List: "shared", Kind: Number, Value: fmt.Sprintf("+91120410%04d", i)}
			}
			list = append(list, known(t, e))
		}
		wait.Go(func() {
			if _, err := Add(t.Context(), conn, list, fmt.Sprintf("importer %d", n)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_entry WHERE list = 'shared'`, fmt.Sprint(entries/2))
	w.want(`SELECT list FROM calltrail.watchlist w WHERE version <> (SELECT count(*) FROM calltrail.watchlist_change c WHERE c.list = w.list)
		OR version <> (SELECT max(version) FROM calltrail.watchlist_change c WHERE c.list = w.list)`, "")
	w.want(`SELECT list || ' ' || version FROM calltrail.watchlist_change c WHERE added <> (SELECT count(*) FROM calltrail.watchlist_entry e WHERE (e.list, e.version) = (c.list, c.version))`, "")
}

// A file of which the last entry cannot be stored leaves nothing behind. (Reading refuses such entries before.)
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := []Entry{known(t, Entry{Kind: Number, Value: "+911204100001"}), {List: "scam", Kind: Prefix, Value: "203.0.113.7/24", Source: "a", Reason: "b"}}
	_, err := Add(t.Context(), w.conn, bad, "tester")
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a network with host bits was taken: %v", err)
	}
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_entry`, "0")
	w.want(`SELECT count(*)::text FROM calltrail.watchlist`, "0")
}

func TestAppendOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.add(Entry{Kind: Number, Value: "+911204100001"}, Entry{Kind: Address, Value: "203.0.113.1"}).Entries[1]
	w.land(sample(1))
	if _, err := Match(t.Context(), w.conn, Scope{List: "scam"}, "tester", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := Remove(t.Context(), w.conn, id, "tester", "closed"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`UPDATE calltrail.watchlist_hit SET role = 'x'`,
		`DELETE FROM calltrail.watchlist_hit`,
		`DELETE FROM calltrail.watchlist_hit_20260525`,
		`TRUNCATE calltrail.watchlist_hit`,
		`TRUNCATE calltrail.watchlist_hit_20260525`,
		`UPDATE calltrail.watchlist_entry SET value = '+911204100002' WHERE removed_at IS NULL`,
		`UPDATE calltrail.watchlist_entry SET reason = 'x', removed_at = now(), removed_by = 'x', removed_reason = 'x', removed_version = 2 WHERE removed_at IS NULL`,
		`UPDATE calltrail.watchlist_entry SET removed_by = 'x' WHERE removed_at IS NOT NULL`,
		`UPDATE calltrail.watchlist_entry SET removed_version = NULL, removed_at = NULL, removed_by = NULL, removed_reason = NULL WHERE removed_at IS NOT NULL`,
		`DELETE FROM calltrail.watchlist_entry`,
		`TRUNCATE calltrail.watchlist_entry`,
		`UPDATE calltrail.watchlist_change SET by = 'x'`,
		`DELETE FROM calltrail.watchlist_change`,
		`TRUNCATE calltrail.watchlist_change CASCADE`,
		`UPDATE calltrail.watchlist SET version = 0`,
		`DELETE FROM calltrail.watchlist`,
		`TRUNCATE calltrail.watchlist CASCADE`,
		`DELETE FROM calltrail.watchlist_job`,
		`TRUNCATE calltrail.watchlist_job`,
	} {
		_, err := w.conn.Exec(t.Context(), statement)
		if err == nil || (!strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "only grows")) {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_hit`, "3")
}

// A role that may load records may not read what is looked for, and records are compared all the same.
func TestLoaderNeedsNoRightsOnLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(Entry{Kind: Number, Value: "+911204100001"})
	if _, err := w.conn.Exec(t.Context(), `SELECT calltrail.ensure_partitions('2026-05-28', '2026-05-28')`); err != nil {
		t.Fatal(err)
	}
	tx, err := w.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }() // the role goes with it
	for _, statement := range []string{
		`CREATE ROLE calltrail_test_loader`, `GRANT USAGE ON SCHEMA calltrail TO calltrail_test_loader`, `GRANT INSERT, SELECT ON calltrail.call_record TO calltrail_test_loader`,
		`CREATE POLICY loads ON calltrail.call_record TO calltrail_test_loader USING (true) WITH CHECK (true)`,
		`SET LOCAL ROLE calltrail_test_loader`, insertCall, `SAVEPOINT before`,
	} {
		if _, err := tx.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, statement := range []string{
		`SELECT * FROM calltrail.watchlist_entry`, `SELECT * FROM calltrail.watchlist_hit`, `INSERT INTO calltrail.watchlist (list) VALUES ('x')`,
		`SELECT calltrail.watchlist_match_span('{1}', '2026-05-28', '2026-05-29')`, `SELECT calltrail.watchlist_lock()`,
	} {
		if _, err := tx.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v, want permission denied", statement, err)
		}
		if _, err := tx.Exec(t.Context(), `ROLLBACK TO before`); err != nil {
			t.Fatal(err)
		}
	}
	var hits int
	if err := tx.QueryRow(t.Context(), `RESET ROLE`).Scan(); err == nil {
		t.Fatal("an answer to RESET")
	}
	if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM calltrail.watchlist_hit`).Scan(&hits); err != nil || hits != 1 {
		t.Errorf("%d hits, want 1: %v", hits, err)
	}
}

// insertCall is a record in as few columns as can be: from +911204100001.
const insertCall = `INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, caller_e164, started_at, disposition, visibility, flags, received_at)
	VALUES ('2026-05-28', gen_random_uuid(), 'calltrail.call.v1', gen_random_uuid(), 1, true, 'sip', 'edge-1', '+911204100001', '2026-05-28T10:00:00Z', 'answered', 'full', '{}', now())`

// A record whose transaction began before the entry was there and ends after the search has begun: the search waits for it.
func TestSearchWaitsForWhatIsLanding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.conn.Exec(t.Context(), `SELECT calltrail.ensure_partitions('2026-05-28', '2026-05-28')`); err != nil {
		t.Fatal(err)
	}
	landing, err := w.connect().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := landing.Exec(t.Context(), insertCall); err != nil {
		t.Fatal(err)
	}
	w.add(Entry{Kind: Number, Value: "+911204100001"})
	searcher, done := w.connect(), make(chan error, 1)
	go func() {
		_, err := Match(t.Context(), searcher, Scope{List: "scam"}, "tester", nil)
		done <- err
	}()
	waiting := `SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	for deadline := time.Now().Add(time.Minute); w.rows(waiting)[0] == "0"; {
		select {
		case err := <-done:
			t.Fatalf("the search did not wait: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the search neither waits nor ends")
		}
	}
	if err := landing.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	w.want(`SELECT role || ' ' || (job_id IS NOT NULL) FROM calltrail.watchlist_hit`, "caller true")
}
