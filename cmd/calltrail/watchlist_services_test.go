package main

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"calltrail/cmd/calltrail/config"
)

// The commands on a real database: what they say, what they leave, and what they refuse.
func TestWatchlistCommand(t *testing.T) {
	server := serverOf(t, "CALLTRAIL_POSTGRES_DSN")
	db := newDatabase(t, server)
	dsn, err := url.Parse(server)
	if err != nil {
		t.Fatal("CALLTRAIL_POSTGRES_DSN is not a URL") // the error would show the password
	}
	dsn.Path = "/" + db.name
	t.Setenv("CALLTRAIL_POSTGRES_DSN", dsn.String())
	t.Setenv(config.EnvFile, os.DevNull)
	run := func(status int, args ...string) string {
		t.Helper()
		root := newRoot()
		var out, errs bytes.Buffer
		root.SetArgs(args)
		root.SetOut(&out)
		root.SetErr(&errs)
		err := root.ExecuteContext(t.Context())
		if got := exitCode(err); got != status {
			t.Errorf("%v: exit status %d, want %d: %v", args, got, status, err)
		}
		if err != nil {
			report(&errs, "calltrail watchlist", err)
		}
		return out.String() + errs.String()
	}
	want := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("gives\n%s\nwant\n%s", got, want)
		}
	}
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const later = "New records are compared from now on; calltrail watchlist match looks in those that are stored.\n"
	run(exitOK, "migrate", "up")

	bad := file("bad.csv", "kind,value,source,reason\nnumber,0120 4100001,police,hoax\nnumber,4711,police,hoax\nprefix,192.0.2.1/24,police,hoax\n")
	want(run(exitError, "watchlist", "import", bad, "--list", "scam"), "calltrail: "+bad+":\n"+
		"calltrail: line 3: value: no valid telephone number; write it with + and country code, or look for its first digits (number_prefix)\n"+
		"calltrail: line 4: value: bits are set behind its 24; a prefix ends in zeros\ncalltrail: 2 bad lines, so nothing was imported\n")
	db.want(`SELECT count(*) FROM calltrail.watchlist_entry`, "0")

	good := file("good.csv", "kind,value,source,reason\nnumber,0120 4100001,police,hoax\nnumber,+91 120 4100001,police,hoax\nuser_agent,friendly-*,lab,scanner\n")
	want(run(exitOK, "watchlist", "import", good, "--list", "scam", "--by", "anna"), "2 added, 0 removed, 1 there already\nlist scam is at version 1\n"+later)
	want(run(exitOK, "watchlist", "import", good, "--list", "scam"), "0 added, 0 removed, 3 there already\n")
	exported := file("exported.json", run(exitOK, "watchlist", "export", "--format", "json"))
	want(run(exitOK, "watchlist", "import", exported), "0 added, 0 removed, 2 there already\n")
	if got := run(exitOK, "watchlist", "export", "--list", "scam"); strings.Count(got, "\r\n") != 3 || !strings.Contains(got, "\r\nscam,number,+911204100001,police,,hoax,,,anna,20") {
		t.Errorf("export gives\n%s", got)
	}

	add := []string{"watchlist", "add", "--list", "scam", "--kind", "address", "--value", "192.0.2.7", "--source", "police", "--reason", "hoax", "--by", "ravi"}
	if got := run(exitOK, add...); !strings.HasSuffix(got, "\n1 added, 0 removed, 0 there already\nlist scam is at version 2\n"+later) {
		t.Errorf("gives\n%s", got)
	}
	id := db.ask(`SELECT entry_id FROM calltrail.watchlist_entry WHERE kind = 'address'`)[0]
	want(run(exitOK, add...), "entry "+id+" is on list scam already; nothing was changed\n")
	want(run(exitUsage, append(add, "--until", "tomorrow")...), "calltrail: --until: no time; write it like 2026-11-22T10:00:00+05:30 or 2026-11-22\n"+
		"Run 'calltrail watchlist --help' for the way to write it.\n")
	if got := run(exitOK, "watchlist", "match", "--list", "scam"); !strings.HasPrefix(got, "job 1: 3 entries in 0 spans of days, 0 new hits, ") {
		t.Errorf("gives\n%s", got)
	}
	want(run(exitError, "watchlist", "match", "--entry", "4711"), "calltrail: no such entry is on a list: calltrail watchlist list shows what is\n")
	run(exitUsage, "watchlist", "match")
	run(exitUsage, "watchlist", "remove", "--entry", id)
	run(exitUsage, "watchlist", "import", "list.txt")

	want(run(exitOK, "watchlist", "remove", "--list", "scam", "--kind", "number", "--value", "0120-4100001", "--reason", "closed", "--by", "ravi"),
		"0 added, 1 removed, 0 there already\nlist scam is at version 3\n")
	want(run(exitOK, "watchlist", "remove", "--entry", id, "--reason", "closed"), "0 added, 1 removed, 0 there already\nlist scam is at version 4\n")
	want(run(exitError, "watchlist", "remove", "--entry", id, "--reason", "closed"), "calltrail: no such entry is on a list: calltrail watchlist list shows what is\n")
	if got := run(exitOK, "watchlist", "list", "--removed"); strings.Count(got, "\n") != 4 || strings.Count(got, " by ravi: closed") != 1 {
		t.Errorf("list gives\n%s", got)
	}
	if got := run(exitOK, "watchlist", "list"); strings.Count(got, "\n") != 2 || !strings.Contains(got, "friendly-*") {
		t.Errorf("list gives\n%s", got)
	}
}
