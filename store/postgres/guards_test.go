package postgres

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		config func(t *testing.T) Config
		want   string
	}{
		{
			"nothing listens", func(*testing.T) Config {
				return Config{DSN: "postgres://calltrail@127.0.0.1:9/calltrail?sslmode=disable"}
			},
			"postgres: connect to 127.0.0.1:9: connection refused: is the server running? (postgres.dsn)",
		},
		{"no DSN", func(*testing.T) Config { return Config{} }, "postgres: no database is named: set postgres.dsn"},
		{
			"no schema", func(t *testing.T) Config { return Config{DSN: emptyDatabase(t)} },
			"postgres: the database has no calltrail schema: run calltrail migrate up",
		},
		{
			"no database", func(t *testing.T) Config {
				return Config{DSN: strings.Replace(serverDSN(t), "/calltrail?", "/not_there?", 1)}
			},
			`database "not_there" does not exist (SQLSTATE 3D000): create it, or name another (postgres.dsn): createdb not_there`,
		},
		{"forgetful server", func(t *testing.T) Config {
			c := migrated(t)
			c.DSN += "&synchronous_commit=off"
			return c
		}, "postgres: the server may lose what it says is stored: fsync is on, synchronous_commit is off"},
		{"password from a missing file", func(t *testing.T) Config { return Config{DSN: serverDSN(t), PasswordFile: "/nonexistent"} }, "check postgres.password_file"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := Open(context.Background(), c.config(t))
			if err == nil {
				l.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("\n got %s\nwant %s, on one line", err, c.want)
			}
		})
	}
	c := migrated(t)
	c.DSN += "&synchronous_commit=off"
	c.AllowUnsafeServer = true
	open(t, c)
}

func TestAppendOnly(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	bad := chain.body([]byte("no record"))
	deliver(t, l, append(chain.calls(1, 2), bad)...)
	for _, statement := range []string{
		`UPDATE calltrail.call_record SET caller_raw = 'x'`,
		`DELETE FROM calltrail.call_record`,
		`DELETE FROM calltrail.call_record_20260525`,
		`UPDATE calltrail.call_record_20260525 SET caller_raw = 'x'`,
		`TRUNCATE calltrail.call_record_20260525`,
		`TRUNCATE calltrail.call_record`,
		`UPDATE calltrail.record_body SET body = ''`,
		`DELETE FROM calltrail.record_body`,
		`TRUNCATE calltrail.record_body_20260525`,
		`UPDATE calltrail.endpoint SET port = 1`,
		`DELETE FROM calltrail.endpoint`,
		`UPDATE calltrail.entry SET leaf = hash`,
		`DELETE FROM calltrail.entry`,
		`TRUNCATE calltrail.entry`,
		`DELETE FROM calltrail.quarantine`,
		`DELETE FROM calltrail.ledger`,
		`UPDATE calltrail.ledger SET head_seq = 1`,
		`UPDATE calltrail.ledger SET received = '{[1,2)}'`,
		`UPDATE calltrail.ledger SET genesis = head_hash`,
	} {
		err := db.exec(statement)
		if err == nil || (!strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "only grows")) {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
	db.want(`SELECT count(*) FROM calltrail.call_record`, "2")
}

// One look-up for an address, and one partition for a time: what the indexes and constraints are for.
func TestPlans(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	deliver(t, l, chain.calls(1, 5)...)
	plan := func(query string) string {
		t.Helper()
		var text strings.Builder
		tx, err := db.pool.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }()
		// The tables are small here: what is asked is whether the indexes can answer.
		if _, err := tx.Exec(context.Background(), "SET LOCAL enable_seqscan = off"); err != nil {
			t.Fatal(err)
		}
		rows, err := tx.Query(context.Background(), "EXPLAIN "+query)
		if err != nil {
			t.Fatal(err)
		}
		var line string
		if _, err := pgx.ForEachRow(rows, []any{&line}, func() error { text.WriteString(line + "\n"); return nil }); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	byTime := plan(`SELECT * FROM calltrail.call_record WHERE started_at >= '2026-05-28T00:00:00Z' AND started_at < '2026-05-29T00:00:00Z'`)
	if n := len(regexp.MustCompile(`on call_record_\d+ `).FindAllString(byTime, -1)); n != 1 {
		t.Errorf("a day's records are looked for in %d partitions:\n%s", n, byTime)
	}
	if err := db.exec(`SELECT calltrail.ensure_partitions('2025-01-01', '2025-12-31')`); err != nil {
		t.Fatal(err)
	}
	newest := plan(`SELECT count(*) FROM calltrail.calls WHERE day BETWEEN '2026-05-25' AND '2026-05-31'`)
	if n := len(regexp.MustCompile(`on call_record_\d+ better`).FindAllString(newest, -1)); n != 1 {
		t.Errorf("better revisions of a week's calls are looked for in %d partitions:\n%s", n, newest)
	}
	use := plan(`SELECT * FROM calltrail.endpoint_20260525 WHERE ip = '203.0.113.3' AND port = 40000 AND first_at <= '2026-05-28T10:00:30Z' AND last_at >= '2026-05-28T10:00:30Z'`)
	if !strings.Contains(use, "ip_port_first_at_last_at") {
		t.Errorf("an address is not looked up by its index:\n%s", use)
	}
}
