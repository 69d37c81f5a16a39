package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"calltrail/cmd/callgen/gen"
	"calltrail/cmd/calltrail/config"
	"calltrail/store/kafka/kafkatest"
	"calltrail/store/spool"
)

// limit bounds every wait for a program or a state: far more than any needs on a busy machine.
const limit = 3 * time.Minute

// cleanUp runs the tests and then removes the program that program built.
type cleanUp struct{ m *testing.M }

func (c cleanUp) Run() int {
	code := c.m.Run()
	if built != "" {
		_ = os.RemoveAll(filepath.Dir(built))
	}
	return code
}

var built string // path of the program, once a test has needed it

// program builds calltrail as users do, once, and returns its path. Every account may run it.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "calltrail-test-")
	if err != nil {
		return "", err
	}
	built = filepath.Join(dir, "calltrail")
	if out, err := exec.CommandContext(context.Background(), "go", "build", "-o", built, ".").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return built, os.Chmod(dir, 0o755)
})

// site is one test's installation: the built program with a spool directory, and on the real servers a database, topics
// and a consumer group that no other test has.
type site struct {
	*testing.T
	dir   string // of the test's files
	spool string // spool.dir
	topic string // records topic and consumer group
	dsn   string
	env   []string // the program's whole environment
	db    *database
}

// newSite makes a site with migrated database and topics. The test is skipped, or fails, where there is no server.
func newSite(t *testing.T) *site {
	t.Helper()
	s := newBareSite(t)
	s.ok("migrate", "up")
	s.ok("kafka", "init")
	return s
}

// newBareSite makes a site whose database is empty and whose topics are not there.
func newBareSite(t *testing.T) *site {
	t.Helper()
	broker, server := serverOf(t, "CALLTRAIL_KAFKA_BROKERS"), serverOf(t, "CALLTRAIL_POSTGRES_DSN")
	s := &site{T: t, dir: t.TempDir()}
	s.spool = filepath.Join(s.dir, "spool")
	s.topic = "calltrail-test-" + strings.ToLower(rand.Text())
	s.db = newDatabase(t, server)
	dsn, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	dsn.Path = "/" + s.db.name
	s.dsn = dsn.String()
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir,
		config.EnvFile + "=" + os.DevNull,
		"CALLTRAIL_POSTGRES_DSN=" + s.dsn,
		"CALLTRAIL_KAFKA_BROKERS=" + broker,
		"CALLTRAIL_KAFKA_RECORDS_TOPIC=" + s.topic,
		"CALLTRAIL_KAFKA_RESEND_TOPIC=" + s.topic + ".resend",
		"CALLTRAIL_KAFKA_GROUP=" + s.topic,
		"CALLTRAIL_KAFKA_PARTITIONS=2",
		"CALLTRAIL_KAFKA_REPLICATION=1",
		"CALLTRAIL_SPOOL_DIR=" + s.spool,
	}
	t.Cleanup(func() {
		if err := kafkatest.Delete(strings.Split(broker, ","), s.topic, s.topic+".resend"); err != nil {
			t.Error(err)
		}
	})
	return s
}

// capture makes a capture of callgen and its truth.
func (s *site) capture(cfg gen.Config) (path string, truth []call) {
	s.Helper()
	var rows bytes.Buffer
	path = filepath.Join(s.dir, fmt.Sprintf("calls-%d.pcap", cfg.Seed))
	file, err := os.Create(path)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := gen.Write(cfg, file, &rows); err != nil {
		s.Fatal(err)
	}
	if err := file.Close(); err != nil {
		s.Fatal(err)
	}
	return path, readTruth(s.T, &rows)
}

// signalling is a configuration for calls without media: many records from a small file.
func signalling(calls int, seed uint64) gen.Config {
	cfg := gen.Default()
	cfg.Calls, cfg.Seed, cfg.RTP, cfg.Background = calls, seed, 0, 0
	return cfg
}

// result is what a program that ended left.
type result struct {
	status         int
	stdout, stderr string
	took           time.Duration
}

// process is the program under way.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	began          time.Time
	done           chan struct{} // closed when it has ended
	err            error         // of Wait, once it has
}

// start runs the program with the site's environment, and with more, which wins.
func (s *site) start(more []string, args ...string) *process {
	s.Helper()
	return s.launch("", more, args...)
}

// breached builds the program with a promise broken: setting is "package.variable=value" for the linker.
func breached(t *testing.T, setting string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "calltrail")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X "+setting, "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("build with %s: %s", setting, out)
	}
	return path
}

// launch is start with another build of the program; "" is the one that is shipped.
func (s *site) launch(path string, more []string, args ...string) *process {
	s.Helper()
	if path == "" {
		var err error
		if path, err = program(); err != nil {
			s.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	p := &process{cmd: exec.CommandContext(ctx, path, args...), began: time.Now(), done: make(chan struct{})}
	p.cmd.Env, p.cmd.Dir = slices.Concat(s.env, more), s.dir
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		cancel()
		s.Fatal(err)
	}
	go func() {
		defer cancel()
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	s.Cleanup(p.kill)
	return p
}

// kill is SIGKILL: no handler runs, nothing is flushed. It returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error means that it has ended already
	<-p.done
}

// wait is for the end.
func (p *process) wait(t *testing.T) result {
	t.Helper()
	<-p.done // bounded by the command's context
	if _, exited := errors.AsType[*exec.ExitError](p.err); p.err != nil && !exited {
		t.Fatal(p.err)
	}
	return result{p.cmd.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String(), time.Since(p.began)}
}

// until polls a condition every tick: true when it holds, false when the process ended first.
func (p *process) until(t *testing.T, tick time.Duration, condition func() bool) bool {
	t.Helper()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-p.done:
			return false
		case <-ticker.C:
		}
	}
	return true
}

// lives lets the process run on for a while: true when it is still there after it.
func (p *process) lives(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.done:
		return false
	case <-timer.C:
		return true
	}
}

func (s *site) run(args ...string) result {
	s.Helper()
	return s.start(nil, args...).wait(s.T)
}

// ok runs a command that must succeed.
func (s *site) ok(args ...string) result {
	s.Helper()
	r := s.run(args...)
	if r.status != 0 {
		s.Fatalf("calltrail %s: exit status %d:\n%s", strings.Join(args, " "), r.status, r.stderr)
	}
	return r
}

// spoolState copies a spool that a killed program left and looks into the copy: the next run must find what was left.
func (s *site) spoolState() (state spool.Stats) {
	s.Helper()
	dir, err := os.MkdirTemp(s.dir, "spool-copy-")
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.CopyFS(filepath.Join(dir, "spool"), os.DirFS(s.spool)); err != nil {
		s.Fatal(err)
	}
	sp, err := spool.Open(spool.Config{Dir: filepath.Join(dir, "spool"), Sensor: replaySensor})
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = sp.Close() }()
	return sp.Stats()
}

// replaySensor is the one of replayed records.
const replaySensor = "replay"

// spoolOctets is how much the spool has on disk.
func (s *site) spoolOctets() (octets int64) {
	segments, err := filepath.Glob(filepath.Join(s.spool, "*.seg"))
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range segments {
		if info, err := os.Stat(name); err == nil {
			octets += info.Size()
		}
	}
	return octets
}
