package postgres

import (
	"context"
	"testing"
)

// The calls of one subscriber are found among all that used the same relay, without statistics too, by reading little: not the
// relay's calls, and not the day's.
func TestAppCallsOfReadsLittle(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	deliver(t, l, chain.body(appCall(0).Append(nil)))
	for _, statement := range []string{
		`ALTER TABLE calltrail.call_record_20260525 SET (autovacuum_enabled = off)`,
		`ALTER TABLE calltrail.endpoint_20260525 SET (autovacuum_enabled = off)`,
		`INSERT INTO calltrail.call_record
		 SELECT p.* FROM (SELECT r FROM calltrail.call_record r LIMIT 1) AS one(r), generate_series(1, 9999) AS n,
		        LATERAL jsonb_populate_record(one.r, jsonb_build_object('call_uid', md5(n::text), 'record_id', lpad(to_hex(n), 32, '0'), 'app_client_ip', '10.10.0.0'::inet + n)) AS p`,
		`INSERT INTO calltrail.endpoint
		 SELECT p.* FROM calltrail.endpoint e, generate_series(1, 9999) AS n,
		        LATERAL jsonb_populate_record(e, jsonb_build_object('call_uid', md5(n::text), 'record_id', lpad(to_hex(n), 32, '0'),
		            'ip', CASE WHEN 'app_client' = ANY (e.roles) THEN '10.10.0.0'::inet + n ELSE e.ip END)) AS p`,
	} {
		if err := db.exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	const hour = `, '2026-05-28T10:00:00Z', '2026-05-28T11:00:00Z')`
	db.want(`SELECT app_client_ip, app_relay_ip FROM calltrail.app_calls_of('10.10.1.1'`+hour, "10.10.1.1|198.51.100.3")
	db.want(`SELECT count(*) FROM calltrail.app_calls_of('198.51.100.3'`+hour, "10000")
	// What a connection reads of the catalogue when it plans for the first time is counted, too: the least of some runs is the plan's.
	once := func(query string) int64 {
		t.Helper()
		var plans []struct {
			Plan struct {
				Hit  int64 `json:"Shared Hit Blocks"`
				Read int64 `json:"Shared Read Blocks"`
			}
		}
		if err := db.pool.QueryRow(context.Background(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+query).Scan(&plans); err != nil {
			t.Fatal(err)
		}
		return plans[0].Plan.Hit + plans[0].Plan.Read
	}
	read := func(query string) int64 { return min(once(query), once(query), once(query)) }
	all := read(`SELECT count(*) FROM calltrail.call_record`)
	if one := read(`SELECT * FROM calltrail.app_calls_of('10.10.1.1'` + hour); one == 0 || one > all/4 {
		t.Errorf("one call of 10,000 is found by reading %d blocks; all of them are %d", one, all)
	}
}
