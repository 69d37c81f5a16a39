package postgres

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"
)

// How large a list's activity is, among many calls: the numbers are those of the calls themselves, counted the plain way, and what is read are the
// calls of the list, never a partition from end to end, with statistics or without. CALLTRAIL_SCALE_ROWS is how many calls there are.
func TestScamScaleAmongManyCalls(t *testing.T) {
	t.Parallel()
	const weeks = 6
	rows := 6_000
	if s := os.Getenv("CALLTRAIL_SCALE_ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	db := ask(t, migrated(t))
	for _, sql := range []string{
		`SELECT calltrail.ensure_partitions('2026-01-05', '2026-02-15')`,
		`DO $$ DECLARE p regclass; BEGIN FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent IN ('calltrail.call_record'::regclass, 'calltrail.endpoint'::regclass, 'calltrail.watchlist_hit'::regclass) LOOP
			EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', p); END LOOP; END $$`,
		`INSERT INTO calltrail.watchlist (list, version) VALUES ('scam', 1), ('block', 1), ('quiet', 1)`,
		`INSERT INTO calltrail.watchlist_change (list, version, by, added, removed) VALUES ('scam', 1, 'test', 1, 0), ('block', 1, 'test', 1, 0), ('quiet', 1, 'test', 1, 0)`,
		`WITH c AS (SELECT * FROM (VALUES ('scam', 'number', '+919999900001'), ('block', 'number_prefix', '+9198100012'), ('quiet', 'number', '+12025550100')) v(list, kind, value))
			INSERT INTO calltrail.watchlist_entry (list, kind, value, source, reason, version, added_by) SELECT list, kind, value, 'test', 'test', 1, 'test' FROM c`,
	} {
		if err := db.exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if _, err := db.pool.Exec(ctx, questionTraffic, weeks, rows/weeks); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls landed in %.1f s", rows, time.Since(began).Seconds())
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			if _, err := db.pool.Exec(ctx, `ANALYZE calltrail.call_record, calltrail.endpoint, calltrail.watchlist_hit, calltrail.watchlist_entry`); err != nil {
				t.Fatal(err)
			}
		}
		// By the generator: ten calls at the beginning of each week, from one address to one number.
		db.want(`SELECT calls, victims, days, sources FROM calltrail.scam_scale('scam')`, strconv.Itoa(10*weeks)+"|1|"+strconv.Itoa(weeks)+"|1")
		db.want(`SELECT * FROM calltrail.scam_scale('quiet')`, "0|0|0|0||")
		// Among the ordinary ones, counted the plain way. Nobody of the block is called, so the listed side is the caller's.
		db.want(`SELECT (SELECT s FROM calltrail.scam_scale('block') s) = (SELECT row(count(*), count(DISTINCT callee_e164), count(DISTINCT day), count(DISTINCT src_ip), min(started_at), max(started_at))
			FROM calltrail.call_record WHERE starts_with(caller_e164, '+9198100012')) AS same`, "t")
		db.want(`SELECT count(*) >= 10 FROM calltrail.call_record WHERE starts_with(caller_e164, '+9198100012')`, "t")
		for _, list := range []string{"scam", "block", "quiet"} {
			began := time.Now()
			scans, pages, _ := questionRead(t, db, `scam_scale('`+list+`')`)
			var calls int64
			if err := db.pool.QueryRow(ctx, `SELECT calls FROM calltrail.scam_scale($1)`, list).Scan(&calls); err != nil {
				t.Fatal(err)
			}
			t.Logf("scam_scale(%s) of %d calls among %d, statistics %v: %d pages, %d ms", list, calls, rows, analyzed, pages, time.Since(began).Milliseconds())
			if most := 40*calls + 100; scans != 0 || pages > most {
				t.Errorf("scam_scale(%s), statistics %v: %d partitions were read from end to end, %d pages for %d calls, want none and at most %d", list, analyzed, scans, pages, calls, most)
			}
		}
	}
}
