package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/store/evidence"
	"calltrail/store/kafka/kafkatest"
)

// A sensor's signed events through spool and store; then the commands as an operator uses them: trust its key, anchor, verify,
// rotate, and find what the owner of the database did.
func TestVerifyCommand(t *testing.T) {
	t.Parallel()
	const owner = "replay" // of spools that store reads by default
	s := newSite(t)
	path := func(name string) string { return filepath.Join(s.dir, name) }
	key, keys, anchors := path("sensor.key"), path("sensors.keys"), path("anchors")
	s.ok("key", "init", "--key-file", key)
	s.ok("key", "trust", key+evidence.PublicSuffix, "--name", owner, "--keys", keys)

	start := time.Now().UTC().Truncate(time.Minute).Add(-time.Hour)
	minute := 0
	write := func(n int) {
		t.Helper()
		signer, sp := signedSpool(t, key, s.spool, owner)
		for range n {
			at := record.Time(start.Add(time.Duration(minute) * time.Minute).UnixMicro())
			minute++
			appendSignedHead(t, sp, signer, owner, at)
		}
		if err := sp.Close(); err != nil {
			t.Fatal(err)
		}
		s.ok("store", "--from-spool", s.spool)
	}
	write(4)
	verify := func(status int, want string, args ...string) {
		t.Helper()
		r := s.run(append([]string{"verify", "--keys", keys}, args...)...)
		if r.status != status || !strings.Contains(r.stdout, want) {
			t.Errorf("verify %v: status %d, want %d with %q\n%s%s", args, r.status, status, want, r.stdout, r.stderr)
		}
	}
	verify(exitOK, "signed up to number 3, by 4 heads")
	r := s.ok("anchor", "--file", anchors)
	if !strings.Contains(r.stdout, "number 3, signed by key") {
		t.Errorf("anchor: %s", r.stdout)
	}
	topic := s.topic + ".anchors"
	t.Cleanup(func() {
		if err := kafkatest.Delete(strings.Split(os.Getenv("CALLTRAIL_KAFKA_BROKERS"), ","), topic); err != nil {
			t.Error(err)
		}
	})
	if out := s.run("verify", "--keys", keys, "--anchor-topic", topic); out.status != exitError || !strings.Contains(out.stderr, topic) {
		t.Errorf("a topic that is not there: status %d\n%s%s", out.status, out.stdout, out.stderr)
	}
	if again := s.ok("anchor", "--topic", topic); again.stdout != r.stdout {
		t.Errorf("anchor to a topic: %s, to a file: %s", again.stdout, r.stdout)
	}

	// The new key counts once its statement is there: in the database, where the old one's signature is all that convinces.
	s.ok("key", "rotate", "--key-file", key, "--name", owner, "--overlap", "1h")
	start, minute = time.Now().UTC().Truncate(time.Minute).Add(2*time.Minute), 0
	write(2)
	verify(exitEvidence, "number 5: key ")
	s.ok("key", "export", "--key-file", key, "--to-database")
	verify(exitOK, "signed up to number 5, by 6 heads and 1 anchors", "--anchors", anchors)
	if list := s.ok("key", "list", "--keys", keys, "--registry").stdout; strings.Count(list, "\nsensor") != 2 {
		t.Errorf("key list:\n%s", list)
	}

	// The owner cuts the end off, so that what is left holds; the anchor knows better.
	s.db.ask(`SET session_replication_role = replica;
		DELETE FROM calltrail.coverage WHERE record_id IN (SELECT record_id FROM calltrail.entry WHERE seq > 2);
		DELETE FROM calltrail.record_body WHERE record_id IN (SELECT record_id FROM calltrail.entry WHERE seq > 2);
		DELETE FROM calltrail.entry WHERE seq > 2;
		UPDATE calltrail.tap SET last_minute = (SELECT max(minute) FROM calltrail.coverage);
		UPDATE calltrail.ledger SET head_seq = 2, received = '{[1,3)}', head_hash = (SELECT hash FROM calltrail.entry WHERE seq = 2)`)
	verify(exitOK, "all holds")
	verify(exitEvidence, "FIRST BAD NUMBER: 3: the end is cut off", "--anchors", anchors)
	verify(exitEvidence, "FIRST BAD NUMBER: 3: the end is cut off", "--anchor-topic", topic)
	// What somebody else writes there takes nothing away.
	if err := kafkatest.Write(brokers(), topic, kafkatest.Message{Value: []byte("no anchor\nat all")}, kafkatest.Message{Value: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	verify(exitEvidence, "FIRST BAD NUMBER: 3: the end is cut off", "--anchor-topic", topic)
	verify(exitEvidence, "2 lines are no anchors", "--anchor-topic", topic)
	out := s.run("verify", "--keys", keys, "--anchors", anchors, "--json")
	var report evidence.Report
	if err := json.Unmarshal([]byte(out.stdout), &report); err != nil || out.status != exitEvidence || report.Chains[0].FirstBad.Seq != 3 {
		t.Errorf("--json: status %d, %v\n%s", out.status, err, out.stdout)
	}

	// A revoked key.
	id := strings.Fields(s.ok("key", "list", "--keys", keys).stdout)[10]
	s.ok("key", "revoke", id, "--keys", keys, "--reason", "test", "--at", "2026-01-01T00:00:00Z")
	verify(exitEvidence, "was revoked at")
	if err := os.WriteFile(keys, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.run("verify", "--keys", keys); r.status != exitError || !strings.Contains(r.stderr, "line 1: schema") {
		t.Errorf("a damaged key file: status %d: %s", r.status, r.stderr)
	}
	if r := s.run("verify"); r.status != exitUsage {
		t.Errorf("without keys: status %d: %s", r.status, r.stderr)
	}
}
