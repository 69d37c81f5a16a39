package register

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/postgres"
)

// maxListed bounds the lists of requests and of audit rows; the newest are in them.
const maxListed = 10_000

// Selector is one thing that may be asked about.
type Selector struct {
	Type  string `json:"type"`           // number, number_prefix, address, subscriber, uri, call, device, asn, area, case, pattern
	Value string `json:"value"`          // as written; the database makes it one form
	Port  int    `json:"port,omitempty"` // of an address; 0: any
}

// Letter is what an agency's letter says: what is registered. The database checks it, and says in one line what is wrong.
type Letter struct {
	Agency    string     `json:"agency"`
	Officer   string     `json:"officer"`
	Rank      string     `json:"rank"`
	Order     string     `json:"order_ref,omitempty"` // this or Section
	Section   string     `json:"section,omitempty"`
	Case      string     `json:"case_ref,omitempty"`
	Purpose   string     `json:"purpose"`
	Selectors []Selector `json:"selectors"`
	// From and To are as written: without a zone in that of calltrail.setting.time_zone. To is not included.
	From   string `json:"-"`
	To     string `json:"-"`
	SHA256 string `json:"document_sha256,omitempty"` // of the letter, 64 hexadecimal digits; empty only in an emergency
	// MaxRows is the most rows of one answer, up to 100,000; of an emergency the database's setting holds.
	MaxRows int `json:"max_rows"`
}

// Request is a request and what became of it: a row of calltrail.requests. Empty texts and zero times are not there.
type Request struct {
	ID string `json:"request_id"`
	Letter
	FromTime    time.Time `json:"from_time"`
	ToTime      time.Time `json:"to_time"`
	Emergency   bool      `json:"emergency"`
	RequestedBy string    `json:"requested_by"`
	RequestedAt time.Time `json:"requested_at"`
	ApprovedBy  string    `json:"approved_by,omitempty"`
	ApprovedAt  time.Time `json:"approved_at,omitzero"`
	Unmask      bool      `json:"unmask"` // subscribers are shown
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	State       string    `json:"state"` // registered, approved, refused, closed, expired, emergency, overdue
}

// Register registers a request and returns its number; somebody else approves it.
func Register(ctx context.Context, conn *postgres.Conn, l Letter) (id string, err error) {
	err = conn.QueryRow(ctx, `SELECT calltrail.register_request($1, $2, $3, $4, calltrail.read_time($5, s.time_zone), calltrail.read_time($6, s.time_zone), $7, $8, $9, $10, $11, $12)
		FROM calltrail.setting s`, l.Agency, l.Officer, l.Rank, l.Selectors, l.From, l.To, l.Purpose, l.Order, l.Section, l.Case, l.SHA256, l.MaxRows).Scan(&id)
	return id, said("register a request", err)
}

// OpenEmergency registers and opens a request without approval, as the officer named for it. A second person has 24 hours to approve it.
func OpenEmergency(ctx context.Context, conn *postgres.Conn, l Letter) (id string, err error) {
	err = conn.QueryRow(ctx, `SELECT calltrail.open_emergency($1, $2, $3, $4, calltrail.read_time($5, s.time_zone), calltrail.read_time($6, s.time_zone), $7, $8, $9, $10, $11)
		FROM calltrail.setting s`, l.Agency, l.Officer, l.Rank, l.Selectors, l.From, l.To, l.Purpose, l.Order, l.Section, l.Case, l.SHA256).Scan(&id)
	return id, said("open an emergency request", err)
}

// Approve approves a request of somebody else; of an emergency it is the second approval. unmask shows subscribers.
func Approve(ctx context.Context, conn *postgres.Conn, id, note string, unmask bool) error {
	return step(ctx, conn, `SELECT calltrail.approve_request($1, $2, $3)`, id, note, unmask)
}

// Refuse refuses a request of somebody else.
func Refuse(ctx context.Context, conn *postgres.Conn, id, note string) error {
	return step(ctx, conn, `SELECT calltrail.refuse_request($1, $2)`, id, note)
}

// Raise raises the most rows of one answer, for a request of somebody else.
func Raise(ctx context.Context, conn *postgres.Conn, id string, rows int, note string) error {
	return step(ctx, conn, `SELECT calltrail.raise_rows($1, $2, $3)`, id, rows, note)
}

// Close ends a request: nothing is asked for it any more.
func Close(ctx context.Context, conn *postgres.Conn, id, note string) error {
	return step(ctx, conn, `SELECT calltrail.close_request($1, $2)`, id, note)
}

func step(ctx context.Context, conn *postgres.Conn, query string, args ...any) error {
	_, err := conn.Exec(ctx, query, args...)
	return said("write into the register", err)
}

// List returns the requests one may see, the oldest first, at most the newest 10,000: one's own; approvers and auditors all.
// id and state may be empty: all.
func List(ctx context.Context, conn *postgres.Conn, id, state string) ([]Request, error) {
	rows, err := conn.Query(ctx, `SELECT * FROM (
		SELECT request_id, agency, officer, rank, coalesce(order_ref, ''), coalesce(section, ''), coalesce(case_ref, ''), purpose, selectors, from_time, to_time,
		       coalesce(document_sha256, ''), max_rows, emergency, requested_by, requested_at, coalesce(approved_by, ''), approved_at, unmask, expires_at, state
		  FROM calltrail.my_requests() WHERE ($1 = '' OR request_id = $1) AND ($2 = '' OR state = $2)
		 ORDER BY request_id DESC LIMIT $3) q ORDER BY request_id`, id, state, maxListed)
	if err != nil {
		return nil, said("list the requests", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Request, err error) {
		var approved, expires *time.Time
		err = row.Scan(&r.ID, &r.Agency, &r.Officer, &r.Rank, &r.Order, &r.Section, &r.Case, &r.Purpose, &r.Selectors, &r.FromTime, &r.ToTime,
			&r.SHA256, &r.MaxRows, &r.Emergency, &r.RequestedBy, &r.RequestedAt, &r.ApprovedBy, &approved, &r.Unmask, &expires, &r.State)
		for _, t := range []struct{ to, from *time.Time }{{&r.FromTime, &r.FromTime}, {&r.ToTime, &r.ToTime}, {&r.RequestedAt, &r.RequestedAt}, {&r.ApprovedAt, approved}, {&r.ExpiresAt, expires}} {
			if t.from != nil {
				*t.to = t.from.UTC()
			}
		}
		return r, err
	})
	return list, said("list the requests", err)
}

// said makes of an error what the register itself says of it, in one line with its advice; of any other error what
// postgres.Wrap does. A nil err stays nil.
func said(op string, err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case ok && pg.Routine == "exec_stmt_raise":
		if pg.Hint != "" {
			return fmt.Errorf("%s; %s", pg.Message, pg.Hint)
		}
		return errors.New(pg.Message)
	case ok && pg.Code == "42501":
		return fmt.Errorf("%s: this login has not the role for it; calltrail access shows who has which", op)
	}
	return postgres.Wrap(op, err)
}
