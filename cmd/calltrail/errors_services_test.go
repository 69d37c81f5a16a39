package main

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"calltrail/store/spool"
)

// What is not there, or not as configured, is one line that says what, where, and what to do; exit status 1, soon.
func TestClearErrors(t *testing.T) {
	t.Parallel()
	bare, s := newBareSite(t), newSite(t)
	capture, _ := s.capture(signalling(10, 1))
	dsn, err := url.Parse(s.dsn)
	if err != nil {
		t.Fatal("CALLTRAIL_POSTGRES_DSN is not a URL")
	}
	// database is the site's DSN with something changed.
	database := func(change func(*url.URL)) string {
		u := *dsn
		change(&u)
		return "CALLTRAIL_POSTGRES_DSN=" + u.String()
	}
	const closed = "127.0.0.1:1"
	silent := silentServer(t)
	nobody, mute := "CALLTRAIL_KAFKA_BROKERS="+closed, "CALLTRAIL_KAFKA_BROKERS="+silent
	badFile := filepath.Join(s.dir, "bad.yaml")
	if err := os.WriteFile(badFile, []byte("kafka:\n  brokerz: [192.0.2.1:9092]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(s.dir, "locked")
	sp, err := spool.Open(spool.Config{Dir: locked, Sensor: replaySensor})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sp.Close() })

	const (
		noServer = "postgres: connect to 127.0.0.1:1: connection refused: is the server running? (postgres.dsn)"
		noBroker = "kafka: 127.0.0.1:1: connection refused: is the broker running? (kafka.brokers)"
	)
	noTopic := "kafka: look for topic " + bare.topic + ": the topic does not exist: run calltrail kafka init"
	replay := func(to string) []string { return []string{"replay", "-q", "--to", to, capture} }
	for _, tt := range []struct {
		name string
		on   *site
		env  string // over the site's
		args []string
		want string
	}{
		{"no server: store", s, database(func(u *url.URL) { u.Host = closed }), []string{"store", "--once"}, noServer},
		{"no server: replay", s, database(func(u *url.URL) { u.Host = closed }), replay("postgres"), noServer},
		{"no server: migrate", s, database(func(u *url.URL) { u.Host = closed }), []string{"migrate", "up"}, noServer},
		{
			"no such host", s, database(func(u *url.URL) { u.Host, u.RawQuery = "calltrail..invalid:5432", "sslmode=verify-full" }),
			[]string{"store"},
			"postgres: connect to calltrail..invalid:5432: the host's name cannot be resolved: no such host: check the host (postgres.dsn)",
		},
		{
			"not a database server", s, database(func(u *url.URL) { u.Host = silent }),
			[]string{"store"},
			"postgres: connect to " + silent + ": no answer within 4s: is this a Postgres server? (postgres.dsn)",
		},
		{"not migrated: store", bare, "", []string{"store"}, "postgres: the database has no calltrail schema: run calltrail migrate up"},
		{"not migrated: replay", bare, "", replay("postgres"), "postgres: the database has no calltrail schema: run calltrail migrate up"},
		{
			"no such database", s, database(func(u *url.URL) { u.Path = "/nowhere" }),
			[]string{"store"},
			"postgres: connect to " + dsn.Host + `: database "nowhere" does not exist (SQLSTATE 3D000): create it, or name another (postgres.dsn): createdb nowhere`,
		},
		{
			"wrong password", s, database(func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "wrong") }),
			[]string{"store"},
			"postgres: connect to " + dsn.Host + `: password authentication failed for user "` + dsn.User.Username() + `" (SQLSTATE 28P01): check user and password (postgres.dsn, postgres.password_file)`,
		},
		{"no broker: replay", s, nobody, replay("kafka"), noBroker},
		{"no broker: store", s, nobody, []string{"store"}, noBroker},
		{"no broker: init", s, nobody, []string{"kafka", "init"}, noBroker},
		{"not a broker: replay", s, mute, replay("kafka"), "kafka: " + silent + ": no answer: is this a broker, and running? (kafka.brokers)"},
		{"not a broker: init", s, mute, []string{"kafka", "init"}, "kafka: " + silent + ": no answer: is this a broker, and running? (kafka.brokers)"},
		{"no topic: replay", bare, "", replay("kafka"), noTopic},
		{"no topic: store", s, "CALLTRAIL_KAFKA_RECORDS_TOPIC=" + bare.topic, []string{"store"}, noTopic},
		{
			"too many replicas", bare, "CALLTRAIL_KAFKA_REPLICATION=9",
			[]string{"kafka", "init"},
			"kafka: create topic " + bare.topic + ": there are fewer than 9 brokers to hold its 9 replicas: start more, or ask for fewer (kafka.replication)",
		},
		{
			"spool under a file", s, "CALLTRAIL_SPOOL_DIR=" + capture, replay("spool"),
			"spool " + capture + ": make directory: mkdir " + capture + ": not a directory: name a directory that this account can write (spool.dir)",
		},
		{
			"spool locked", s, "CALLTRAIL_SPOOL_DIR=" + locked, replay("kafka"),
			"spool " + locked + ": spool is in use by process " + strconv.Itoa(os.Getpid()) + ": wait for it to end, or name another directory (spool.dir)",
		},
		{
			"no spool to store", s, "",
			[]string{"store", "--from-spool", "/nowhere"},
			"spool /nowhere: there is no such directory: name one that records were spooled to (spool.dir)",
		},
		{"unknown key", s, "", []string{"store", "--config", badFile}, badFile + ":2:3: kafka.brokerz: unknown key; did you mean kafka.brokers?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := tt.on.start([]string{tt.env}, tt.args...).wait(t)
			r.oneLine(t, tt.want)
		})
	}
}

// oneLine holds a failure to its line.
func (r result) oneLine(t *testing.T, want string) {
	t.Helper()
	if r.status != exitError || r.stderr != "calltrail: "+want+"\n" || r.stdout != "" {
		t.Errorf("exit status %d, standard output %q\n got %swant calltrail: %s", r.status, r.stdout, r.stderr, want)
	}
	if r.took > time.Minute { // it does not try again; a machine with other things to do takes longer than the time-outs
		t.Errorf("it took %v", r.took)
	}
}

// silentServer accepts connections and never says anything.
func silentServer(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	return l.Addr().String()
}

// An account that may not write to the spool's directory is told so.
func TestSpoolOfAnotherAccount(t *testing.T) {
	t.Parallel()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	capture := captures(t)[0]
	octets, err := os.ReadFile(capture)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "spool")
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "replay", "-q", "--to", "spool", "-")
	cmd.Dir, cmd.Env, cmd.Stdin = "/", []string{"CALLTRAIL_SPOOL_DIR=" + dir, "CALLTRAIL_CONFIG=" + os.DevNull}, strings.NewReader(string(octets))
	if os.Getuid() == 0 { // may write anywhere
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	began := time.Now()
	_ = cmd.Run() // its status is compared
	r := result{status: cmd.ProcessState.ExitCode(), stderr: stderr.String(), took: time.Since(began)}
	if !strings.Contains(r.stderr, "permission denied: name a directory that this account can write (spool.dir)\n") || strings.Count(r.stderr, "\n") != 1 ||
		!strings.HasPrefix(r.stderr, "calltrail: spool "+dir+": make directory: ") || r.status != exitError {
		t.Errorf("exit status %d:\n%s", r.status, r.stderr)
	}
}
