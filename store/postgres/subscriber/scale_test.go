package subscriber

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// scaled generates $1 assignments in a hundred days: of every ten six sessions of addresses that change hands, three blocks of ports
// of a NAT, and a prefix. Of every hundred sessions one is late: it is imported when the calls are there ($2).
const scaled = `
INSERT INTO calltrail.assignment (assignment_id, lineage, address, ports, during, start_seen, last_seen_at, inside_address, subscriber, source)
SELECT id, id, address, ports, during, true, lower(during), inside, subscriber, source
  FROM (
	SELECT gen_random_uuid() AS id, inet '10.0.0.0' + n % a AS address, NULL::int4range AS ports, tstzrange(t, t + interval '8 h') AS during, NULL::inet AS inside,
	       'line-' || (n + n / a * 7) % a AS subscriber, 'radius' AS source, n % 60 = 0 AS late
	  FROM (SELECT $1::bigint / 500 AS a) k, generate_series(0, $1::bigint * 6 / 10 - 1) n, LATERAL (SELECT timestamptz '2026-01-01Z' + n / a * interval '8 h' AS t) x
	UNION ALL
	SELECT gen_random_uuid(), inet '203.0.113.0' + n % p, int4range((1024 + n / p % 60 * 1000)::int, (2024 + n / p % 60 * 1000)::int), tstzrange(t, t + interval '2 d'),
	       inet '100.64.0.0' + n % (60 * p), NULL, 'cgnat', false
	  FROM (SELECT greatest($1::bigint / 10000, 1) AS p) k, generate_series(0, $1::bigint * 3 / 10 - 1) n, LATERAL (SELECT timestamptz '2026-01-01Z' + n / (60 * p) * interval '2 d' AS t) x
	UNION ALL
	SELECT gen_random_uuid(), ('2001:db8:' || to_hex(n / 65536) || ':' || to_hex(n % 65536) || '::/64')::inet, NULL, tstzrange('2026-01-01Z', NULL), NULL, 'v6-' || n, 'radius', false
	  FROM generate_series(0, $1::bigint / 10 - 1) n
  ) g
 WHERE late = $2`

// scaledCalls generates $1 calls in the same time: from those addresses to 20,000 far ends.
const scaledCalls = `
INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, started_at, ended_at, disposition, visibility, flags, received_at, caller_e164, callee_e164, src_ip, dst_ip)
SELECT (t AT TIME ZONE 'UTC')::date, md5('r' || n)::uuid, 'test', md5('c' || n)::uuid, 1, true, 'sip', 'edge-1', t, t + interval '100 s', 'answered', 'full', '{}', t,
       '+9122' || 10000000 + n % 70000, '+9111' || 10000000 + n % 90000, '10.0.0.1', '198.18.0.1'
  FROM generate_series(0, $1::bigint - 1) n, LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '100 d' / $1::bigint AS t) x`

// scaledEndpoints generates the addresses of the calls of some thousandths of the time, from $2 to before $3.
const scaledEndpoints = `
INSERT INTO calltrail.endpoint (day, record_id, call_uid, ip, port, roles, first_at, last_at)
SELECT (t AT TIME ZONE 'UTC')::date, md5('r' || n)::uuid, md5('c' || n)::uuid, e.ip, e.port, ARRAY[e.role], t, t + interval '100 s'
  FROM generate_series($1::bigint * $2 / 1000, $1::bigint * $3 / 1000 - 1) n,
       LATERAL (SELECT timestamptz '2026-01-01Z' + n * interval '100 d' / $1::bigint AS t,
                       CASE WHEN n % 10 < 6 THEN inet '10.0.0.0' + n * 7919 % ($1::bigint / 500)
                            WHEN n % 10 < 9 THEN inet '203.0.113.0' + n % greatest($1::bigint / 10000, 1)
                            ELSE ('2001:db8:' || to_hex(n / 10 / 65536) || ':' || to_hex(n / 10 % 65536) || '::5')::inet END AS near,
                       inet '198.18.0.0' + n * 31 % 20000 AS far) x,
       LATERAL (VALUES (near, (5060 + n % 50000)::int, 'caller_signalling'), (far, 5060, 'callee_signalling'), (near, (5062 + n % 50000)::int, 'media_from_caller'), (far, 30000, 'media_to_callee')) e (ip, port, role)`

// readThrough is how many rows of tables of calls and assignments this transaction's sequential scans have read.
const readThrough = `SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_xact_user_tables
	WHERE schemaname = 'calltrail' AND relname ~ '^(call_record|endpoint|assignment|call_subscriber)(_[0-9]+)?$'`

// Questions and corrections among many assignments and many calls: none reads a table of calls or of assignments from end to
// end, in any of the statements it is made of. CALLTRAIL_SUBSCRIBER_ROWS=1000000 makes as many of each and prints how long all took
// (docs/subscribers.md has the figures); without it there are 5,000.
func TestAmongManyCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes some thousand rows")
	}
	rows := int64(5000)
	s, long := os.LookupEnv("CALLTRAIL_SUBSCRIBER_ROWS")
	if long {
		var err error
		if rows, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rows/200+120)*time.Second)
	defer cancel()
	d := newDatabase(t)
	conn, err := d.pool.Acquire(ctx)
	must(t, err)
	defer conn.Release()
	do := func(what, statement string, args ...any) {
		t.Helper()
		began := time.Now()
		if _, err := conn.Exec(ctx, statement, args...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%s in %v", what, time.Since(began).Round(time.Millisecond))
	}
	// without runs statements while a table has no indexes but its key: to make them behind the rows is several times faster.
	without := func(table string, statements func()) {
		t.Helper()
		rows, err := conn.Query(ctx, `SELECT format('DROP INDEX %s', indexrelid::regclass), replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') FROM pg_index
			 WHERE indrelid = $1::text::regclass AND NOT indisprimary ORDER BY 1`, table)
		must(t, err)
		var drop, again string
		var list []string
		_, err = pgx.ForEachRow(rows, []any{&drop, &again}, func() error {
			list = append(list, drop, again)
			return nil
		})
		must(t, err)
		for n := 0; n < len(list); n += 2 {
			do(list[n], list[n])
		}
		statements()
		for n := 1; n < len(list); n += 2 {
			do(list[n], list[n])
		}
		do("statistics", `ANALYZE `+table)
	}
	do("partitions of a month", `UPDATE calltrail.setting SET partition_days = 28`)
	do("partitions", `SELECT calltrail.ensure_partitions('2026-01-01', '2026-04-30')`)
	without("calltrail.assignment", func() { do("assignments", scaled, rows, false) })
	do("nothing due", `DELETE FROM calltrail.assignment_due`)
	do("no triggers", `ALTER TABLE calltrail.call_record DISABLE TRIGGER USER; ALTER TABLE calltrail.endpoint DISABLE TRIGGER USER`)
	without("calltrail.call_record", func() { do("calls", scaledCalls, rows) })
	without("calltrail.endpoint", func() { do("addresses", scaledEndpoints, rows, 0, 980) })
	do("triggers", `ALTER TABLE calltrail.call_record ENABLE TRIGGER USER; ALTER TABLE calltrail.endpoint ENABLE TRIGGER USER`)
	for part := range 10 {
		do("addresses of a batch of calls, joined", scaledEndpoints, rows, 980+2*part, 982+2*part)
	}
	do("late assignments", scaled, rows, true)

	// looked runs a question and says how long it took, and whether it read a table from end to end.
	looked := func(name, question string, times int, args ...any) (answer int64) {
		t.Helper()
		if !long {
			times = 1
		}
		var took []time.Duration
		for range times {
			err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				// What the server counted for the transactions before is told with this one's as long as it is not written down.
				var before int64
				if err := tx.QueryRow(ctx, readThrough).Scan(&before); err != nil {
					return err
				}
				began := time.Now()
				if err := tx.QueryRow(ctx, question, args...).Scan(&answer); err != nil {
					return err
				}
				took = append(took, time.Since(began))
				var after int64
				if err := tx.QueryRow(ctx, readThrough).Scan(&after); err != nil {
					return err
				}
				if after > before {
					t.Errorf("%s reads %d rows of tables of calls or assignments from end to end", name, after-before)
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		slices.Sort(took)
		t.Logf("%s: %d, half within %v, all within %v", name, answer, took[len(took)/2].Round(10*time.Microsecond), took[len(took)-1].Round(10*time.Microsecond))
		return answer
	}
	positive := func(n int64) {
		t.Helper()
		if n == 0 {
			t.Error("nothing was found: the test proves nothing")
		}
	}
	positive(looked("who_used", `SELECT count(*) FROM calltrail.who_used('10.0.0.7', 5060, '2026-02-03 04:05:06Z')`, 20))
	positive(looked("who_used of a NAT", `SELECT count(*) FROM calltrail.who_used('203.0.113.0', 31000, '2026-02-03 04:05:06Z')`, 20))
	positive(looked("calls_of_subscriber, a hundred days", `SELECT count(*) FROM calltrail.calls_of_subscriber('line-7', '2026-01-01Z', '2026-04-11Z')`, 5))
	positive(looked("calls_of_subscriber, a week", `SELECT count(*) FROM calltrail.calls_of_subscriber('line-7', '2026-02-01Z', '2026-02-08Z')`, 5))
	positive(looked("calls_of_subscriber, a prefix", `SELECT count(*) FROM calltrail.calls_of_subscriber('v6-77', '2026-01-01Z', '2026-04-11Z')`, 5))
	looked("common_far_ends of ten, a hundred days", `SELECT count(*) FROM calltrail.common_far_ends((SELECT array_agg('line-' || n) FROM generate_series(1, 10) n), '2026-01-01Z', '2026-04-11Z')`, 3)
	looked("common_far_ends of ten, a week", `SELECT count(*) FROM calltrail.common_far_ends((SELECT array_agg('line-' || n) FROM generate_series(1, 10) n), '2026-02-01Z', '2026-02-08Z')`, 3)

	var due, added int64
	must(t, conn.QueryRow(ctx, `SELECT count(*) FROM calltrail.assignment_due`).Scan(&due))
	began := time.Now()
	for {
		n := looked("correction of a thousand", `SELECT added FROM calltrail.correct_due(1000)`, 1)
		added += n
		var left int64
		must(t, conn.QueryRow(ctx, `SELECT count(*) FROM calltrail.assignment_due`).Scan(&left))
		if left == 0 {
			break
		}
	}
	t.Logf("%d late assignments: %d addresses of calls joined in %v", due, added, time.Since(began).Round(time.Millisecond))
	positive(added)
	if got := d.ask(`SELECT count(*) FROM calltrail.call_subscriber s JOIN calltrail.assignment a USING (assignment_id) WHERE a.imported_at > (SELECT min(imported_at) FROM calltrail.assignment)`); got != fmt.Sprint(added) {
		t.Errorf("%s rows of late assignments, %d were said to be added", got, added)
	}
}
