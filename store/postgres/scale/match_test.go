package scale

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres/watchlist"
)

// assign gives addresses to subscribers: two that are asked for, and fifty thousand others. Only those two's calls are joined.
func assign(ctx context.Context, t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO calltrail.assignment (assignment_id, lineage, address, during, start_seen, last_seen_at, subscriber, source)
		 SELECT md5('a' || n)::uuid, md5('a' || n)::uuid, '10.64.0.0'::inet + n, tstzrange('2024-11-25Z', NULL), true, '2026-11-22Z', 'line-' || 100 + n, 'manual' FROM generate_series(1, 50000) n`,
		`DELETE FROM calltrail.assignment_due`,
		`INSERT INTO calltrail.assignment (assignment_id, lineage, address, during, start_seen, last_seen_at, subscriber, source)
		 SELECT md5('line-' || n)::uuid, md5('line-' || n)::uuid, inet '203.0.113.0' + n, tstzrange('2024-11-25Z', NULL), true, '2026-11-22Z', 'line-' || n, 'manual' FROM unnest(ARRAY[7, 9]) n`,
		`SELECT * FROM calltrail.correct_due(1000)`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%.80q: %v", statement, err)
		}
	}
}

// matchNeedles finds the numbers that are asked for, for the questions about hits.
func matchNeedles(ctx context.Context, t *testing.T, conn *pgx.Conn) {
	t.Helper()
	if search(ctx, t, conn, "needle", watchlist.Number, "FIR 1/2026", "+911204100001") == 0 || search(ctx, t, conn, "other", watchlist.Number, "FIR 2/2026", "+911120500000", "+911204100002") == 0 {
		t.Error("numbers that called were not found")
	}
}

// matchLists measures the search for long lists in what is stored: of what is looked up by an index, and of SIP URIs, for which every
// record is read once.
func matchLists(ctx context.Context, t *testing.T, conn *pgx.Conn) {
	t.Helper()
	search(ctx, t, conn, "numbers", watchlist.Number, "", many("+9122%d", 10100000, 1000)...)
	search(ctx, t, conn, "addresses", watchlist.Address, "", many("10.9.8.%d", 0, 250)...)
	search(ctx, t, conn, "uris", watchlist.SIPURI, "", many("+9122%d@sip.example", 10200000, 1000)...)
	search(ctx, t, conn, "blocks", watchlist.NumberPrefix, "", many("+9122119%d", 10, 10)...)
}

func many(form string, first, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(form, first+i))
	}
	return list
}

// search makes a list, looks for it in everything that is stored, and returns how often it was found.
func search(ctx context.Context, t *testing.T, conn *pgx.Conn, list string, kind watchlist.Kind, of string, values ...string) int64 {
	t.Helper()
	var entries []watchlist.Entry
	for _, v := range values {
		entries = append(entries, watchlist.Entry{List: list, Kind: kind, Value: v, Source: "police", Reason: "hoax calls", Case: of})
	}
	_, err := watchlist.Add(ctx, conn, entries, "tester")
	must(t, err)
	began, spans := time.Now(), 0
	done, err := watchlist.Match(ctx, conn, watchlist.Scope{List: list}, "tester", func(watchlist.Job) { spans++ })
	must(t, err)
	t.Logf("search for %d of %s (%s): %d found in %d spans in %v", len(entries), list, kind, done.Hits, spans, time.Since(began).Round(time.Millisecond))
	var rows int64
	began = time.Now()
	must(t, conn.QueryRow(ctx, `SELECT count(*) FROM calltrail.scam_scale($1)`, list).Scan(&rows))
	t.Logf("scam_scale of %s: %d rows in %v", list, rows, time.Since(began).Round(time.Millisecond))
	return done.Hits
}
