package register

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres/access"
)

// Many who ask at once: numbers without gaps, one chain, and nobody waits for ever.
func TestParallelAppends(t *testing.T) {
	t.Parallel()
	const people, times = 6, 5
	s := newSite(t)
	approver := s.person("ravi", access.Approver)
	conns := make([]*pgx.Conn, people)
	for i := range conns {
		conns[i] = s.person("asha", access.Analyst)
		s.do(conns[i], `SELECT calltrail.open_request($1)`, s.approved(conns[i], approver, sample))
		// Each within a transaction that stays open: the chain's lock is not held by it.
		s.do(conns[i], "BEGIN")
	}
	var wait sync.WaitGroup
	for _, conn := range conns {
		wait.Go(func() {
			for range times {
				if _, err := conn.Exec(context.Background(), question); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	s.want(`SELECT count(*), max(audit_id) = count(*) FROM calltrail.audit`, "78,t") // 6 x (registered, approved, opened, 5 x (asked, answered))
	v := s.verify(Head{})
	if !v.Holds() || v.Rows != people*(3+2*times) {
		t.Errorf("%+v", v)
	}
}

func (s *site) verify(kept Head) Verdict {
	s.Helper()
	v, err := Verify(context.Background(), s.owner, kept)
	if err != nil {
		s.Fatal(err)
	}
	return v
}

// What the owner of the tables does to them is found, by the database's own check and by that of the program.
func TestMutationsAreFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newSite(t)
	conn, _ := s.opened()
	s.do(conn, question)
	kept, err := End(ctx, s.owner)
	if err != nil || kept.ID != 5 {
		t.Fatal(kept, err)
	}
	if again, err := ParseHead(kept.String()); err != nil || again != kept {
		t.Fatal(again, err)
	}
	if v := s.verify(kept); !v.Holds() || v.Rows != 5 || v.Head != kept {
		t.Fatalf("before any change: %+v", v)
	}
	for name, c := range map[string]struct{ change, found string }{
		"another's name":       {`UPDATE calltrail.audit SET person = 'nobody' WHERE audit_id = 4`, "row 4 is not what its hash was made of"},
		"fewer rows":           {`UPDATE calltrail.audit SET rows = 1 WHERE action = 'answered'`, "row 5 is not what its hash was made of"},
		"other parameters":     {`UPDATE calltrail.audit SET parameters = '{}' WHERE audit_id = 4`, "row 4 is not what its hash was made of"},
		"a microsecond":        {`UPDATE calltrail.audit SET at = at + interval '1 microsecond' WHERE audit_id = 3`, "row 3 is not what its hash was made of"},
		"text moved":           {`UPDATE calltrail.audit SET detail = question, question = detail WHERE audit_id = 4`, "row 4 is not what its hash was made of"},
		"a row deleted":        {`DELETE FROM calltrail.audit WHERE audit_id = 4`, "rows 4 to 4 are missing"},
		"its hash made anew":   {`UPDATE calltrail.audit a SET person = 'nobody' WHERE audit_id = 4; UPDATE calltrail.audit a SET hash = encode(sha256(decode(a.prev_hash, 'hex') || convert_to(calltrail.audit_line(a), 'UTF8')), 'hex') WHERE audit_id = 4`, "row 5 does not follow"},
		"the end cut off":      {`DELETE FROM calltrail.audit WHERE audit_id = 5`, "row 5 of the head that was kept is not there"},
		"everything cut off":   {`TRUNCATE calltrail.audit`, "row 5 of the head that was kept is not there"},
		"the request's window": {`UPDATE calltrail.request SET to_time = to_time + interval '1 year'`, "row 1: request R-2026-000001 is not as it was registered here"},
		"its selectors":        {`UPDATE calltrail.request SET selectors = '[{"type": "number", "value": "+911204100009"}]'`, "row 1: request R-2026-000001 is not as it was registered here"},
		"who approved it":      {`UPDATE calltrail.request_event SET person = 'nobody'`, "row 2: what was decided here of request R-2026-000001 is not so in the register"},
		"subscribers shown":    {`UPDATE calltrail.request_event SET unmask = true`, "row 2: what was decided here of request R-2026-000001 is not so in the register"},
		"an approval added": {
			`INSERT INTO calltrail.request_event (request_id, event, at, person, max_rows, audit_id) VALUES ('R-2026-000001', 'rows_raised', now(), 'x', 99999, 3)`,
			"row 3: the register says of request R-2026-000001 what does not stand here",
		},
		"a request added": {
			`INSERT INTO calltrail.request SELECT 'R-2026-000002', agency, officer, rank, order_ref, section, case_ref, purpose, selectors, from_time, to_time, document_sha256, max_rows, emergency, requested_by, requested_at FROM calltrail.request`,
			"row 0: request R-2026-000002 stands in the register and was never registered",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if first, _, _ := strings.Cut(c.change, ";"); !strings.HasPrefix(first, "INSERT") {
				s.refused(s.owner, "append-only", first)
			}
			tx, err := s.owner.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback(ctx) }()                  // the next one changes what was there
			s.do(tx, `SET LOCAL session_replication_role = replica`) // what only a superuser can
			s.do(tx, c.change)
			if v, err := verify(ctx, tx, kept); err != nil || v.Holds() || !strings.Contains(strings.Join(v.Problems, "\n"), c.found) {
				t.Errorf("%+v, %v, want %q", v, err, c.found)
			}
			var n int
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM calltrail.audit_verify($1, $2)`, kept.ID, kept.Hash).Scan(&n); err != nil || n == 0 {
				t.Errorf("audit_verify finds %d, %v", n, err)
			}
		})
	}
	if v := s.verify(kept); !v.Holds() {
		t.Errorf("after all: %+v", v)
	}
}

func TestParseHead(t *testing.T) {
	for _, bad := range []string{"", ":", "1", "1:ab", "-1:" + strings.Repeat("0", 64), "x:" + strings.Repeat("0", 64), "1:" + strings.Repeat("g", 64)} {
		if h, err := ParseHead(bad); err == nil {
			t.Errorf("%q gives %v", bad, h)
		}
	}
}
