package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"calltrail/cmd/calltrail/config"
)

// Tables in by the command, and the answers out by it and by SQL; a file with wrong lines; the same file again.
func TestNumberingCommand(t *testing.T) {
	s := newBareSite(t)
	s.ok("migrate", "up")
	t.Setenv(config.EnvFile, os.DevNull)
	t.Setenv("CALLTRAIL_POSTGRES_DSN", s.dsn)
	run := func(args ...string) (status int, stdout, stderr string) {
		t.Helper()
		var out, errs bytes.Buffer
		root := newRoot()
		root.SetArgs(append([]string{"numbering"}, args...))
		root.SetOut(&out)
		root.SetErr(&errs)
		err := root.ExecuteContext(context.Background())
		if err != nil {
			report(&errs, "calltrail numbering", err)
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
	books := file("books.csv", "number,city,lsa,subscriber,from,note\n9812345678,Noida,UP West,asha,2020-01-01,x\n")
	plan := file("plan.csv", "range_from,range_to,operator,lsa\n+919812340000,+919812399999,Airtel,Haryana\n")
	bad := file("bad.csv", "number,carrier\n+919812345678,Jio\n+91981234567x,Jio\n+919812345678,\n")
	imported := func(kind, source string, more ...string) []string {
		return append([]string{"import", "--kind", kind, "--source", source, "--dated", "2026-11-01"}, more...)
	}
	const now = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z"
	for _, c := range []struct {
		args           []string
		status         int
		stdout, stderr string // regular expressions
	}{
		{[]string{"status"}, exitOK, `No table was imported: calltrail numbering import adds one\.\n`, ""},
		{[]string{"import", plan}, exitUsage, "", `calltrail: --kind is missing\n(?s:.*)`},
		{[]string{"import", "--kind", "range", "--source", "DoT", plan}, exitUsage, "", `calltrail: --dated is missing\n(?s:.*)`},
		{imported("census", "DoT", plan), exitUsage, "", `calltrail: invalid argument "census"(?s:.*)`},
		{imported("range", "", plan), exitUsage, "", `calltrail: the source is not named\n(?s:.*)`},
		{imported("range", "DoT", "--prepend", "91", plan), exitUsage, "", `calltrail: "91" cannot go before numbers: (?s:.*)`},
		{imported("range", "DoT", "--zone", "Nowhere", plan), exitUsage, "", `calltrail: --zone: "Nowhere" is not known(?s:.*)`},
		{imported("range", "DoT"), exitUsage, "", `calltrail: accepts 1 arg(?s:.*)`},
		{imported("range", "DoT", "/nonexistent.csv"), exitError, "", `calltrail: open /nonexistent\.csv: no such file or directory\n`},
		{
			imported("portability", "MNP", bad), exitError, "",
			`calltrail: bad\.csv:3: number: "\+91981234567x" is no number; write it with \+ and country code\ncalltrail: bad\.csv:4: it says nothing of the number: carrier: all empty\n` +
				`calltrail: 2 lines are wrong: nothing was imported\n`,
		},
		{
			imported("subscriber", "books", "--zone", "IST", "--prepend", "+91", books), exitOK,
			`books\.csv: 1 rows read, 1 numbers and blocks added, of 2026-11-01 by books\nbooks\.csv: columns left out: note\n`, "",
		},
		{imported("subscriber", "books", "--zone", "IST", "--prepend", "+91", books), exitOK, `books\.csv: nothing added: imported already at ` + now + ` as books\.csv of 2026-11-01\n`, ""},
		{imported("range", "DoT", plan), exitOK, `plan\.csv: 1 rows read, 6 numbers and blocks added, of 2026-11-01 by DoT\n`, ""},
		{
			[]string{"lookup", "+91 98123 45678", "--at", "2026-11-22T10:00:00+05:30"},
			exitOK,
			`\+919812345678 at 2026-11-22T04:30:00Z\n\nsubscriber table of 2026-11-01, books\nplace        Noida, UP West\nsubscriber   asha\nfrom         2019-12-31T18:30:00Z\n` +
				`file         books\.csv, line 2, imported ` + now + `\n\nrange table of 2026-11-01, DoT\nplace        Haryana\nallotted to  Airtel\n` +
				`range        \+919812340000 to \+919812399999\nfile         plan\.csv, line 2, imported ` + now + `\nremark       to whom the range was allotted: the number may have been ported since\n`, "",
		},
		{[]string{"lookup", "+15005550006"}, exitOK, `\+15005550006 at ` + now + `\nno imported table says anything of it\n`, ""},
		{[]string{"lookup", "9812345678"}, exitUsage, "", `calltrail: "9812345678" has no \+;(?s:.*)`},
		{[]string{"lookup", "+919812345678", "--at", "today"}, exitUsage, "", `calltrail: --at: "today" is no time(?s:.*)`},
		{
			[]string{"status"}, exitOK, `KIND +SOURCE +DATED +AGE +STATE +ROWS +FILE +IMPORTED +BY +SHA-256\n` +
				`subscriber +books +2026-11-01 +-?[0-9]+ days +(holds|to come) +1 +books\.csv +` + now + ` +\w+ +[0-9a-f]{64}\nrange +DoT +2026-11-01 +-?[0-9]+ days +(holds|to come) +1 +plan\.csv .*\n`, "",
		},
	} {
		status, stdout, stderr := run(c.args...)
		if status != c.status || !regexp.MustCompile("^"+c.stdout+"$").MatchString(stdout) || !regexp.MustCompile("^"+c.stderr+"$").MatchString(stderr) {
			t.Errorf("%v: exit status %d, want %d\nstdout %s\n  want %s\nstderr %s\n  want %s", c.args, status, c.status, stdout, c.stdout, stderr, c.stderr)
		}
	}
	s.db.want(`SELECT kind, coalesce(carrier, subscriber) FROM calltrail.registration_of('+919812345678', '2026-11-22Z')`, "subscriber|asha range|Airtel")

	var answer numberingAnswer
	if _, stdout, _ := run("lookup", "+919812345678", "--at", "2026-11-22T10:00:00Z", "--json"); json.Unmarshal([]byte(stdout), &answer) != nil || len(answer.Tables) != 2 || answer.Tables[0].City != "Noida" {
		t.Errorf("lookup --json: %s", stdout)
	}
	if _, stdout, _ := run("status", "--json"); !strings.Contains(stdout, `"source": "DoT"`) && !strings.Contains(stdout, `"source":"DoT"`) || !json.Valid([]byte(stdout)) {
		t.Errorf("status --json: %s", stdout)
	}
}
