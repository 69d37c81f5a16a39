package service

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// manager is systemd's end: a real datagram socket, named to the program as systemd names it.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	t.Setenv("WATCHDOG_USEC", "")
	t.Setenv("WATCHDOG_PID", "")
	return conn
}

// next is the next datagram; the test fails when none comes within a minute.
func next(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatalf("nothing was told to systemd: %v", err)
	}
	return string(buf[:n])
}

func TestNotifications(t *testing.T) {
	long := strings.Repeat("ü", maxStatus) // two octets each, so the cut falls within 512 octets, between two of them
	tests := []struct {
		name string
		send func() error
		want string
	}{
		{"ready", Ready, "READY=1"},
		{"stopping", Stopping, "STOPPING=1"},
		{"status", func() error { return Status("2 taps up, 0 drops") }, "STATUS=2 taps up, 0 drops"},
		{"empty status clears it", func() error { return Status("") }, "STATUS="},
		{"status cannot speak for the program", func() error { return Status("fine\nREADY=1\x00\x7f") }, "STATUS=fine READY=1  "},
		{"long status", func() error { return Status(long) }, "STATUS=" + long[:maxStatus]},
		{"cut between runes", func() error { return Status("a" + long) }, "STATUS=a" + long[:maxStatus-2]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn := manager(t)
			if err := tt.send(); err != nil {
				t.Fatal(err)
			}
			got := next(t, conn)
			if got != tt.want {
				t.Errorf("systemd was told %q, want %q", got, tt.want)
			}
			if !utf8.ValidString(got) {
				t.Errorf("%q is not UTF-8: systemd throws it away", got)
			}
		})
	}
}

// Type=notify-reload compares the time with that of its own signal: it must be the same clock.
func TestReloadingCarriesTheMonotonicTime(t *testing.T) {
	conn := manager(t)
	before := monotonic(t)
	if err := Reloading(); err != nil {
		t.Fatal(err)
	}
	after := monotonic(t)
	state, text, found := strings.Cut(next(t, conn), "\nMONOTONIC_USEC=")
	if state != "RELOADING=1" || !found {
		t.Fatalf("systemd was told %q with %q", state, text)
	}
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil || at < before || at > after {
		t.Errorf("MONOTONIC_USEC=%s (%v), want %d to %d", text, err, before, after)
	}
}

func monotonic(t *testing.T) int64 {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano() / 1000
}

func TestWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	for name, send := range map[string]func() error{
		"ready": Ready, "reloading": Reloading, "stopping": Stopping,
		"status": func() error { return Status("x") },
	} {
		if err := send(); err != nil {
			t.Errorf("%s: %v, want nothing to happen", name, err)
		}
	}
}

func TestManagerGone(t *testing.T) {
	conn := manager(t)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	err := Ready()
	if err == nil || !strings.Contains(err.Error(), "tell systemd READY=1") {
		t.Errorf("Ready() = %v, want an error that names what was not told", err)
	}
}
