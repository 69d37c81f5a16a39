package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"calltrail/cmd/calltrail/config"
)

// Files in by the command and the answer out by SQL; the same file again, a file with wrong lines, a time without a zone.
func TestAssignmentsCommand(t *testing.T) {
	s := newBareSite(t)
	s.ok("migrate", "up")
	t.Setenv(config.EnvFile, os.DevNull)
	t.Setenv("CALLTRAIL_POSTGRES_DSN", s.dsn)
	run := func(args ...string) (status int, stdout, stderr string) {
		t.Helper()
		var out, errs bytes.Buffer
		root := newRoot()
		root.SetArgs(append([]string{"assignments"}, args...))
		root.SetOut(&out)
		root.SetErr(&errs)
		err := root.ExecuteContext(context.Background())
		if err != nil {
			report(&errs, "calltrail assignments", err)
		}
		return exitCode(err), out.String(), errs.String()
	}
	file := func(name, text string) string {
		path := filepath.Join(s.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const header = "public_ip,port_start,port_end,inside_ip,subscriber,from,to,router\n"
	good := file("blocks.csv", header+"203.0.113.9,1024,2047,100.64.0.5,asha,2026-05-28 15:30:00,,r1\n")
	bad := file("bad.csv", header+"203.0.113.9,1024,2047,100.64.0.5,asha,2026-05-28T10:00:00Z,,r1\n203.0.113.9,1024,70000,100.64.0.5,asha,2026-05-28T10:00:00Z,,r1\n,,,,,,,\n")
	for _, c := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"import", good}, exitUsage, "", "calltrail: --format is missing"},
		{[]string{"import", "--format", "cgnat"}, exitUsage, "", "calltrail: requires at least 1 arg"},
		{[]string{"import", "--format", "netflow", good}, exitUsage, "", "calltrail: invalid argument \"netflow\""},
		{[]string{"import", "--format", "cgnat", "--zone", "Nowhere", good}, exitUsage, "", "calltrail: --zone: \"Nowhere\" is not known"},
		{[]string{"import", "--format", "cgnat", "/nonexistent.csv"}, exitError, "", "calltrail: open /nonexistent.csv"},
		{[]string{"import", "--format", "cgnat", good}, exitError, "", "calltrail: blocks.csv:2: from: the time has no zone"},
		{
			[]string{"import", "--format", "cgnat", "--zone", "IST", good, bad},
			exitError, "",
			"calltrail: bad.csv:3: port_end: \"70000\" is no port\ncalltrail: bad.csv:4: public_ip is empty\ncalltrail: 2 lines are wrong: nothing was imported\n",
		},
		{
			[]string{"import", "--format", "cgnat", "--zone", "IST", good},
			exitOK, "blocks.csv: 1 rows read, 0 without an address; 1 assignments added, 0 of them supersede earlier ones\nblocks.csv: columns left out: router\ncalls corrected for 1 assignments: 0 addresses joined, 0 taken back\n", "",
		},
		{[]string{"correct"}, exitOK, "calls corrected for 0 assignments: 0 addresses joined, 0 taken back\n", ""},
		{[]string{"correct", "now"}, exitUsage, "", "calltrail: "},
		{[]string{"import", "--format", "cgnat", "--zone", "IST", good}, exitOK, "blocks.csv: nothing added: imported already at ", ""},
		{[]string{"join"}, exitUsage, "", "calltrail: --since: \"\" is no day"},
		{[]string{"join", "--since", "2026-05-01"}, exitOK, "since 2026-05-01: 0 addresses joined, 0 taken back\n", ""},
	} {
		status, stdout, stderr := run(c.args...)
		if status != c.status || !strings.HasPrefix(stdout, c.stdout) || !strings.HasPrefix(stderr, c.stderr) || c.stdout == "" && stdout != "" || c.stderr == "" && stderr != "" {
			t.Errorf("%v: exit status %d, want %d\nstdout %s\n  want %s\nstderr %s\n  want %s", c.args, status, c.status, stdout, c.stdout, stderr, c.stderr)
		}
	}
	s.db.want(`SELECT subscriber, lower(during) AT TIME ZONE 'UTC' FROM calltrail.assignments`, "asha|2026-05-28 10:00:00")
}
