//go:build linux

// Package taptest holds the tests that every engine of live capture has to pass, with real interfaces: pairs of virtual
// Ethernet devices in a network namespace of the test's own. Called by the tests of capture/afpacket, capture/libpcap
// and capture/nic only.
package taptest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inside is set in the process that has a namespace of its own.
const inside = "CALLTRAIL_TEST_NAMESPACE"

// Main runs the tests of a package once more as a process in new network and mount namespaces, which end with it. Without
// the right to make them, the tests run where they are, and those that need one skip (see Need).
func Main(m *testing.M) {
	if os.Geteuid() != 0 || os.Getenv(inside) != "" {
		if os.Getenv(inside) == "new" {
			if err := errors.Join(prepare(), os.Setenv(inside, "prepared")); err != nil { // fuzzing starts processes of its own
				_, _ = fmt.Fprintln(os.Stderr, "prepare namespace:", err)
				os.Exit(1)
			}
		}
		os.Exit(m.Run())
	}
	cmd := exec.Command(os.Args[0], os.Args[1:]...) //nolint:gosec,noctx // this very test; go test ends it when its time is over
	cmd.Env = append(os.Environ(), inside+"=new")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(max(exit.ExitCode(), 1))
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "tests in a namespace of their own:", err)
		os.Exit(m.Run()) // they say in Need that there is none
	}
	os.Exit(0)
}

// prepare brings up the loopback, keeps the kernel from sending anything of its own, and mounts the /sys that shows the
// interfaces of this namespace.
func prepare() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := syscall.Mount("sys", "/sys", "sysfs", 0, ""); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	for _, name := range []string{"all", "default"} {
		path := "/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6"
		if err := os.WriteFile(path, []byte("1"), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return ip("link", "set", "lo", "up")
}

// Need skips a test that wants a namespace where there is none, and fails it where CI says that there must be one.
func Need(t testing.TB) {
	t.Helper()
	if os.Getenv(inside) != "" {
		return
	}
	if os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") == "1" {
		t.Fatal("needs a network namespace of its own: run it as root")
	}
	t.Skip("needs a network namespace of its own, which root may make")
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput() //nolint:gosec,noctx // a command that does not wait
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// IP runs the command ip.
func IP(t testing.TB, args ...string) {
	t.Helper()
	if err := ip(args...); err != nil {
		t.Fatal(err)
	}
}

// Names of the two ends of the pair: frames are sent on one and seen on the other.
const (
	Wire = "wire0"
	Seen = "seen0"
)

// Pair makes the pair, both ends up, for the duration of the test.
func Pair(t testing.TB) {
	t.Helper()
	Need(t)
	AddPair(t)
	t.Cleanup(func() { _ = ip("link", "del", Wire) }) // a test may have deleted it already
}

// AddPair makes the pair.
func AddPair(t testing.TB) {
	t.Helper()
	IP(t, "link", "add", Wire, "address", "02:00:00:00:00:0a", "type", "veth", "peer", "name", Seen, "address", "02:00:00:00:00:0b")
	IP(t, "link", "set", Wire, "up")
	IP(t, "link", "set", Seen, "up")
	// The kernel gives a device a queue a while after it is up; until then it throws away what is sent, and says nothing.
	Until(t, 5*time.Second, Wire+" sends what it is given", func() bool {
		out, err := exec.CommandContext(t.Context(), "ip", "-o", "link", "show", "dev", Wire).Output()
		return err == nil && strings.Contains(string(out), "state UP") && !strings.Contains(string(out), "qdisc noop ")
	})
}

// Until waits for a condition, at most a while.
func Until(t testing.TB, most time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(most); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", most, what)
		}
	}
}
