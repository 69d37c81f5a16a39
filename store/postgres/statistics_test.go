package postgres

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A partition that was filled a moment ago has no statistics. Questions to the view calls must end then too: for each record
// it has to look its call up, and never read the others of the day.
func TestCallsWithoutStatistics(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	deliver(t, l, chain.calls(1, 1)...)
	const records = 10000
	for _, statement := range []string{
		`ALTER TABLE calltrail.call_record_20260525 SET (autovacuum_enabled = off)`,
		`INSERT INTO calltrail.call_record
		 SELECT p.* FROM (SELECT r FROM calltrail.call_record r LIMIT 1) AS one(r), generate_series(1, 9999) AS n,
		        LATERAL jsonb_populate_record(one.r, jsonb_build_object('call_uid', md5(n::text), 'record_id', lpad(to_hex(n), 32, '0'), 'flags', '{evicted}')) AS p`,
	} {
		if err := db.exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	db.want(`SELECT reltuples FROM pg_class WHERE relname = 'call_record_20260525'`, "-1")
	tx, err := db.pool.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	// A bad plan takes a hundred times as long as a good one: some seconds, and then this says so.
	if _, err := tx.Exec(context.Background(), "SET LOCAL statement_timeout = '30s'"); err != nil {
		t.Fatal(err)
	}
	for condition, want := range map[string]int{
		`'evicted' = ANY (flags)`:                                                      records - 1,
		`'evicted' = ANY (flags) AND day = '2026-05-28'`:                               records - 1,
		`disposition = 'answered' AND day = '2026-05-28'`:                              records,
		`caller_country = 'IN' AND day BETWEEN '2026-05-28' AND '2026-05-29'`:          records,
		`started_at >= '2026-05-28T10:00:00Z' AND started_at < '2026-05-28T11:00:00Z'`: records,
	} {
		query := `SELECT count(*) FROM calltrail.calls WHERE ` + condition
		rows, err := tx.Query(context.Background(), "EXPLAIN "+query)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		var line string
		if _, err := pgx.ForEachRow(rows, []any{&line}, func() error { plan.WriteString(line + "\n"); return nil }); err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`_pkey on call_record_\d+ better|BitmapAnd`).MatchString(plan.String()) {
			t.Errorf("%s\na day's records are read for each record:\n%s", query, plan.String())
			continue
		}
		var got int
		if err := tx.QueryRow(context.Background(), query).Scan(&got); err != nil || got != want {
			t.Fatalf("%s: %d, want %d; %v", query, got, want, err)
		}
	}
}
