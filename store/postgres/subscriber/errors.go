package subscriber

import (
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store"
)

const system = "postgres"

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
