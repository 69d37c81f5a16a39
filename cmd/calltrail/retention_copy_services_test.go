package main

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A copy of the database that is put back holds what was deleted since. docs/retention.md, Put a copy back, has these commands in this order: the
// holds again, then the deletion, as the same notice announced it; then both databases hold the same records and prove whole.
func TestRetentionOfRestoredCopy(t *testing.T) {
	t.Parallel()
	const sensor = "replay" // of spools that store reads by default
	s := newSite(t)
	path := func(name string) string { return filepath.Join(s.dir, name) }
	keys := path("operator.keys")
	s.ok("key", "init", "--key-file", path("sensor.key"))
	s.ok("key", "init", "--key-file", path("deletion.key"))
	s.ok("key", "trust", path("sensor.key.pub"), "--name", sensor, "--keys", keys)
	s.ok("key", "trust", path("deletion.key.pub"), "--use", "deletion", "--name", "officer", "--keys", keys)
	s.env = append(s.env, "CALLTRAIL_RETENTION_PERIOD=7d", "CALLTRAIL_RETENTION_GRACE=0s", "CALLTRAIL_RETENTION_NOTICE=0s", "CALLTRAIL_RETENTION_ALLOW_SHORTER=true",
		"CALLTRAIL_RETENTION_KEY_FILE="+path("deletion.key"))
	writeOldCalls(t, path("sensor.key"), s.spool, sensor)
	s.ok("store", "--from-spool", s.spool)
	s.ok("access", "init")
	p := newPersons(t, s)
	p.add("meera", "retention")
	s.ok("retention", "set")

	server, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	postgres := func(name string, args ...string) {
		t.Helper()
		password, _ := server.User.Password()
		cmd := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("CALLTRAIL_POSTGRES_BIN"), name), args...)
		cmd.Env = append(os.Environ(), "PGHOST="+server.Hostname(), "PGPORT="+server.Port(), "PGUSER="+server.User.Username(), "PGPASSWORD="+password)
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, said)
		}
	}
	at := func(d *database, args ...string) result {
		u := *server
		u.Path = "/" + d.name
		return s.start([]string{"CALLTRAIL_POSTGRES_DSN=" + u.String(), "PGPASSWORD=" + p.password}, args...).wait(t)
	}
	want := func(r result, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(r.stdout+r.stderr, text) {
				t.Errorf("no %q in\n%s%s", text, r.stdout, r.stderr)
			}
		}
		if r.status != exitOK {
			t.Fatalf("status %d\n%s%s", r.status, r.stdout, r.stderr)
		}
	}
	meera := func(args ...string) []string { return append(args, "--as", p.login("meera")) }
	same := func(what, query string, other *database) {
		t.Helper()
		if a, b := s.db.ask(query), other.ask(query); !slices.Equal(a, b) || len(a) == 0 {
			t.Errorf("%s: the database has\n%s\nand the copy\n%s", what, strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
	}

	postgres("pg_dump", "--format=custom", "--file="+path("early.dump"), s.db.name)
	want(at(s.db, meera("retention", "plan", "--notice")...), ", over")
	postgres("pg_dump", "--format=custom", "--file="+path("calltrail.dump"), s.db.name)
	uid := s.db.ask(`SELECT call_uid FROM calltrail.call_record ORDER BY record_id LIMIT 1`)[0]
	hold := []string{"hold", "add", "--case", "FIR 12/2026", "--call", uid, "--reason", "letter 4471"}
	want(at(s.db, meera(hold...)...), "hold 1 of case FIR 12/2026: call "+uid)
	want(at(s.db, meera("retention", "run")...), "records 2", "announced by notice 1, SHA-256 ")
	want(at(s.db, "verify", "--keys", keys))

	other := newDatabase(t, s.dsn)
	postgres("pg_restore", "--exit-on-error", "--dbname="+other.name, path("calltrail.dump"))
	other.ask(`ALTER DATABASE ` + other.name + ` SET enable_partitionwise_join = on`)
	if n := other.ask(`SELECT count(*) FROM calltrail.call_record`)[0]; n != "3" {
		t.Fatalf("the copy has %s calls, want all 3", n)
	}
	if r := at(other, "access", "status"); r.status != exitError || !strings.Contains(r.stdout, "it goes to the database "+s.db.name) {
		t.Errorf("before access init: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	// Until the copy's own audit is set up it would be written into the first database's.
	if r := at(other, meera(hold...)...); r.status != exitError || !strings.Contains(r.stderr, "nothing is done: the audit row was not committed") {
		t.Errorf("before access init: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	want(at(other, "access", "init"))
	want(at(other, "access", "status"), "can be written")
	want(at(other, "verify", "--keys", keys))
	audited := s.db.ask(`SELECT count(*) FROM calltrail.audit`)[0]
	want(at(other, meera(hold...)...))
	want(at(other, meera("retention", "plan", "--notice")...), "1, SHA-256 "+s.db.ask(`SELECT digest FROM calltrail.retention_notice`)[0])
	want(at(other, meera("retention", "run")...), "records 2", "1 stay", "announced by notice 1, SHA-256 ")
	want(at(other, "verify", "--keys", keys))

	same("records that are left", `SELECT day, record_id, encode(sha256(body), 'hex') FROM calltrail.record_body ORDER BY 1, 2`, other)
	same("deletions", `SELECT first_day, end_day, deleted, held, certificates, notice_id FROM calltrail.retention_run`, other)
	same("certificates", `SELECT sensor, epoch, from_seq, to_seq, c ->> 'hash_before', c ->> 'hash_last' FROM calltrail.deletion_certificate, LATERAL (SELECT certificate::jsonb) AS j(c) ORDER BY 1, 2, 3`, other)
	if now := s.db.ask(`SELECT count(*) FROM calltrail.audit`)[0]; now != audited {
		t.Errorf("what was done in the copy stands in the audit of the first database: %s rows, were %s", now, audited)
	}

	// A copy from before the notice: nothing goes until notice was given in it, and then the same.
	early := newDatabase(t, s.dsn)
	postgres("pg_restore", "--exit-on-error", "--dbname="+early.name, path("early.dump"))
	want(at(early, "access", "init"))
	want(at(early, meera(hold...)...))
	r := at(early, meera("retention", "run")...)
	if n := early.ask(`SELECT count(*) FROM calltrail.call_record`)[0]; n != "3" {
		t.Errorf("%s calls are left without a notice, want 3\n%s%s", n, r.stdout, r.stderr)
	}
	want(r, "without a notice that is old enough: spans of days 1")
	want(at(early, meera("retention", "plan", "--notice")...))
	want(at(early, meera("retention", "run")...), "records 2", "1 stay", "announced by notice 1")
	want(at(early, "verify", "--keys", keys))
	same("records that are left of the early copy", `SELECT day, record_id, encode(sha256(body), 'hex') FROM calltrail.record_body ORDER BY 1, 2`, early)

	// Control: one record more than the certificates say is gone from the copy.
	other.ask(`SET session_replication_role = replica`)
	other.ask(`DELETE FROM calltrail.record_body WHERE record_id = (SELECT record_id FROM calltrail.call_record WHERE call_uid = '` + uid + `' LIMIT 1)`)
	if r := at(other, "verify", "--keys", keys); r.status != exitEvidence {
		t.Errorf("status %d of a copy that lost a held record\n%s%s", r.status, r.stdout, r.stderr)
	}
}
