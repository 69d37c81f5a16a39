package numbering

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"sync"
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

// schema is a database that has nothing but the schema: the others are copies of it, which is some ten times as fast as
// migrating each.
var schema struct {
	sync.Once
	name string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if schema.name != "" {
		if err := onServer("DROP DATABASE " + schema.name + " WITH (FORCE)"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func onServer(statement string) error {
	conn, err := pgx.Connect(context.Background(), os.Getenv("CALLTRAIL_POSTGRES_DSN"))
	if err != nil {
		return err
	}
	_, err = conn.Exec(context.Background(), statement)
	return errors.Join(err, conn.Close(context.Background()))
}

// fresh makes up the name of a new database, and the configuration for it.
func fresh() (string, postgres.Config, error) {
	name := fmt.Sprintf("calltrail_test_%016x", rand.Uint64())
	u, err := url.Parse(os.Getenv("CALLTRAIL_POSTGRES_DSN"))
	if err != nil {
		return "", postgres.Config{}, err
	}
	u.Path = "/" + name
	return name, postgres.Config{DSN: u.String(), Logger: zerolog.Nop()}, nil
}

func newDatabase(tb testing.TB) *database {
	tb.Helper()
	if os.Getenv("CALLTRAIL_POSTGRES_DSN") == "" {
		const why = "CALLTRAIL_POSTGRES_DSN is not set: run deploy/dev/up and source .dev/env"
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	schema.Do(func() {
		name, c, err := fresh()
		if err == nil {
			err = onServer("CREATE DATABASE " + name)
		}
		if schema.err = err; err == nil {
			schema.name = name
			_, schema.err = postgres.Migrate(context.Background(), c, postgres.Up)
		}
	})
	if schema.err != nil {
		tb.Fatal(schema.err)
	}
	name, cfg, err := fresh()
	if err == nil {
		err = onServer("CREATE DATABASE " + name + " TEMPLATE " + schema.name)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := onServer("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	pool, err := pgxpool.New(context.Background(), cfg.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return &database{tb, cfg, pool}
}

// table is a whole table of a kind, a source and a day.
func table(kind Kind, source, dated string) Options {
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
