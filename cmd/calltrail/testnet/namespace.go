package testnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace: a place for processes and sockets with interfaces of its own.
type Namespace struct {
	t    testing.TB
	name string // as `ip netns` knows it
	// Dir is a directory for the files of the programs in it; it goes with the test.
	Dir string
}

// prefix begins the names of all our namespaces; the process id of the test and a counter follow.
const prefix = "calltrail-test-"

// sweep removes once what a test left that was killed and could not clean up.
var sweep = sync.OnceFunc(func() {
	names, err := filepath.Glob("/run/netns/" + prefix + "*")
	if err != nil {
		return // cannot be: the pattern is good
	}
	for _, path := range names {
		name := filepath.Base(path)
		pid, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "-")
		if _, err := os.Stat("/proc/" + pid); errors.Is(err, os.ErrNotExist) {
			_ = remove(name)
		}
	}
})

// remove ends the processes of a namespace and the namespace.
func remove(name string) error {
	out, err := exec.Command("ip", "netns", "pids", name).Output() //nolint:noctx,gosec // a name of ours; ends at once
	if err == nil {
		for field := range strings.FieldsSeq(string(out)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
				_ = unix.Kill(pid, unix.SIGKILL) // gone already
			}
		}
	}
	if out, err := exec.Command("ip", "netns", "delete", name).CombinedOutput(); err != nil { //nolint:noctx,gosec // a name of ours; ends at once
		return fmt.Errorf("delete namespace %s: %s", name, out)
	}
	return nil
}

func newNamespace(t testing.TB, name string) *Namespace {
	t.Helper()
	ns := &Namespace{t: t, name: name, Dir: t.TempDir()}
	command(t, "ip", "netns", "add", name)
	t.Cleanup(func() {
		if err := remove(name); err != nil {
			t.Error(err)
		}
	})
	// No router solicitation and no multicast report comes into a capture.
	ns.sysctl("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
	ns.ip("link", "set", "lo", "up")
	return ns
}

// command runs a command line, which must succeed, and returns what it said.
func command(t testing.TB, argv ...string) string {
	t.Helper()
	out, err := try(argv...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// try is command where it may fail.
func try(argv ...string) (out string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	said, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput() //nolint:gosec // a test's own command
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, said)
	}
	return string(said), nil
}

// ip is `ip -n`.
func (ns *Namespace) ip(args ...string) {
	ns.t.Helper()
	command(ns.t, append([]string{"ip", "-n", ns.name}, args...)...)
}

func (ns *Namespace) sysctl(settings ...string) {
	ns.t.Helper()
	ns.Run(append([]string{"sysctl", "-q", "-w"}, settings...)...)
}

func (ns *Namespace) inside(argv []string) []string {
	return append([]string{"ip", "netns", "exec", ns.name}, argv...)
}

// Run runs a command line in the namespace, which must succeed, and returns what it said.
func (ns *Namespace) Run(argv ...string) string {
	ns.t.Helper()
	return command(ns.t, ns.inside(argv)...)
}

// Start starts a program in the namespace, in its Dir, with the environment env; nil is the test's own.
func (ns *Namespace) Start(env []string, argv ...string) *Process {
	ns.t.Helper()
	p := start(ns.t, ns.Dir, env, ns.inside(argv)...)
	p.name = filepath.Base(argv[0])
	return p
}

// enter runs f with the namespace as that of the calling thread: sockets that f makes stay in it. f starts no goroutine
// that makes sockets.
func (ns *Namespace) enter(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { _ = home.Close() }()
	there, err := os.Open("/run/netns/" + ns.name)
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() { _ = there.Close() }()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", ns.name, err)
	}
	err = f()
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		// The thread stays locked: the runtime ends it with the goroutine.
		return errors.Join(err, fmt.Errorf("leave namespace %s: %w", ns.name, back))
	}
	runtime.UnlockOSThread()
	return err
}

// Dial connects from the namespace to an address, which holds no name to look up.
func (ns *Namespace) Dial(network, address string) (conn net.Conn, err error) {
	err = ns.enter(func() error {
		conn, err = (&net.Dialer{Timeout: Patience}).DialContext(context.Background(), network, address)
		return err
	})
	return conn, err
}

// Listen listens on an address of the namespace.
func (ns *Namespace) Listen(network, address string) (l net.Listener, err error) {
	err = ns.enter(func() error {
		l, err = new(net.ListenConfig).Listen(context.Background(), network, address)
		return err
	})
	return l, err
}
