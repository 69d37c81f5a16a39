// Package pgtest starts Postgres servers of a test's own, for tests that need another one than deploy/dev/up makes, or one
// that they may kill and fill up. In: settings. Out: a running server on a loopback port, gone with the test. Only tests call it.
package pgtest

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// starting is how long a server may take until it answers, on a machine with other things to do.
const starting = 60 * time.Second

// Password is that of the account calltrail, the only one of a Server.
const Password = "pgtest"

// Options say what a Server is.
type Options struct {
	// Folder is where its data goes; empty: a folder of the test's.
	Folder string
	// HBA replaces pg_hba.conf. Empty: the account logs in by SCRAM from loopback addresses.
	HBA string
}

// Server is a Postgres of a test.
type Server struct {
	tb       testing.TB
	folder   string
	bin      string
	port     int
	hba      string
	settings map[string]string
	account  *syscall.Credential // nil: our own; Postgres refuses to run as root
	cmd      *exec.Cmd
	ended    chan struct{}
}

// New makes a server's data, with checksums; Start starts it. deploy/dev/up names the folder of the programs in .dev/env.
func New(tb testing.TB, o Options) *Server {
	tb.Helper()
	bin := os.Getenv("CALLTRAIL_POSTGRES_BIN")
	if bin == "" {
		const why = "CALLTRAIL_POSTGRES_BIN is not set: run deploy/dev/up and source .dev/env"
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
			tb.Fatal(why)
		}
		tb.Skip(why)
	}
	s := &Server{tb: tb, bin: bin, folder: o.Folder, hba: o.HBA, settings: map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "shared_buffers": "32MB", "max_connections": "50", "timezone": "UTC",
		"fsync": "on", "synchronous_commit": "on",
	}}
	if s.folder == "" {
		// Not tb.TempDir: the server's account could not enter it.
		var err error
		if s.folder, err = os.MkdirTemp("", "calltrail-postgres-"); err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = os.RemoveAll(s.folder) })
	}
	if os.Geteuid() == 0 {
		account, err := user.Lookup("postgres")
		if err != nil {
			tb.Fatal(err)
		}
		uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if errUID != nil || errGID != nil {
			tb.Fatalf("account postgres has the numbers %s and %s", account.Uid, account.Gid)
		}
		s.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	s.give(s.folder)
	password := s.write("password", []byte(Password))
	initdb := s.command("initdb", "-D", s.data(), "--username=calltrail", "--pwfile="+password, "--auth=scram-sha-256", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	if said, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, said)
	}
	tb.Cleanup(s.Kill)
	return s
}

// Set sets a parameter of postgresql.conf for the next start.
func (s *Server) Set(name, value string) { s.settings[name] = value }

// Take copies a file to where the server's account can read it, and returns its path.
func (s *Server) Take(name string) string {
	text, err := os.ReadFile(name) //nolint:gosec // a test's own
	if err != nil {
		s.tb.Fatal(err)
	}
	return s.write(filepath.Base(name), text)
}

func (s *Server) write(name string, text []byte) string {
	path := filepath.Join(s.folder, name)
	if err := os.WriteFile(path, text, 0o600); err != nil { //nolint:gosec // a test names the file
		s.tb.Fatal(err)
	}
	s.give(path)
	return path
}

// give makes the server's account the owner of a file.
func (s *Server) give(path string) {
	if s.account == nil {
		return
	}
	if err := os.Chown(path, int(s.account.Uid), int(s.account.Gid)); err != nil {
		s.tb.Fatal(err)
	}
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...) //nolint:gosec,noctx // a test's own; Kill ends it
	c.Dir, c.SysProcAttr = s.folder, &syscall.SysProcAttr{Credential: s.account, Pdeathsig: syscall.SIGKILL}
	c.Env = append(os.Environ(), "HOME="+s.folder)
	return c
}

// Start starts the server, or starts it again after Kill, on the same port, and waits until it answers.
func (s *Server) Start() {
	s.tb.Helper()
	if s.hba != "" {
		s.write("data/pg_hba.conf", []byte(s.hba))
	}
	if s.port == 0 {
		s.port = freePort(s.tb)
	}
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port)}
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		args = append(args, "-c", name+"="+s.settings[name])
	}
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		s.tb.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the child has it
	s.cmd = s.command("postgres", args...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // what it said is in its log
		close(ended)
	}(s.cmd, s.ended)
	for deadline := time.Now().Add(starting); ; time.Sleep(20 * time.Millisecond) {
		said, _ := os.ReadFile(log.Name())
		if bytes.Contains(said, []byte("database system is ready to accept connections")) {
			return
		}
		select {
		case <-s.ended:
			s.tb.Fatalf("postgres did not start; it said:\n%s", said)
		default:
		}
		if time.Now().After(deadline) {
			s.tb.Fatalf("postgres did not answer in %v; it said:\n%s", starting, said)
		}
	}
}

// Kill ends all processes of the server as a power loss would, and waits for them.
func (s *Server) Kill() {
	if s.ended == nil {
		return
	}
	// The postmaster's children end by themselves when it is gone; the next start would wait for the shared memory they hold.
	children := s.children()
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		for deadline := time.Now().Add(5 * time.Second); syscall.Kill(pid, 0) == nil && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
	}
	s.ended = nil
}

func (s *Server) children() []int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.cmd.Process.Pid, s.cmd.Process.Pid))
	var list []int
	for word := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil {
			list = append(list, pid)
		}
	}
	return list
}

// DSN names the database postgres, with the account's password and the given parameters.
func (s *Server) DSN(parameters string) string {
	return (&url.URL{Scheme: "postgres", User: url.UserPassword("calltrail", Password), Host: fmt.Sprintf("127.0.0.1:%d", s.port), Path: "/postgres", RawQuery: parameters}).String()
}

// Address is host:port of the server, once it was started.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// freePort is one that nobody listens on, below those that the kernel gives to outgoing connections.
func freePort(tb testing.TB) int {
	for range 100 {
		port := 20000 + rand.IntN(12000)                                               //nolint:gosec // any will do
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // it listens for nothing
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	tb.Fatal("no free port between 20000 and 32000")
	return 0
}
