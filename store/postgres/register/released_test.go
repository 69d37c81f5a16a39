package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/postgres/access"
)

const (
	question = `SELECT n, answer::text, coverage FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 3}')`
	slow     = `SELECT * FROM calltrail.ask('slowly', '{"of_number": "+911204100001"}')`
)

// The rule: no answer is released before its audit row is committed in another transaction.
func TestNothingIsReleasedUnlessAudited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := context.Background()
	stands := func(t *testing.T, id, actions string) {
		t.Helper()
		if got := s.actions(id); got != actions {
			t.Errorf("the audit has %q, want %q", got, actions)
		}
		s.want(`SELECT * FROM calltrail.audit_verify()`, "")
	}
	for name, use := range map[string]func(*testing.T, *pgx.Conn){
		"rolls back": func(t *testing.T, conn *pgx.Conn) {
			tx, err := conn.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			s.do(tx, question)
			if err := tx.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
		},
		"rolls back to a savepoint, then aborts": func(_ *testing.T, conn *pgx.Conn) {
			for _, statement := range []string{"BEGIN", "SAVEPOINT a", question, "ROLLBACK TO a"} {
				s.do(conn, statement)
			}
			s.refused(conn, "division by zero", "SELECT 1/0")
			s.do(conn, "ROLLBACK")
		},
		"reads half a cursor and drops the connection": func(t *testing.T, conn *pgx.Conn) {
			s.do(conn, "BEGIN")
			s.do(conn, "DECLARE c CURSOR FOR "+question)
			var n int
			if err := conn.QueryRow(ctx, "FETCH 1 FROM c").Scan(&n, nil, nil); err != nil || n != 1 {
				t.Fatal(n, err)
			}
			if err := conn.PgConn().Conn().Close(); err != nil { // no goodbye
				t.Fatal(err)
			}
		},
		"is killed with rows unread": func(_ *testing.T, conn *pgx.Conn) {
			s.do(conn, "BEGIN")
			s.do(conn, question)
			s.do(s.owner, "SELECT pg_terminate_backend($1)", conn.PgConn().PID())
		},
		"explains and analyses": func(_ *testing.T, conn *pgx.Conn) {
			s.do(conn, "BEGIN READ ONLY")
			s.do(conn, "EXPLAIN ANALYZE "+question)
			s.do(conn, "ROLLBACK")
		},
		"hides it in a function that may not write": func(_ *testing.T, conn *pgx.Conn) {
			s.do(conn, `CREATE FUNCTION pg_temp.quiet() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 3}') $$`)
			s.do(conn, "BEGIN")
			s.do(conn, "SELECT pg_temp.quiet()")
			s.do(conn, "ROLLBACK")
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, id := s.opened()
			use(t, conn)
			stands(t, id, "asked; answered")
			s.want(`SELECT person = $2, question, parameters ->> 'of_number', rows FROM calltrail.audit WHERE request_id = $1 AND action = 'answered'`,
				"t,probe,+911204100001,3", id, s.names["asha"])
		})
	}

	// In the middle of the question: nothing was released, and the audit says that it was asked.
	for name, end := range map[string]string{"cancelled": "pg_cancel_backend", "killed": "pg_terminate_backend"} {
		t.Run(name+" in the middle", func(t *testing.T) {
			conn, id := s.opened()
			pid := conn.PgConn().PID()
			done := make(chan error, 1)
			go func() {
				_, err := conn.Exec(ctx, slow)
				done <- err
			}()
			s.until(`SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'`, "1", pid)
			s.do(s.owner, "SELECT "+end+"($1)", pid)
			if err := <-done; err == nil {
				t.Fatal("the question was answered")
			}
			s.until(`SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`, "0", pid)
			want := map[string]string{"cancelled": "asked; failed", "killed": "asked"}[name]
			stands(t, id, want)
		})
	}
}

// The hash of the audit is that of what was released, and anybody can make it again.
func TestTheHashIsThatOfTheRows(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn, id := s.opened()
	// Whatever the session makes of times and numbers.
	s.do(conn, `SET timezone = 'America/New_York'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = -15`)
	rows, err := conn.Query(context.Background(), question)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	var released []string
	last := ""
	for rows.Next() {
		var n *int64
		var answer, coverage *string
		if err := rows.Scan(&n, &answer, &coverage); err != nil {
			t.Fatal(err)
		}
		if answer == nil {
			last = *coverage
			continue
		}
		released = append(released, *answer)
		_, _ = fmt.Fprintln(sum, *answer)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	s.want(`SELECT rows, result_sha256 FROM calltrail.audit WHERE request_id = $1 AND action = 'answered'`, "3,"+hex.EncodeToString(sum.Sum(nil)), id)
	want := `{"at": "2026-10-31T18:30:00+00:00", "nested": {"list": [{"subscriber": null}], "subscriber": null}, "number": "+911204100001", "subscriber": null}`
	if len(released) != 3 || released[0] != want {
		t.Errorf("released\n%s\nwant 3 of\n%s", strings.Join(released, "\n"), want)
	}
	want = "2026-11-01 00:00:00 to 2026-12-01 00:00:00 IST (2026-10-31 18:30:00 to 2026-11-30 18:30:00 UTC). Coverage: "
	if !strings.HasPrefix(last, want) || !strings.HasSuffix(last, ". Not shown without approval: subscriber. Audit row 5") {
		t.Errorf("the last row says %q", last)
	}
}

// The control: when the row cannot be written, or only says so, there is no answer.
func TestBrokenChannel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn, id := s.opened()
	var whole string
	if err := s.owner.QueryRow(context.Background(), `SELECT string_agg(pg_get_functiondef(p), ';') FROM unnest(ARRAY['calltrail.audit_append'::regproc, 'calltrail.channel']) p`).Scan(&whole); err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string]struct{ how, says string }{
		"password changed": {`ALTER USER MAPPING FOR CURRENT_USER SERVER calltrail_audit OPTIONS (SET password 'another')`, "its connection is refused"},
		"server gone":      {`DROP SERVER calltrail_audit CASCADE`, "its connection is not set up"},
		"right taken":      {`DO $$ BEGIN EXECUTE format('REVOKE EXECUTE ON FUNCTION calltrail.audit_append(text, text) FROM %I', calltrail.audit_login()); END $$`, "SQLSTATE 42501"},
		"says so only": {`CREATE OR REPLACE FUNCTION calltrail.audit_append(entry text, seal text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS
			$$ SELECT jsonb_build_object('audit_id', 1, 'hash', repeat('0', 64), 'xid', pg_current_xact_id()::text) $$`, "the audit row was not committed"},
		// A channel that writes in the asker's own transaction would be taken back with it.
		"writes here": {`CREATE OR REPLACE FUNCTION calltrail.channel(statement text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
			$$ DECLARE r text; BEGIN EXECUTE statement INTO r; RETURN r; END $$`, "the audit row was not committed"},
		"chain is held": {`ALTER FUNCTION calltrail.audit_append(text, text) SET lock_timeout = '50ms'; COMMIT; BEGIN; SELECT FROM calltrail.audit_secret FOR UPDATE`, "SQLSTATE 55P03"},
	} {
		t.Run(name, func(t *testing.T) {
			s.do(s.owner, broken.how)
			rows, err := conn.Query(context.Background(), question)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				t.Error("a row was released")
			}
			var pg *pgconn.PgError
			if err := rows.Err(); !errors.As(err, &pg) || !strings.Contains(pg.Message, "nothing is done: ") || !strings.Contains(pg.Message, broken.says) {
				t.Errorf("the error is %v, want %q", err, broken.says)
			}
			if got := s.actions(id); got != "" {
				t.Errorf("the audit has %q", got)
			}
			s.do(s.owner, "ROLLBACK")
			s.do(s.owner, whole)
			if _, err := access.Init(context.Background(), s.owner, access.Options{}); err != nil {
				t.Fatal(err)
			}
		})
	}
	// The same question, and the channel is whole again.
	s.do(conn, question)
	if got := s.actions(id); got != "asked; answered" {
		t.Errorf("the audit has %q", got)
	}
}

// until waits for an answer of the database, asking again: what is waited for happens there, in another process.
func (s *site) until(query, answer string, args ...any) {
	s.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		if s.text(query, args...) == answer {
			return
		}
	}
	s.Fatalf("%s: never %s", query, answer)
}
