package subscriber

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store"
	"calltrail/store/postgres"
)

const (
	system = "postgres"
	// connectTimeout is for one attempt, unless the DSN has connect_timeout: the driver has no limit of its own.
	connectTimeout = 4 * time.Second
)

// connect opens one connection to the database that c names, and checks that it has the tables of this package.
func connect(ctx context.Context, c postgres.Config) (*pgx.Conn, error) {
	if c.DSN == "" {
		return nil, &store.Error{System: system, Err: errors.New("no database is named"), Hint: "set postgres.dsn", Lasting: true}
	}
	cfg, err := pgx.ParseConfig(c.DSN)
	if err != nil {
		// The driver's message may quote the password.
		return nil, &store.Error{System: system, Err: errors.New("the DSN cannot be read"), Hint: "it is postgres://user@host:port/database?sslmode=… (postgres.dsn)", Lasting: true}
	}
	if c.PasswordFile != "" {
		password, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, &store.Error{System: system, Op: "read the password", Err: err, Hint: "check postgres.password_file", Lasting: true}
		}
		first, _, _ := strings.Cut(string(password), "\n")
		cfg.Password = strings.TrimSuffix(first, "\r")
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "calltrail"
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		where := net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
		return nil, &store.Error{System: system, Op: "connect to " + where, Err: plain(err), Hint: "is the server running, and are user and password right? (postgres.dsn)"}
	}
	var there bool
	err = conn.QueryRow(ctx, "SELECT to_regclass('calltrail.call_subscriber') IS NOT NULL").Scan(&there)
	if err == nil && !there {
		err = &store.Error{System: system, Err: errors.New("the database has no table of subscribers"), Hint: "run calltrail migrate up", Lasting: true}
	}
	if err != nil {
		return nil, errors.Join(wrap("look for the schema", err), conn.Close(ctx))
	}
	return conn, nil
}

// wrap says in one line what was tried and what the server answered. The answer's detail quotes rows, names of people among
// them: it stays out.
func wrap(op string, err error) error {
	var own *store.Error
	var problems *Problems
	if err == nil || errors.As(err, &own) || errors.As(err, &problems) {
		return err
	}
	return &store.Error{System: system, Op: op, Err: plain(err)}
}

func plain(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fmt.Errorf("%s (SQLSTATE %s)", pg.Message, pg.Code)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	return err
}
