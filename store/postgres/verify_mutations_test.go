package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"

	"calltrail/store/evidence"
)

// allMutations lists what the owner of a database may try. The first is the most likely one: a value of a row is changed.
func allMutations(ctx context.Context, t *testing.T, conn *pgx.Conn) []mutation {
	t.Helper()
	columns := readColumns(ctx, t, conn)
	return []mutation{
		{"a column is changed", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			c := columns[r.IntN(len(columns))]
			value := c.otherValue()
			if value == "" {
				return 0, fmt.Errorf("no other value for a column of type %s", c.typ)
			}
			where, seq, err := pick(ctx, tx, r, c.table)
			if err != nil {
				return 0, err
			}
			if seq < 0 { // a duplicate: when it came, only the store knows
				if seq = -seq; c.name == "received_at" {
					return 0, errNothing
				}
			}
			name := pgx.Identifier{c.name}.Sanitize()
			return seq, changed(ctx, tx, `UPDATE calltrail.`+c.table+` SET `+name+` = `+value+` WHERE `+where+` AND `+name+` IS DISTINCT FROM `+value)
		}},
		{"a value is taken out", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			c := columns[r.IntN(len(columns))]
			where, seq, err := pick(ctx, tx, r, c.table)
			if err != nil || seq < 0 {
				return 0, errNothing
			}
			name := pgx.Identifier{c.name}.Sanitize()
			return seq, changed(ctx, tx, `UPDATE calltrail.`+c.table+` SET `+name+` = NULL WHERE `+where+` AND `+name+` IS NOT NULL`)
		}},
		{"a row is deleted", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			table := pathTables[r.IntN(len(pathTables))]
			where, seq, err := pick(ctx, tx, r, table)
			if err != nil {
				return 0, err
			}
			return max(seq, -seq), changed(ctx, tx, `DELETE FROM calltrail.`+table+` WHERE `+where)
		}},
		{"a record is inserted", insertCopy("call_record", `to_jsonb(t) || jsonb_build_object('record_id', gen_random_uuid())`, false)},
		{"a body is inserted", insertCopy("record_body", `to_jsonb(t) || jsonb_build_object('record_id', gen_random_uuid())`, false)},
		{"a coverage event is inserted", insertCopy("coverage", `to_jsonb(t) || jsonb_build_object('record_id', gen_random_uuid())`, false)},
		{"a row is copied to another day", insertCopy("call_record", `to_jsonb(t) || jsonb_build_object('day', t.day + 1, 'started_at', t.started_at + interval '1 day')`, false)},
		{"an address is inserted", insertCopy("endpoint", `to_jsonb(t) || jsonb_build_object('ip', '192.0.2.77')`, true)},
		{"an address is there twice", insertCopy("endpoint", `to_jsonb(t)`, true)},
		{"an entry is added at the end", func(ctx context.Context, tx pgx.Tx, _ *rand.Rand, f *chainFacts) (int64, error) {
			return f.last + 1, changed(ctx, tx, `INSERT INTO calltrail.entry SELECT sensor, epoch, seq + 1, leaf, sha256(hash), outcome, day, record_id, received_at
				FROM calltrail.entry WHERE seq = $1`, f.last)
		}},
		{"the tail is cut", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, f *chainFacts) (int64, error) {
			return cutTail(ctx, tx, 2+r.Int64N(f.last-4), true)
		}},
		{"the tail is cut, its coverage is left", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, f *chainFacts) (int64, error) {
			return cutTail(ctx, tx, 2+r.Int64N(f.last-4), false)
		}},
		{"the head is rolled back", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, f *chainFacts) (int64, error) {
			n := 1 + r.Int64N(f.last-2)
			return n + 1, rollHead(ctx, tx, n)
		}},
		{"the ledger is deleted", func(ctx context.Context, tx pgx.Tx, _ *rand.Rand, _ *chainFacts) (int64, error) {
			return 1, changed(ctx, tx, `DELETE FROM calltrail.ledger`)
		}},
		{"all addresses are deleted", func(ctx context.Context, tx pgx.Tx, _ *rand.Rand, _ *chainFacts) (int64, error) {
			return 0, changed(ctx, tx, `DELETE FROM calltrail.endpoint`)
		}},
		{"all is deleted", func(ctx context.Context, tx pgx.Tx, _ *rand.Rand, _ *chainFacts) (int64, error) {
			for _, table := range pathTables {
				if err := changed(ctx, tx, `DELETE FROM calltrail.`+table); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}},
		{"two bodies are swapped", swap(`UPDATE calltrail.record_body b SET body = o.body FROM calltrail.record_body o, calltrail.entry e, calltrail.entry f
			WHERE e.seq = $1 AND f.seq = $2 AND (b.record_id, o.record_id) IN ((e.record_id, f.record_id), (f.record_id, e.record_id))`)},
		{"two callers are swapped", swap(`UPDATE calltrail.call_record b SET caller_raw = o.caller_raw, caller_e164 = o.caller_e164, caller_user = o.caller_user FROM calltrail.call_record o,
			calltrail.entry e, calltrail.entry f WHERE e.seq = $1 AND f.seq = $2 AND (b.record_id, o.record_id) IN ((e.record_id, f.record_id), (f.record_id, e.record_id))
			AND b.caller_raw IS DISTINCT FROM o.caller_raw`)},
		{"two entries are swapped", swap(`UPDATE calltrail.entry b SET leaf = o.leaf, hash = o.hash, day = o.day, record_id = o.record_id
			FROM calltrail.entry o WHERE (b.seq, o.seq) IN (($1, $2), ($2, $1)) AND b.outcome = 'stored' AND o.outcome = 'stored'`)},
		{"a record is moved to another partition", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			_, seq, err := pick(ctx, tx, r, "call_record")
			if err != nil {
				return 0, err
			}
			for _, table := range []string{"call_record", "record_body", "endpoint", "entry"} {
				started := ""
				if table == "call_record" {
					started = `, started_at = started_at + interval '1 day'`
				}
				if err := changed(ctx, tx, `UPDATE calltrail.`+table+` SET day = day + 1`+started+` WHERE record_id = (SELECT record_id FROM calltrail.entry WHERE seq = $1)`, seq); err != nil {
					return 0, err
				}
			}
			return seq, nil
		}},
		{"a record is deleted with all that is of it", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			_, seq, err := pick(ctx, tx, r, "call_record")
			if err != nil {
				return 0, err
			}
			if err := dropRecord(ctx, tx, seq); err != nil {
				return 0, err
			}
			if err := changed(ctx, tx, `UPDATE calltrail.ledger SET received = received - int8multirange(int8range($1::bigint, $1::bigint + 1))`, seq); err != nil {
				return 0, err
			}
			return seq, changed(ctx, tx, `DELETE FROM calltrail.entry WHERE seq = $1`, seq)
		}},
		{"a record is hidden as a duplicate", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			_, seq, err := pick(ctx, tx, r, "call_record")
			if err != nil {
				return 0, err
			}
			if err := dropRecord(ctx, tx, seq); err != nil {
				return 0, err
			}
			return seq, changed(ctx, tx, `UPDATE calltrail.entry e SET outcome = 'duplicate', day = o.day, record_id = o.record_id
				FROM calltrail.entry o WHERE e.seq = $1 AND o.seq = (SELECT min(seq) FROM calltrail.entry WHERE outcome = 'stored' AND seq <> $1)`, seq)
		}},
		{"a record is hidden in quarantine", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			return hide(ctx, tx, r, "refused", "e.received_at")
		}},
		{"a record is hidden as of an impossible day", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			return hide(ctx, tx, r, "day_out_of_range", "timestamptz '2001-01-01'")
		}},
		{"an entry has no number", func(ctx context.Context, tx pgx.Tx, _ *rand.Rand, _ *chainFacts) (int64, error) {
			if _, err := tx.Exec(ctx, `ALTER TABLE calltrail.entry DROP CONSTRAINT entry_pkey, ALTER seq DROP NOT NULL`); err != nil {
				return 0, err
			}
			return 0, changed(ctx, tx, `INSERT INTO calltrail.entry SELECT sensor, epoch, NULL, leaf, hash, outcome, day, record_id, received_at FROM calltrail.entry WHERE seq = 1`)
		}},
		{"a record is forged, and its entry", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			seq, err := pickForged(ctx, tx, r, 1)
			if err != nil {
				return 0, err
			}
			return seq, rechain(ctx, tx, seq, seq)
		}},
		{"a record is forged, and the chain behind it", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, f *chainFacts) (int64, error) {
			seq, err := pickForged(ctx, tx, r, 1)
			if err != nil {
				return 0, err
			}
			return seq, rechain(ctx, tx, seq, f.last)
		}},
		{"a deletion has a certificate of an unknown key", func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
			_, seq, err := pick(ctx, tx, r, "call_record")
			if err != nil {
				return 0, err
			}
			if err := certify(ctx, tx, newSigner(t), seq, seq); err != nil {
				return 0, err
			}
			return seq, dropRecord(ctx, tx, seq)
		}},
	}
}

// hide moves a call into quarantine, with a reason and a time of receipt.
func hide(ctx context.Context, tx pgx.Tx, r *rand.Rand, reason, received string) (int64, error) {
	_, seq, err := pick(ctx, tx, r, "call_record")
	if err != nil {
		return 0, err
	}
	if err := changed(ctx, tx, `INSERT INTO calltrail.quarantine (received_at, sensor, epoch, seq, origin, reason, headers, body, sha256)
		SELECT `+received+`, e.sensor, e.epoch, e.seq, 'spool', $2, jsonb_build_object('leaf', encode(e.leaf, 'hex'), 'hash', encode(e.hash, 'hex'),
		       'prev_hash', encode((SELECT p.hash FROM calltrail.entry p WHERE p.seq = e.seq - 1), 'hex')), b.body, e.leaf
		  FROM calltrail.entry e JOIN calltrail.record_body b USING (day, record_id) WHERE e.seq = $1`, seq, reason); err != nil {
		return 0, err
	}
	if err := dropRecord(ctx, tx, seq); err != nil {
		return 0, err
	}
	return seq, changed(ctx, tx, `UPDATE calltrail.entry e SET outcome = 'quarantined', day = NULL, record_id = NULL, received_at = `+received+` WHERE seq = $1`, seq)
}

// insertCopy inserts a row like one that is there.
func insertCopy(table, like string, named bool) func(context.Context, pgx.Tx, *rand.Rand, *chainFacts) (int64, error) {
	return func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
		where, seq, err := pick(ctx, tx, r, table)
		if err != nil {
			return 0, err
		}
		if !named {
			seq = 0
		}
		return seq, changed(ctx, tx, `INSERT INTO calltrail.`+table+` SELECT (jsonb_populate_record(NULL::calltrail.`+table+`, `+like+`)).* FROM calltrail.`+table+` t WHERE `+where)
	}
}

// swap runs a statement on two entries.
func swap(sql string) func(context.Context, pgx.Tx, *rand.Rand, *chainFacts) (int64, error) {
	return func(ctx context.Context, tx pgx.Tx, r *rand.Rand, _ *chainFacts) (int64, error) {
		_, a, err := pick(ctx, tx, r, "call_record")
		if err != nil {
			return 0, err
		}
		_, b, err := pick(ctx, tx, r, "call_record")
		if err != nil || a == b {
			return 0, errNothing
		}
		return min(a, b), changed(ctx, tx, sql, a, b)
	}
}

// dropRecord deletes what belongs to a record, but for its entry.
func dropRecord(ctx context.Context, tx pgx.Tx, seq int64) error {
	for _, table := range []string{"call_record", "registration", "message", "coverage", "record_body", "endpoint"} {
		if _, err := tx.Exec(ctx, `DELETE FROM calltrail.`+table+` WHERE record_id = (SELECT record_id FROM calltrail.entry WHERE seq = $1)`, seq); err != nil {
			return err
		}
	}
	return nil
}

// cutTail deletes everything behind number n, and makes the ledger and the taps agree with it.
func cutTail(ctx context.Context, tx pgx.Tx, n int64, coverage bool) (int64, error) {
	for _, table := range []string{"call_record", "registration", "message", "coverage", "record_body", "endpoint"} {
		if table == "coverage" && !coverage {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM calltrail.`+table+` WHERE record_id IN (SELECT record_id FROM calltrail.entry WHERE seq > $1 AND outcome = 'stored')`, n); err != nil {
			return 0, err
		}
	}
	if err := changed(ctx, tx, `DELETE FROM calltrail.entry WHERE seq > $1`, n); err != nil {
		return 0, err
	}
	if coverage {
		if _, err := tx.Exec(ctx, `UPDATE calltrail.tap SET last_minute = (SELECT max(minute) FROM calltrail.coverage) WHERE EXISTS (SELECT FROM calltrail.coverage)`); err != nil {
			return 0, err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM calltrail.tap WHERE NOT EXISTS (SELECT FROM calltrail.coverage)`); err != nil {
			return 0, err
		}
	}
	return n + 1, rollHead(ctx, tx, n)
}

// rollHead makes the ledger end at number n.
func rollHead(ctx context.Context, tx pgx.Tx, n int64) error {
	return changed(ctx, tx, `UPDATE calltrail.ledger SET head_seq = $1::bigint, head_hash = (SELECT hash FROM calltrail.entry WHERE seq = $1),
		received = int8multirange(int8range(1, $1::bigint + 1))`, n)
}

// pickForged chooses a call, its number from or higher, and gives it another caller, in its bytes and in its row.
func pickForged(ctx context.Context, tx pgx.Tx, r *rand.Rand, from int64) (int64, error) {
	var seq int64
	err := tx.QueryRow(ctx, `SELECT e.seq FROM calltrail.entry e JOIN calltrail.call_record c USING (day, record_id)
		WHERE e.outcome = 'stored' AND c.disposition = 'answered' AND e.seq >= $2 ORDER BY e.seq OFFSET $1 % 20 LIMIT 1`, r.IntN(20), from).Scan(&seq)
	if err != nil {
		return 0, err
	}
	var body []byte
	if err := tx.QueryRow(ctx, `SELECT body FROM calltrail.record_body JOIN calltrail.entry USING (day, record_id) WHERE seq = $1 AND outcome = 'stored'`, seq).Scan(&body); err != nil {
		return 0, err
	}
	forged := bytes.Replace(body, []byte(`"disposition":"answered"`), []byte(`"disposition":"failed"`), 1)
	if bytes.Equal(body, forged) {
		return 0, errNothing
	}
	if err := changed(ctx, tx, `UPDATE calltrail.record_body SET body = $2 WHERE record_id = (SELECT record_id FROM calltrail.entry WHERE seq = $1)`, seq, forged); err != nil {
		return 0, err
	}
	leaf := sha256.Sum256(forged)
	if err := changed(ctx, tx, `UPDATE calltrail.entry SET leaf = $2 WHERE seq = $1`, seq, leaf[:]); err != nil {
		return 0, err
	}
	return seq, changed(ctx, tx, `UPDATE calltrail.call_record SET disposition = 'failed' WHERE record_id = (SELECT record_id FROM calltrail.entry WHERE seq = $1)`, seq)
}

// rechain makes the hashes of entries anew, as who has no key can.
func rechain(ctx context.Context, tx pgx.Tx, from, to int64) error {
	var epoch int64
	var before []byte
	err := tx.QueryRow(ctx, `SELECT epoch, coalesce((SELECT e.hash FROM calltrail.entry e WHERE e.seq = $1 - 1), genesis) FROM calltrail.ledger`, from).Scan(&epoch, &before)
	if err != nil {
		return err
	}
	prev := [32]byte(before)
	for seq := from; seq <= to; seq++ {
		var leaf []byte
		if err := tx.QueryRow(ctx, `SELECT leaf FROM calltrail.entry WHERE seq = $1`, seq).Scan(&leaf); err != nil {
			return err
		}
		prev = evidence.Link(prev, uint64(epoch), uint64(seq), [32]byte(leaf))
		if err := changed(ctx, tx, `UPDATE calltrail.entry SET hash = $2 WHERE seq = $1`, seq, prev[:]); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE calltrail.ledger l SET head_hash = e.hash FROM calltrail.entry e WHERE e.seq = l.head_seq`)
	return err
}

// certify signs a deletion certificate and puts it where verify looks.
func certify(ctx context.Context, tx pgx.Tx, s *evidence.Signer, from, to int64) error {
	c := evidence.Certificate{Sensor: goldenSensor, FromSeq: uint64(from), ToSeq: uint64(to), Reason: "retention", By: "test", At: deletedAt}
	var epoch int64
	var before, last []byte
	err := tx.QueryRow(ctx, `SELECT epoch, coalesce((SELECT e.hash FROM calltrail.entry e WHERE e.seq = $1 - 1), genesis), (SELECT e.hash FROM calltrail.entry e WHERE e.seq = $2)
		FROM calltrail.ledger`, from, to).Scan(&epoch, &before, &last)
	if err != nil {
		return err
	}
	c.Epoch, c.HashBefore, c.HashLast = uint64(epoch), [32]byte(before), [32]byte(last)
	if c, err = s.SignDeletion(c); err != nil {
		return err
	}
	line, err := c.Line()
	if err != nil {
		return err
	}
	return changed(ctx, tx, `INSERT INTO calltrail.deletion_certificate (sensor, epoch, from_seq, to_seq, certificate) VALUES ($1, $2, $3, $4, $5)`,
		goldenSensor, epoch, from, to, string(line))
}
