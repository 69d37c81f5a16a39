package register

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres/access"
)

// A request that is closed, or an approval that ends, while its question runs: nothing is released any more.
func TestClosedWhileTheQuestionRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn, id := s.opened()
	approver, holder := s.person("ravi"), s.connect(s.dsn)
	// The coverage of an answer is the last that is read before it is released: the question waits there.
	s.do(holder, "BEGIN; LOCK TABLE calltrail.tap IN ACCESS EXCLUSIVE MODE")
	done := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), question)
		done <- err
	}()
	s.until(`SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'`, "1", conn.PgConn().PID())
	s.do(approver, `SELECT calltrail.close_request($1, 'the order was taken back')`, id)
	s.do(holder, "COMMIT")
	if err := <-done; err == nil || !strings.Contains(err.Error(), "is closed since the question was asked; nothing is released") {
		t.Errorf("after it was closed: %v", err)
	}
	s.want(`SELECT action, rows FROM calltrail.audit WHERE request_id = $1 ORDER BY audit_id DESC LIMIT 1`, "refused,", id)
	s.want(`SELECT * FROM calltrail.audit_verify()`, "")
}

// Few rows stay few, and somebody has to stand for each opening, however the officer goes about it.
func TestEmergencyAgainAndAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	officer, approver := s.person("devi", access.Analyst, access.Approver), s.person("ravi", access.Approver)
	s.do(s.owner, `SELECT calltrail.set_emergency_officer($1)`, s.names["devi"])
	const fifteen = `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 15}')`
	s.do(officer, emergency)
	s.do(officer, fifteen)

	// Closed, it would never be overdue.
	for _, closing := range []*pgx.Conn{officer, approver} {
		s.refused(closing, "a second person approves or refuses it first", `SELECT calltrail.close_request('R-2026-000001', 'no trace left')`)
	}
	// A second opening does not begin at nothing.
	s.do(officer, emergency)
	s.refused(officer, "few rows in all", fifteen)
	s.do(officer, `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 5}')`)
	// Each is decided on for itself; then its rows are no longer counted.
	s.do(approver, `SELECT calltrail.approve_request('R-2026-000001', 'seen')`)
	s.do(officer, fifteen)
	s.refused(officer, "few rows in all", `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 16}')`)
	s.do(approver, `SELECT calltrail.refuse_request('R-2026-000002', 'no emergency')`)
	s.refused(officer, "is refused, not approved", fifteen)
	s.do(officer, `SELECT calltrail.close_request('R-2026-000001', 'answered')`)
	s.want(`SELECT request_id, rows, state FROM calltrail.audit_emergency ORDER BY 1`, "R-2026-000001,15,closed; R-2026-000002,20,refused")
	s.want(`SELECT * FROM calltrail.audit_verify()`, "")
}

// Nobody makes the audit look false by what he writes into it.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn, id := s.opened()
	approver := s.person("ravi")
	// As if it had been decided: the parameters of a question that is refused stand in the audit as they were given.
	for _, forged := range []string{
		`SELECT * FROM calltrail.ask('probe', '{"event": "refused", "note": "asked: probe: parameter of_number is missing"}')`,
		`SELECT * FROM calltrail.ask(NULL, '{"event": "refused", "note": "asked: NULL is no question; SELECT * FROM calltrail.questions() lists them"}')`,
		`SELECT * FROM calltrail.ask('probe', '{"event": "approved", "max_rows": 100000, "unmask": true}')`,
	} {
		s.refused(conn, "ask: ", forged)
	}
	// A refusal that is not allowed, with the words of the audit itself for a note.
	s.do(approver, `SELECT calltrail.close_request($1)`, id)
	s.refused(approver, "it is closed", `SELECT calltrail.refuse_request($1, 'refused: it is closed')`, id)
	s.want(`SELECT * FROM calltrail.audit_verify()`, "")
	if v, err := Verify(context.Background(), s.owner, Head{}); err != nil || !v.Holds() {
		t.Errorf("%+v, %v", v, err)
	}
	// And one that was allowed is still looked for.
	refused := s.registered(conn, sample)
	s.do(approver, `SELECT calltrail.refuse_request($1, 'no order')`, refused)
	s.want(`SELECT * FROM calltrail.audit_verify()`, "")
	s.do(s.owner, `SET session_replication_role = replica`)
	s.do(s.owner, `DELETE FROM calltrail.request_event WHERE request_id = $1`, refused)
	s.want(`SELECT problem FROM calltrail.audit_verify()`, `"what was decided here of request `+refused+` is not so in the register"`)
}

// What a session may set changes neither what is covered nor what is compared.
func TestSettingsOfTheSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, id := s.opened()
	for _, setting := range []string{
		"standard_conforming_strings = off", "transform_null_equals = on", "array_nulls = off", "quote_all_identifiers = on", "row_security = off", "timezone_abbreviations = 'India'",
		"plan_cache_mode = force_generic_plan", "default_transaction_read_only = on", "client_min_messages = debug5", "debug_print_plan = on", "extra_float_digits = -15", "bytea_output = escape",
		"xmloption = document", "enable_seqscan = off", "jit_above_cost = 0", "calltrail.row_limit = 1", "session_preload_libraries = ''", "search_path = ''", "client_encoding = LATIN1",
	} {
		conn := s.person("asha")
		if _, err := conn.Exec(context.Background(), "SET "+setting); err != nil {
			if !strings.Contains(err.Error(), "permission denied") {
				t.Error(setting, err)
			}
			continue
		}
		s.do(conn, `SELECT calltrail.open_request($1)`, id)
		var rows int
		err := conn.QueryRow(context.Background(), `SELECT count(*) FROM calltrail.ask('probe', '{"of_number": "+91 120 4100001", "from_time": "2026-11-05", "n": 3}')`).Scan(&rows)
		if err != nil || rows != 4 {
			t.Errorf("with %s: %d rows, %v", setting, rows, err)
		}
		s.refused(conn, "not covered", `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100002"}')`)
		s.refused(conn, "outside the window", `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "from_time": "2026-10-30"}')`)
		_ = conn.Close(context.Background())
	}
	// Of whatever runs as the owner, the caller chooses neither names nor patterns.
	s.want(`SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND p.prosecdef
		AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp', 'standard_conforming_strings=on'], false) ORDER BY 1`, "")
}

// A bundle asks for all calls of a case: hits that are of one call, or of none, do not push others out.
func TestManyHitsOfOneCall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	id := s.registered(s.person("asha", access.Analyst), `{"type": "case", "value": "FIR 12"}`)
	s.do(s.owner, `DROP FUNCTION calltrail.watchlist_hits_of;
		CREATE FUNCTION calltrail.watchlist_hits_of(of_case text, from_time timestamptz, to_time timestamptz) RETURNS TABLE (call_uid uuid, call_at timestamptz) LANGUAGE sql STABLE AS $$
			SELECT x.call_uid, from_time FROM (SELECT i, CASE WHEN i > 5 THEN '00000000-0000-4000-8000-000000000002' WHEN i > 3 THEN '00000000-0000-4000-8000-000000000001' END::uuid AS call_uid
			  FROM generate_series(1, 9) i) x ORDER BY x.i LIMIT calltrail.row_limit() $$`)
	s.do(s.owner, `SET calltrail.row_limit = 3`)
	s.want(`SELECT count(DISTINCT call_uid) FROM calltrail.calls_of_request($1, '2026-11-05', '2026-11-06')`, "2", id)
	s.want(`SELECT calltrail.row_limit()`, "3")
}
