package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// COPY knows no ON CONFLICT, so records are copied into temporary tables (which are not logged and emptied at commit)
// and inserted from there. Bodies and addresses need no such detour: they are written only for records that were new.
var (
	stageCall         = pgx.Identifier{"stage_call_record"}
	stageRegistration = pgx.Identifier{"stage_registration"}
	stageMessage      = pgx.Identifier{"stage_message"}
	stageCoverage     = pgx.Identifier{"stage_coverage"}

	callNames         = names(callColumns)
	registrationNames = names(registrationColumns)
	messageNames      = names(messageColumns)
	coverageNames     = names(coverageColumns)
)

// makeStaging gives a new connection its staging tables.
func makeStaging(ctx context.Context, conn *pgx.Conn) error {
	for _, table := range []string{"call_record", "registration", "message", "coverage"} {
		if err := makeStage(ctx, conn, table); err != nil {
			return wrap("make the staging tables", err)
		}
	}
	return nil
}

// storeRecords inserts the records of new entries, and settles which of them were new themselves.
func (b *batch) storeRecords(ctx context.Context) error {
	b.stored = map[uuid.UUID]bool{}
	var calls []*callRow
	var registrations []*registrationRow
	var messages []*messageRow
	var coverages []*coverageRow
	for _, e := range b.fresh {
		switch {
		case e.call != nil:
			e.call.receivedAt = b.now
			calls = append(calls, e.call)
		case e.registration != nil:
			e.registration.receivedAt = b.now
			registrations = append(registrations, e.registration)
		case e.message != nil:
			e.message.receivedAt = b.now
			messages = append(messages, e.message)
		case e.coverage != nil:
			e.coverage.receivedAt = b.now
			coverages = append(coverages, e.coverage)
		}
	}
	err := insertNew(ctx, b, stageCall, callColumns, callNames, calls,
		`INSERT INTO calltrail.call_record SELECT * FROM stage_call_record ON CONFLICT DO NOTHING RETURNING record_id`)
	if err != nil {
		return err
	}
	err = insertNew(ctx, b, stageRegistration, registrationColumns, registrationNames, registrations,
		`INSERT INTO calltrail.registration SELECT * FROM stage_registration ON CONFLICT DO NOTHING RETURNING record_id`)
	if err != nil {
		return err
	}
	err = insertNew(ctx, b, stageMessage, messageColumns, messageNames, messages,
		`INSERT INTO calltrail.message SELECT * FROM stage_message ON CONFLICT DO NOTHING RETURNING record_id`)
	if err != nil {
		return err
	}
	err = insertNew(ctx, b, stageCoverage, coverageColumns, coverageNames, coverages,
		`INSERT INTO calltrail.coverage SELECT * FROM stage_coverage ON CONFLICT DO NOTHING RETURNING record_id`)
	if err != nil {
		return err
	}

	b.outcomes = make([]string, len(b.fresh))
	for i, e := range b.fresh {
		switch {
		case e.reason != "":
			b.outcomes[i] = "quarantined"
		case b.stored[e.recordID]:
			// The first of a batch is the one the staging table kept; a second with the same identity is a duplicate.
			b.stored[e.recordID] = false
			b.outcomes[i] = "stored"
			b.news = append(b.news, e)
			b.counts.Stored++
		default:
			b.outcomes[i] = "duplicate"
			b.counts.Duplicates++
		}
	}
	return nil
}

// insertNew copies rows to their staging table and inserts from there those whose record is new.
func insertNew[T any](ctx context.Context, b *batch, stage pgx.Identifier, columns []column[T], names []string, rows []*T, insert string) error {
	if len(rows) == 0 {
		return nil
	}
	source := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return values(columns, rows[i]), nil })
	if _, err := b.tx.CopyFrom(ctx, stage, names, source); err != nil {
		return err
	}
	inserted, err := b.tx.Query(ctx, insert)
	if err != nil {
		return err
	}
	var recordID [16]byte
	_, err = pgx.ForEachRow(inserted, []any{&recordID}, func() error {
		b.stored[recordID] = true
		return nil
	})
	return err
}

// storeChildren writes the exact bytes and the addresses of the records that were new.
func (b *batch) storeChildren(ctx context.Context) error {
	if len(b.news) == 0 {
		return nil
	}
	_, err := CopyInto(ctx, b.tx, "record_body", []string{"day", "record_id", "body"},
		pgx.CopyFromSlice(len(b.news), func(i int) ([]any, error) {
			e := b.news[i]
			return []any{date(e.day), id(e.recordID), e.Body}, nil
		}))
	if err != nil {
		return err
	}
	var rows [][]any
	for _, e := range b.news {
		var call any
		if e.call != nil {
			call = id(e.call.CallUID)
		}
		for _, p := range e.endpoints {
			rows = append(rows, []any{
				date(e.day), id(e.recordID), call, ip(p.addr.IP), int32(p.addr.Port), p.roles, p.first.Std(), p.latest.Std(),
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err = CopyInto(ctx, b.tx, "endpoint",
		[]string{"day", "record_id", "call_uid", "ip", "port", "roles", "first_at", "last_at"}, pgx.CopyFromRows(rows))
	return err
}
