package numbering

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Imported is a table that was imported.
type Imported struct {
	ID         int64     `json:"import_id"`
	Kind       Kind      `json:"kind"`
	Source     string    `json:"source"`
	Dated      string    `json:"dated"` // day of the table
	Days       int       `json:"days"`  // age: full days since the beginning of that day, by the database's clock; below 0: in the future
	Changes    bool      `json:"changes,omitempty"`
	Holds      bool      `json:"holds"` // no later whole table of its series has replaced it, and its day has come
	Rows       int64     `json:"rows"`  // of the file
	File       string    `json:"file"`
	SHA256     string    `json:"sha256"` // lower-case hexadecimal
	ImportedAt time.Time `json:"imported_at"`
	ImportedBy string    `json:"imported_by"` // account of the database
}

// maxImported bounds the list of Status: the newest are in it.
const maxImported = 10_000

// Status returns the imports by kind, source and date, the newest of each series first; at most 10,000. The account needs
// SELECT on numbering_import.
func Status(ctx context.Context, c postgres.Config) (list []Imported, err error) {
	conn, err := postgres.Connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	rows, err := conn.Query(ctx, `SELECT i.import_id, i.kind, i.source, i.dated::text, floor(extract(epoch FROM now() - i.holds_from) / 86400)::int, NOT i.complete,
		       i.holds_from <= now() AND NOT EXISTS (SELECT FROM calltrail.numbering_import later
		                    WHERE later.source = i.source AND later.kind = i.kind AND later.complete AND later.holds_from <= now()
		                      AND (later.holds_from, later.import_id) > (i.holds_from, i.import_id)),
		       i.rows_read, i.file, encode(i.sha256, 'hex'), i.imported_at, i.imported_by
		  FROM (SELECT * FROM calltrail.numbering_import ORDER BY imported_at DESC, import_id DESC LIMIT $1) i
		 ORDER BY array_position(ARRAY['subscriber', 'portability', 'range'], i.kind), i.source, i.holds_from DESC, i.import_id DESC`, maxImported)
	if err != nil {
		return nil, postgres.Wrap("list the imports", err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (i Imported, err error) {
		err = row.Scan(&i.ID, &i.Kind, &i.Source, &i.Dated, &i.Days, &i.Changes, &i.Holds, &i.Rows, &i.File, &i.SHA256, &i.ImportedAt, &i.ImportedBy)
		i.ImportedAt = i.ImportedAt.UTC()
		return i, err
	})
	return list, postgres.Wrap("list the imports", err)
}
