package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// heardSite is a site whose program listens for assignments on a loopback address that no other test has.
type heardSite struct {
	*site
	host   string
	secret string // file of the RADIUS secret
}

func newHeardSite(t *testing.T) *heardSite {
	t.Helper()
	for _, p := range []string{"radclient", "logger", "ulogd", "conntrack"} {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	s := &heardSite{site: newBareSite(t), host: fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))}
	s.ok("migrate", "up")
	s.secret = filepath.Join(s.dir, "secret")
	if err := os.WriteFile(s.secret, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.env = append(s.env,
		"CALLTRAIL_ASSIGNMENTS_RADIUS_LISTEN="+s.host+":1813", "CALLTRAIL_ASSIGNMENTS_RADIUS_SECRET_FILE="+s.secret,
		"CALLTRAIL_ASSIGNMENTS_SYSLOG_LISTEN="+s.host+":5514", "CALLTRAIL_ASSIGNMENTS_IPFIX_LISTEN="+s.host+":4739",
		"CALLTRAIL_METRICS_ASSIGNMENTS_LISTEN="+s.host+":9467",
		"CALLTRAIL_ASSIGNMENTS_MAX_LATE=3650d", // the senders tell of days that the test names
	)
	return s
}

// listen starts the program, and waits until it answers for its health.
func (s *heardSite) listen() *process {
	s.Helper()
	p := s.start(nil, "assignments", "listen")
	if !p.until(s.T, 10*time.Millisecond, func() bool { return s.page("/healthz") != "" }) {
		s.Fatalf("it did not listen:\n%s", p.wait(s.T).stderr)
	}
	return p
}

// page is what the program shows; "" when it does not answer.
func (s *heardSite) page(path string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.host+":9467"+path, http.NoBody)
	if err != nil {
		s.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

// radclient sends accounting requests, and says whether all were answered. It tries each some times, a second apart.
func (s *heardSite) radclient(secret string, tries int, requests ...string) error {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "radclient", "-r", fmt.Sprint(tries), "-t", "1", "-p", "50", "-S", secret, s.host+":1813", "acct")
	cmd.Stdin = strings.NewReader(strings.Join(requests, "\n\n") + "\n")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("radclient: %w: %s", err, out.String())
	}
	return nil
}

func (s *heardSite) accounted(requests ...string) {
	s.Helper()
	if err := s.radclient(s.secret, 20, requests...); err != nil {
		s.Fatal(err)
	}
}

const server = "NAS-IP-Address=192.0.2.1,NAS-Identifier=bng1,"

func request(status, id, user string, at time.Time, more string) string {
	return fmt.Sprintf("%sAcct-Status-Type=%s,Acct-Session-Id=%s,User-Name=%s,Event-Timestamp=%d,%s", server, status, id, user, at.Unix(), more)
}

// FreeRADIUS's client tells of sessions, and SQL says at once whose address it was.
func TestAssignmentsListenRADIUS(t *testing.T) {
	t.Parallel()
	s := newHeardSite(t)
	p := s.listen()
	at := time.Date(2026, 5, 28, 10, 0, 0, 0, time.UTC)
	const asha = "Framed-IP-Address=198.51.100.7,Delegated-IPv6-Prefix=2001:db8:1:200::/56,Framed-IPv6-Prefix=2001:db8:1:2f0::/64,Calling-Station-Id=02-00-5E-00-00-01,NAS-Port-Id=olt1/3"
	first := []string{
		request("Start", "01", "asha", at, asha),
		request("Start", "02", "bela", at.Add(time.Minute), "Framed-IP-Address=198.51.100.8"),
		request("Start", "03", "chand", at.Add(time.Minute), "Acct-Delay-Time=0"), // no address yet
	}
	s.accounted(first...)
	s.db.want(`SELECT subscriber, line, mac, valid_until IS NULL FROM calltrail.who_used('198.51.100.7', 5060, '2026-05-28 10:10Z')`, "asha|olt1/3|02:00:5e:00:00:01|t")
	s.db.want(`SELECT subscriber, address FROM calltrail.who_used('2001:db8:1:2f0::5', 5060, '2026-05-28 10:10Z')`, "asha|2001:db8:1:2f0::/64")
	s.db.want(`SELECT subscriber, address FROM calltrail.who_used('2001:db8:1:2ff::5', 5060, '2026-05-28 10:10Z')`, "asha|2001:db8:1:200::/56")
	s.accounted(
		request("Interim-Update", "01", "asha", at.Add(15*time.Minute), asha),
		request("Stop", "01", "asha", at.Add(30*time.Minute), asha+",Acct-Session-Time=1800"),
	)
	s.db.want(`SELECT subscriber, valid_until FROM calltrail.who_used('198.51.100.7', 5060, '2026-05-28 10:29:59Z')`, "asha|2026-05-28 10:30:00+00")
	s.db.want(`SELECT count(*) FROM calltrail.who_used('198.51.100.7', 5060, '2026-05-28 10:30Z')`, "0")

	// Everything again, in another order, adds nothing; nor does the same session in a file.
	rows := s.db.number("SELECT count(*) FROM calltrail.assignment")
	s.accounted(append([]string{request("Stop", "01", "asha", at.Add(30*time.Minute), asha+",Acct-Session-Time=1800")}, first...)...)
	file := filepath.Join(s.dir, "accounting.csv")
	text := "Acct-Status-Type,Acct-Session-Id,User-Name,Event-Timestamp,Framed-IP-Address,NAS-IP-Address,NAS-Identifier\nStart,02,bela,2026-05-28T10:01:00Z,198.51.100.8,192.0.2.1,bng1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("assignments", "import", "--format", "radius", file)
	if again := s.db.number("SELECT count(*) FROM calltrail.assignment"); again != rows {
		t.Errorf("repeated, %d rows became %d", rows, again)
	}
	s.db.want(`SELECT DISTINCT via, host(sender) FROM calltrail.assignment_receipt`, "radius|127.0.0.1")

	// The access server falls over: its open sessions have ended, and those of others have not.
	other := strings.Replace(request("Start", "02", "devi", at, "Framed-IP-Address=198.51.100.9"), "bng1", "bng10", 1)
	s.accounted(other)
	s.accounted(server + fmt.Sprintf("Acct-Status-Type=Accounting-On,Event-Timestamp=%d", at.Add(time.Hour).Unix()))
	s.db.want(`SELECT subscriber, valid_until FROM calltrail.who_used('198.51.100.8', 1, '2026-05-28 10:30Z')`, "bela|2026-05-28 11:00:00+00")
	s.db.want(`SELECT subscriber, valid_until IS NULL FROM calltrail.who_used('198.51.100.9', 1, '2026-05-28 12:30Z')`, "devi|t")

	// Who does not know the secret gets no answer, and makes nothing up.
	wrong := filepath.Join(s.dir, "wrong")
	if err := os.WriteFile(wrong, []byte("guessed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.radclient(wrong, 1, request("Start", "66", "mallory", at, "Framed-IP-Address=198.51.100.66")); err == nil {
		t.Error("a request made with another secret was answered")
	}
	s.db.want(`SELECT count(*) FROM calltrail.assignment WHERE subscriber = 'mallory'`, "0")
	metrics := s.page("/metrics")
	for _, want := range []string{ // a request that was answered late was sent, and ignored, once more
		`calltrail_assignments_malformed_total\{via="radius"\} 1`, `calltrail_assignments_ignored_total\{via="radius"\} ([2-9]|\d\d+)`, `calltrail_assignments_postgres_up 1`, `calltrail_assignments_waiting_events 0`,
	} {
		if !regexp.MustCompile("(?m)^" + want + "$").MatchString(metrics) {
			t.Errorf("metrics without %q", want)
		}
	}
	s.ends(p)
}

// ends stops the program as systemd does, and holds it to its log: no name of a subscriber, no secret.
func (s *heardSite) ends(p *process) {
	s.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		s.Fatal(err)
	}
	r := p.wait(s.T)
	if r.status != 0 {
		s.Errorf("exit status %d:\n%s", r.status, r.stderr)
	}
	for _, secret := range []string{"asha", "bela", "mallory", "correct horse", "198.51.100."} {
		if strings.Contains(r.stderr, secret) {
			s.Errorf("the log holds %q:\n%s", secret, r.stderr)
		}
	}
}

// Killed while requests come in, and started again, it has every session that was answered: what was not answered comes again.
func TestAssignmentsListenKilled(t *testing.T) {
	t.Parallel()
	s := newHeardSite(t)
	const sessions = 600
	at := time.Date(2026, 5, 28, 10, 0, 0, 0, time.UTC)
	var requests []string
	for i := range sessions {
		requests = append(requests, request("Start", fmt.Sprintf("k%d", i), fmt.Sprintf("user%d", i), at, fmt.Sprintf("Framed-IP-Address=10.7.%d.%d", i/250, 1+i%250)))
	}
	p := s.listen()
	all := make(chan struct{})
	// Ten at a time: radclient gives up when nobody listens on the port, and then only what it was sending is sent again.
	var sending errgroup.Group
	sending.SetLimit(8)
	go func() {
		defer close(all)
		for part := range slices.Chunk(requests, 10) {
			sending.Go(func() (err error) {
				for range 60 {
					if err = s.radclient(s.secret, 10, part...); err == nil {
						return nil
					}
				}
				return err
			})
		}
	}()
	for kill := 1; kill <= 3; kill++ {
		goal := kill * sessions / 6
		if !p.until(t, time.Millisecond, func() bool { return s.db.number("SELECT count(*) FROM calltrail.assignment") >= goal }) {
			t.Fatal(p.wait(t).stderr)
		}
		p.kill()
		p = s.listen()
	}
	<-all
	if err := sending.Wait(); err != nil {
		t.Fatal(err)
	}
	s.db.want("SELECT count(*), count(DISTINCT subscriber), count(DISTINCT address) FROM calltrail.assignment", "600|600|600")
	s.ends(p)
}

// While Postgres does not take anything, RADIUS gets no answer; when it does again, everything is there.
func TestAssignmentsListenLocked(t *testing.T) {
	t.Parallel()
	s := newHeardSite(t)
	p := s.listen()
	s.db.ask("BEGIN")
	s.db.ask("LOCK TABLE calltrail.assignment IN ACCESS EXCLUSIVE MODE")
	at := time.Date(2026, 5, 28, 10, 0, 0, 0, time.UTC)
	one := request("Start", "01", "asha", at, "Framed-IP-Address=198.51.100.7")
	if err := s.radclient(s.secret, 2, one); err == nil {
		t.Error("a request was answered that cannot have been committed")
	}
	s.db.ask("COMMIT")
	s.accounted(one)
	s.db.want("SELECT count(*) FROM calltrail.assignment", "1")
	s.ends(p)
}
