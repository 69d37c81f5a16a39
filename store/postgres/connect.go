package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"calltrail/store"
)

// connect opens the pool. Every connection it ever makes is checked for durability, so a fail-over to a laxer server is
// noticed, and is given the staging table.
func connect(ctx context.Context, c Config) (*pgxpool.Pool, error) {
	cfg, err := c.poolConfig()
	if err != nil {
		return nil, err
	}
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if err := checkDurable(ctx, conn, c.AllowUnsafeServer); err != nil {
			return err
		}
		return makeStaging(ctx, conn)
	}

	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, connectError(&cfg.ConnConfig.Config, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := checkDurable(ctx, conn, c.AllowUnsafeServer); err != nil {
		return nil, err
	}
	if err := checkSchema(ctx, conn); err != nil {
		return nil, err
	}

	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, connectError(&cfg.ConnConfig.Config, err)
	}
	return pool, nil
}

// checkDurable refuses a server that may forget what it has acknowledged.
func checkDurable(ctx context.Context, conn *pgx.Conn, allow bool) error {
	var fsync, commit string
	err := conn.QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &commit)
	if err != nil {
		return wrap("read fsync and synchronous_commit", err)
	}
	if (fsync == "off" || commit == "off") && !allow {
		return &store.Error{
			System:  system,
			Err:     fmt.Errorf("the server may lose what it says is stored: fsync is %s, synchronous_commit is %s", fsync, commit),
			Hint:    "turn both on, or allow it for a laboratory (postgres.allow_unsafe_server)",
			Lasting: true,
		}
	}
	return nil
}

// checkSchema compares the schema in the database with the one this program was built for.
func checkSchema(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", versionTable).Scan(&there); err != nil {
		return wrap("look for the schema", err)
	}
	const hint = "run calltrail migrate up"
	if !there {
		return &store.Error{System: system, Err: errors.New("the database has no calltrail schema"), Hint: hint, Lasting: true}
	}
	var has int64
	err := conn.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+versionTable+" WHERE is_applied").Scan(&has)
	if err != nil {
		return wrap("read the schema's version", err)
	}
	wants, err := latestVersion()
	if err != nil {
		return err
	}
	if has < wants {
		return &store.Error{System: system, Err: fmt.Errorf("the schema is at version %d, this program needs %d", has, wants), Hint: hint, Lasting: true}
	}
	return nil
}
