package access

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// An auditor verifies the chains under his own name, without a right to any record; with records it is refused, and says what he may.
func TestAuditorVerifies(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.setUp()
	d.load(d.cfg.DSN, 5)
	auditor := d.cfg
	auditor.DSN = d.dsn(d.person(Auditor))
	q := postgres.VerifyQuery{NoSignatures: true, NoContents: true}
	r, err := postgres.Verify(t.Context(), auditor, q)
	if err != nil || !r.Good() || r.Records != 6 || r.Chains[0].Stored != 5 || r.Chains[0].Quarantined != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if _, err := postgres.Verify(t.Context(), auditor, postgres.VerifyQuery{NoSignatures: true}); err == nil || !strings.Contains(err.Error(), "adds --no-contents") {
		t.Errorf("with records: %v", err)
	}
	if r, err := postgres.Verify(t.Context(), d.cfg, postgres.VerifyQuery{NoSignatures: true}); err != nil || !r.Good() || !r.Contents {
		t.Errorf("as the owner: %+v, %v", r, err)
	}
	d.exec(`ALTER TABLE calltrail.entry DISABLE TRIGGER ALL; DELETE FROM calltrail.entry WHERE seq = 3`)
	if r, err := postgres.Verify(t.Context(), auditor, q); err != nil || r.Good() || r.Faults[0].Seq != 3 {
		t.Errorf("with a number taken out: %+v, %v", r, err)
	}
	// Nobody else verifies: not the analyst, not the store's login with the ledger in its hands.
	for _, role := range []string{Analyst, Approver, Retention} {
		other := d.cfg
		other.DSN = d.dsn(d.person(role))
		if _, err := postgres.Verify(t.Context(), other, q); err == nil {
			t.Errorf("%s verifies", role)
		}
	}
}

// Who gives roles, takes them, and to whom, stands in the audit; what was given past the program shows.
func TestPersonsAreAudited(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	name := "test_before_anything"
	if err := Add(t.Context(), d.conn, name, []string{Analyst}, password); err == nil || !strings.Contains(err.Error(), "the audit cannot be written") {
		t.Errorf("before the audit is set up: %v", err)
	}
	d.want(`SELECT count(*)::text FROM pg_roles WHERE rolname = $1`, "0", name)
	d.setUp()
	asha := d.person(Analyst, Auditor)
	by := d.rows(d.conn, `SELECT session_user::text`)[0]
	d.want(`SELECT concat_ws('|', person, action, parameters ->> 'person', parameters ->> 'roles', detail) FROM calltrail.audit`,
		strings.Join([]string{by, "person_added", asha, `["calltrail_analyst", "calltrail_auditor"]`, asha + ": calltrail_analyst, calltrail_auditor"}, "|"))
	if err := Add(t.Context(), d.conn, asha, []string{Approver}, ""); err != nil {
		t.Fatal(err)
	}
	mine := func(s State) string {
		var list []string
		for _, who := range s.Unlisted {
			if who == asha {
				list = append(list, who)
			}
		}
		return strings.Join(list, " ")
	}
	look := func() State {
		t.Helper()
		s, err := Look(t.Context(), d.conn)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := look(); mine(s) != "" || !strings.Contains(s.Logins, "log_connections = on, log_disconnections = on") {
		t.Errorf("%+v", s)
	}
	d.exec(`GRANT calltrail_retention TO ` + ident(asha))
	if mine(look()) != asha {
		t.Error("a role given past the program is not noticed")
	}
	if _, err := Remove(t.Context(), d.conn, asha); err != nil {
		t.Fatal(err)
	}
	d.want(`SELECT concat_ws('|', action, parameters ->> 'roles') FROM calltrail.audit ORDER BY audit_id DESC LIMIT 1`,
		`person_removed|["calltrail_analyst", "calltrail_approver", "calltrail_auditor", "calltrail_retention"]`)
	if s := look(); mine(s) != "" {
		t.Errorf("%+v", s.Unlisted)
	}
	d.want(`SELECT count(*)::text FROM calltrail.audit_verify()`, "0")
	d.want(`SELECT string_agg(action || ' ' || n, ', ' ORDER BY action) FROM calltrail.audit_month`, "person_added 2, person_removed 1")

	// Who must go goes, also when the audit cannot be written.
	devi := d.person(Analyst)
	d.exec(`ALTER SERVER calltrail_audit OPTIONS (SET dbname 'there is none')`)
	if _, err := Remove(t.Context(), d.conn, devi); err == nil || !strings.Contains(err.Error(), devi+" is removed; note it in the audit") {
		t.Errorf("without the audit: %v", err)
	}
	d.want(`SELECT rolcanlogin::text FROM pg_roles WHERE rolname = $1`, "false", devi)
}

// Whoever is more than he seems is listed, and gets no role.
func TestAbove(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.setUp()
	owner := d.rows(d.conn, `SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'calltrail'`)[0]
	for what, grant := range map[string]string{
		"owner": "", "reader": "GRANT pg_read_all_data TO %s", "writer": "GRANT pg_write_all_data TO %s", "maker": "ALTER ROLE %s CREATEROLE",
		"files": "GRANT pg_write_server_files TO %s", "programs": "GRANT pg_execute_server_program TO %s",
	} {
		if what == "owner" {
			grant = "GRANT " + pgx.Identifier{owner}.Sanitize() + " TO %s"
		}
		name := d.person(Auditor)
		d.exec(strings.Replace(grant, "%s", ident(name), 1))
		s, err := Look(t.Context(), d.conn)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(s.Above, name) {
			t.Errorf("%s is not listed: %v", what, s.Above)
		}
		if err := Add(t.Context(), d.conn, name, []string{Approver}, ""); err == nil || !strings.Contains(err.Error(), "so that no right would bind it") {
			t.Errorf("%s gets a role: %v", what, err)
		}
	}
	watcher := d.person(Auditor)
	d.exec(`GRANT pg_monitor TO ` + ident(watcher))
	if s, err := Look(t.Context(), d.conn); err != nil || !slices.Contains(s.Watching, watcher) || slices.Contains(s.Above, watcher) {
		t.Errorf("%+v, %v", s, err)
	}
}
