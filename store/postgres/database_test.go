package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rs/zerolog"

	"calltrail/store/postgres/pgtest"
)

// serverDSN is the real server the tests run on; deploy/dev/up starts one and names it in .dev/env.
func serverDSN(tb testing.TB) string {
	tb.Helper()
	dsn := os.Getenv("CALLTRAIL_POSTGRES_DSN")
	if dsn == "" {
		const why = "CALLTRAIL_POSTGRES_DSN is not set: run deploy/dev/up and source .dev/env"
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	return dsn
}

// emptyDatabase makes a database for one test and returns its DSN; it is dropped with the test.
func emptyDatabase(tb testing.TB) string {
	tb.Helper()
	server := serverDSN(tb)
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
	return u.String()
}

// migrated makes a database with the schema.
func migrated(tb testing.TB) Config {
	tb.Helper()
	return Config{DSN: pgtest.Database(tb, migrateUp), Logger: zerolog.Nop()}
}

func migrateUp(dsn string) error {
	_, err := Migrate(context.Background(), Config{DSN: dsn, Logger: zerolog.Nop()}, Up)
	return err
}

// downTo takes migrations back until version is the last that is applied.
func downTo(tb testing.TB, c Config, version int64) {
	tb.Helper()
	for {
		list, err := Migrate(context.Background(), c, Status)
		if err != nil {
			tb.Fatal(err)
		}
		if !slices.ContainsFunc(list, func(m Migration) bool { return m.Applied && m.Version > version }) {
			return
		}
		if _, err := Migrate(context.Background(), c, Down); err != nil {
			tb.Fatal(err)
		}
	}
}

// opened makes a database and a loader on it.
func opened(tb testing.TB) (*Loader, *asker) {
	tb.Helper()
	c := migrated(tb)
	return open(tb, c), ask(tb, c)
}

func open(tb testing.TB, c Config) *Loader {
	tb.Helper()
	l, err := Open(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(l.Close)
	return l
}

// asker asks a database what is in it.
type asker struct {
	tb   testing.TB
	pool *pgxpool.Pool
}

func ask(tb testing.TB, c Config) *asker {
	tb.Helper()
	pool, err := pgxpool.New(context.Background(), c.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return &asker{tb, pool}
}

// want compares the answer of a query, cast to text, rows separated by "; " and columns by "|".
func (a *asker) want(query, answer string, args ...any) {
	a.tb.Helper()
	var got string
	err := a.pool.QueryRow(context.Background(),
		`SELECT coalesce(string_agg(regexp_replace(trim('()' from q::text), ',', '|', 'g'), '; '), '') FROM (`+query+`) AS q`, args...).Scan(&got)
	if err != nil {
		a.tb.Fatalf("%s: %v", query, err)
	}
	if got != answer {
		a.tb.Errorf("%s\n got %q\nwant %q", query, got, answer)
	}
}

// exec runs a statement and returns its error.
func (a *asker) exec(statement string) error {
	_, err := a.pool.Exec(context.Background(), statement)
	return err
}
