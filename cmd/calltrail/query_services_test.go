package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// From an approved request to an answer, as a person types it: what is released is what the audit says, and what the request does not
// cover ends with a status of its own.
func TestQuery(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.ok("key", "init", "--key-file", filepath.Join(s.dir, "sensor.key"))
	begin := writeCalls(t, filepath.Join(s.dir, "sensor.key"), s.spool, "replay")
	s.ok("store", "--from-spool", s.spool)
	s.ok("access", "init")
	p := newPersons(t, s)
	p.add("anita", "analyst")
	p.add("ravi", "approver")
	id := p.ask("anita", `SELECT calltrail.register_request('Crime Branch', 'A. Deshmukh', 'SP', '[{"type":"number","value":"+911205550170"},{"type":"number","value":"sip:01205550170"}]',
		$1, $2, 'Hoax call', 'CB/2026/4471', 'BNSS s. 94', 'CR 118/2026', repeat('ab', 32), 100)`, begin.Add(-time.Hour), begin.Add(time.Hour))
	query := func(args ...string) result {
		t.Helper()
		return s.start([]string{"PGUSER=" + p.login("anita"), "PGPASSWORD=" + p.password}, append([]string{"query"}, args...)...).wait(t)
	}
	refused := func(why string, args ...string) {
		t.Helper()
		if r := query(args...); r.status != exitRefused || r.stdout != "" || !strings.Contains(r.stderr, why) {
			t.Errorf("%v: status %d, %q\n%s", args, r.status, r.stdout, r.stderr)
		}
	}
	calls := []string{"calls_of_number", "of_number=+911205550170", "--request", id}
	refused("not approved", calls...)
	p.ask("ravi", `SELECT coalesce(calltrail.approve_request($1, 'seen the letter')::text, '')`, id)
	refused("not covered", "calls_of_number", "of_number=+911205550171", "--request", id)
	// A number as it is dialled is asked back, and not read as another one.
	refused("of_number=01205550170: did you mean +911205550170?", "calls_of_number", "of_number=01205550170", "--request", id)
	refused("no such request of yours", "calls_of_number", "of_number=+911205550170", "--request", "R-2020-000001")

	lines := query(append(calls, "--format", "json")...)
	if lines.status != exitOK || strings.Count(lines.stdout, "\n") != 2 || !strings.Contains(lines.stderr, "IST") || !strings.Contains(lines.stderr, "UTC") {
		t.Fatalf("status %d\n%s\n%s", lines.status, lines.stdout, lines.stderr)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(lines.stdout)))
	if n := p.value(s.dsn, `SELECT count(*)::text FROM calltrail.audit WHERE action = 'answered' AND question = 'calls_of_number' AND person = $1 AND rows = 2 AND result_sha256 = $2`, p.login("anita"), sum); n != "1" {
		t.Errorf("%s rows of the audit have the hash of what was printed, %s", n, sum)
	}

	table := query(calls...)
	for _, want := range []string{"started_at IST", "started_at UTC", begin.UTC().Format("2006-01-02 15:04"), begin.In(kolkata(t)).Format("2006-01-02 15:04"), "+911205550170", "\n2 rows. ", "overage: ", "udit row "} {
		if table.status != exitOK || !strings.Contains(table.stdout, want) {
			t.Errorf("status %d: the table has no %q\n%s%s", table.status, want, table.stdout, table.stderr)
		}
	}
	out := filepath.Join(s.dir, "answer.csv")
	if r := query(append(calls, "--format", "csv", "--out", out)...); r.status != exitOK || !strings.Contains(r.stdout, "answer.csv: 2 rows\n") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if text, err := os.ReadFile(out); err != nil || !strings.Contains(string(text), ",'+911205550170,") {
		t.Errorf("%v\n%s", err, text)
	}
	if r := query(append(calls, "--out", out)...); r.status != exitError || !strings.Contains(r.stderr, "is there already") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	// A window without a zone is the zone's: an hour later by the clock of UTC there is nothing, and nothing is an answer.
	at := begin.Add(30 * time.Minute).In(kolkata(t))
	if r := query(append(calls, "from_time="+at.Format("2006-01-02 15:04:05"), "to_time="+at.Add(time.Minute).Format("2006-01-02 15:04:05"))...); r.status != exitOK || !strings.HasPrefix(r.stdout, "0 rows. ") ||
		!strings.Contains(r.stdout, at.Format("2006-01-02 15:04")) {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if r := query("calls_of_number", "of_number=sip:01205550170", "--request", id); r.status != exitOK || !strings.HasPrefix(r.stdout, "0 rows. ") || !strings.Contains(r.stderr, "did you mean +911205550170?") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	for _, wrong := range [][]string{{"--request", id}, {"no_question", "--request", id}, {"calls_of_number", "--request", id}, {"calls_of_number", "of_number=1"}} {
		if r := query(wrong...); r.status != exitUsage || r.stdout != "" {
			t.Errorf("%v: status %d\n%s%s", wrong, r.status, r.stdout, r.stderr)
		}
	}
	list := query("list")
	for _, want := range []string{"calls_of_number\n", "of_number ", "covered by a selector of type number", "from_time ", "optional", "selector of type pattern"} {
		if list.status != exitOK || !strings.Contains(list.stdout, want) {
			t.Errorf("status %d: the list has no %q\n%s%s", list.status, want, list.stdout, list.stderr)
		}
	}
}
