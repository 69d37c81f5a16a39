package register

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// Entry is a row of the audit. Empty texts and a NULL Rows are not there; docs/register.md has the actions.
type Entry struct {
	ID         int64           `json:"audit_id"` // 1, 2, 3 …
	At         time.Time       `json:"at"`       // by the server's clock, to the microsecond
	Token      string          `json:"token"`
	Person     string          `json:"person"` // name of the login
	Action     string          `json:"action"`
	Request    string          `json:"request_id,omitempty"`
	Question   string          `json:"question,omitempty"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	Rows       *int64          `json:"rows,omitempty"`          // released
	SHA256     string          `json:"result_sha256,omitempty"` // over the rows released, each as answer::text and a line feed
	Detail     string          `json:"detail,omitempty"`
	Hash       string          `json:"hash"`
}

// Query says which rows of the audit List returns; empty and zero: all.
type Query struct {
	Request, Person, Action string
	Since                   time.Time // included
	Most                    int       // of the newest; 0 and above 10,000: 10,000
}

// Entries returns rows of the audit, the oldest first. The login must be an auditor's.
func Entries(ctx context.Context, conn *postgres.Conn, q Query) ([]Entry, error) {
	if q.Most <= 0 || q.Most > maxListed {
		q.Most = maxListed
	}
	var since *time.Time
	if !q.Since.IsZero() {
		since = &q.Since
	}
	rows, err := conn.Query(ctx, `SELECT * FROM (
		SELECT audit_id, at, token::text, person, action, coalesce(request_id, ''), coalesce(question, ''), parameters, rows, coalesce(result_sha256, ''), coalesce(detail, ''), hash
		  FROM calltrail.audit
		 WHERE ($1 = '' OR request_id = $1) AND ($2 = '' OR person = $2) AND ($3 = '' OR action = $3) AND ($4::timestamptz IS NULL OR at >= $4)
		 ORDER BY audit_id DESC LIMIT $5) q ORDER BY audit_id`, q.Request, q.Person, q.Action, since, q.Most)
	if err != nil {
		return nil, said("read the audit", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Entry, err error) {
		err = row.Scan(&e.ID, &e.At, &e.Token, &e.Person, &e.Action, &e.Request, &e.Question, &e.Parameters, &e.Rows, &e.SHA256, &e.Detail, &e.Hash)
		e.At = e.At.UTC()
		return e, err
	})
	return list, said("read the audit", err)
}

// Total is a line of the monthly totals: how often a person did something.
type Total struct {
	Month    string `json:"month"` // in the zone of calltrail.setting.time_zone
	Person   string `json:"person"`
	Action   string `json:"action"`
	Question string `json:"question,omitempty"`
	N        int64  `json:"n"`
	Requests int64  `json:"requests"` // of how many
	Rows     int64  `json:"rows"`     // released
}

// Emergency is an emergency opening in the monthly report.
type Emergency struct {
	Month        string    `json:"month"`
	Request      string    `json:"request_id"`
	Officer      string    `json:"officer"` // login
	OpenedAt     time.Time `json:"opened_at"`
	Case         string    `json:"case_ref,omitempty"`
	Purpose      string    `json:"purpose"`
	Rows         int64     `json:"rows"` // released
	ApprovedBy   string    `json:"approved_by,omitempty"`
	ApprovedAt   time.Time `json:"approved_at,omitzero"`
	ApprovedLate bool      `json:"approved_late"`
	State        string    `json:"state"` // overdue: 24 hours have gone by and nobody has approved it
}

// Report is one month of the audit, or all of them.
type Report struct {
	Totals      []Total     `json:"totals"`
	Emergencies []Emergency `json:"emergencies"`
}

// Month returns the totals and the emergency openings of a month, 2026-11; empty: of all months.
func Month(ctx context.Context, conn *postgres.Conn, month string) (Report, error) {
	r := Report{[]Total{}, []Emergency{}}
	rows, err := conn.Query(ctx, `SELECT month, person, action, question, n, requests, rows FROM calltrail.audit_month WHERE $1 = '' OR month = $1
		ORDER BY month, person, action, question LIMIT $2`, month, maxListed)
	if err == nil {
		r.Totals, err = pgx.AppendRows(r.Totals, rows, pgx.RowToStructByPos[Total])
	}
	if err != nil {
		return r, said("total the audit", err)
	}
	rows, err = conn.Query(ctx, `SELECT month, request_id, officer, opened_at, coalesce(case_ref, ''), purpose, rows, coalesce(approved_by, ''), approved_at, coalesce(approved_late, false), state
		FROM calltrail.audit_emergency WHERE $1 = '' OR month = $1 ORDER BY opened_at LIMIT $2`, month, maxListed)
	if err == nil {
		r.Emergencies, err = pgx.AppendRows(r.Emergencies, rows, func(row pgx.CollectableRow) (e Emergency, err error) {
			var approved *time.Time
			err = row.Scan(&e.Month, &e.Request, &e.Officer, &e.OpenedAt, &e.Case, &e.Purpose, &e.Rows, &e.ApprovedBy, &approved, &e.ApprovedLate, &e.State)
			if e.OpenedAt = e.OpenedAt.UTC(); approved != nil {
				e.ApprovedAt = approved.UTC()
			}
			return e, err
		})
	}
	return r, said("list the emergency openings", err)
}
