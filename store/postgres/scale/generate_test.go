package scale

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// weeks is how many the records lie in. They begin on Monday, 25 November 2024, so that weeks are whole partitions.
const weeks = 104

// calls makes the records of some weeks. $1: how many calls two years have; $2, $3: the first week, and the one behind the last. Numbers and addresses are skewed: a few of
// two million lines make most calls. One call of twenty has an interim revision before its last.
const calls = `
INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, tap, started_at, ended_at, duration_ms, disposition, visibility, flags, received_at,
       caller_user, caller_host, caller_e164, caller_country, callee_user, callee_host, callee_e164, sip_call_id, sip_user_agent, src_ip, src_port, dst_ip, dst_port, src_as_number, dst_as_number,
       direction, redirects, sip_instance_id, indicators, src_location_latitude, src_location_longitude, src_location_accuracy_km, src_location_of, app_name, app_client_ip, app_relay_ip)
SELECT (t AT TIME ZONE 'UTC')::date, md5('r' || n || v)::uuid, 'calltrail.call.v1', md5('c' || n)::uuid, v, v = last, CASE WHEN app THEN 'app' ELSE 'sip' END, 'edge-' || n % 4, 'north', t,
       CASE WHEN v = last THEN t + n % 600 * interval '1 s' END, CASE WHEN v = last THEN n % 600 * 1000 END,
       CASE WHEN v < last THEN 'in_progress' WHEN n % 10 < 6 THEN 'answered' WHEN n % 10 < 8 THEN 'no_answer' ELSE 'failed' END, 'full', '{}', t + interval '1 s',
       CASE WHEN NOT app THEN caller END, CASE WHEN NOT app THEN 'sip.example' END, CASE WHEN NOT app THEN caller END, CASE WHEN NOT app THEN 'IN' END,
       CASE WHEN NOT app THEN callee END, CASE WHEN NOT app THEN 'sip.example' END, CASE WHEN NOT app THEN callee END,
       CASE WHEN NOT app THEN md5('i' || n) || '@sip.example' END, CASE WHEN NOT app THEN 'Phone/' || n % 40 END, src, 5060 + n % 1000, dst, 5060,
       CASE WHEN kind = 5 THEN 64512 ELSE 64513 + (h & 255) END, 64800 + n % 50, CASE WHEN n % 3 = 0 THEN 'inbound' ELSE 'outbound' END,
       CASE WHEN kind = 3 THEN '[{"user": "+911204100001", "e164": "+911204100001", "reason": "unconditional"}]'::jsonb WHEN n % 97 = 0 THEN jsonb_build_array(jsonb_build_object('user', callee, 'e164', callee)) END,
       CASE WHEN kind = 4 THEN 'urn:uuid:00000000-0000-4000-8000-000000000007' WHEN NOT app AND n % 3 = 0 THEN 'urn:uuid:' || md5('d' || (h & 1048575))::uuid END,
       CASE WHEN kind = 7 AND NOT app THEN '[{"rule": "foreign_source_home_number"}]'::jsonb WHEN n % 31 = 0 THEN '[{"rule": "short_call"}]'::jsonb END,
       CASE WHEN kind = 6 THEN 28.57 WHEN n % 10 = 1 THEN 8 + (h & 1023) / 100.0 END, CASE WHEN kind = 6 THEN 77.32 WHEN n % 10 = 1 THEN 73 + (h >> 10 & 1023) / 150.0 END,
       CASE WHEN kind = 6 OR n % 10 = 1 THEN 2 END, CASE WHEN kind = 6 OR n % 10 = 1 THEN 'endpoint' END,
       CASE WHEN app THEN 'whatsapp' END, CASE WHEN app THEN src END, CASE WHEN app THEN dst END
  FROM pg_temp.made($1::bigint, $2::bigint, $3::bigint), generate_series(1, last) v`

// addresses makes the addresses of those records: both ends of the signalling, and the caller's media.
const addresses = `
INSERT INTO calltrail.endpoint (day, record_id, call_uid, ip, port, roles, first_at, last_at)
SELECT (t AT TIME ZONE 'UTC')::date, md5('r' || n || v)::uuid, md5('c' || n)::uuid, e.ip, e.port, ARRAY[e.role], t, t + interval '100 s'
  FROM pg_temp.made($1::bigint, $2::bigint, $3::bigint), generate_series(1, last) v,
       LATERAL (VALUES (src, (5060 + n % 1000)::int, CASE WHEN app THEN 'app_client' ELSE 'caller_signalling' END), (dst, 5060, CASE WHEN app THEN 'app_relay' ELSE 'callee_signalling' END),
                       (CASE WHEN app THEN NULL ELSE src END, (20000 + n % 20000 * 2)::int, 'media_from_caller')) e (ip, port, role)
 WHERE e.ip IS NOT NULL`

// made is what calls and addresses are both made of: the calls of some weeks, with all that is drawn for them. Four hundred calls are
// about the few numbers, addresses and devices that are asked for, whatever the number of calls, an eighth of them (kind) about each:
// what a question returns is the same among a million calls and among ten, so what it reads must be, too.
const made = `
CREATE FUNCTION pg_temp.made(total bigint, week bigint, until bigint) RETURNS TABLE (n bigint, t timestamptz, h bigint, kind bigint, app boolean, last integer, caller text, callee text, src inet, dst inet)
    LANGUAGE sql STABLE AS $$
SELECT n, timestamptz '2024-11-25Z' + n * (728 * interval '1 day' / total), h, kind, CASE WHEN kind IS NULL THEN n % 50 = 3 ELSE kind = 7 AND i % 16 = 7 END AS app, CASE WHEN n % 20 = 0 THEN 2 ELSE 1 END,
       CASE kind WHEN 0 THEN '+911204100001' WHEN 1 THEN '+9111205000' || lpad((i / 8 % 5)::text, 2, '0') WHEN 2 THEN '+911204100002' ELSE '+9122' || 10000000 + (2000000 * power((h & 1048575) / 1048576.0::float8, 3))::bigint END,
       CASE kind WHEN 1 THEN '+911204100001' WHEN 0 THEN '+9111205000' || lpad((i / 8 % 5)::text, 2, '0') WHEN 2 THEN '+9111205000' || lpad((i / 8 % 5)::text, 2, '0')
                 ELSE '+9111' || 30000000 + (2000000 * power((h >> 20 & 1048575) / 1048576.0::float8, 3))::bigint END,
       CASE WHEN kind = 0 OR kind = 2 AND i % 16 = 2 THEN inet '203.0.113.7' WHEN kind = 7 AND i % 16 = 7 THEN inet '203.0.113.9' ELSE inet '10.0.0.0' + (1000000 * power((h >> 40 & 1048575) / 1048576.0::float8, 2))::bigint END,
       CASE WHEN kind IN (0, 7) THEN inet '198.18.16.0' + i / 8 % 4 ELSE inet '198.18.0.0' + (h & 4095) END
  FROM (SELECT n, hashint8extended(n, 7) AS h, CASE WHEN n % (total / 400) = 0 THEN n / (total / 400) % 8 END AS kind, n / (total / 400) AS i
          FROM generate_series((week * total + 103) / 104, (until * total + 103) / 104 - 1) n) x
$$`

// generate fills a database with so many calls over two years. The indexes are made behind the rows, which is several times faster;
// nothing is left out that a store would have done but the comparison with watchlists and assignments, of which there are none yet.
func generate(ctx context.Context, tb testing.TB, dsn string, rows int64) {
	tb.Helper()
	began := time.Now()
	conn := connect(ctx, tb, dsn)
	do := func(statement string, args ...any) {
		tb.Helper()
		if _, err := conn.Exec(ctx, statement, args...); err != nil {
			tb.Fatalf("%.80q: %v", statement, err)
		}
	}
	step := int64(weeks) // how many weeks one statement makes
	if rows > 100_000 {
		step = 13
	}
	if rows < 100_000 {
		do(`UPDATE calltrail.setting SET partition_days = 28`)
	}
	do(`SELECT calltrail.ensure_partitions('2024-11-25', '2026-11-22')`)
	do(`ALTER TABLE calltrail.call_record DISABLE TRIGGER USER; ALTER TABLE calltrail.endpoint DISABLE TRIGGER USER`)
	found, err := conn.Query(ctx, `SELECT format('DROP INDEX %s', indexrelid::regclass), replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') FROM pg_index
		 WHERE indrelid IN ('calltrail.call_record'::regclass, 'calltrail.endpoint'::regclass) AND NOT indisprimary ORDER BY 1`)
	must(tb, err)
	var drop, again string
	var drops, indexes []string
	_, err = pgx.ForEachRow(found, []any{&drop, &again}, func() error {
		drops, indexes = append(drops, drop), append(indexes, again)
		return nil
	})
	must(tb, err)
	for _, statement := range drops {
		do(statement)
	}
	var list []job
	for week := int64(0); week < weeks; week += step {
		list = append(list, job{calls, []any{rows, week, week + step}}, job{addresses, []any{rows, week, week + step}})
	}
	work(ctx, tb, dsn, 2, list)
	tb.Logf("%d calls: rows in %v", rows, time.Since(began).Round(time.Second))
	list = nil
	for _, statement := range indexes {
		list = append(list, job{statement, nil})
	}
	work(ctx, tb, dsn, 1, list) // two would choose the same name for the indexes of a partition
	do(`ALTER TABLE calltrail.call_record ENABLE TRIGGER USER; ALTER TABLE calltrail.endpoint ENABLE TRIGGER USER`)
	do(`INSERT INTO calltrail.registration (day, record_id, schema, kind, sensor, event, at, status, call_id, aor_user, received_at)
		SELECT (t AT TIME ZONE 'UTC')::date, md5('g' || n)::uuid, 'calltrail.registration.v1', 'registration', 'edge-0', 'registered', t, 200, md5('g' || n), '+9122' || 10000000 + n % 5000, t
		  FROM generate_series(0, $1::bigint / 50 - 1) n, LATERAL (SELECT timestamptz '2024-11-25Z' + n * (728 * interval '1 day' / ($1::bigint / 50)) AS t) x`, rows)
	tb.Logf("%d calls: with their indexes in %v", rows, time.Since(began).Round(time.Second))
}

// job is one statement of many that may run at once.
type job struct {
	statement string
	args      []any
}

// work runs jobs on some connections.
func work(ctx context.Context, tb testing.TB, dsn string, connections int, list []job) {
	tb.Helper()
	queue := make(chan job, len(list))
	for _, j := range list {
		queue <- j
	}
	close(queue)
	g, ctx := errgroup.WithContext(ctx)
	for range connections {
		conn := connect(ctx, tb, dsn)
		g.Go(func() error {
			for j := range queue {
				if _, err := conn.Exec(ctx, j.statement, j.args...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(tb, g.Wait())
}

// connect opens a session that has what the statements above need; it is closed with the test.
func connect(ctx context.Context, tb testing.TB, dsn string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(ctx, dsn)
	must(tb, err)
	tb.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, statement := range []string{`SET maintenance_work_mem = '256MB'`, `SET synchronous_commit = off`, `SET jit = off`, `SET search_path = pg_catalog, pg_temp`, made} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			tb.Fatalf("%.80q: %v", statement, err)
		}
	}
	return conn
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
