// Package release asks the database for everything one request covers, as the person who registered it.
//
// In: a connection under the person's own name, the number of an approved request. Out: an answer for store/evidence/bundle, as the
// database released it: after its audit row was committed. Called by cmd/calltrail (`export`). It has no rights of its own: what the person
// may not see, it does not get. It writes nothing, checks no hash (bundle.Verify does), and logs nothing.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/evidence/bundle/answer"
	"calltrail/store/postgres"
)

// question is the one that is asked; migration 029 has it.
const question = "of_request"

// Read opens the request and asks. Meta's fields that are not the database's are the caller's.
func Read(ctx context.Context, conn *postgres.Conn, id string, meta answer.Meta) (*answer.Answer, error) {
	var err error
	if meta.Request, err = request(ctx, conn, id); err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, `SELECT calltrail.open_request($1)`, id); err != nil {
		return nil, postgres.Wrap("open request "+strconv.Quote(id), err)
	}
	meta.Schema, meta.Question = answer.Schema, question
	// The texts are what the database hashed for its audit, letter by letter.
	rows, err := conn.Query(ctx, `SELECT a.n, a.answer::text, a.coverage, session_user::text, date_trunc('milliseconds', clock_timestamp())
	                                FROM calltrail.ask($1, '{}') a ORDER BY a.n NULLS LAST`, question)
	if err != nil {
		return nil, postgres.Wrap("ask for the records of "+strconv.Quote(id), err)
	}
	var lines []json.RawMessage
	var n *int64
	var text, coverage *string
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&n, &text, &coverage, &meta.By, &at}, func() error {
		if n != nil && text != nil {
			if len(lines) == answer.MaxRows {
				return fmt.Errorf("more than %d records; ask for a shorter time", answer.MaxRows)
			}
			lines = append(lines, json.RawMessage(*text))
			return nil
		}
		if coverage != nil {
			meta.Coverage = *coverage
		}
		meta.At = at.UTC()
		return nil
	})
	if err != nil {
		return nil, postgres.Wrap("ask for the records of "+strconv.Quote(id), err)
	}
	if meta.At.IsZero() || meta.Coverage == "" {
		return nil, errors.New("the answer ends without its coverage; nothing is exported")
	}
	meta.AuditID = auditRow(meta.Coverage)
	return answer.New(meta, lines)
}

// auditOf finds the number of the audit's row at the end of the coverage.
var auditOf = regexp.MustCompile(`Audit row ([0-9]{1,18})\.?$`)

func auditRow(coverage string) int64 {
	m := auditOf.FindStringSubmatch(coverage)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(m[1], 10, 64) // 18 digits fit
	return n
}

// request reads one of the person's own requests.
func request(ctx context.Context, conn *postgres.Conn, id string) (r answer.Request, err error) {
	var selectors []byte
	var approvedAt *time.Time
	err = conn.QueryRow(ctx, `SELECT r.request_id, coalesce(r.agency, ''), coalesce(r.officer, ''), coalesce(r.rank, ''), coalesce(r.order_ref, ''), coalesce(r.section, ''),
	       coalesce(r.case_ref, ''), coalesce(r.purpose, ''), r.selectors, r.from_time, r.to_time, coalesce(r.document_sha256, ''), r.requested_by, r.requested_at,
	       coalesce(r.approved_by, ''), r.approved_at, coalesce(r.unmask, false)
	  FROM calltrail.my_requests() r WHERE r.request_id = $1 AND r.requested_by = session_user`, id).
		Scan(&r.ID, &r.Agency, &r.Officer, &r.Rank, &r.OrderRef, &r.Section, &r.CaseRef, &r.Purpose, &selectors, &r.From, &r.To, &r.Document,
			&r.RequestedBy, &r.RequestedAt, &r.ApprovedBy, &approvedAt, &r.Unmasked)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, fmt.Errorf("request %.32q is none that you have registered; calltrail request list shows yours", id)
	}
	if err != nil {
		return r, postgres.Wrap("read request "+strconv.Quote(id), err)
	}
	if err := json.Unmarshal(selectors, &r.Selectors); err != nil {
		return r, fmt.Errorf("the selectors of request %s cannot be read", id)
	}
	r.From, r.To, r.RequestedAt = r.From.UTC(), r.To.UTC(), r.RequestedAt.UTC()
	if approvedAt != nil {
		r.ApprovedAt = approvedAt.UTC()
	}
	return r, nil
}
