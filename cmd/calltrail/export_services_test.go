package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/cdr/record"
	"calltrail/store/postgres"
)

// From the letter to the court: a sensor's records in the database, a request registered by one person and approved by another, exported
// under the first one's name, and verified in an empty folder with nothing but the bundle and the operator's keys.
func TestExport(t *testing.T) {
	t.Parallel()
	const sensor = "replay" // of spools that store reads by default
	s := newBareSite(t)
	s.ok("migrate", "up")
	path := func(name string) string { return filepath.Join(s.dir, name) }
	keys := path("operator.keys")
	s.ok("key", "init", "--key-file", path("sensor.key"))
	s.ok("key", "init", "--key-file", path("evidence.key"))
	s.ok("key", "trust", path("sensor.key.pub"), "--name", sensor, "--keys", keys)
	s.ok("key", "trust", path("evidence.key.pub"), "--use", "evidence", "--name", "Example Broadband", "--keys", keys)
	s.env = append(s.env, "CALLTRAIL_EVIDENCE_KEY_FILE="+path("evidence.key"), "CALLTRAIL_EVIDENCE_PROVIDER=Example Broadband", "CALLTRAIL_EVIDENCE_OFFICER=S. Rao")

	begin := writeCalls(t, path("sensor.key"), s.spool, sensor)
	s.ok("store", "--from-spool", s.spool)
	s.ok("access", "init")
	p := newPersons(t, s)
	p.add("anita", "analyst")
	p.add("ravi", "approver")
	id := p.ask("anita", `SELECT calltrail.register_request('Crime Branch', 'A. Deshmukh', 'SP', '[{"type":"number","value":"+911205550170"}]',
		$1, $2, 'Hoax call', 'CB/2026/4471', 'BNSS s. 94', 'CR 118/2026', repeat('ab', 32), 100)`, begin.Add(-time.Hour), begin.Add(time.Hour))

	// Before the approval nothing is released; nor is it to somebody else.
	out := path("bundle.zip")
	export := func(person, to string, env ...string) result {
		return s.start(append(env, "PGPASSWORD="+p.password), "export", "--request", id, "--out", to, "--as", p.login(person)).wait(t)
	}
	if r := export("anita", out); r.status != exitError || !strings.Contains(r.stderr, "not approved") {
		t.Fatalf("before the approval: status %d\n%s", r.status, r.stderr)
	}
	p.ask("ravi", `SELECT coalesce(calltrail.approve_request($1, 'seen the letter')::text, '')`, id)
	if r := export("ravi", out); r.status != exitError || !strings.Contains(r.stderr, "none that you have registered") {
		t.Fatalf("by the approver: status %d\n%s", r.status, r.stderr)
	}
	r := export("anita", out)
	if r.status != exitOK || !strings.Contains(r.stdout, "2 records") {
		t.Fatalf("export: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if again := export("anita", out); again.status != exitError || !strings.Contains(again.stderr, "is there already") {
		t.Errorf("a bundle was replaced: %d %s", again.status, again.stderr)
	}

	// A form of the operator's own, begun from the program's; one that cannot be read stops the export before anything is released.
	letter := path("letter.json")
	text := strings.Replace(s.ok("export", "--show-template").stdout, `"dot-ipdr"`, `"letter-4471"`, 1)
	if err := os.WriteFile(letter, []byte(strings.Replace(text, `"Calling Number"`, `"A Party"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	own := path("own.zip")
	inForm := func(file string) result { return export("anita", own, "CALLTRAIL_EVIDENCE_TEMPLATE_FILE="+file) }
	answers := func() string {
		return p.value(s.dsn, `SELECT count(*)::text FROM calltrail.audit WHERE action = 'answered' AND question = 'of_request'`)
	}
	before := answers()
	if r := inForm(path("operator.keys")); r.status != exitError || !strings.Contains(r.stderr, "evidence.template_file") || answers() != before {
		t.Errorf("a form that is none: status %d, %s answers released, %s before\n%s", r.status, answers(), before, r.stderr)
	}
	if r := inForm(letter); r.status != exitOK {
		t.Errorf("a form of the operator's: status %d\n%s", r.status, r.stderr)
	}
	if status, text := elsewhere(t, s.dir, "verify", own, "--keys", keys); status != exitOK || !strings.Contains(text, "letter-4471") {
		t.Errorf("verify of a form of the operator's: status %d\n%s", status, text)
	}
	if table := member(t, own, "records.csv"); !strings.Contains(table, ",A Party,") {
		t.Errorf("the table has other columns: %.300s", table)
	}

	// The audit has the answer's hash, by the person's own name.
	_, sum, _ := strings.Cut(r.stdout, "answer     SHA-256 ")
	sum, _, _ = strings.Cut(sum, "\n")
	if n := p.value(s.dsn, `SELECT count(*)::text FROM calltrail.audit WHERE action = 'answered' AND question = 'of_request' AND person = $1 AND rows = 2 AND result_sha256 = $2`,
		p.login("anita"), sum); n != "2" { // the same answer in another form has the same hash
		t.Errorf("%s rows of the audit have the answer's hash %s", n, sum)
	}

	// Another machine: an empty folder, no configuration, no database.
	there := t.TempDir()
	for _, name := range []string{"bundle.zip", "operator.keys"} {
		data, err := os.ReadFile(path(name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(there, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, text := elsewhere(t, there, "verify", "bundle.zip", "--keys", "operator.keys")
	if status != exitOK || !strings.Contains(text, "all holds") || !strings.Contains(text, id) {
		t.Fatalf("verify elsewhere: status %d\n%s", status, text)
	}
	page := member(t, filepath.Join(there, "bundle.zip"), "page.html")
	for _, want := range []string{id, "+912225550100", "Example Hosting B.V.", "Where the caller was is NOT known", p.login("ravi")} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	data, err := os.ReadFile(filepath.Join(there, "bundle.zip"))
	if err != nil {
		t.Fatal(err)
	}
	data[strings.Index(string(data), "+912225550100")+5] ^= 1
	if err := os.WriteFile(filepath.Join(there, "bundle.zip"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if status, text := elsewhere(t, there, "verify", "bundle.zip", "--keys", "operator.keys"); status != exitEvidence || !strings.Contains(text, "DOES NOT HOLD  bundle: page.html") {
		t.Errorf("one changed octet: status %d\n%s", status, text)
	}
	exportMore(t, s, p, path("sensor.key"), sensor, begin, func(person, id, to string, more ...string) result {
		return s.start([]string{"PGPASSWORD=" + p.password}, append([]string{"export", "--request", id, "--out", to, "--as", p.login(person)}, more...)...).wait(t)
	})
}

// writeCalls writes two calls of the suspect's, one of a stranger's, and what a sensor signs, to a spool; it returns when they began.
func writeCalls(t *testing.T, key, dir, sensor string) time.Time {
	t.Helper()
	signer, sp := signedSpool(t, key, dir, sensor)
	var begin time.Time
	for i, name := range []string{"hoax-call", "answered", "hoax-call"} {
		c := goldenCall(t, name)
		c.Sensor = sensor
		if i == 0 {
			begin = c.StartedAt.Std()
		} else {
			c.CallUID[15] ^= byte(i) // another call
		}
		if _, _, err := sp.Append(c.Append(nil)); err != nil {
			t.Fatal(err)
		}
	}
	minute := record.Time(begin.Truncate(time.Minute).UnixMicro())
	appendSignedHead(t, sp, signer, sensor, minute)
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
	return begin
}

// elsewhere runs the program with an empty environment in a folder.
func elsewhere(t *testing.T, dir string, args ...string) (status int, text string) {
	t.Helper()
	exe, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func member(t *testing.T, path, name string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// persons are logins of one test, each with a name that no other test has.
type persons struct {
	*testing.T
	s        *site
	password string
	suffix   string
}

func newPersons(t *testing.T, s *site) *persons {
	t.Helper()
	p := &persons{T: t, s: s, password: "test-only-7f3a", suffix: strings.ToLower(filepath.Base(s.topic))}
	p.suffix = "_" + strings.NewReplacer(".", "_", "-", "_").Replace(p.suffix)
	if err := os.WriteFile(filepath.Join(s.dir, "password"), []byte(p.password), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *persons) login(name string) string { return (name + p.suffix)[:min(len(name+p.suffix), 60)] }

func (p *persons) add(name, role string) {
	p.Helper()
	p.s.ok("access", "person", "add", p.login(name), "--role", role, "--password-file", filepath.Join(p.s.dir, "password"))
	p.Cleanup(func() { p.s.run("access", "person", "remove", p.login(name)) })
}

// ask runs a statement as a person and returns the one value it gives.
func (p *persons) ask(name, statement string, args ...any) (value string) {
	p.Helper()
	u, err := url.Parse(p.s.dsn)
	if err != nil {
		p.Fatal(err)
	}
	u.User = url.UserPassword(p.login(name), p.password)
	return p.value(u.String(), statement, args...)
}

func (p *persons) value(dsn, statement string, args ...any) (value string) {
	p.Helper()
	conn, err := postgres.Connect(context.Background(), postgres.Config{DSN: dsn, Logger: zerolog.Nop()})
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(context.Background(), statement, args...).Scan(&value); err != nil {
		p.Fatalf("%.60s …: %v", statement, err)
	}
	return value
}

// goldenCall is the record of a capture of pcaps.
func goldenCall(t *testing.T, name string) *record.Call {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "pcaps", name, "records.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	c := new(record.Call)
	if err := json.Unmarshal([]byte(line), c); err != nil {
		t.Fatal(err)
	}
	return c
}
