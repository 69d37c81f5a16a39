package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"calltrail/store/evidence"
)

// VerifyQuery says what is to be verified, and by what.
type VerifyQuery struct {
	// Sensor, when not empty, is the only one whose chains are looked at.
	Sensor string
	// From and To, when not 0, bound the numbers, both included; they want a Sensor.
	From, To uint64
	// Own are the operator's statements about keys; what the database says of keys counts only as far as it follows from them.
	// NoSignatures leaves signatures and certificates unchecked: then the chain is shown to be consistent, not to be the sensor's.
	Own          []evidence.Statement
	NoSignatures bool
	// NoContents reads no record: neither bytes, nor the rows made of them, nor the quarantine. Numbers, hashes, signatures, ledger,
	// certificates and anchors are checked, which an auditor may. It is asked for, never guessed: else whoever owns the tables could
	// take a right away and have less verified.
	NoContents bool
	// Unsigned names sensors whose chains carry no signed heads, such as the one of replay.
	Unsigned []string
	// Anchors are signed heads that were kept elsewhere.
	Anchors []evidence.Head
	// Progress, when set, is told from time to time how many entries are done.
	Progress func(entries uint64)
}

// verifyPage is how many entries are held at a time; a record has up to 64 KiB.
const verifyPage = 500

// Verify reads everything the query asks for in one snapshot, and says what does not hold. It needs SELECT on the tables, writes
// nothing, and works on a standby. Memory is bounded by a page of records, 1,000 faults and a count for each day.
//
// An error says that it could not be done, not that something is wrong.
func Verify(ctx context.Context, c Config, q VerifyQuery) (*evidence.Report, error) {
	return newVerifier(q).run(ctx, c)
}

// verifier is one verification.
type verifier struct {
	q      VerifyQuery
	tx     pgx.Tx
	types  *pgtype.Map
	keys   *evidence.Keyring // nil: signatures are not checked
	report *evidence.Report

	endpoints map[time.Time]int64  // how many there must be, by day
	taps      map[[2]string]minute // what coverage events say of taps
	deleted   map[string]bool      // sensors of which certificates say something was deleted
	// off names checks that tests have switched off, to see that something is missed without them.
	off map[evidence.Kind]bool
}

// minute is the first and the last of a tap.
type minute struct{ first, last time.Time }

func newVerifier(q VerifyQuery) *verifier {
	return &verifier{
		q: q, report: &evidence.Report{Signatures: !q.NoSignatures, Contents: !q.NoContents, Faults: []evidence.Fault{}},
		endpoints: map[time.Time]int64{}, taps: map[[2]string]minute{}, deleted: map[string]bool{}, off: map[evidence.Kind]bool{},
	}
}

// whole says whether the query leaves nothing out, so that what belongs to no entry can be told.
func (v *verifier) whole() bool { return v.q.Sensor == "" && v.q.From == 0 && v.q.To == 0 }

func (v *verifier) add(c *evidence.Chain, f evidence.Fault) {
	if !v.off[f.Kind] {
		v.report.Add(c, f)
	}
}

func (v *verifier) run(ctx context.Context, c Config) (_ *evidence.Report, err error) {
	if v.q.Sensor == "" && (v.q.From != 0 || v.q.To != 0) {
		return nil, errors.New("numbers are of one sensor's chain: name the sensor")
	}
	started := time.Now()
	conn, err := connectReader(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if v.tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}); err != nil {
		return nil, wrap("begin to verify", err)
	}
	defer func() { _ = v.tx.Rollback(context.WithoutCancel(ctx)) }() // nothing was written
	if err := v.inSnapshot(ctx); err != nil {
		return nil, err
	}
	v.report.Took = time.Since(started)
	return v.report, nil
}

// inSnapshot verifies within the transaction it was given.
func (v *verifier) inSnapshot(ctx context.Context) error {
	v.types = v.tx.Conn().TypeMap()
	// What names of operators and functions mean is not left to the database's settings.
	if _, err := v.tx.Exec(ctx, `SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL row_security = off`); err != nil {
		return wrap("begin to verify", err)
	}
	if err := v.all(ctx); err != nil {
		return mayNotRead(err)
	}
	v.report.Sort()
	return nil
}

func (v *verifier) all(ctx context.Context) error {
	if !v.q.NoSignatures {
		claimed, err := v.statements(ctx)
		if err != nil {
			return err
		}
		var remarks []string
		v.keys, remarks = evidence.NewKeyring(v.q.Own, claimed)
		v.report.Remarks = append(v.report.Remarks, remarks...)
	}
	keys, err := v.chainKeys(ctx)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		v.add(nil, evidence.Fault{Sensor: v.q.Sensor, Kind: evidence.Missing, Text: "there is no chain to verify"})
	}
	for _, key := range keys {
		if err := v.chain(ctx, key); err != nil {
			return err
		}
	}
	v.strayAnchors(keys)
	if !v.whole() {
		return nil
	}
	steps := []func(context.Context) error{v.tables, v.strayEntries, v.extraRows, v.storedTwice, v.compareTaps}
	if !v.q.NoContents {
		steps = append(steps, v.extraEndpoints)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// statements reads what the database says of keys. What is no statement is a remark: it convinces nobody.
func (v *verifier) statements(ctx context.Context) (list []evidence.Statement, err error) {
	rows, err := v.tx.Query(ctx, `SELECT statement FROM calltrail.key ORDER BY statement_id LIMIT 100000`)
	if err != nil {
		return nil, err
	}
	var line string
	_, err = pgx.ForEachRow(rows, []any{&line}, func() error {
		s, err := evidence.ParseStatement([]byte(line))
		if err != nil {
			v.remark(fmt.Sprintf("a row of calltrail.key is no statement: %v", err))
			return nil
		}
		list = append(list, s)
		return nil
	})
	return list, err
}

// maxRemarks bounds what a database full of nonsense can make a report say.
const maxRemarks = 100

func (v *verifier) remark(text string) {
	if len(v.report.Remarks) < maxRemarks {
		v.report.Remarks = append(v.report.Remarks, text)
	}
}

// certificates reads those of one chain that are believed, ascending and apart.
func (v *verifier) certificates(ctx context.Context, key chainKey) (list []evidence.Certificate, err error) {
	rows, err := v.tx.Query(ctx, `SELECT certificate FROM calltrail.deletion_certificate WHERE sensor = $1 AND epoch = $2 ORDER BY from_seq`,
		key.sensor, int64(key.epoch)) //nolint:gosec // it came from a bigint
	if err != nil {
		return nil, err
	}
	var line string
	_, err = pgx.ForEachRow(rows, []any{&line}, func() error {
		c, err := evidence.ParseCertificate([]byte(line))
		var why string
		switch {
		case err != nil:
			why = err.Error()
		case c.Sensor != key.sensor || c.Epoch != key.epoch:
			why = "it is of another chain"
		case v.keys != nil:
			why = v.keys.Certificate(&c)
		}
		if why != "" {
			v.remark(fmt.Sprintf("a deletion certificate of %q (numbers %d to %d) is not believed: %s", key.sensor, c.FromSeq, c.ToSeq, why))
			return nil
		}
		list = append(list, c)
		return nil
	})
	slices.SortFunc(list, func(a, b evidence.Certificate) int { return int(min(max(int64(a.FromSeq-b.FromSeq), -1), 1)) }) //nolint:gosec // ParseCertificate bounds them to int64
	apart := list[:0]
	for i := range list {
		d := list[i]
		if n := len(apart); n > 0 && d.FromSeq <= apart[n-1].ToSeq {
			v.remark(fmt.Sprintf("a deletion certificate of %q (numbers %d to %d) overlaps the one before and is left out", key.sensor, d.FromSeq, d.ToSeq))
			continue
		}
		apart = append(apart, d)
	}
	list = apart
	if len(list) > 0 {
		v.deleted[key.sensor] = true
	}
	return list, err
}

// chainKeys lists the chains that either the entries or the ledger know, without a look at each entry.
func (v *verifier) chainKeys(ctx context.Context) (list []chainKey, err error) {
	rows, err := v.tx.Query(ctx, `
		WITH RECURSIVE c AS (
		    (SELECT sensor, epoch FROM calltrail.entry ORDER BY sensor, epoch LIMIT 1)
		    UNION ALL
		    SELECT n.sensor, n.epoch
		      FROM c, LATERAL (SELECT e.sensor, e.epoch FROM calltrail.entry e WHERE (e.sensor, e.epoch) > (c.sensor, c.epoch)
		                        ORDER BY e.sensor, e.epoch LIMIT 1) n
		)
		SELECT sensor, epoch FROM (SELECT sensor, epoch FROM c UNION SELECT sensor, epoch FROM calltrail.ledger) AS known
		 WHERE $1 = '' OR sensor = $1 ORDER BY sensor, epoch`, v.q.Sensor)
	if err != nil {
		return nil, err
	}
	var sensor string
	var epoch int64
	_, err = pgx.ForEachRow(rows, []any{&sensor, &epoch}, func() error {
		if epoch < 0 {
			v.add(nil, evidence.Fault{Sensor: sensor, Kind: evidence.Extra, Text: "an epoch below 0"})
			return nil
		}
		list = append(list, chainKey{sensor, uint64(epoch)})
		return nil
	})
	return list, err
}

// bounds are the numbers that are looked at.
func (v *verifier) bounds() (from, to uint64) {
	from, to = max(v.q.From, 1), uint64(math.MaxInt64)
	if v.q.To != 0 {
		to = min(v.q.To, to)
	}
	return from, to
}
