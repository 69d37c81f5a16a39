package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"calltrail/migrations"
)

// versionTable is where goose notes which migrations were run.
const versionTable = "calltrail.schema_version"

// Direction is what Migrate does.
type Direction string

// Directions.
const (
	Up     Direction = "up"     // run all migrations that are pending
	Down   Direction = "down"   // take back the last one; refused by the database while it would drop records
	Status Direction = "status" // change nothing
)

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string // file name
	Applied bool   // it is in the database after the call
	Changed bool   // this call ran it, up or down
}

// Migrate brings the schema of the database c names up or down, or only looks. It returns all migrations in order.
// Two that run at once wait for each other.
func Migrate(ctx context.Context, c Config, direction Direction) ([]Migration, error) {
	cfg, err := c.poolConfig()
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*cfg.ConnConfig)
	defer func() { _ = db.Close() }()
	if err := db.PingContext(ctx); err != nil {
		return nil, connectError(&cfg.ConnConfig.Config, err)
	}

	if direction == Status {
		return status(ctx, db)
	}
	provider, err := newProvider(ctx, db)
	if err != nil {
		return nil, err
	}
	var ran []*goose.MigrationResult
	switch direction {
	case Up:
		if ran, err = provider.Up(ctx); err == nil {
			// What a later migration made is protected as all the rest is, whoever wrote it.
			_, err = db.ExecContext(ctx, "SELECT calltrail.protect()")
		}
	case Down:
		var one *goose.MigrationResult
		one, err = provider.Down(ctx)
		ran = []*goose.MigrationResult{one}
		if errors.Is(err, goose.ErrNoNextVersion) {
			ran, err = nil, nil
		}
	default:
		return nil, fmt.Errorf("migrate %q: up, down or status is wanted", direction)
	}
	if err != nil {
		return nil, migrateError(direction, err)
	}
	list, err := status(ctx, db)
	for i := range list {
		for _, r := range ran {
			list[i].Changed = list[i].Changed || r.Source.Version == list[i].Version
		}
	}
	return list, err
}

// newProvider makes the schema when it is not there: goose's own table lives in it.
func newProvider(ctx context.Context, db *sql.DB) (*goose.Provider, error) {
	var there bool
	err := db.QueryRowContext(ctx, "SELECT to_regnamespace('calltrail') IS NOT NULL").Scan(&there)
	if err == nil && !there {
		_, err = db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS calltrail")
	}
	if err != nil {
		return nil, wrap("create the schema", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files,
		goose.WithTableName(versionTable), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	return provider, nil
}

// status reads which migrations are in the database, and writes nothing.
func status(ctx context.Context, db *sql.DB) ([]Migration, error) {
	list, err := embedded()
	if err != nil {
		return nil, err
	}
	var there bool
	if err := db.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", versionTable).Scan(&there); err != nil {
		return nil, wrap("look for the schema", err)
	}
	if !there {
		return list, nil
	}
	rows, err := db.QueryContext(ctx, "SELECT version_id FROM "+versionTable+" WHERE is_applied")
	if err != nil {
		return nil, wrap("read the schema's version", err)
	}
	defer func() { _ = rows.Close() }()
	applied := map[int64]bool{}
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, wrap("read the schema's version", err)
		}
		applied[version] = true
	}
	for i := range list {
		list[i].Applied = applied[list[i].Version]
	}
	return list, wrap("read the schema's version", rows.Err())
}

// embedded lists the migrations in this program, in order.
func embedded() ([]Migration, error) {
	entries, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	list := make([]Migration, 0, len(entries))
	for _, name := range entries {
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("embedded migration %s: a file name begins with its number: %w", name, err)
		}
		list = append(list, Migration{Version: version, Name: name})
	}
	return list, nil
}

func latestVersion() (int64, error) {
	list, err := embedded()
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[len(list)-1].Version, nil
}

func migrateError(direction Direction, err error) error {
	var partial *goose.PartialError
	op := "migrate " + string(direction)
	if errors.As(err, &partial) && partial.Failed != nil {
		op += ", " + partial.Failed.Source.Path
		err = partial.Err
	}
	return wrap(op, err)
}
