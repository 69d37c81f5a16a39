package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/record"
)

// Notice, deletion and a hold by persons who own nothing: what is old goes with certificates, what is held stays, and the chain proves whole.
func TestRetentionCommand(t *testing.T) {
	t.Parallel()
	const sensor = "replay" // of spools that store reads by default
	s := newSite(t)
	path := func(name string) string { return filepath.Join(s.dir, name) }
	keys, copies := path("operator.keys"), path("copies")
	s.ok("key", "init", "--key-file", path("sensor.key"))
	s.ok("key", "init", "--key-file", path("deletion.key"))
	s.ok("key", "trust", path("sensor.key.pub"), "--name", sensor, "--keys", keys)
	s.ok("key", "trust", path("deletion.key.pub"), "--use", "deletion", "--name", "officer", "--keys", keys)
	if err := os.Mkdir(copies, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]time.Time{"old.dump": time.Now().AddDate(-1, 0, 0), "new.dump": time.Now()} {
		if err := os.WriteFile(filepath.Join(copies, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(copies, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	s.env = append(s.env, "CALLTRAIL_RETENTION_PERIOD=7d", "CALLTRAIL_RETENTION_GRACE=0s", "CALLTRAIL_RETENTION_NOTICE=0s",
		"CALLTRAIL_RETENTION_KEY_FILE="+path("deletion.key"), "CALLTRAIL_RETENTION_BACKUPS="+copies)

	writeOldCalls(t, path("sensor.key"), s.spool, sensor)
	refused := s.start(nil, "retention", "set").wait(t)
	if refused.status != exitError || !strings.Contains(refused.stderr, "less than 730d") {
		t.Fatalf("a week is accepted: %d %s", refused.status, refused.stderr)
	}
	s.env = append(s.env, "CALLTRAIL_RETENTION_ALLOW_SHORTER=true")
	for name, value := range map[string]string{"SPOOL_KEEP_AGE": "8d", "KAFKA_RETENTION": "192h"} {
		if r := s.start([]string{"CALLTRAIL_" + name + "=" + value}, "check").wait(t); r.status != exitError || !strings.Contains(r.stdout, "8d is longer than retention.period (7d)") {
			t.Errorf("%s=%s: status %d\n%s%s", name, value, r.status, r.stdout, r.stderr)
		}
	}
	s.ok("store", "--from-spool", s.spool)
	s.ok("access", "init")
	p := newPersons(t, s)
	p.add("meera", "retention")
	p.add("anita", "analyst")
	as := func(person string, args ...string) result {
		return s.start([]string{"PGPASSWORD=" + p.password}, append(args, "--as", p.login(person))...).wait(t)
	}
	want := func(r result, status int, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(r.stdout+r.stderr, text) {
				t.Errorf("no %q in\n%s%s", text, r.stdout, r.stderr)
			}
		}
		if r.status != status {
			t.Fatalf("status %d, want %d\n%s%s", r.status, status, r.stdout, r.stderr)
		}
	}

	// The database keeps two years whatever the configuration says, until its owner sets it.
	want(as("meera", "retention", "plan"), exitOK, "nothing is old enough")
	s.ok("retention", "set")
	want(as("anita", "retention", "plan"), exitError, "permission denied")
	want(as("anita", "hold", "list"), exitError, "permission denied")
	want(as("meera", "retention", "plan"), exitOK, "not given", "old.dump", "topic "+s.topic, "keeps records 7d")
	want(as("meera", "retention", "run"), exitOK, "deleted: spans of days 0, records 0", "without a notice that is old enough: spans of days 1", "removed "+filepath.Join(copies, "old.dump"))
	if _, err := os.Stat(filepath.Join(copies, "new.dump")); err != nil {
		t.Error(err)
	}

	uid := s.db.ask(`SELECT call_uid FROM calltrail.call_record ORDER BY record_id LIMIT 1`)[0]
	want(as("meera", "hold", "add", "--case", "FIR 12/2026", "--call", uid, "--reason", "letter 4471"), exitOK, "hold 1 of case FIR 12/2026: call "+uid)
	want(as("meera", "hold", "list"), exitOK, "letter 4471", p.login("meera"))
	want(as("meera", "retention", "plan", "--notice"), exitOK, ", over")
	want(as("meera", "retention", "run"), exitOK, "deleted: spans of days 1, records 2", "1 stay")
	if got := strings.Join(s.db.ask(`SELECT call_uid FROM calltrail.call_record`), " "); got != uid {
		t.Errorf("left are %s, want the held call %s", got, uid)
	}
	want(s.run("verify", "--keys", keys), exitOK)
	want(as("meera", "retention", "status"), exitOK, "7 days, 0 of grace, 0 of notice", "holds in force  1")

	want(as("meera", "hold", "release", "1", "--reason", "closed"), exitOK, "hold 1 is released")
	want(as("meera", "hold", "release", "1", "--reason", "closed"), exitError, "was released before")
	want(as("meera", "retention", "run"), exitOK, "deleted: spans of days 0, records 0", "without a notice that is old enough: spans of days 1") // nobody announced that
	want(as("meera", "retention", "plan", "--notice"), exitOK, ", over")
	want(as("meera", "retention", "run"), exitOK, "deleted: spans of days 1, records 1", "announced by notice 2, SHA-256 "+s.db.ask(`SELECT digest FROM calltrail.retention_notice WHERE notice_id = 2`)[0])
	if n := s.db.ask(`SELECT count(*) FROM calltrail.record_body`)[0]; n != "1" {
		t.Errorf("%s records are left, want the coverage event of today", n)
	}
	want(s.run("verify", "--keys", keys), exitOK)
	if n := s.db.ask(`SELECT count(*) FROM calltrail.audit WHERE action IN ('hold', 'hold_released', 'retention')`)[0]; n != "7" {
		t.Errorf("%s rows of the audit tell of two notices, two deletions, a copy's, a hold and its release, want 7", n)
	}
	if got := s.db.ask(`SELECT path || ' ' || removed_by FROM calltrail.backup_removal`); len(got) != 1 || got[0] != filepath.Join(copies, "old.dump")+" "+p.login("meera") {
		t.Errorf("removed copies are %q", got)
	}
}

// writeOldCalls writes three calls of forty days ago, and the signed head of today that covers them.
func writeOldCalls(t *testing.T, key, dir, sensor string) {
	t.Helper()
	signer, sp := signedSpool(t, key, dir, sensor)
	for i := range 3 {
		c := goldenCall(t, "answered")
		c.Sensor = sensor
		c.StartedAt -= 40 * 86_400_000_000
		c.Day = c.StartedAt.Day()
		c.CallUID[15] ^= byte(i) // another call
		c.RecordID[15] ^= byte(i)
		c.GroupUID = nil // and no leg of another
		if _, _, err := sp.Append(c.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	minute := record.TimeOf(time.Now().Add(-time.Hour).Truncate(time.Minute).UnixNano())
	appendSignedHead(t, sp, signer, sensor, minute)
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
}
