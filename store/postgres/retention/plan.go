package retention

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// LeastDays is how long call records are kept in India at least: two years (licence clause 39.20; see docs/law.md).
const LeastDays = 730

// Span is a partition's days, all of them older than the period and the grace.
type Span struct {
	First, End  time.Time        // first day, first day after it; UTC
	Rows        map[string]int64 // by table
	Records     int64            // of all kinds, by their exact bytes
	Held        int64            // of these, what stays: held, or the signed head that proves a held one
	Quarantined int64            // items received in these days
	Notice      int64            // the first notice that announced all that goes now; 0: none did
	Digest      string           // of what it announced: SHA-256 in hex; a Run takes that, or less when more is held since
	NoticedAt   *time.Time       // when it was given; nil: not yet
	Due         bool             // that is long enough ago: a Run deletes it
}

// Plan lists the spans that are old enough to go, the oldest first. keepDays lengthens the period that the database has.
// Nothing is changed.
func Plan(ctx context.Context, conn *postgres.Conn, keepDays int) ([]Span, error) {
	rows, err := conn.Query(ctx, `SELECT first_day, end_day, rows, records, held, quarantined, coalesce(notice_id, 0), coalesce(digest, ''), noticed_at, due FROM calltrail.retention_plan($1)`, keepDays)
	if err != nil {
		return nil, postgres.Wrap("plan the deletion", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Span, err error) {
		err = row.Scan(&s.First, &s.End, &s.Rows, &s.Records, &s.Held, &s.Quarantined, &s.Notice, &s.Digest, &s.NoticedAt, &s.Due)
		return s, err
	})
	return list, postgres.Wrap("plan the deletion", err)
}

// Notice gives notice that the spans will be deleted. Those whose notice announced all that goes now need no other.
func Notice(ctx context.Context, conn *postgres.Conn, keepDays int, spans []Span) error {
	for i := range spans {
		if spans[i].NoticedAt != nil {
			continue
		}
		if _, err := conn.Exec(ctx, `SELECT calltrail.give_notice($1, $2)`, spans[i].First, keepDays); err != nil {
			return postgres.Wrap("give notice", err)
		}
	}
	return nil
}

// Setting is what the database keeps at least, whatever a program asks for.
type Setting struct {
	Days, GraceDays, NoticeDays int
	// Until is how far partitions are made ahead: the first day without one. Zero: there is none.
	Until time.Time
}

// ReadSetting reads it.
func ReadSetting(ctx context.Context, conn *postgres.Conn) (s Setting, err error) {
	var until *time.Time
	err = conn.QueryRow(ctx, `SELECT retention_days, retention_grace_days, retention_notice_days, (SELECT max(end_day) FROM calltrail.partition) FROM calltrail.setting`).
		Scan(&s.Days, &s.GraceDays, &s.NoticeDays, &until)
	if until != nil {
		s.Until = *until
	}
	return s, postgres.Wrap("read the setting of retention", err)
}

// Set changes it; the owner of the database may. Less than LeastDays is for whoever calls to refuse.
func Set(ctx context.Context, conn *postgres.Conn, s Setting) error {
	_, err := conn.Exec(ctx, `UPDATE calltrail.setting SET retention_days = $1, retention_grace_days = $2, retention_notice_days = $3`, s.Days, s.GraceDays, s.NoticeDays)
	return postgres.Wrap("set the retention", err)
}
