package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// CopyInto copies rows into a table of the schema calltrail, by COPY where that is allowed. A table with row security takes no
// COPY but from its owner, so for everybody else the rows go into a temporary table of the connection first and from there, in
// one statement, into the table: the policies then decide about each. It returns how many rows were added.
func CopyInto(ctx context.Context, tx pgx.Tx, table string, columns []string, source pgx.CopyFromSource) (int64, error) {
	target := pgx.Identifier{"calltrail", table}
	var staged bool
	if err := tx.QueryRow(ctx, `SELECT row_security_active($1)`, target.Sanitize()).Scan(&staged); err != nil {
		return 0, err
	}
	if !staged {
		return tx.CopyFrom(ctx, target, columns, source)
	}
	stage := pgx.Identifier{"stage_" + table}
	if err := makeStage(ctx, tx, table); err != nil {
		return 0, err
	}
	if _, err := tx.CopyFrom(ctx, stage, columns, source); err != nil {
		return 0, err
	}
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	names := strings.Join(quoted, ", ")
	added, err := tx.Exec(ctx, `INSERT INTO `+target.Sanitize()+` (`+names+`) SELECT `+names+` FROM `+stage.Sanitize())
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `TRUNCATE `+stage.Sanitize())
	return added.RowsAffected(), err
}

// executor is a connection or a transaction.
type executor interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// makeStage makes the temporary table stage_… with the columns of a table, unless the connection has it; its rows go with the
// transaction. The columns are read from the catalogue: LIKE would want the right to read the table itself.
func makeStage(ctx context.Context, conn executor, table string) error {
	var columns string
	err := conn.QueryRow(ctx, `SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
		  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		 WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relname = $1 AND a.attnum > 0 AND NOT a.attisdropped`, table).Scan(&columns)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE TEMPORARY TABLE IF NOT EXISTS `+pgx.Identifier{"stage_" + table}.Sanitize()+` (`+columns+`) ON COMMIT DELETE ROWS`)
	return err
}
