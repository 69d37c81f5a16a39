package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/evidence"
)

// headRows reads the signed heads of a page out of the rows of coverage events, for who may not read a record's bytes. A head needs no
// other witness: whoever changes one in the row cannot sign it.
func (v *verifier) headRows(ctx context.Context, keys []recordKey) (map[recordKey]*record.Coverage, error) {
	found := map[recordKey]*record.Coverage{}
	days, ids := arrays(keys)
	rows, err := v.tx.Query(ctx, `SELECT c.day, c.record_id, c.sensor, c.tap, c.minute, c.to_at, c.head_epoch, c.head_seq, c.head_hash, c.head_key_id, c.head_signature
		  FROM unnest($1::date[], $2::uuid[]) AS x(day, record_id) JOIN calltrail.coverage c ON c.day = x.day AND c.record_id = x.record_id`, days, ids)
	if err != nil {
		return nil, err
	}
	var day, minute, to time.Time
	var id [16]byte
	var epoch, seq int64
	var e record.Coverage
	_, err = pgx.ForEachRow(rows, []any{&day, &id, &e.Sensor, &e.Tap, &minute, &to, &epoch, &seq, &e.Head.Hash, &e.Head.KeyID, &e.Head.Signature}, func() error {
		row := e
		row.Minute, row.To = record.Time(minute.UnixMicro()), record.Time(to.UnixMicro())
		row.Head.Epoch, row.Head.Seq = uint64(max(epoch, 0)), uint64(max(seq, 0))
		found[recordKey{day.UTC(), id}] = &row
		return nil
	})
	return found, err
}

// placed checks what can be said of an entry without its bytes: that it is not said to be there twice, and the signed head it may carry.
func (c *chainProof) placed(ctx context.Context, p *proof, t *content) error {
	if c.walk.Certificate(p.seq) != nil {
		return nil
	}
	switch p.outcome {
	case "quarantined":
		c.Quarantined++
	case "duplicate":
		c.Duplicates++
		if !t.stored[p.key] {
			c.v.add(c.Chain, evidence.Fault{Seq: p.seq, Last: p.seq, Kind: evidence.Row, Text: "said to be a duplicate, and no entry stored that record"})
		}
	default:
		c.Stored++
	}
	event := t.heads[p.key]
	if event == nil || p.outcome != "stored" {
		c.note(p.seq, &entry{})
		return nil
	}
	c.note(p.seq, &entry{coverage: &coverageRow{Coverage: *event}})
	return c.head(ctx, p, event)
}

// mayNotRead says what somebody is told who may not read the records that he wants verified.
func mayNotRead(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42501" {
		return &store.Error{
			System: "postgres", Op: "verify", Err: fmt.Errorf("this login may not read what is to be verified: %s", pg.Message), Lasting: true,
			Hint: "the owner of the tables verifies everything; an auditor, who reads no record, adds --no-contents",
		}
	}
	return wrap("verify", err)
}
