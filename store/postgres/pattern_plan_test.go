package postgres

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"
)

// ordinaryTraffic makes $1 rows in the week from 16 November 2026 on: three calls for five rows, since the two of three that are
// answered have an interim record too. Subscribers call from an address of their own, and none calls many.
const ordinaryTraffic = `
INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, group_uid, group_method, caller_user, caller_host, caller_e164, caller_country,
       callee_user, callee_host, callee_e164, callee_country, sip_call_id, src_ip, src_port, src_role, src_location_country, src_as_number, src_as_org, src_network, dst_ip, dst_port,
       started_at, answered_at, ended_at, duration_ms, disposition, visibility, flags, received_at)
SELECT (c.at AT TIME ZONE 'UTC')::date, lpad(to_hex(c.i * 2 + r.revision), 32, '0')::uuid, 'calltrail.call.v1', lpad(to_hex(c.i), 32, '0')::uuid, r.revision, r.final, 'sip', 'edge-1',
       lpad(to_hex(c.i), 32, '0')::uuid, 'call_id', '+9198' || c.who, 'example.net', '+9198' || c.who, 'IN', '+9120' || c.whom, 'example.org', '+9120' || c.whom, 'IN', 'call-' || c.i,
       '10.0.0.0'::inet + (c.who - 10000000)::bigint, 5060, 'subscriber', 'IN', 64500, 'Example Broadband', 'isp', '192.0.2.10', 5060,
       c.at, CASE WHEN c.answered THEN c.at + interval '5 s' END, CASE WHEN r.final THEN c.at + interval '5 s' + c.ms * interval '1 ms' END, CASE WHEN r.final AND c.answered THEN c.ms END,
       CASE WHEN NOT r.final THEN 'in_progress' WHEN c.answered THEN 'answered' ELSE 'no_answer' END, 'full', '{}', c.at
  FROM (SELECT i, timestamptz '2026-11-16 00:00Z' + i * (interval '7 days' / ($1::bigint * 3 / 5)) AS at, 10100000 + abs(hashint8(i) % 100000) AS who, 10500000 + abs(hashint8(-i) % 500000) AS whom,
               i % 3 <> 0 AS answered, 12000 + abs(hashint8(i + 7)) % 300000 AS ms FROM generate_series(0, $1::bigint * 3 / 5 - 1) AS i) c
 CROSS JOIN LATERAL (VALUES (1, NOT c.answered), (2, true)) AS r(revision, final)
 WHERE r.revision = 1 OR c.answered`

// fraud is a call every second for each pattern, in the same shape.
const fraud = `
INSERT INTO calltrail.call_record
SELECT p.* FROM (SELECT r FROM calltrail.call_record r WHERE r.disposition = 'answered' AND r.final LIMIT 1) AS one(r), generate_series(1, 60) AS n,
       LATERAL (VALUES
           ('01', jsonb_build_object('src_ip', '198.51.100.1', 'caller_e164', '+9122555' || 10000 + n * 7, 'callee_e164', '+9120777' || 10000 + n * 3)),
           ('02', jsonb_build_object('src_ip', '198.51.2.0'::inet + n, 'caller_e164', '+912266600002', 'src_location_country', chr(65 + n % 3) || 'X', 'callee_e164', '+9120888' || 10000 + (n % 20) * 7)),
           ('03', jsonb_build_object('src_ip', '198.51.3.0'::inet + n, 'caller_e164', '+9133' || 10000000 + n * 31, 'callee_e164', '+912099900003')),
           ('04', jsonb_build_object('src_ip', '198.51.4.0'::inet + n, 'caller_e164', '+912266600004', 'callee_e164', '+9120111' || 10000 + n * 11)),
           ('05', jsonb_build_object('src_ip', '198.51.5.0'::inet + n, 'caller_e164', '+912266600005', 'duration_ms', 900, 'callee_e164', '+9120222' || 10000 + (n % 20) * 13)),
           ('06', jsonb_build_object('src_ip', '198.51.6.1', 'caller_e164', '+912266600006', 'callee_e164', '+9120333' || 10000 + n % 30))
       ) AS f(pattern, changed),
       LATERAL jsonb_populate_record(one.r, f.changed || jsonb_build_object('src_role', 'foreign', 'call_uid', md5(f.pattern || n), 'group_uid', md5(f.pattern || n), 'record_id', md5(f.pattern || n),
           'day', '2026-11-19', 'started_at', timestamptz '2026-11-19 12:00Z' + n * interval '1 s')) AS p`

// Among ordinary calls each pattern finds what was put there and nothing else, and, without statistics too, reads each page of the
// time it is asked for once, and not the week before. CALLTRAIL_PATTERN_ROWS is how many rows there are.
func TestPatternsAmongOrdinaryCalls(t *testing.T) {
	t.Parallel()
	rows := 15_000
	if s := os.Getenv("CALLTRAIL_PATTERN_ROWS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	db := ask(t, migrated(t))
	if err := db.exec(`SELECT calltrail.ensure_partitions('2026-11-16', '2026-11-29')`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	made, err := db.pool.Exec(ctx, ordinaryTraffic, rows)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows made in %.1f s", made.RowsAffected(), time.Since(began).Seconds())
	if err := db.exec(fraud); err != nil {
		t.Fatal(err)
	}
	const week, next = `('2026-11-16Z', '2026-11-23Z')`, `('2026-11-23Z', '2026-11-30Z')`
	// To plan, the server looks at the ends of indexes too, at most a hundred pages of the table for each.
	for _, name := range patternNames {
		pages, read := weekRead(t, db, `SELECT * FROM calltrail.`+name+week)
		if read < pages/2 || read > pages+500 {
			t.Errorf("%s reads %d pages, the week has %d", name, read, pages)
		}
		// A planner without statistics may take the day's index for the better one: then the three minutes before cost the last day.
		if _, read = weekRead(t, db, `SELECT * FROM calltrail.`+name+next); read > pages/7+150 {
			t.Errorf("without statistics %s of the week after reads %d of the %d pages of the week", name, read, pages)
		}
	}
	// As autovacuum does. A block range index knows of new pages only after it.
	if err := db.exec(`VACUUM (ANALYZE) calltrail.call_record`); err != nil {
		t.Fatal(err)
	}
	for _, name := range patternNames {
		if _, read := weekRead(t, db, `SELECT * FROM calltrail.`+name+next); read > 150 {
			t.Errorf("%s of the week after reads %d pages of the week", name, read)
		}
	}
	for _, tt := range []struct{ columns, name, want string }{
		{"source, numbers", "sources_with_many_numbers", "198.51.100.1|60"},
		{"caller, countries, sources", "numbers_from_many_countries", "+912266600002|3|60"},
		{"callee, callers", "fan_out_to_one_callee", "+912099900003|60"},
		{"caller, callees", "fan_out_from_one_caller", "+912266600004|60"},
		{"caller, calls", "short_call_bursts", "+912266600005|60"},
		{"source, caller, first_number, run", "sequential_numbers", "198.51.6.1||+912033310000|30; |+912266600006|+912033310000|30"},
	} {
		began := time.Now()
		db.want(`SELECT `+tt.columns+` FROM calltrail.`+tt.name+week, tt.want)
		t.Logf("%s of %d rows: %.1f s", tt.name, rows, time.Since(began).Seconds())
	}
}

// weekRead is how many pages the partition of the week has, and how many of them a query read. Not the plan's count of buffers:
// that has the catalogue's pages in it, which are read anew whenever other tests change theirs.
func weekRead(t *testing.T, db *asker, query string) (pages, read int64) {
	t.Helper()
	ctx := context.Background()
	tx, err := db.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	// A worker's reading is not counted here.
	if _, err := tx.Exec(ctx, `SET LOCAL max_parallel_workers_per_gather = 0`); err != nil {
		t.Fatal(err)
	}
	// The count goes on from what the connection has not reported yet; it reports between transactions only.
	const counted = `SELECT pg_relation_size(c) / current_setting('block_size')::integer, pg_stat_get_xact_blocks_fetched(c) FROM (SELECT 'calltrail.call_record_20261116'::regclass AS c) AS week`
	var before int64
	if err := tx.QueryRow(ctx, counted).Scan(&pages, &before); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, query); err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRow(ctx, counted).Scan(&pages, &read); err != nil {
		t.Fatal(err)
	}
	return pages, read - before
}
