package register

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"calltrail/store/postgres/access"
)

// What somebody who wants more than he may have tries.
func TestAttacks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn, id := s.opened()
	other := s.person("mallory", access.Analyst)
	approver := s.person("ravi", access.Approver)

	t.Run("another's request", func(_ *testing.T) {
		s.refused(other, "there is no such request of yours", `SELECT calltrail.open_request($1)`, id)
		s.do(other, `SELECT set_config('calltrail.request', $1, false)`, id)
		s.refused(other, "there is no such request of yours", question)
		// The same words for one that does not exist: nobody learns which do.
		s.refused(other, "there is no such request of yours", `SELECT calltrail.open_request('R-2020-000001')`)
		s.want(`SELECT count(*) FROM calltrail.audit WHERE person = $1 AND action = 'refused'`, "3", s.names["mallory"])
		s.do(other, `SET calltrail.request = ''`)
		s.refused(other, "no request is opened", question)
	})
	t.Run("a request that is not approved", func(_ *testing.T) {
		waiting := s.registered(other, sample)
		s.refused(other, "is registered, not approved", `SELECT calltrail.open_request($1)`, waiting)
		s.do(other, `SELECT set_config('calltrail.request', $1, false)`, waiting)
		s.refused(other, "is registered, not approved", question)
		s.refused(other, "permission denied", `SELECT calltrail.approve_request($1)`, waiting)
		s.do(approver, `SELECT calltrail.refuse_request($1, 'no order')`, waiting)
		s.refused(other, "is refused, not approved", `SELECT calltrail.open_request($1)`, waiting)
	})
	t.Run("who asks approves, through another role", func(_ *testing.T) {
		both := s.person("both", access.Analyst, access.Approver)
		own := s.registered(both, sample)
		for _, role := range []string{"NONE", access.Approver} {
			s.do(both, "SET ROLE "+role)
			s.refused(both, "whoever registered a request does not decide on it", `SELECT calltrail.approve_request($1)`, own)
			s.refused(both, "whoever registered a request does not decide on it", `SELECT calltrail.refuse_request($1, '')`, own)
		}
		s.do(both, "RESET ROLE")
		s.do(approver, `SELECT calltrail.approve_request($1)`, own)
		s.refused(both, "whoever registered a request does not decide on it", `SELECT calltrail.raise_rows($1, 100)`, own)
		s.refused(approver, "was approved by", `SELECT calltrail.approve_request($1, 'again', true)`, own)
		s.refused(approver, "more than the 5 rows it has", `SELECT calltrail.raise_rows($1, 5)`, own)
		// He may use the right of a grant that was a mistake as little.
		s.do(s.owner, `GRANT EXECUTE ON FUNCTION calltrail.approve_request(text, text, boolean) TO PUBLIC`)
		s.refused(other, "only an approver does this", `SELECT calltrail.approve_request($1)`, s.registered(both, sample))
	})
	t.Run("names like ours", func(_ *testing.T) {
		for _, statement := range []string{
			`CREATE TEMP TABLE requests AS SELECT 'R-2026-000001' AS request_id`, `CREATE TEMP TABLE audit (token uuid)`,
			`CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT 'x'::bytea $$`,
			`CREATE FUNCTION pg_temp.channel(text) RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$`,
			`CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2020-01-01'::timestamptz $$`,
			`SET search_path = pg_temp, calltrail, pg_catalog`,
		} {
			s.do(conn, statement)
		}
		s.do(conn, question)
		s.want(`SELECT * FROM calltrail.audit_verify()`, "")
		s.do(conn, `RESET search_path`)
	})
	t.Run("past the gate", func(_ *testing.T) {
		for _, statement := range []string{
			`SELECT * FROM calltrail.probe('+911204100001', '2026-11-01', '2026-12-01')`, `SELECT * FROM calltrail.audit`, `SELECT * FROM calltrail.request`, `SELECT * FROM calltrail.requests`,
			`SELECT * FROM calltrail.audit_secret`, `SELECT calltrail.audit_remote('{}')`, `SELECT calltrail.channel('SELECT 1')`, `SELECT calltrail.audit_append('{}', '')`,
			`SELECT calltrail.audit_seal('{}')`, `SELECT calltrail.set_emergency_officer('asha')`, `SELECT calltrail.make_wrappers()`, `SELECT calltrail.raise_rows('R-2026-000001', 9)`,
			`UPDATE calltrail.setting SET approval_days = 300`, `INSERT INTO calltrail.question VALUES ('x', 'x', 'x')`, `SELECT calltrail.question_call('probe', '{}', NULL)`,
		} {
			s.refused(conn, "permission denied", statement)
		}
	})
	t.Run("a connection of his own in place of the channel", func(t *testing.T) {
		// As where somebody gave everybody dblink: it is open, and it is not taken.
		home := s.text(`SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'dblink'`)
		s.do(s.owner, fmt.Sprintf(`GRANT USAGE ON SCHEMA %[1]s TO PUBLIC; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %[1]s TO PUBLIC`, home))
		s.do(conn, fmt.Sprintf(`SELECT `+home+`.dblink_connect('calltrail_audit', 'host=127.0.0.1 port=%d dbname=postgres user=%s password=''of the test''')`, conn.Config().Port, s.names["asha"]))
		before := s.text(`SELECT count(*) FROM calltrail.audit`)
		s.do(conn, question)
		if after := s.text(`SELECT count(*) FROM calltrail.audit`); after == before {
			t.Error("the answer was released and nothing was written")
		}
	})
	t.Run("locks of his own", func(_ *testing.T) {
		// The store waits for advisory locks when it stores: nobody else takes one.
		for _, lock := range []string{"pg_advisory_lock", "pg_advisory_lock_shared", "pg_advisory_xact_lock", "pg_advisory_xact_lock_shared", "pg_try_advisory_lock"} {
			s.refused(other, "permission denied", `SELECT `+lock+`(hashtextextended('calltrail.ensure_partitions', 0))`)
		}
		for _, statement := range []string{`DO $$ BEGIN LOCK TABLE calltrail.audit IN SHARE MODE; END $$`, `SELECT FROM calltrail.audit_secret FOR UPDATE`} {
			s.refused(other, "permission denied", statement)
		}
		s.do(conn, question)
	})
	t.Run("a snapshot of before", func(_ *testing.T) {
		s.do(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ")
		s.refused(conn, "READ COMMITTED is wanted", question)
		s.do(conn, "ROLLBACK")
	})
	t.Run("an error's text", func(t *testing.T) {
		s.refused(conn, "the question failed (SQLSTATE 22P02)", `SELECT * FROM calltrail.ask('leaky', '{"of_number": "+911204100001"}')`)
		_, err := conn.Exec(context.Background(), `SELECT * FROM calltrail.ask('leaky', '{"of_number": "+911204100001"}')`)
		if got := fmt.Sprintf("%+v %#v", err, err); strings.Contains(got, "secret") {
			t.Errorf("the error says what stands in a row: %s", got)
		}
		s.refused(conn, "strict: 2 or more is wanted", `SELECT * FROM calltrail.ask('strict', '{"of_number": "+911204100001"}')`)
	})
	t.Run("too many rows", func(_ *testing.T) {
		const six = `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100001", "n": 6}')`
		s.refused(conn, "more than the 5 rows", six)
		s.want(`SELECT action, detail FROM calltrail.audit ORDER BY audit_id DESC LIMIT 1`, `refused,"answered: more than 5 rows"`)
		s.do(approver, `SELECT calltrail.raise_rows($1, 6, 'the letter asks for all')`, id)
		s.do(conn, six)
	})
	t.Run("two requests", func(_ *testing.T) {
		second := s.approved(conn, approver, `{"type": "number", "value": "+911204100002"}`)
		s.do(conn, `SELECT calltrail.open_request($1)`, second)
		s.refused(conn, "not covered", question)
		s.do(conn, `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100002"}')`)
		s.do(conn, `SELECT calltrail.open_request($1)`, id)
		s.refused(conn, "not covered", `SELECT * FROM calltrail.ask('probe', '{"of_number": "+911204100002"}')`)
	})
	t.Run("after it was closed, in a transaction begun before", func(_ *testing.T) {
		s.do(conn, "BEGIN")
		s.do(conn, question)
		s.do(approver, `SELECT calltrail.close_request($1, 'answered')`, id)
		s.refused(conn, "is closed, not approved", question)
		s.do(conn, "ROLLBACK")
	})
	t.Run("after it has expired, in a transaction begun before", func(_ *testing.T) {
		again := s.approved(conn, approver, sample)
		s.do(conn, `SELECT calltrail.open_request($1)`, again)
		s.do(conn, "BEGIN")
		s.do(conn, question)
		// As if 31 days had gone by: the owner alone can do this.
		s.do(s.owner, `ALTER TABLE calltrail.request_event DISABLE TRIGGER append_only`)
		s.do(s.owner, `UPDATE calltrail.request_event SET at = at - interval '31 days' WHERE request_id = $1`, again)
		s.refused(conn, "is expired, not approved", question)
		s.do(conn, "ROLLBACK")
	})
}

// Columns of every question that name a subscriber or his line are masked.
func TestSubscribersAreMasked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.want(`SELECT q.name, c.name FROM calltrail.question q
		  JOIN pg_proc p ON p.pronamespace = 'calltrail'::regnamespace AND p.proname = q.function JOIN pg_type t ON t.oid = p.prorettype
		 CROSS JOIN LATERAL (
			SELECT n.name FROM unnest(p.proargnames, p.proargmodes::text[]) n(name, mode) WHERE n.mode IN ('t', 'o')
			UNION ALL SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped) c
		 WHERE c.name ~ 'subscriber|^line|circuit|^mac$|^client$|inside_address' AND c.name <> ALL (q.masked) ORDER BY 1, 2`, "")
}

// Subscribers are shown when the approval says so, and as the same columns.
func TestUnmasked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn := s.person("asha", access.Analyst)
	id := s.registered(conn, sample)
	s.do(s.person("ravi", access.Approver), `SELECT calltrail.approve_request($1, 'names are needed', true)`, id)
	s.do(conn, `SELECT calltrail.open_request($1)`, id)
	var number, subscriber, nested string
	err := conn.QueryRow(context.Background(), `SELECT number, subscriber, nested::text FROM calltrail.ask_probe('+91 120 4100001', '2026-11-02', '2026-11-03') LIMIT 1`).Scan(&number, &subscriber, &nested)
	if err != nil || number != "+911204100001" || subscriber != "S-1" || nested != `{"list": [{"subscriber": 1}], "subscriber": "S-1"}` {
		t.Errorf("%s|%s|%s, %v", number, subscriber, nested, err)
	}
	s.want(`SELECT detail FROM calltrail.audit WHERE action = 'approved'`, `"subscribers are shown: names are needed"`)
	var columns, last int
	if err := conn.QueryRow(context.Background(), `SELECT count(*), count(*) FILTER (WHERE number IS NULL AND coverage LIKE '%Coverage: %') FROM calltrail.ask_probe('+911204100001', '2026-11-02', '2026-11-03')`).Scan(&columns, &last); err != nil || columns != 3 || last != 1 {
		t.Errorf("%d rows, %d of them coverage, %v", columns, last, err)
	}
}

// The login of the channel can append what the owner's functions have sealed, and nothing else.
func TestTheChannelsLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	login := s.text(`SELECT calltrail.audit_login()`)
	s.do(s.owner, "ALTER ROLE "+login+" PASSWORD 'of the test'")
	s.names["audit"] = login
	conn := s.person("audit")
	s.refused(conn, "the entry was not made by calltrail", `SELECT calltrail.audit_append('{"action": "approved", "person": "ravi", "request_id": "R-2026-000001"}', repeat('0', 64))`)
	for _, statement := range []string{
		`SELECT * FROM calltrail.audit`, `SELECT * FROM calltrail.audit_secret`, `SELECT * FROM calltrail.call_record`, `SELECT calltrail.audit_seal('x')`, `SELECT * FROM calltrail.ask('probe')`,
		`DELETE FROM calltrail.audit`, `SELECT calltrail.my_requests()`,
	} {
		s.refused(conn, "permission denied", statement)
	}
	// What was sealed once is good once, and only then.
	const entry = `SELECT e, calltrail.audit_seal(e) FROM jsonb_build_object('token', gen_random_uuid(), 'at', clock_timestamp() - $1::interval, 'person', 'x', 'action', 'opened') j, LATERAL (SELECT j::text) t(e)`
	var line, seal string
	if err := s.owner.QueryRow(context.Background(), entry, "1 second").Scan(&line, &seal); err != nil {
		t.Fatal(err)
	}
	s.do(conn, `SELECT calltrail.audit_append($1, $2)`, line, seal)
	s.refused(conn, "audit_token_key", `SELECT calltrail.audit_append($1, $2)`, line, seal)
	s.refused(conn, "was not made by calltrail", `SELECT calltrail.audit_append($1, $2)`, strings.Replace(line, `"x"`, `"y"`, 1), seal)
	if err := s.owner.QueryRow(context.Background(), entry, "1 hour").Scan(&line, &seal); err != nil {
		t.Fatal(err)
	}
	s.refused(conn, "is not of this minute", `SELECT calltrail.audit_append($1, $2)`, line, seal)
	s.want(`SELECT count(*) FROM calltrail.audit`, "1")
}
