package numbering

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"calltrail/store/postgres"
	"calltrail/store/postgres/pgtest"
)

// database is one test's database with the schema, on the real server that deploy/dev/up starts.
type database struct {
	testing.TB
	cfg  postgres.Config
	pool *pgxpool.Pool
}

func newDatabase(tb testing.TB) *database {
	tb.Helper()
	cfg := postgres.Config{Logger: zerolog.Nop()}
	cfg.DSN = pgtest.Database(tb, func(dsn string) error {
		_, err := postgres.Migrate(context.Background(), postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, postgres.Up)
		return err
	})
	pool, err := pgxpool.New(context.Background(), cfg.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return &database{tb, cfg, pool}
}

// whole is a whole table of a kind, a source and a day.
func whole(kind Kind, source, dated string) Options {
	return Options{Kind: kind, Source: source, Dated: dated}
}

// changes is a table of changes.
func changes(kind Kind, source, dated string) Options {
	return Options{Kind: kind, Source: source, Dated: dated, Changes: true}
}

// put imports a file that must be accepted.
func (d *database) put(o Options, text string) Result {
	d.Helper()
	r, err := d.try(o, text)
	if err != nil {
		d.Fatal(err)
	}
	return r
}

func (d *database) try(o Options, text string) (Result, error) {
	return Import(context.Background(), d.cfg, o, File{"f.csv", strings.NewReader(text)})
}

// want compares the rows of a query: columns separated by "|", rows by a line break, NULL is "-".
func (d *database) want(query, answer string, args ...any) {
	d.Helper()
	if got := d.ask(query, args...); got != strings.TrimSpace(answer) {
		d.Errorf("%s %v\n got\n%s\nwant\n%s", query, args, got, strings.TrimSpace(answer))
	}
}

func (d *database) ask(query string, args ...any) string {
	d.Helper()
	var got string
	err := d.pool.QueryRow(context.Background(), `SELECT coalesce(string_agg((
		SELECT string_agg(coalesce(v.value, '-'), '|' ORDER BY v.ordinality) FROM json_each_text(to_json(q)) WITH ORDINALITY v), E'\n'), '')
		FROM (`+query+`) q`, args...).Scan(&got)
	if err != nil {
		d.Fatalf("%s: %v", query, err)
	}
	return got
}

func (d *database) exec(statement string, args ...any) {
	d.Helper()
	if _, err := d.pool.Exec(context.Background(), statement, args...); err != nil {
		d.Fatalf("%s: %v", statement, err)
	}
}
