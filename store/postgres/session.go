package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// Conn is one connection to the database, for programs that hold one and need not know the driver.
type Conn = pgx.Conn

// Connect opens one connection for a room below this one, after the checks every other has had: that the server keeps
// what it acknowledges, and that the schema is this program's. Who gets it closes it.
func Connect(ctx context.Context, c Config) (*pgx.Conn, error) {
	cfg, err := c.poolConfig()
	if err != nil {
		return nil, err
	}
	if cfg.ConnConfig.Password == "" && c.Prompt != nil {
		if cfg.ConnConfig.Password, err = c.Prompt(cfg.ConnConfig.User); err != nil {
			return nil, err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, connectError(&cfg.ConnConfig.Config, err)
	}
	if err = checkDurable(ctx, conn, c.AllowUnsafeServer); err == nil {
		err = checkSchema(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// Wrap makes a store.Error of what a connection of Connect returned: one line, without the values of rows, and whether
// trying again can help. A nil err stays nil.
func Wrap(op string, err error) error { return wrap(op, err) }
