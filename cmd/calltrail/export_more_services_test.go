package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What TestExport goes on with: a call that came after the sensor's last signature, from the line of a known subscriber.
func exportMore(t *testing.T, s *site, p *persons, key, sensor string, begin time.Time, export func(person, id, to string, more ...string) result) {
	t.Helper()
	p.value(s.dsn, `INSERT INTO calltrail.assignment (assignment_id, lineage, address, during, start_seen, last_seen_at, subscriber, source)
		SELECT g.id, g.id, '192.0.2.70', tstzrange($1::timestamptz - interval '1 day', NULL), true, now(), 'line-77', 'manual' FROM (SELECT gen_random_uuid() AS id) g RETURNING subscriber`, begin)
	appendCall(t, key, s.spool, sensor)
	s.ok("store", "--from-spool", s.spool)
	approved := func(selector string, unmask bool) string {
		id := p.ask("anita", `SELECT calltrail.register_request('Crime Branch', 'A. Deshmukh', 'SP', $1::jsonb, $2, $3, 'Hoax call', 'CB/2026/4471', 'BNSS s. 94', 'CR 118/2026', repeat('ab', 32), 100)`,
			"["+selector+"]", begin.Add(-time.Hour), begin.Add(time.Hour))
		p.ask("ravi", `SELECT coalesce(calltrail.approve_request($1, 'seen the letter', $2)::text, '')`, id, unmask)
		return id
	}
	verified := func(bundle string) (int, string) {
		return elsewhere(t, s.dir, "verify", bundle, "--keys", filepath.Join(s.dir, "operator.keys"))
	}
	const number = `{"type":"number","value":"+911205550170"}`

	// Nobody has signed for the new call: nothing is written unless it is allowed, and then verify names it.
	masked, out := approved(number, false), filepath.Join(s.dir, "masked.zip")
	if r := export("anita", masked, out); r.status != exitError || !strings.Contains(r.stderr, "1 of 3 records are not covered") {
		t.Errorf("without a signature: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if _, err := os.Lstat(out); err == nil {
		t.Error("a bundle was written whose records nobody signed")
	}
	if r := export("anita", masked, out, "--unsigned"); r.status != exitOK || !strings.Contains(r.stdout, "3 records") {
		t.Fatalf("--unsigned: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if status, text := verified(out); status != exitEvidence || !strings.Contains(text, "no head that the sensor signed covers them") || strings.Count(text, "DOES NOT HOLD") != 1 {
		t.Errorf("verify of an unsigned record: status %d\n%s", status, text)
	}
	if strings.Contains(everything(t, out), "line-77") {
		t.Error("a subscriber is in a bundle whose approval does not show subscribers")
	}

	// Shown once the approver says so.
	open := filepath.Join(s.dir, "unmasked.zip")
	if r := export("anita", approved(number, true), open, "--unsigned"); r.status != exitOK || !strings.Contains(r.stdout, "3 records") {
		t.Fatalf("unmasked: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if !strings.Contains(everything(t, open), "line-77") {
		t.Error("the approval shows subscribers, and the bundle does not")
	}

	// A request without a selector but a pattern: the calls that its question names.
	pattern := filepath.Join(s.dir, "pattern.zip")
	if r := export("anita", approved(`{"type":"pattern","value":"foreign_ingress_home_number"}`, false), pattern, "--unsigned"); r.status != exitOK || !strings.Contains(r.stdout, "3 records") {
		t.Errorf("a pattern: status %d\n%s%s", r.status, r.stdout, r.stderr)
	} else if text := everything(t, pattern); !strings.Contains(text, "+912225550100") {
		t.Error("the bundle of a pattern has not its calls")
	}
	nothing := filepath.Join(s.dir, "nothing.zip")
	if r := export("anita", approved(`{"type":"pattern","value":"fan_out_to_one_callee"}`, false), nothing); r.status != exitOK || !strings.Contains(r.stdout, "0 records") {
		t.Errorf("a pattern that nothing shows: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
}

// appendCall writes another call of the suspect's behind what the spool has, without a signature.
func appendCall(t *testing.T, key, dir, sensor string) {
	t.Helper()
	_, sp := signedSpool(t, key, dir, sensor)
	c := goldenCall(t, "hoax-call")
	c.Sensor = sensor
	c.CallUID[15] ^= 9
	if _, _, err := sp.Append(c.Append(nil)); err != nil {
		t.Fatal(err)
	}
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
}

// everything is the text of all files of a bundle, and of those within its workbook.
func everything(t *testing.T, path string) string {
	t.Helper()
	octets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unpacked(t, octets))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
