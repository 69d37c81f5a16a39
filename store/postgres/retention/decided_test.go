package retention

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// decided is what retention does with each table; docs/retention.md says why. A new table needs a line here, and there.
var decided = map[string]string{
	"call_record": span, "record_body": span, "endpoint": span, "registration": span, "message": span, "coverage": span, "watchlist_hit": span,

	// By the day of the record that a row is of, or the day it came in.
	"call_subscriber": rows, "watchlist_alert": rows, "quarantine": rows,
	// When the assignment ended before the limit and no record that is left names it.
	"assignment": rows, "assignment_receipt": rows, "assignment_due": rows,

	// Proof of what was and what went: numbers, hashes, signatures, days.
	"entry": stays, "ledger": stays, "key": stays, "deletion_certificate": stays, "partition": stays, "retention_notice": stays, "retention_run": stays, "backup_removal": stays,
	// Who did what, and by what order. They outlive the records: they are asked for when a deletion, or an answer, is.
	"hold": stays, "hold_release": stays, "request": stays, "request_event": stays, "audit": stays, "audit_secret": stays,
	// What was looked for, by whom and why; a removed entry stays, too.
	"watchlist": stays, "watchlist_entry": stays, "watchlist_change": stays, "watchlist_job": stays,
	// No personal data.
	"numbering": stays, "numbering_import": stays, "assignment_import": stays, "question": stays, "setting": stays, "tap": stays, "schema_version": stays,
}

const (
	span  = "goes with its span of days"
	rows  = "rows of these days go"
	stays = "stays"
)

// Nothing is kept because it was forgotten: each table of the schema has a decision, and what is to go with its day is of those that do.
func TestEveryTableIsDecided(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	read := func(query string) (list []string) {
		t.Helper()
		got, err := l.conn.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		for got.Next() {
			var name string
			if err := got.Scan(&name); err != nil {
				t.Fatal(err)
			}
			list = append(list, name)
		}
		return list
	}
	daily := read(`SELECT * FROM calltrail.day_tables()`)
	tables := read(`SELECT relname::text FROM pg_class WHERE relnamespace = 'calltrail'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`)
	for _, name := range tables {
		what, ok := decided[name]
		switch {
		case !ok:
			t.Errorf("nobody has decided what retention does with table %s", name)
		case (what == span) != slices.Contains(daily, name):
			t.Errorf("table %s: %q, but the tables that go with their day are %q", name, what, daily)
		}
	}
	for name := range decided {
		if !slices.Contains(tables, name) {
			t.Errorf("table %s is decided and not there", name)
		}
	}
}

// Who had which address goes when it ended long ago and neither a record nor a hold names it; what is younger, or goes on, stays.
func TestAssignmentsGo(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	add := func(id, address, during, seen string) {
		t.Helper()
		l.exec(`INSERT INTO calltrail.assignment (assignment_id, lineage, address, during, start_seen, last_seen_at, subscriber, source)
			VALUES (md5($1)::uuid, md5($1)::uuid, $2::inet, $3::tstzrange, true, $4::timestamptz, $1, 'radius')`, id, address, during, seen)
	}
	const ended = "[2020-01-01, 2020-01-02)"
	add("old", "192.0.2.1", ended, "2020-01-02")
	add("person", "192.0.2.2", ended, "2020-01-02")
	add("address", "192.0.2.3", ended, "2020-01-02")
	add("window", "192.0.2.4", "[2019-01-01, 2019-01-02)", "2019-01-02")
	add("open", "192.0.2.5", "[2020-01-01,)", "now")
	add("young", "192.0.2.6", "[2020-01-01, now)", "now")
	from, to := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2019, 2, 1, 0, 0, 0, 0, time.UTC)
	var holds []int64
	for _, h := range []Hold{{Kind: "subscriber", Value: "person"}, {Kind: "address", Value: "192.0.2.3"}, {Kind: "window", From: &from, To: &to}} {
		h.Case, h.Reason = "FIR 12/2026", "letter"
		id, err := AddHold(t.Context(), l.conn, h)
		if err != nil {
			t.Fatal(err)
		}
		holds = append(holds, id)
	}
	left := func(gone int64, want string) {
		t.Helper()
		n, err := Run(t.Context(), l.conn, l.options(), func(Done) {})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Trim(l.ask(`SELECT string_agg(subscriber, ' ' ORDER BY subscriber) FROM calltrail.assignment`), `"`); n != gone || got != want {
			t.Errorf("%d went and %q are left, want %d and %q", n, got, gone, want)
		}
	}
	left(1, "address open person window young")
	for _, id := range holds {
		if err := ReleaseHold(t.Context(), l.conn, id, "closed"); err != nil {
			t.Fatal(err)
		}
	}
	left(3, "open young")
}
