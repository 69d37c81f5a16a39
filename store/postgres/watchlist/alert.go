package watchlist

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// AlertSchema names the form of an alert's JSON.
const AlertSchema = "calltrail.alert.v1"

// Alert says that an entry of a list was found. It names things by their identities: what they are is asked of the
// database, by who may ask it.
type Alert struct {
	Schema   string    `json:"schema"`
	ID       int64     `json:"id"` // hit_id of the hit. Of two alerts with one ID the second is the first, told again.
	List     string    `json:"list"`
	Entry    int64     `json:"entry"`
	Case     string    `json:"case,omitempty"` // reference the entry was given
	Kind     string    `json:"kind"`           // call, registration, message
	Role     string    `json:"role"`
	Day      string    `json:"day"` // UTC date; with CallUID and RecordID the place of the record
	CallUID  uuid.UUID `json:"call_uid"`
	RecordID uuid.UUID `json:"record_id"`
	Job      int64     `json:"job,omitempty"` // search that found it; 0: it was found as it landed
	FoundAt  time.Time `json:"found_at"`

	// What was found and when it was, personal data: only when the configuration wants it.
	Matched string     `json:"matched,omitempty"`
	At      *time.Time `json:"at,omitempty"`
}

// JSON is the alert as it is published.
func (a *Alert) JSON() ([]byte, error) { return json.Marshal(a) }

// SetAlerts says whether new hits are queued for publishing. It returns how many wait. Hits that were made while it was off
// are not published later.
func SetAlerts(ctx context.Context, conn *pgx.Conn, on bool) (waiting int64, err error) {
	_, err = conn.Exec(ctx, `UPDATE calltrail.setting SET watchlist_alerts = $1 WHERE watchlist_alerts <> $1`, on)
	if err == nil {
		err = conn.QueryRow(ctx, `SELECT count(*) FROM calltrail.watchlist_alert`).Scan(&waiting)
	}
	return waiting, postgres.Wrap("switch the alerts of watchlists", err)
}

// maxAlerts is how many alerts are taken from the queue at once.
const maxAlerts = 500

// publish sends the oldest alerts of the queue and takes them off it when send has returned nil. It returns how many were taken
// off. Of several programs one at a time does it, so that alerts keep their order; the others find nothing to do.
func publish(ctx context.Context, conn *pgx.Conn, values bool, send func(context.Context, []Alert) error) (n int, err error) {
	var late []Alert // of the breach
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(hashtextextended('calltrail.watchlist_alert', 0))`).Scan(&mine); err != nil || !mine {
			return postgres.Wrap("take turns to publish alerts", err)
		}
		alerts, taken, err := oldest(ctx, tx, values)
		if err != nil || len(taken) == 0 {
			return postgres.Wrap("read the queue of alerts", err)
		}
		switch {
		case breach == takeFirst:
			late = alerts
		case len(alerts) > 0:
			if err := send(ctx, alerts); err != nil {
				return fmt.Errorf("publish alerts: %w", err)
			}
		}
		n = len(taken)
		_, err = tx.Exec(ctx, `DELETE FROM calltrail.watchlist_alert WHERE hit_id = ANY ($1)`, taken)
		return postgres.Wrap("take alerts off the queue", err)
	})
	if err == nil && len(late) > 0 {
		err = send(ctx, late)
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// oldest reads from the queue, in its order. A hit that retention has taken with its day leaves nothing to tell, only its place.
func oldest(ctx context.Context, tx pgx.Tx, values bool) (alerts []Alert, taken []int64, err error) {
	rows, err := tx.Query(ctx, `
		SELECT q.hit_id, coalesce(e.list, ''), q.entry_id, coalesce(e.case_ref, ''), coalesce(h.kind, ''), q.role, q.day::text, q.call_uid, h.record_id, coalesce(h.job_id, 0), h.found_at, coalesce(h.matched, ''), h.call_at
		  FROM (SELECT * FROM calltrail.watchlist_alert ORDER BY hit_id LIMIT $1) q
		  LEFT JOIN calltrail.watchlist_hit h ON h.day = q.day AND h.call_uid = q.call_uid AND h.entry_id = q.entry_id AND h.role = q.role
		  LEFT JOIN calltrail.watchlist_entry e ON e.entry_id = q.entry_id
		 ORDER BY q.hit_id`, maxAlerts)
	if err != nil {
		return nil, nil, err
	}
	var a Alert
	var matched string
	var call [16]byte
	var record *[16]byte
	var found, at *time.Time
	_, err = pgx.ForEachRow(rows, []any{&a.ID, &a.List, &a.Entry, &a.Case, &a.Kind, &a.Role, &a.Day, &call, &record, &a.Job, &found, &matched, &at}, func() error {
		taken = append(taken, a.ID)
		if record == nil {
			return nil
		}
		one := a
		one.Schema, one.CallUID, one.RecordID, one.FoundAt = AlertSchema, call, *record, found.UTC()
		if values {
			when := at.UTC()
			one.Matched, one.At = matched, &when
		}
		alerts = append(alerts, one)
		return nil
	})
	return alerts, taken, err
}
