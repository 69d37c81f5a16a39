package postgres

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A caller of a partition of a week, of which $1 are made: ten calls of nobody else's, and $2 ordinary ones in each week. A third has a place, a device and
// networks; one in fifty is diverted, one in a hundred shows a home number from abroad.
const questionTraffic = `
WITH c AS (
    SELECT w, i, timestamptz '2026-01-05Z' + w * interval '7 days' + i * (interval '7 days' / $2::integer) AS at, w * $2::bigint + i AS n, i < 10 AND i % 1 = 0 AS asked
      FROM generate_series(0, $1::integer - 1) w, generate_series(0, $2::integer - 1) i
), r AS (
    INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, group_uid, caller_user, caller_host, caller_e164, callee_user, callee_host, callee_e164, redirects, indicators,
           src_ip, src_port, src_as_number, src_location_country, src_location_of, src_location_latitude, src_location_longitude, src_location_accuracy_km, sip_instance_id, dst_ip, dst_port,
           started_at, ended_at, last_seen_at, disposition, visibility, flags, received_at)
    SELECT (at AT TIME ZONE 'UTC')::date, lpad(to_hex(n), 32, '0')::uuid, 'calltrail.call.v1', lpad(to_hex(n), 32, '0')::uuid, 1, true, 'sip', 'edge-1', lpad(to_hex(n), 32, '0')::uuid,
           who, 'example.net', who, whom, 'example.org', whom, CASE WHEN asked OR n % 50 = 0 THEN jsonb_build_array(jsonb_build_object('raw', 'x', 'e164', '+9144' || CASE WHEN asked THEN 0 ELSE n END, 'source', 'diversion')) END,
           CASE WHEN asked OR n % 100 = 0 THEN '[{"rule": "foreign_source_home_number"}]'::jsonb END,
           CASE WHEN asked THEN inet '203.0.113.9' ELSE inet '10.0.0.0' + n % 60000 END, 5060, CASE WHEN asked THEN 64999 ELSE 64500 END, 'IN', 'endpoint',
           CASE WHEN asked THEN 28.57 ELSE 8 + abs(hashint8(n)) % 1000 / 100.0 END, CASE WHEN asked THEN 77.32 ELSE 72 + abs(hashint8(-n)) % 500 / 100.0 END, 5,
           CASE WHEN asked THEN 'urn:uuid:asked' WHEN n % 3 = 0 THEN 'urn:uuid:' || n % 20000 END, '192.0.2.10', 5060, at, at + interval '1 minute', at + interval '1 minute', 'answered', 'full', '{}', at
      FROM (SELECT c.*, CASE WHEN asked THEN '+919999900001' ELSE '+9198' || 10000000 + abs(hashint8(n)) % 30000 END AS who, CASE WHEN asked THEN '+919999900002' ELSE '+9120' || 10000000 + abs(hashint8(-n)) % 30000 END AS whom FROM c) c
    RETURNING day, record_id, call_uid, src_ip, dst_ip, started_at, ended_at
)
INSERT INTO calltrail.endpoint (day, record_id, call_uid, ip, port, roles, first_at, last_at)
SELECT r.day, r.record_id, r.call_uid, e.ip, e.port, e.roles, r.started_at, r.ended_at
  FROM r, LATERAL (VALUES (r.src_ip, 5060, '{caller_signalling}'::text[]), (r.src_ip, 30000, '{media_from_caller,media_to_caller}'), (r.dst_ip, 5060, '{callee_signalling}')) AS e (ip, port, roles)`

// No question reads a partition from end to end, with statistics or without, and what it reads grows with its answer and not with what
// lies about it: four times the calls, the same answer, about the same pages. CALLTRAIL_QUESTION_ROWS is how many calls a week there are in the larger world.
func TestQuestionsReadWhatTheyAnswer(t *testing.T) {
	t.Parallel()
	const weeks = 6
	many := 2400
	if s := os.Getenv("CALLTRAIL_QUESTION_ROWS"); s != "" {
		var err error
		if many, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	const window = `'2026-01-06Z', '2026-02-10Z'`
	questions := map[string]string{
		"calls_of_number": `calls_of_number('+919999900001', ` + window + `)`, "calls_of_diverted": `calls_of_number('+91440', ` + window + `)`, "calls_of_nobody": `calls_of_number('+919999900009', ` + window + `)`,
		"calls_of_user": `calls_of_number('desk', ` + window + `)`,
		"contacts":      `contacts_of_two_numbers('+919999900001', '+919999900002', ` + window + `)`, "victim": `calls_to_victim('+919999900002', '2026-01-12Z', '1 day')`, "address": `calls_at_address('203.0.113.9', ` + window + `)`,
		"port": `calls_at_address('203.0.113.9', ` + window + `, 30000)`, "network": `calls_at_address('203.0.113.0/24', ` + window + `)`, "radius": `calls_in_radius('28.57,77.32,5', ` + window + `)`, "asn": `calls_of_asn(64999, ` + window + `)`,
		"device": `calls_of_device('urn:uuid:asked', ` + window + `)`, "numbers": `numbers_of_device('urn:uuid:asked', ` + window + `)`, "chain": `forwarding_chain('+919999900002', ` + window + `)`, "graph": `contact_graph('+919999900001', ` + window + `)`,
		"block": `number_blocks('+9199999', ` + window + `)`, "media": `shared_media_address('+919999900001', ` + window + `)`, "number_seen": `first_last_seen(` + window + `, '+919999900001')`, "address_seen": `first_last_seen(` + window + `, NULL, '203.0.113.9')`,
		"hits": `watchlist_hits_of('C-1', ` + window + `)`, "cases": `cross_case_hits('C-1', ` + window + `)`, "app": `app_calls_of_address('203.0.113.9', ` + window + `)`, "subscriber": `subscriber_calls('asha', ` + window + `)`,
		"far_ends": `subscribers_common_far_ends('{asha,bela}', ` + window + `)`,
		// Of every hundredth call, so it grows with them.
		"home": `foreign_ingress_home_number('2026-01-12Z', '2026-01-12 00:30Z')`,
	}
	read := map[string][3]int64{}
	for world, calls := range []int{many / 4, many} {
		db := ask(t, migrated(t))
		ctx := context.Background()
		if _, err := db.pool.Exec(ctx, `SELECT calltrail.ensure_partitions('2026-01-05', '2026-02-15')`); err != nil {
			t.Fatal(err)
		}
		// Autovacuum would make the world without statistics another one, now and then.
		if _, err := db.pool.Exec(ctx, `DO $$ DECLARE p regclass; BEGIN FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent IN ('calltrail.call_record'::regclass, 'calltrail.endpoint'::regclass) LOOP
			EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', p); END LOOP; END $$`); err != nil {
			t.Fatal(err)
		}
		if _, err := db.pool.Exec(ctx, questionTraffic, weeks, calls); err != nil {
			t.Fatal(err)
		}
		for round, analyzed := range []bool{false, true} {
			if analyzed && world == 0 {
				continue
			}
			if analyzed {
				if _, err := db.pool.Exec(ctx, `ANALYZE calltrail.call_record, calltrail.endpoint`); err != nil {
					t.Fatal(err)
				}
			}
			for name, question := range questions {
				began := time.Now()
				scans, pages, rows := questionRead(t, db, question)
				t.Logf("%s of %d calls a week, statistics %v: %d rows, %d pages, %d ms", name, calls, analyzed, rows, pages, time.Since(began).Milliseconds())
				if scans != 0 {
					t.Errorf("%s, statistics %v: %d partitions were read from end to end", name, analyzed, scans)
				}
				got := read[name]
				got[world+round] = pages
				read[name] = got
			}
		}
	}
	for name, pages := range read {
		// Indexes grow by a level, and a page more is read for each; the two worlds have the same answers.
		for round, larger := range pages[1:] {
			if larger > pages[0]*3/2+100 {
				t.Errorf("%s reads %d pages among a quarter of the calls and %d among all (statistics %v)", name, pages[0], larger, round == 1)
			}
		}
	}
}

// questionRead is what a question read of the partitions of call_record and endpoint: how often one from end to end, how many pages of the tables and
// their indexes, and how many rows it gave.
func questionRead(t *testing.T, db *asker, question string) (scans, pages, rows int64) {
	t.Helper()
	ctx := context.Background()
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	// What a transaction has read is counted for each table and index; what the connection read before is still in it.
	const counted = `
SELECT coalesce(sum(pg_stat_get_xact_numscans(c.oid)) FILTER (WHERE c.relkind = 'r'), 0), coalesce(sum(pg_stat_get_xact_blocks_fetched(c.oid)), 0)
  FROM pg_class c WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'i') AND c.relname ~ '^(call_record|endpoint)_[0-9]'`
	var scansBefore, pagesBefore int64
	if err := tx.QueryRow(ctx, counted).Scan(&scansBefore, &pagesBefore); err != nil {
		t.Fatal(err)
	}
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM calltrail.`+question).Scan(&rows); err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	if err := tx.QueryRow(ctx, counted).Scan(&scans, &pages); err != nil {
		t.Fatal(err)
	}
	return scans - scansBefore, pages - pagesBefore, rows
}
