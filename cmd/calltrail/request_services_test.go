package main

import (
	"bytes"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"calltrail/cmd/calltrail/config"
)

// A request from its letter to the monthly report, on a real database: each step under the login of another person.
func TestRequestCommand(t *testing.T) {
	server := serverOf(t, "CALLTRAIL_POSTGRES_DSN")
	var db *database
	suffix := "_" + strings.ToLower(rand.Text()[:12])
	admin := session(t, server, "")
	var login string
	t.Cleanup(func() { // after the database is gone
		for _, name := range []string{"asha" + suffix, "ravi" + suffix, "uma" + suffix, login} {
			admin.ask("DROP ROLE IF EXISTS " + name)
		}
	})
	db = newDatabase(t, server)
	dsn, err := url.Parse(server)
	if err != nil {
		t.Fatal("CALLTRAIL_POSTGRES_DSN is not a URL") // the error would show the password
	}
	dsn.Path = "/" + db.name
	t.Setenv("CALLTRAIL_POSTGRES_DSN", dsn.String())
	t.Setenv(config.EnvFile, os.DevNull)
	times := regexp.MustCompile(`(20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8} IST \()?20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z\)?`)
	heads := regexp.MustCompile(`[0-9]+:[0-9a-f]{64}`)
	month := regexp.MustCompile(`(?m)^20[0-9]{2}-[0-9]{2}  `)
	run := func(who string, status int, args ...string) string {
		t.Helper()
		person := *dsn
		person.User = url.UserPassword(who+suffix, "of the test")
		t.Setenv("CALLTRAIL_ACCESS_DSN", person.String())
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
			report(&errs, "calltrail "+args[0], err)
		}
		return out.String() + errs.String()
	}
	want := func(got, want string) {
		t.Helper()
		got = strings.ReplaceAll(got, suffix, "")
		got = month.ReplaceAllString(heads.ReplaceAllString(times.ReplaceAllString(got, "TIME"), "HEAD"), "MONTH  ")
		if lines := strings.Split(got, "\n"); len(lines) > 0 {
			for i := range lines {
				lines[i] = strings.Join(strings.Fields(lines[i]), " ")
			}
			got = strings.Join(lines, "\n")
		}
		if got != want {
			t.Errorf("gives\n%s\nwant\n%s", got, want)
		}
	}
	run("", exitOK, "migrate", "up")
	run("", exitOK, "access", "init")
	login = db.ask("SELECT calltrail.audit_login()")[0]
	for who, role := range map[string]string{"asha": "calltrail_analyst", "ravi": "calltrail_approver", "uma": "calltrail_auditor"} {
		db.ask("CREATE ROLE " + who + suffix + " LOGIN PASSWORD 'of the test' IN ROLE " + role)
	}

	letter := filepath.Join(t.TempDir(), "letter.pdf")
	if err := os.WriteFile(letter, []byte("a letter"), 0o600); err != nil {
		t.Fatal(err)
	}
	register := []string{
		"request", "register", "--agency", "Noida police", "--officer", "A. Kumar", "--rank", "SP", "--order", "12/2026", "--case", "FIR 12/2026", "--purpose", "hoax calls",
		"--selector", "number=+91 120 410 0001", "--selector", "address=192.0.2.0/24:5060", "--document", letter,
	}
	window := append(register, "--from", "2026-11-01", "--to", "2026-12-01 00:00")
	want(run("asha", exitOK, "request", "list"), "No request: calltrail request register adds one.\n")
	want(run("asha", exitUsage, register...), "calltrail: --from and --to are the window that may be asked about; both are wanted\nRun 'calltrail request --help' for the way to write it.\n")
	want(run("asha", exitUsage, append(window, "--selector", "number")...), "calltrail: --selector is written TYPE=VALUE, like number=+911204100001\nRun 'calltrail request --help' for the way to write it.\n")
	want(run("asha", exitError, append(register, "--from", "2026-12-01", "--to", "2026-11-01")...), "calltrail: request: the window ends before it begins, or has no end\n")
	want(run("asha", exitError, append(register, "--from", "yesterday", "--to", "2026-11-01")...),
		"calltrail: a time is written 2026-11-22 10:00:00 (zone Asia/Kolkata), or with its zone, 2026-11-22T10:00:00+05:30\n")
	want(run("asha", exitError, append(window, "--selector", "planet=mars")...),
		"calltrail: a selector of type 'planet' is not known; number, number_prefix, address, subscriber, uri, call, device, asn, area, case and pattern are\n")
	year := db.ask("SELECT to_char(now() AT TIME ZONE 'Asia/Kolkata', 'YYYY')")[0]
	id := "R-" + year + "-000001"
	want(run("asha", exitOK, window...), id+" registered; somebody else approves it: calltrail request approve "+id+"\n")
	want(run("uma", exitError, window...), "calltrail: register a request: this login has not the role for it; calltrail access shows who has which\n")
	want(run("asha", exitError, "request", "approve", id), "calltrail: write into the register: this login has not the role for it; calltrail access shows who has which\n")
	want(run("ravi", exitError, "request", "approve", "R-2020-000001"), "calltrail: request R-2020-000001: there is no such request\n")
	want(run("ravi", exitOK, "request", "approve", id, "--note", "order seen"), id+" approved\n")
	want(run("ravi", exitOK, "request", "raise", id, "--rows", "2000"), id+" raised\n")
	want(run("asha", exitOK, "request", "show", id), strings.Join([]string{
		id + " approved", "agency Noida police", "officer A. Kumar, SP", "order 12/2026", "case FIR 12/2026", "purpose hoax calls",
		"selector number +911204100001", "selector address 192.0.2.0/24 port 5060", "window TIME to TIME, not included", "letter 5bb27fb86c807b2ff46917449e038a93779fe33ceae2ffc4c843c00c718e4183",
		"rows at most 2000", "subscribers not shown", "registered TIME by asha", "approved TIME by ravi", "until TIME", "",
	}, "\n"))
	want(run("asha", exitOK, "request", "list", "--state", "approved"), "REQUEST STATE AGENCY ORDER CASE FROM TO ROWS REGISTERED BY APPROVED BY UNTIL\n"+
		id+" approved Noida police 12/2026 FIR 12/2026 TIME TIME 2000 asha ravi TIME\n")
	want(run("asha", exitError, "request", "show", "R-2020-000001"), "calltrail: there is no request \"R-2020-000001\" that this login may see; calltrail request list shows those it may\n")

	want(run("asha", exitError, append(slicesOf(window, "emergency"), "--section", "x")...), "calltrail: request: only the emergency officer opens a request without approval\n")
	run("", exitOK, "access", "emergency-officer", "asha"+suffix)
	second := "R-" + year + "-000002"
	want(run("asha", exitOK, slicesOf(window, "emergency")...), second+" opened without approval; within 24 hours somebody else approves it: calltrail request approve "+second+"\n")
	want(run("ravi", exitUsage, "request", "refuse", second), "calltrail: --note is empty; say why it is refused\nRun 'calltrail request --help' for the way to write it.\n")
	want(run("ravi", exitOK, "request", "refuse", second, "--note", "no emergency"), second+" refused\n")
	want(run("asha", exitOK, "request", "close", id, "--note", "answered"), id+" closed\n")

	want(run("uma", exitOK, "audit", "list"), strings.Join([]string{
		"ROW AT PERSON ACTION REQUEST QUESTION ROWS DETAIL", "1 TIME asha registered " + id + " - -", "2 TIME ravi refused R-2020-000001 - - approved: there is no such request",
		"3 TIME ravi approved " + id + " - - order seen", "4 TIME ravi rows_raised " + id + " - - 2000 rows", "5 TIME asha refused - - - emergency: only the emergency officer opens a request without approval",
		"6 TIME calltrail officer - - - asha", "7 TIME asha emergency " + second + " - - hoax calls", "8 TIME ravi refused " + second + " - - no emergency", "9 TIME asha closed " + id + " - - answered", "",
	}, "\n"))
	want(run("asha", exitError, "audit", "list"), "calltrail: read the audit: this login has not the role for it; calltrail access shows who has which\n")
	if got := run("uma", exitOK, "audit", "list", "--request", second, "--action", "emergency", "--json"); !strings.Contains(got, `"value":"+911204100001"`) && !strings.Contains(got, `"value": "+911204100001"`) {
		t.Errorf("gives\n%s", got)
	}
	report := run("uma", exitOK, "audit", "month")
	if !strings.Contains(report, "\nEMERGENCY") || !regexp.MustCompile(second+` +asha_[a-z0-9]+ +20\S+ +FIR 12/2026 +0 +refused`).MatchString(report) {
		t.Errorf("gives\n%s", report)
	}
	want(run("uma", exitUsage, "audit", "month", "2026-13"), "calltrail: \"2026-13\" is no month; write it like 2026-11\nRun 'calltrail audit --help' for the way to write it.\n")
	if got := run("uma", exitOK, "audit", "month", "2020-01", "--json"); got != `{"totals":[],"emergencies":[]}`+"\n" {
		t.Errorf("gives %s", got)
	}

	head := strings.TrimSpace(run("uma", exitOK, "audit", "head"))
	want(run("uma", exitOK, "audit", "verify", "--head", head), "9 rows read, head HEAD: the audit holds\n")
	want(run("uma", exitUsage, "audit", "verify", "--head", "9"), "calltrail: --head: \"9\" is no head; calltrail audit head writes one: number, colon, 64 hexadecimal digits\nRun 'calltrail audit --help' for the way to write it.\n")
	db.ask("SET session_replication_role = replica")
	db.ask("DELETE FROM calltrail.audit WHERE audit_id = 9")
	want(run("uma", exitEvidence, "audit", "verify", "--head", head), "row 9 of the head that was kept is not there, or is another one: the end was cut off, or the chain was made anew\n"+
		"row 9: the register says of request "+id+" what does not stand here\n8 rows read, head HEAD: THE AUDIT DOES NOT HOLD\n")
}

// slicesOf is the command line of register made one of another subcommand.
func slicesOf(args []string, subcommand string) []string {
	return append([]string{"request", subcommand}, args[2:]...)
}
