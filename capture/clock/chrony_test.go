package clock

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// closedPort is an address on this host at which nobody answers.
func closedPort(t *testing.T) string {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := conn.LocalAddr().String()
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func newWatcher(t *testing.T, chrony string) *Watcher {
	t.Helper()
	w, err := New(Config{Chrony: chrony, Interval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// poll looks until an answer has come in time: a machine with other things to do may take longer than an exchange may.
func poll(t *testing.T, w *Watcher) (State, error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		s, err := w.Poll(t.Context())
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(deadline) {
			return s, err
		}
	}
}

// serve answers each request to a socket on this host. Its requests have the form that chronyd takes.
func serve(t *testing.T, answer func(conn net.PacketConn, from net.Addr, request []byte)) string {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close() // ends the loop
		<-done
	})
	go func() {
		defer close(done)
		var request [1024]byte
		for {
			n, from, err := conn.ReadFrom(request[:])
			if err != nil {
				return
			}
			answer(conn, from, bytes.Clone(request[:n]))
		}
	}()
	return conn.LocalAddr().String()
}

// answering is an answer made to fit a request: with its sequence number, unless it is given one of its own.
func answering(request, answer []byte) []byte {
	answer = bytes.Clone(answer)
	if len(answer) >= 20 && binary.BigEndian.Uint32(answer[16:]) == sequence {
		copy(answer[16:20], request[8:12])
	}
	return answer
}

// What a broken chronyd says changes nothing of what the kernel says, and is told.
func TestBadAnswers(t *testing.T) {
	for want, answer := range bad(t) {
		want = strings.TrimRight(want, "\x00")
		if want == errOther.Error() {
			want = "timeout" // the right answer may still come
		}
		address := serve(t, func(conn net.PacketConn, from net.Addr, request []byte) {
			_, _ = conn.WriteTo(answering(request, answer), from)
		})
		w := newWatcher(t, address)
		s, err := w.Poll(t.Context())
		if want != "timeout" {
			s, err = poll(t, w)
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), address) {
			t.Errorf("error %v, want one with %q and %s", err, want, address)
		}
		if strings.HasPrefix(s.Reference, "chrony") || s.Stratum != 0 || s.MaxError == 0 {
			t.Errorf("%s: %+v", want, s)
		}
	}
}

// An answer that came too late for its request is not taken for that of the next.
func TestLateAnswer(t *testing.T) {
	var first []byte
	address := serve(t, func(conn net.PacketConn, from net.Addr, request []byte) {
		if first == nil {
			first = request
			return
		}
		_, _ = conn.WriteTo(answering(first, patch(t, replyHeader+24, "0009")), from)
		_, _ = conn.WriteTo(answering(request, octets(t, serverReply)), from)
	})
	w := newWatcher(t, address)
	if s, err := w.Poll(t.Context()); !errors.Is(err, os.ErrDeadlineExceeded) || s.Stratum != 0 {
		t.Fatalf("without an answer: %+v, %v", s, err)
	}
	if s, err := poll(t, w); err != nil || s.Stratum != 6 {
		t.Errorf("%+v, %v; want stratum 6, of the answer to this request", s, err)
	}
}

// chronyd answers nothing: nobody waits, neither Poll for long nor State at all.
func TestSilentChronyd(t *testing.T) {
	asked := make(chan struct{}, 1)
	address := serve(t, func(net.PacketConn, net.Addr, []byte) {
		select {
		case asked <- struct{}{}:
		default:
		}
	})
	w := newWatcher(t, address)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	<-asked
	if s := w.State(); s.Source != SourceSystem || s.MaxError != unbounded || !s.At.IsZero() {
		t.Errorf("%+v while the first look goes on", s)
	}
	for deadline := time.Now().Add(time.Minute); w.State().At.IsZero(); {
		if time.Now().After(deadline) {
			t.Fatal("the first look does not end")
		}
		<-asked // of the next look
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, cfg := range []Config{{Interval: -1}, {Chrony: "localhost:323"}, {Chrony: "127.0.0.1"}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

// The real chronyd, which follows nothing but itself; and when it is gone, the kernel has the word at the next look.
func TestChronyd(t *testing.T) {
	w, chronyd := startChronyd(t, "local stratum 5")
	s := await(t, w, func(s State) bool { return s.Reference != "" })
	if s.Reference != "chrony local stratum 5" || s.Stratum != 5 || s.Synced {
		t.Errorf("%+v; want chrony local stratum 5, which is not synchronised", s)
	}

	if err := chronyd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = chronyd.Wait() // says that it was killed
	s, err := poll(t, w)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v, want connection refused", err)
	}
	kernel, err := readKernel()
	if err != nil {
		t.Fatal(err)
	}
	if s.Reference != kernel.Reference || s.Stratum != 0 || s.Synced != kernel.Synced || s.MaxError == 0 {
		t.Errorf("without chronyd %+v, want what the kernel says: %+v", s, kernel)
	}
}

// The real chronyd, following a server whose clock is 5 s ahead.
func TestChronydFollows(t *testing.T) {
	const ahead = 5 * time.Second
	server := netip.MustParseAddrPort(serve(t, func(conn net.PacketConn, from net.Addr, request []byte) {
		_, _ = conn.WriteTo(timeOfDay(request, time.Now().Add(ahead)), from)
	}))
	w, _ := startChronyd(t, fmt.Sprintf("server 127.0.0.1 port %d iburst minpoll -4 maxpoll -4", server.Port()))
	s := await(t, w, func(s State) bool { return s.Synced })
	if s.Reference != "chrony 127.0.0.1 stratum 3" || s.Stratum != 3 {
		t.Errorf("%+v; want the server, and a stratum above its 2", s)
	}
	// chronyd knows how long the answers took on a machine with other things to do.
	slack := s.MaxError - s.Offset.Abs() + 100*time.Millisecond
	if s.Offset < -ahead-slack || s.Offset > -ahead+slack {
		t.Errorf("offset %v, want about %v: this clock is behind", s.Offset, -ahead)
	}
	if s.MaxError < s.Offset.Abs() || s.MaxError > ahead+4*time.Second {
		t.Errorf("error up to %v; want what is known to be off, and a little", s.MaxError)
	}
	if age := time.Since(s.At); age < 0 || age > 3*time.Minute {
		t.Errorf("read %v ago", age)
	}
}

// await looks until chronyd says what is expected of it.
func await(t *testing.T, w *Watcher, ok func(State) bool) State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := w.Poll(ctx)
		if err == nil && ok(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("chronyd does not come to it: %+v, %v", s, err)
		}
	}
}

// startChronyd runs a chronyd of its own, which leaves the clock of this host alone (-x).
func startChronyd(t *testing.T, directives string) (*Watcher, *exec.Cmd) {
	t.Helper()
	program, err := exec.LookPath("chronyd")
	if err != nil {
		program = "/usr/sbin/chronyd" // not in everyone's PATH
		if _, err = os.Stat(program); err != nil {
			message := "no chronyd; install the distribution's package chrony"
			if os.Getenv("CALLTRAIL_REQUIRE_PROGRAMS") == "1" {
				t.Fatal(message)
			}
			t.Skip(message)
		}
	}
	self, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(closedPort(t))
	dir := t.TempDir()
	conf := filepath.Join(dir, "chrony.conf")
	text := fmt.Sprintf("%s\nport 0\ncmdport %d\nbindcmdaddress 127.0.0.1\nbindcmdaddress /\npidfile %s/pid\n", directives, address.Port(), dir)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "-x", "-d", "-U", "-u", self.Username, "-f", conf)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // may have ended
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("chronyd:\n%s", &log)
		}
	})
	return newWatcher(t, address.String()), cmd
}

// timeOfDay answers an NTP client's request (RFC 5905 section 7.3) as a server of stratum 2 whose clock says now.
func timeOfDay(request []byte, now time.Time) []byte {
	const since1900 = 2_208_988_800
	stamp := uint64(now.Unix()+since1900)<<32 | uint64(now.Nanosecond())<<32/1e9
	b := make([]byte, 48)
	b[0], b[1], b[2], b[3] = 0o44, 2, request[2], 0xec // no leap, version 4, server; stratum; poll; precision 2^-20 s
	copy(b[12:], "\xc0\x00\x02\x01")                   // whom it follows
	binary.BigEndian.PutUint64(b[16:], stamp)          // reference
	copy(b[24:32], request[40:48])                     // origin
	binary.BigEndian.PutUint64(b[32:], stamp)          // receive
	binary.BigEndian.PutUint64(b[40:], stamp)          // transmit
	return b
}
