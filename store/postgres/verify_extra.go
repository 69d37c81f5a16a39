package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"calltrail/store/evidence"
)

// tables sees that what is verified are tables: a view in the place of one could tell verify something else than those who ask.
func (v *verifier) tables(ctx context.Context) error {
	names := []string{"entry", "ledger", "quarantine", "record_body", "endpoint", "tap", "key", "deletion_certificate"}
	for _, t := range recordTables {
		names = append(names, t.name)
	}
	rows, err := v.tx.Query(ctx, `SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE n.nspname = 'calltrail' AND c.relname = ANY ($1::text[]) AND c.relkind NOT IN ('r', 'p')`, names)
	if err != nil {
		return err
	}
	var name string
	_, err = pgx.ForEachRow(rows, []any{&name}, func() error {
		v.add(nil, evidence.Fault{Kind: evidence.Extra, Text: fmt.Sprintf("calltrail.%s is no table", name)})
		return nil
	})
	return err
}

// strayEntries finds entries that no walk along a chain has met: without a number, sensor or epoch, or with an epoch below 0.
func (v *verifier) strayEntries(ctx context.Context) error {
	var there uint64
	if err := v.tx.QueryRow(ctx, `SELECT count(*) FROM calltrail.entry`).Scan(&there); err != nil {
		return err
	}
	if there != v.report.Records {
		v.add(nil, evidence.Fault{Kind: evidence.Extra, Text: fmt.Sprintf("calltrail.entry has %d rows, the chains %d entries", there, v.report.Records)})
	}
	return nil
}

// extraRows finds rows of records that no entry stored: somebody put them there, or took the entry away.
func (v *verifier) extraRows(ctx context.Context) error {
	tables := []string{"coverage"} // what an auditor may read
	if !v.q.NoContents {
		tables = []string{"record_body"}
		for _, t := range recordTables {
			tables = append(tables, t.name)
		}
	}
	for _, table := range tables {
		rows, err := v.tx.Query(ctx, `SELECT t.day, t.record_id FROM calltrail.`+table+` t
			 WHERE NOT EXISTS (SELECT FROM calltrail.entry e WHERE e.record_id = t.record_id AND e.day = t.day AND e.outcome = 'stored')
			 LIMIT 100`)
		if err != nil {
			return err
		}
		var day time.Time
		var id [16]byte
		_, err = pgx.ForEachRow(rows, []any{&day, &id}, func() error {
			v.add(nil, evidence.Fault{
				Kind: evidence.Extra,
				Text: fmt.Sprintf("calltrail.%s has a row of record %s, day %s, that no entry stored", table, uuid.UUID(id), day.Format(time.DateOnly)),
			})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// storedTwice finds records that two entries claim to have stored: the loader stores one, and calls the others duplicates.
func (v *verifier) storedTwice(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `SELECT coalesce(sensor, ''), coalesce(epoch, 0), coalesce(seq, 0) FROM (
		    SELECT sensor, epoch, seq, row_number() OVER (PARTITION BY day, record_id ORDER BY received_at, sensor, epoch, seq) AS n
		      FROM calltrail.entry WHERE outcome = 'stored' AND record_id IN (
		           SELECT record_id FROM calltrail.entry WHERE outcome = 'stored' GROUP BY day, record_id HAVING count(*) > 1 LIMIT 100)) AS again
		 WHERE n > 1 ORDER BY sensor, epoch, seq`)
	if err != nil {
		return err
	}
	var sensor string
	var epoch, seq int64
	_, err = pgx.ForEachRow(rows, []any{&sensor, &epoch, &seq}, func() error {
		n := uint64(max(seq, 0))
		v.add(v.report.Chain(sensor, uint64(max(epoch, 0))), evidence.Fault{Seq: n, Last: n, Kind: evidence.Row, Text: "another entry before it stored the same record"})
		return nil
	})
	return err
}

// compareTaps holds calltrail.tap against the coverage events it was made from. Where events were deleted with a
// certificate, a tap may reach further than those that are left.
func (v *verifier) compareTaps(ctx context.Context) error {
	rows, err := v.tx.Query(ctx, `SELECT sensor, tap, first_minute, last_minute FROM calltrail.tap`)
	if err != nil {
		return err
	}
	fault := func(sensor, tap string) {
		v.add(nil, evidence.Fault{Sensor: sensor, Kind: evidence.Row, Text: fmt.Sprintf("calltrail.tap says something else of tap %.64q than its coverage events", tap)})
	}
	var sensor, tap string
	var first, last time.Time
	_, err = pgx.ForEachRow(rows, []any{&sensor, &tap, &first, &last}, func() error {
		key := [2]string{sensor, tap}
		m, ok := v.taps[key]
		delete(v.taps, key)
		switch {
		case v.deleted[sensor] && (!ok || !m.first.Before(first) && !m.last.After(last)):
		case !ok || !m.first.Equal(first) || !m.last.Equal(last):
			fault(sensor, tap)
		}
		return nil
	})
	for key := range v.taps {
		fault(key[0], key[1])
	}
	return err
}
