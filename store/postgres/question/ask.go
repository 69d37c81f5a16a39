package question

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// maxRows is the most an answer may have, as the database allows it for a request.
const maxRows = 100_000

// Answer is what the database released.
type Answer struct {
	// Rows are JSON objects, each as it was hashed for the audit: SHA-256 over every row and a line feed is audit.result_sha256.
	Rows [][]byte
	// Coverage says which time was asked about, and how much of it was watched. Never empty.
	Coverage string
}

// Ask opens the request and asks. The values of parameters are texts, or lists of texts; the database reads and checks them. An error
// that is ErrRefused was refused by the gate.
func Ask(ctx context.Context, conn *postgres.Conn, request, name string, parameters map[string]any) (*Answer, error) {
	if _, err := conn.Exec(ctx, `SELECT calltrail.open_request($1)`, request); err != nil {
		return nil, said("open the request", err)
	}
	rows, err := conn.Query(ctx, `SELECT answer::text, coverage FROM calltrail.ask($1, $2) ORDER BY n NULLS LAST`, name, parameters)
	if err != nil {
		return nil, said("ask "+name, err)
	}
	a := new(Answer)
	var row, coverage *string
	_, err = pgx.ForEachRow(rows, []any{&row, &coverage}, func() error {
		switch {
		case coverage != nil:
			a.Coverage = *coverage
		case row == nil || len(a.Rows) == maxRows:
			return fmt.Errorf("ask %s: the answer is not of the form that was agreed", name)
		default:
			a.Rows = append(a.Rows, []byte(*row))
		}
		return nil
	})
	if err != nil {
		return nil, said("ask "+name, err)
	}
	if a.Coverage == "" {
		return nil, errors.New("the answer ends without its coverage; nothing is shown")
	}
	return a, nil
}
