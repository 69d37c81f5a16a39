package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/evidence"
	"calltrail/store/postgres"
)

// Options are how a deletion is signed.
type Options struct {
	KeepDays int // lengthens the period that the database has
	Signer   *evidence.Signer
	Reason   string // in the certificates
	By       string // in the certificates: who ordered it
	Now      func() time.Time
}

// Done is a span that was deleted.
type Done struct {
	First, End   time.Time
	Deleted      map[string]int64 // rows, by table
	Held         int64            // records that stay
	Certificates int
	Notice       int64  // that announced it
	Digest       string // of what that announced: SHA-256 in hex
}

// tries is how often a span is tried whose tables somebody else holds; each time it waits five seconds for them.
const tries = 3

// Run deletes the spans that are due, the oldest first, each in a transaction of its own: when it is ended midway, a span is gone
// with its certificates or whole. done is told of each. Then the assignments of addresses that nothing names any more go;
// assignments is how many rows.
func Run(ctx context.Context, conn *postgres.Conn, o Options, done func(Done)) (assignments int64, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	spans, err := Plan(ctx, conn, o.KeepDays)
	if err != nil {
		return 0, err
	}
	for i := range spans {
		if !spans[i].Due {
			continue
		}
		var one Done
		for n := range tries {
			one, err = deleteSpan(ctx, conn, o, &spans[i])
			if code := (*pgconn.PgError)(nil); !errors.As(err, &code) || code.Code != "55P03" || n == tries-1 { // lock_not_available
				break
			}
		}
		if err != nil {
			return 0, postgres.Wrap(fmt.Sprintf("delete the days from %s on", spans[i].First.Format(time.DateOnly)), err)
		}
		done(one)
	}
	err = conn.QueryRow(ctx, `SELECT calltrail.retention_assignments($1)`, o.KeepDays).Scan(&assignments)
	return assignments, postgres.Wrap("delete assignments", err)
}

// deleteSpan deletes one span, or nothing.
func deleteSpan(ctx context.Context, conn *postgres.Conn, o Options, s *Span) (Done, error) {
	d := Done{First: s.First, End: s.End}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT sensor, epoch, from_seq, to_seq, hash_before, hash_last FROM calltrail.retention_begin($1, $2)`, s.First, o.KeepDays)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, o.certificate)
		if err != nil {
			return err
		}
		var report struct {
			Deleted      map[string]int64 `json:"deleted"`
			Held         int64            `json:"held"`
			Certificates int              `json:"certificates"`
			Notice       int64            `json:"notice_id"`
			Digest       string           `json:"digest"`
		}
		if lines == nil {
			lines = []string{}
		}
		if err := tx.QueryRow(ctx, `SELECT calltrail.retention_finish($1, $2)`, s.First, lines).Scan(&report); err != nil {
			return err
		}
		d.Deleted, d.Held, d.Certificates, d.Notice, d.Digest = report.Deleted, report.Held, report.Certificates, report.Notice, report.Digest
		return nil
	})
	return d, err
}

// certificate signs for a run of numbers.
func (o *Options) certificate(row pgx.CollectableRow) (string, error) {
	var c evidence.Certificate
	var epoch, from, to int64
	var before, last []byte
	if err := row.Scan(&c.Sensor, &epoch, &from, &to, &before, &last); err != nil {
		return "", err
	}
	c.Epoch, c.FromSeq, c.ToSeq = uint64(epoch), uint64(from), uint64(to) //nolint:gosec // the table holds them positive
	copy(c.HashBefore[:], before)
	copy(c.HashLast[:], last)
	c.Reason, c.By, c.At = o.Reason, o.By, o.Now()
	signed, err := o.Signer.SignDeletion(c)
	if err != nil {
		return "", err
	}
	line, err := signed.Line()
	return string(line), err
}
