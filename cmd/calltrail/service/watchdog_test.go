package service

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// watched is a manager whose unit has the watchdog on.
func watched(t *testing.T, limit time.Duration) func() string {
	t.Helper()
	conn := manager(t)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt(limit.Microseconds(), 10))
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	return func() string { return next(t, conn) }
}

// start runs the watchdog until stop is called, which returns the log.
func start(t *testing.T, progress Progress) (stop func() string) {
	t.Helper()
	var log bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Watchdog(ctx, zerolog.New(&log), progress) }()
	return func() string {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Watchdog: %v", err)
			}
		case <-time.After(time.Minute):
			t.Fatal("the watchdog did not end with its context")
		}
		return log.String()
	}
}

// Datagrams come in the order they were sent in, so the first ping shows how many times it was not sent.
func TestWatchdogPingsOnlyOnProgress(t *testing.T) {
	told := watched(t, 30*time.Millisecond)
	var asked atomic.Int64
	stop := start(t, func() (bool, string) {
		if asked.Add(1) <= 5 {
			return false, "worker eth1/0"
		}
		return true, ""
	})
	if got := told(); got != "WATCHDOG=1" {
		t.Errorf("systemd was told %q", got)
	}
	if n := asked.Load(); n < 6 {
		t.Errorf("a ping after %d questions, the first 5 of which had no progress", n)
	}
	told() // and they go on
	log := stop()
	if n := strings.Count(log, "no progress"); n != 1 {
		t.Errorf("the stall is logged %d times, want once:\n%s", n, log)
	}
	if !strings.Contains(log, `"part":"worker eth1/0"`) || !strings.Contains(log, "progress again") {
		t.Errorf("the log does not say which part stood still, or that it goes on:\n%s", log)
	}
}

func TestWatchdogWaitsAThirdOfItsTime(t *testing.T) {
	const limit = 300 * time.Millisecond
	told := watched(t, limit)
	begin := time.Now()
	stop := start(t, func() (bool, string) { return true, "" })
	told()
	first := time.Since(begin)
	stop()
	if first < limit/3 {
		t.Errorf("the first ping came after %v, before there was a third of %v to make progress in", first, limit)
	}
}

func TestWatchdogOffOrForAnother(t *testing.T) {
	never := func() (bool, string) { t.Error("asked for progress without a watchdog"); return true, "" }
	for name, env := range map[string][2]string{
		"not set":                {"", ""},
		"of another process":     {"1", "1"}, // of our parent, which handed its environment down
		"not set, pid left over": {"", strconv.Itoa(os.Getpid())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("WATCHDOG_USEC", env[0])
			t.Setenv("WATCHDOG_PID", env[1])
			if err := Watchdog(t.Context(), zerolog.Nop(), never); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWatchdogBadTime(t *testing.T) {
	for _, usec := range []string{"soon", "-1", "0", "2"} {
		t.Setenv("WATCHDOG_USEC", usec)
		t.Setenv("WATCHDOG_PID", "")
		err := Watchdog(t.Context(), zerolog.Nop(), func() (bool, string) { return true, "" })
		if err == nil || !strings.Contains(err.Error(), "WatchdogSec=") {
			t.Errorf("WATCHDOG_USEC=%s: %v, want an error that names WatchdogSec=", usec, err)
		}
	}
}

// A ping that cannot be sent is said once, and does not end the program by itself.
func TestWatchdogManagerGone(t *testing.T) {
	conn := manager(t)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WATCHDOG_USEC", "3000")
	var asked atomic.Int64
	enough := make(chan struct{})
	stop := start(t, func() (bool, string) {
		if asked.Add(1) == 4 {
			close(enough)
		}
		return true, ""
	})
	<-enough
	log := stop()
	if n := strings.Count(log, "cannot be told"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, log)
	}
}

func TestTurning(t *testing.T) {
	var reader, spool uint64
	progress := Turning(
		Part{Name: "reader", Turns: func() uint64 { return reader }},
		Part{Name: "spool", Turns: func() uint64 { return spool }},
	)
	for _, step := range []struct {
		reader, spool uint64 // counters when asked
		stalled       string
	}{
		{0, 0, "reader, spool"},
		{1, 1, ""},
		{2, 1, "spool"}, // one part does not answer for the other
		{2, 2, "reader"},
		{3, 9, ""},
		{0, 10, ""}, // a counter that began anew has moved
	} {
		reader, spool = step.reader, step.spool
		ok, stalled := progress()
		if ok != (step.stalled == "") || stalled != step.stalled {
			t.Errorf("at %d, %d: %v %q, want %q to stand still", step.reader, step.spool, ok, stalled, step.stalled)
		}
	}
}
