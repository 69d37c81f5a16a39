package numbering

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// maxAhead is how far in the future a table may be dated: a plan is given out before it holds, and a year is a typing mistake.
const maxAhead = 366 * 24 * time.Hour

// fileError is an error of the file or the options, not of the database.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// load stores what a file says, within the transaction of the import:
//
//	look whether it is there
//	note the import
//	read the file again, into COPY
//	see that it was still what had been checked
func load(ctx context.Context, tx pgx.Tx, o Options, file File, found checked) (Result, error) {
	r := Result{Rows: found.rows, Columns: found.unknown}
	// Held until commit, so that of two imports of one file the second sees the first.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('calltrail.numbering', 0))"); err != nil {
		return r, err
	}
	var now time.Time
	if err := tx.QueryRow(ctx, "SELECT now()").Scan(&now); err != nil {
		return r, err
	}
	if found.holdsFrom.Sub(now) > maxAhead {
		return r, &fileError{fmt.Errorf("%s is more than a year ahead: a table of that day is a typing mistake", o.Dated)}
	}
	known, err := lookForFile(ctx, tx, o, found, &r)
	if known || err != nil {
		return r, err
	}
	var id int64
	err = tx.QueryRow(ctx, `INSERT INTO calltrail.numbering_import (kind, source, dated, holds_from, complete, file, sha256, octets, rows_read, added)
		VALUES ($1, $2, $3::text::date, $4, $5, $6, $7, $8, $9, $10) RETURNING import_id`,
		string(o.Kind), o.Source, o.Dated, found.holdsFrom, !o.Changes, file.Name, found.sum[:], found.octets, found.rows, found.made).Scan(&id)
	if err != nil {
		return r, err
	}
	r.Added, err = copyFile(ctx, tx, o, file, found, id)
	return r, err
}

// lookForFile says in r whether this very file was imported with this date, or is what its series had last: a table that did
// not change says nothing new.
func lookForFile(ctx context.Context, tx pgx.Tx, o Options, found checked, r *Result) (bool, error) {
	err := tx.QueryRow(ctx, `SELECT i.imported_at, i.file, i.dated::text
		  FROM calltrail.numbering_import i
		 WHERE i.sha256 = $1 AND i.kind = $2 AND i.source = $3
		   AND (i.dated = $4::text::date OR i.holds_from <= $5 AND i.import_id = (
		       SELECT last.import_id FROM calltrail.numbering_import last WHERE last.kind = $2 AND last.source = $3
		        ORDER BY last.holds_from DESC, last.import_id DESC LIMIT 1))
		 ORDER BY i.holds_from DESC LIMIT 1`, found.sum[:], string(o.Kind), o.Source, o.Dated, found.holdsFrom).
		Scan(&r.KnownSince, &r.KnownAs, &r.KnownDated)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	r.Known = err == nil
	return r.Known, err
}

// copyFile reads the file again and stores its entries.
func copyFile(ctx context.Context, tx pgx.Tx, o Options, file File, found checked, id int64) (int64, error) {
	if _, err := file.Data.Seek(0, io.SeekStart); err != nil {
		return 0, &fileError{fmt.Errorf("%s cannot be read a second time: %w", file.Name, err)}
	}
	bad := new(Problems)
	r, err := newReader(file.Name, file.Data, &o, bad)
	if err != nil {
		return 0, &fileError{err}
	}
	var reading error
	values := make([]any, len(copied))
	added, err := postgres.CopyInto(ctx, tx, "numbering", copied, pgx.CopyFromFunc(func() ([]any, error) {
		var e entry
		if e, reading = r.next(); reading != nil {
			return nil, nil // the end, of whatever reason; it is looked at below
		}
		e.fill(values, id)
		return values, nil
	}))
	if err != nil {
		return 0, err
	}
	if !errors.Is(reading, io.EOF) {
		return 0, &fileError{reading}
	}
	if r.rows.SHA256() != found.sum {
		return 0, &fileError{fmt.Errorf("%s was changed while it was read: nothing was imported; try again", file.Name)}
	}
	return added, nil
}

// copied are the columns of the COPY.
var copied = []string{
	"prefix", "digits", "import_id", "file_line", "first_number", "last_number", "carrier", "circle", "state", "city", "country", "subscriber", "valid_from", "valid_until",
}

// fill makes of an entry the values of copied.
func (e *entry) fill(values []any, id int64) {
	values[0], values[2], values[3] = e.prefix, id, int32(e.line) //nolint:gosec // next refuses more
	values[1] = nil
	if e.digits != 0 {
		values[1] = int16(e.digits) //nolint:gosec // at most maxDigits
	}
	values[4], values[5] = known(e.first), known(e.last)
	for i, c := range []column{carrier, circle, state, city, country, subscriber} {
		values[6+i] = known(e.facts[c])
	}
	values[12], values[13] = moment(e.from), moment(e.until)
}

// known is NULL for "".
func known(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// moment is NULL for the zero time.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
