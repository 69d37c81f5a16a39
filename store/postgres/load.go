package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// load writes a list of entries in one transaction:
//
//	lock the ledger rows of the chains it touches, so that loaders take turns on a chain
//	read the entries next to and at its numbers, and decide about each
//	COPY the records into a staging table, insert what is new
//	COPY bodies and addresses of what was new, note its taps, and COPY an entry for each number
//	write the ledger and the quarantine
//
// The entries are only read: the same list can be loaded again.
func (l *Loader) load(ctx context.Context, list []*entry) error {
	if err := l.partitions.ensure(ctx, l.pool, list); err != nil {
		return err
	}
	var b batch
	// Each statement must see what was committed before it: the triggers that compare new rows with lists rely on that.
	err := pgx.BeginTxFunc(ctx, l.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		b = batch{tx: tx, chains: byChain(list)}
		for _, e := range list {
			if !e.chained {
				b.reject(e, e.reason, e.detail)
			}
		}
		for _, step := range []struct {
			name string
			do   func(context.Context) error
		}{
			{"lock the ledger", b.lock},
			{"read the chain", b.readChains},
			{"store records", b.storeRecords},
			{"store bodies and addresses", b.storeChildren},
			{"store taps", b.storeTaps},
			{"store entries", b.storeEntries},
			{"write the ledger", b.writeLedger},
			{"write the quarantine", b.writeQuarantine},
		} {
			if err := step.do(ctx); err != nil {
				return wrap(step.name, err)
			}
		}
		return nil
	})
	if err != nil && breach != breachUnsure {
		return wrap(fmt.Sprintf("load %d entries", len(list)), err)
	}
	b.log(l.cfg.Logger)
	l.counts.add(b.counts)
	return nil
}

// batch is one transaction's work.
type batch struct {
	tx     pgx.Tx
	chains []*chain
	now    time.Time // the database's clock, after the locks were had
	counts Counts

	fresh    []*entry // new numbers on their chains, in order
	rejected []rejected
	stored   map[uuid.UUID]bool // records this transaction inserted
	outcomes []string           // of fresh, the same order
	news     []*entry           // of fresh: those whose record was inserted
}

// lock makes the ledger rows that are missing and locks all of the batch, in one order for all loaders.
func (b *batch) lock(ctx context.Context) error {
	var q pgx.Batch
	for _, c := range b.chains {
		epoch := int64(c.epoch) //nolint:gosec // examine bounds it
		q.Queue(`INSERT INTO calltrail.ledger (sensor, epoch, updated_at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING`, c.sensor, epoch)
		q.Queue(`SELECT received, head_seq, head_hash, genesis FROM calltrail.ledger WHERE sensor = $1 AND epoch = $2 FOR UPDATE`, c.sensor, epoch).
			QueryRow(func(row pgx.Row) error { return c.scan(row) })
	}
	q.Queue(`SELECT clock_timestamp()`).QueryRow(func(row pgx.Row) error { return row.Scan(&b.now) })
	return b.tx.SendBatch(ctx, &q).Close()
}

func (c *chain) scan(row pgx.Row) error {
	var received pgtype.Multirange[pgtype.Range[pgtype.Int8]]
	var head int64
	var hash []byte
	if err := row.Scan(&received, &head, &hash, &c.genesis); err != nil {
		return err
	}
	c.headSeq = uint64(head) //nolint:gosec // the column is not negative
	copy(c.headHash[:], hash)
	for _, r := range received {
		c.received = append(c.received, span{uint64(r.Lower.Int64), uint64(r.Upper.Int64) - 1}) //nolint:gosec // numbers begin at 1
	}
	return nil
}

// readChains reads what the chains hold at and beside the batch's numbers, and places the entries.
func (b *batch) readChains(ctx context.Context) error {
	var q pgx.Batch
	for _, c := range b.chains {
		wanted := c.wanted()
		if len(wanted) == 0 {
			continue
		}
		q.Queue(`SELECT seq, leaf, hash FROM calltrail.entry WHERE sensor = $1 AND epoch = $2 AND seq = ANY($3)`,
			c.sensor, int64(c.epoch), wanted). //nolint:gosec // examine bounds it
			Query(func(rows pgx.Rows) error {
				var seq int64
				var leaf, hash []byte
				_, err := pgx.ForEachRow(rows, []any{&seq, &leaf, &hash}, func() error {
					c.known[uint64(seq)] = link{[32]byte(leaf), [32]byte(hash)} //nolint:gosec // numbers begin at 1
					return nil
				})
				return err
			})
	}
	if q.Len() > 0 {
		if err := b.tx.SendBatch(ctx, &q).Close(); err != nil {
			return err
		}
	}
	for _, c := range b.chains {
		for _, e := range c.entries {
			b.place(c, e)
		}
	}
	return nil
}

func (b *batch) place(c *chain, e *entry) {
	switch c.place(e) {
	case fresh:
		b.fresh = append(b.fresh, e)
		if e.reason != "" {
			b.reject(e, e.reason, e.detail)
		}
	case redelivered:
		b.counts.Redelivered++
	case conflict:
		b.reject(e, reasonHashConflict, "this number is on the chain already, with another hash")
	case broken:
		b.reject(e, reasonChainBroken, "the hashes of its neighbours on the chain do not fit")
	}
}

// storeEntries writes an entry for each new number, with what became of its record.
func (b *batch) storeEntries(ctx context.Context) error {
	if len(b.fresh) == 0 {
		return nil
	}
	columns := []string{"sensor", "epoch", "seq", "leaf", "hash", "outcome", "day", "record_id", "received_at"}
	_, err := b.tx.CopyFrom(ctx, pgx.Identifier{"calltrail", "entry"}, columns, pgx.CopyFromSlice(len(b.fresh), func(i int) ([]any, error) {
		e := b.fresh[i]
		row := []any{
			e.Sensor, int64(e.Epoch), int64(e.Seq), //nolint:gosec // examine bounds both
			e.Leaf[:], e.Hash[:], b.outcomes[i], nil, nil, b.now,
		}
		if e.reason == "" {
			row[6], row[7] = date(e.day), id(e.recordID)
		}
		return row, nil
	}))
	return err
}

func (b *batch) writeLedger(ctx context.Context) error {
	var q pgx.Batch
	for _, c := range b.chains {
		if len(c.fresh) == 0 {
			continue
		}
		q.Queue(`UPDATE calltrail.ledger
		            SET received = received + $3::text::int8multirange, head_seq = $4, head_hash = $5, genesis = $6, updated_at = $7
		          WHERE sensor = $1 AND epoch = $2`,
			c.sensor, int64(c.epoch), c.multirange(), int64(c.headSeq), c.headHash[:], c.genesis, b.now) //nolint:gosec // examine bounds both
	}
	if q.Len() == 0 {
		return nil
	}
	return b.tx.SendBatch(ctx, &q).Close()
}
