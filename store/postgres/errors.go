package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store"
)

// system is the name of the other side in errors.
const system = "postgres"

// lasting says whether a server's answer will be the same next time: what is wrong is the account, the database's name,
// the schema or a privilege, not the moment. Everything else (disk full, too many connections, shutdown, deadlock,
// a lock not given, a standby not yet promoted) passes, or an operator makes it pass while the records wait.
func lasting(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch class(pg) {
	case "28", // invalid authorization
		"3D", // no such database
		"3F", // no such schema
		"42", // syntax, undefined object, insufficient privilege
		"0A": // feature not supported
		return true
	}
	return false
}

// badData says whether the server refused the values themselves: data exception, integrity constraint.
func badData(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (class(pg) == "22" || class(pg) == "23") && !noPartition(err)
}

// noPartition says whether a row found no partition of its table. The server calls it a check violation, like that of a CHECK,
// but it has no constraint's name: nothing is wrong with the row, and it waits until there is a partition again.
func noPartition(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23514" && pg.ConstraintName == ""
}

func class(pg *pgconn.PgError) string {
	if len(pg.Code) < 2 {
		return ""
	}
	return pg.Code[:2]
}

// wrap makes an Error of err. A nil err stays nil.
func wrap(op string, err error) error {
	var own *store.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	if connect, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return connectError(connect.Config, err)
	}
	return &store.Error{System: system, Op: op, Err: plain(err), Lasting: lasting(err)}
}

// plain shortens the driver's messages to what an operator needs, and keeps err in the chain.
func plain(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		message := pg.Message
		if pg.Detail != "" {
			// Detail quotes values of the row, numbers of people among them: it stays out of errors and logs.
			message += " (detail withheld)"
		}
		return shortened{fmt.Sprintf("%s (SQLSTATE %s)", message, pg.Code), err}
	}
	return err
}

// shortened is an error with another text.
type shortened struct {
	text string
	err  error
}

func (s shortened) Error() string { return s.text }
func (s shortened) Unwrap() error { return s.err }

// connectError says where the server was looked for and why that failed, on one line.
func connectError(cfg *pgconn.Config, err error) error {
	where := net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
	e := &store.Error{System: system, Op: "connect to " + where, Err: err, Lasting: lasting(err)}
	var pg *pgconn.PgError
	var network *net.OpError
	var name *net.DNSError
	switch {
	case errors.As(err, &name):
		e.Err = shortened{"the host's name cannot be resolved: " + name.Err, err}
		e.Hint = "check the host (postgres.dsn)"
	case errors.Is(err, context.DeadlineExceeded):
		e.Err = shortened{fmt.Sprintf("no answer within %v", cfg.ConnectTimeout), err}
		e.Hint = "is this a Postgres server? (postgres.dsn)"
	case errors.As(err, &pg):
		e.Err = plain(err)
		switch class(pg) {
		case "28":
			e.Hint = "check user and password (postgres.dsn, postgres.password_file)"
		case "3D":
			e.Hint = fmt.Sprintf("create it, or name another (postgres.dsn): createdb %s", cfg.Database)
		}
	case errors.As(err, &network):
		e.Err = shortened{network.Err.Error(), err}
		if cause := errors.Unwrap(network.Err); cause != nil {
			e.Err = shortened{cause.Error(), err}
		}
		e.Hint = "is the server running? (postgres.dsn)"
	}
	return e
}
