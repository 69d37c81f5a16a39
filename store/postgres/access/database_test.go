package access

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"calltrail/store/postgres"
	"calltrail/store/postgres/pgtest"
)

const password = "a password of tests"

// database is one test's database with the schema, on the real server that deploy/dev/up starts, or on one of its own.
type database struct {
	*testing.T
	cfg  postgres.Config
	conn *postgres.Conn // of a superuser, or of the owner
	own  bool           // on a server that goes with the test
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	return onDatabase(t, pgtest.Database(t, migrate))
}

func migrate(dsn string) error {
	_, err := postgres.Migrate(context.Background(), postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, postgres.Up)
	return err
}

func onDatabase(t *testing.T, dsn string) *database {
	t.Helper()
	d := &database{T: t, cfg: postgres.Config{DSN: dsn, Logger: zerolog.Nop()}}
	d.conn = d.as(dsn)
	return d
}

// as connects.
func (d *database) as(dsn string) *postgres.Conn {
	d.Helper()
	c := d.cfg
	c.DSN = dsn
	conn, err := postgres.Connect(d.Context(), c)
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// dsn is the database's with another account of the test.
func (d *database) dsn(account string) string {
	d.Helper()
	u, err := url.Parse(d.cfg.DSN)
	if err != nil {
		d.Fatal("the DSN is no URL") // the error would show the password
	}
	u.User = url.UserPassword(account, password)
	return u.String()
}

// setUp is what `calltrail access init` does.
func (d *database) setUp() Report {
	d.Helper()
	r, err := Init(d.Context(), d.conn, Options{})
	if err != nil {
		d.Fatal(err)
	}
	d.dropRole(login(d.Context(), d.conn))
	return r
}

// dropRole takes a role off the server with the test.
func (d *database) dropRole(name string) {
	if d.own {
		return
	}
	d.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), d.cfg.DSN)
		if err != nil {
			d.Error(err)
			return
		}
		defer func() { _ = conn.Close(context.Background()) }()
		for _, statement := range []string{"DROP OWNED BY " + ident(name), "DROP ROLE " + ident(name)} {
			if _, err := conn.Exec(context.Background(), statement); err != nil {
				d.Error(err)
			}
		}
	})
}

// person adds a login of a name nobody has.
func (d *database) person(roles ...string) (name string) {
	d.Helper()
	name = fmt.Sprintf("test_%016x", rand.Uint64())
	if err := Add(d.Context(), d.conn, name, roles, password); err != nil {
		d.Fatal(err)
	}
	d.dropRole(name)
	return name
}

func (d *database) exec(statement string) {
	d.Helper()
	if _, err := d.conn.Exec(d.Context(), statement); err != nil {
		d.Fatalf("%s: %v", statement, err)
	}
}

// want compares the answer of a query, one text a row, with what it must be, rows separated by "; ".
func (d *database) want(query, answer string, args ...any) {
	d.Helper()
	if got := strings.Join(d.rows(d.conn, query, args...), "; "); got != answer {
		d.Errorf("%s\n got %s\nwant %s", query, got, answer)
	}
}

func (d *database) rows(conn *postgres.Conn, query string, args ...any) []string {
	d.Helper()
	rows, err := conn.Query(d.Context(), query, args...)
	if err != nil {
		d.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.Fatalf("%s: %v", query, err)
	}
	return list
}
