package scale

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// planted is what the patterns are to find on 25 November 2025, whatever the number of calls: sixty numbers, one after the other, that
// ring one victim from one address within five minutes, unanswered; and one number that calls sixty parties for three seconds each, as
// if from four countries.
const planted = `
INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, tap, started_at, ended_at, duration_ms, disposition, visibility, flags, received_at,
       caller_user, caller_host, caller_e164, caller_country, callee_user, callee_host, callee_e164, sip_call_id, src_ip, src_port, src_location_country, dst_ip, dst_port)
SELECT '2025-11-25', md5('rp' || n)::uuid, 'calltrail.call.v1', md5('cp' || n)::uuid, 1, true, 'sip', 'edge-1', 'north', t, t + interval '3 s', CASE WHEN many THEN 0 ELSE 3000 END,
       CASE WHEN many THEN 'no_answer' ELSE 'answered' END, 'full', '{}', t + interval '4 s', caller, 'sip.example', caller, 'IN', callee, 'sip.example', callee, md5('ip' || n) || '@sip.example',
       CASE WHEN many THEN inet '203.0.113.66' ELSE inet '203.0.113.67' END, 5060, (ARRAY['IN', 'GB', 'NG', 'AE'])[n % 4 + 1], '198.18.0.1', 5060
  FROM (SELECT n, n < 60 AS many, timestamptz '2025-11-25T10:00:00Z' + n * interval '5 s' AS t,
               CASE WHEN n < 60 THEN '+91334400' || lpad(n::text, 4, '0') ELSE '+913355000001' END AS caller, CASE WHEN n < 60 THEN '+911120599999' ELSE '+91336600' || lpad((n * 7)::text, 4, '0') END AS callee
          FROM generate_series(0, 119) n) x`

// minutes are the coverage of four taps over thirty-one days around that one, a minute in a hundred lossy.
const minutes = `
INSERT INTO calltrail.coverage (day, record_id, schema, kind, sensor, tap, minute, from_at, to_at, state, down_ms, reopened, packets, octets, duplicates, kernel_drops, ring_freezes, nic_missed,
       softnet_dropped, unseen_tcp_octets, unseen_one_sided_calls, unseen_rtp_packets, flows, one_way_flows, records_first, records_last, head_epoch, head_seq, head_hash, head_key_id, head_signature, received_at)
SELECT (m AT TIME ZONE 'UTC')::date, md5(m::text || s)::uuid, 'calltrail.coverage.v1', 'coverage', 'edge-' || s, 'north', m, m, m + interval '1 min', CASE WHEN lost > 0 THEN 'lossy' ELSE 'complete' END,
       0, 0, 100000, 20000000, 0, lost, 0, 0, 0, 0, 0, 0, 500, 0, 0, 0, 0, 0, '', '', '', m + interval '61 s'
  FROM generate_series(timestamptz '2025-11-10Z', '2025-12-10T23:59:00Z', '1 min') m, generate_series(0, 3) s,
       LATERAL (SELECT CASE WHEN (extract(epoch FROM m)::bigint / 60 + s) % 100 = 0 THEN 250 ELSE 0 END AS lost) l`

const taps = `INSERT INTO calltrail.tap (sensor, tap, first_minute, last_minute) SELECT 'edge-' || s, 'north', '2025-11-10Z', '2025-12-10T23:59:00Z' FROM generate_series(0, 3) s`

// plant adds them, so that no question is measured by a search that finds nothing.
func plant(ctx context.Context, t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for _, statement := range []string{planted, minutes, taps} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%.80q: %v", statement, err)
		}
	}
}
