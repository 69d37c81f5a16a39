package subscriber

import (
	"context"
	"fmt"
	"math/rand/v2"
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

// allow gives a role a right, and the policy that `calltrail access init` gives with it; who may ask a view must be allowed to
// read what it is of.
func (d *database) allow(role, right string) {
	d.Helper()
	d.exec("GRANT " + right + " TO " + role)
	_, object, _ := strings.Cut(right, " ON ")
	tables := []string{object}
	switch object {
	case "calltrail.assignments":
		tables = []string{"calltrail.assignment"}
	case "calltrail.call_subscribers":
		tables = []string{"calltrail.call_subscriber", "calltrail.assignment"}
	}
	for _, table := range tables {
		if table != object {
			d.exec("GRANT SELECT ON " + table + " TO " + role)
		}
		if !strings.HasPrefix(object, "FUNCTION") {
			d.exec(fmt.Sprintf("CREATE POLICY %q ON %s TO %s USING (true) WITH CHECK (true)", fmt.Sprintf("test_%016x", rand.Uint64()), table, role))
		}
	}
}
