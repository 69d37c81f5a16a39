package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/migrations"
)

// making is how long one database may take to be made.
const making = 3 * time.Minute

// Database makes a database for one test on the server of deploy/dev/up, and returns its DSN; it is dropped with the test. migrate gives
// the DSN it gets the schema: once for these migrations on this server; every database is a copy of that one, which is some ten times as
// fast as to migrate each. migrate is handed in because the packages it needs are tested with this one.
func Database(tb testing.TB, migrate func(dsn string) error) string {
	tb.Helper()
	server := os.Getenv("CALLTRAIL_POSTGRES_DSN")
	if server == "" {
		const why = "CALLTRAIL_POSTGRES_DSN is not set: run deploy/dev/up and source .dev/env"
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	ctx, cancel := context.WithTimeout(context.Background(), making)
	defer cancel()
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = admin.Close(context.Background()) })
	template, err := migratedTemplate(ctx, admin, server, migrate)
	if err != nil {
		tb.Fatal(err)
	}
	name := "calltrail_test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Error(err)
		}
	})
	if err := copySettings(ctx, admin, template, name); err != nil {
		tb.Fatal(err)
	}
	dsn, err := onServer(server, name)
	if err != nil {
		tb.Fatal(err)
	}
	return dsn
}

// copySettings gives a copy the settings that ALTER DATABASE made: they belong to a database's name, and are not copied with it.
func copySettings(ctx context.Context, admin *pgx.Conn, from, to string) error {
	rows, err := admin.Query(ctx, `
		SELECT format('ALTER DATABASE %I SET %s TO %L', $2::text, split_part(s, '=', 1), substr(s, strpos(s, '=') + 1))
		  FROM pg_db_role_setting r JOIN pg_database d ON d.oid = r.setdatabase, unnest(r.setconfig) AS s
		 WHERE d.datname = $1 AND r.setrole = 0`, from, to)
	if err != nil {
		return err
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, statement := range statements {
		if err == nil {
			_, err = admin.Exec(ctx, statement)
		}
	}
	return err
}

// migratedTemplate is the name of a database that has nothing but the schema. It is named for the migrations, and stays on the server.
func migratedTemplate(ctx context.Context, admin *pgx.Conn, server string, migrate func(dsn string) error) (string, error) {
	name, err := templateName()
	if err != nil {
		return "", err
	}
	// It is a template once it is whole: one that was left half made is made anew.
	const whole = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)"
	var there bool
	if err := admin.QueryRow(ctx, whole, name).Scan(&there); err != nil || there {
		return name, err
	}
	// Packages are tested at the same time, each in a process of its own.
	const lock = "hashtextextended('calltrail test template', 0)"
	if _, err := admin.Exec(ctx, "SELECT pg_advisory_lock("+lock+")"); err != nil {
		return "", err
	}
	defer func() { _, _ = admin.Exec(ctx, "SELECT pg_advisory_unlock("+lock+")") }()
	if err := admin.QueryRow(ctx, whole, name).Scan(&there); err != nil || there {
		return name, err
	}
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
		if _, err := admin.Exec(ctx, statement); err != nil {
			return "", err
		}
	}
	dsn, err := onServer(server, name)
	if err == nil {
		err = migrate(dsn)
	}
	if err == nil {
		_, err = admin.Exec(ctx, "ALTER DATABASE "+name+" IS_TEMPLATE true")
	}
	return name, err
}

func templateName() (string, error) {
	sum := sha256.New()
	files, err := fs.Glob(migrations.Files, "*.sql") // sorted
	if err != nil {
		return "", err
	}
	for _, file := range files {
		text, err := fs.ReadFile(migrations.Files, file)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%s %d\n%s", file, len(text), text)
	}
	return "calltrail_template_" + hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

func onServer(server, database string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("CALLTRAIL_POSTGRES_DSN is not a URL") // the error would show the password
	}
	u.Path = "/" + database
	return u.String(), nil
}
