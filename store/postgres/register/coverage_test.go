package register

import (
	"strings"
	"testing"
)

// An answer about years says what was seen as well as one about an hour, without going through every minute of them.
func TestCoverageOfLongWindows(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do(s.owner, `SELECT calltrail.ensure_partitions('2026-05-18', '2026-05-31')`)
	s.do(s.owner, `SET session_replication_role = replica`)
	s.do(s.owner, `INSERT INTO calltrail.tap VALUES ('edge-1', 'eth1', '2025-01-01Z', '2026-05-31Z')`)
	s.do(s.owner, `INSERT INTO calltrail.coverage (day, record_id, schema, kind, sensor, tap, minute, from_at, to_at, state, down_ms, reopened, packets, octets, duplicates, kernel_drops, ring_freezes,
		nic_missed, softnet_dropped, unseen_tcp_octets, unseen_one_sided_calls, unseen_rtp_packets, flows, one_way_flows, records_first, records_last, head_epoch, head_seq, head_hash, head_key_id, head_signature, observer_version, received_at)
		SELECT m::date, gen_random_uuid(), 's', 'coverage', 'edge-1', 'eth1', m, m, m + interval '1 minute', CASE WHEN extract(minute FROM m) = 7 THEN 'lossy' ELSE 'complete' END, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, repeat('0', 64), 'k', 's', 't', m
		  FROM generate_series(timestamptz '2026-05-20Z', '2026-05-20 09:59Z', '1 minute') m`)
	for query, want := range map[string]string{
		`SELECT calltrail.coverage_statement('2024-06-01Z', '2026-05-21Z')`:             "edge-1 eth1: 590 of 727200 minutes complete, from 2025-01-01 00:00 UTC on. Which minutes were not, coverage_of_window says of a shorter time; no record is not no call",
		`SELECT calltrail.coverage_statement('2024-06-01Z', '2024-12-01Z')`:             "edge-1 eth1: not there yet. Which minutes were not, coverage_of_window says of a shorter time; no record is not no call",
		`SELECT calltrail.coverage_statement('2026-05-20 01:00Z', '2026-05-20 01:05Z')`: "2026-05-20 01:00 to 2026-05-20 01:05 UTC: 1 tap, 5 of 5 minutes complete",
	} {
		if got := strings.Trim(s.text(query), `"`); got != want {
			t.Errorf("%s\n got %q\nwant %q", query, got, want)
		}
	}
}
