package subscriber

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"calltrail/store/postgres"
)

// database is one test's database with the schema, on the real server that deploy/dev/up starts.
type database struct {
	testing.TB
	cfg  postgres.Config
	pool *pgxpool.Pool
}

func newDatabase(tb testing.TB) *database {
	tb.Helper()
	server := os.Getenv("CALLTRAIL_POSTGRES_DSN")
	if server == "" {
		const why = "CALLTRAIL_POSTGRES_DSN is not set: run deploy/dev/up and source .dev/env"
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	admin, err := pgx.Connect(context.Background(), server)
	if err != nil {
		tb.Fatal(err)
	}
	name := fmt.Sprintf("calltrail_test_%016x", rand.Uint64())
	if _, err := admin.Exec(context.Background(), "CREATE DATABASE "+name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
		_ = admin.Close(context.Background())
	})
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal(err)
	}
	u.Path = "/" + name
	cfg := postgres.Config{DSN: u.String(), Logger: zerolog.Nop()}
	if _, err := postgres.Migrate(context.Background(), cfg, postgres.Up); err != nil {
		tb.Fatal(err)
	}
	pool, err := pgxpool.New(context.Background(), cfg.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return &database{tb, cfg, pool}
}

// put imports a file that must be accepted.
func (d *database) put(format Format, text string) Result {
	d.Helper()
	r, err := d.try(format, text)
	if err != nil {
		d.Fatal(err)
	}
	return r
}

func (d *database) try(format Format, text string) (Result, error) {
	d.Helper()
	list, err := Import(context.Background(), d.cfg, Options{Format: format}, []File{{string(format) + ".csv", strings.NewReader(text)}})
	if err != nil {
		return Result{}, err
	}
	return list[0], nil
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
