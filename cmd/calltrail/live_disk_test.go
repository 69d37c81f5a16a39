package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"calltrail/cmd/calltrail/testnet"
)

// A sensor whose disk is full goes on: records wait in memory, and all are there when there is room again. One that is told
// to end meanwhile does so in time, and says that records were lost with it.
func TestLiveFullDisk(t *testing.T) {
	t.Parallel()
	n := testnet.New(t)
	a, b := n.Host("a", "192.0.2.10"), n.Host("b", "198.51.100.10")
	tap := n.Namespace("sensor")
	n.Mirror(tap, "tap0", n.Once())
	s := newLive(t, tap, afpacketEngine, []string{"tap0"}, settleSoon, "spool: {segment_bytes: 1MiB}")
	fill, free := smallDisk(t, s.spool, "4m")
	call := func(user string) *testnet.Calls {
		return n.Call(a, b, testnet.Load{Calls: 5, Rate: 5, Talk: 500 * time.Millisecond, Caller: user, Callee: "bob"})
	}
	s.begin("postgres")
	call("before").Wait(time.Minute)
	s.calls(5)
	fill()
	call("meanwhile").Wait(time.Minute)
	pass(4 * time.Second) // their final records are made, and find no room
	if got := s.db.number("SELECT count(*) FROM calltrail.calls WHERE caller_user = 'meanwhile'"); got != 0 {
		t.Errorf("%d calls were delivered from a full disk: it was not full, and this shows nothing", got)
	}
	free()
	began := time.Now()
	rows := s.calls(10)
	recovered := time.Since(began)
	t.Logf("fault 5: a full disk under live calls, all of them in Postgres %.1f s after there was room", recovered.Seconds())
	if recovered > 10*time.Second {
		t.Errorf("with room again it took %v, want at most 10 s", recovered)
	}
	none(t, hurt(rows))

	fill()
	call("lost").Wait(time.Minute)
	pass(4 * time.Second)
	lost := time.Now()
	began = lost
	s.process.Signal(syscall.SIGTERM)
	status := s.process.Wait(testnet.Patience)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stop took %v, want at most 10 s", took)
	}
	if status != exitError {
		t.Errorf("exit status %d, want %d: records were lost", status, exitError)
	}
	s.process.Await(`octets of records could not be made durable`)

	// What was lost is no silent gap: the next run goes on with the chain, and nobody says of that moment that it was covered.
	free()
	s.begin("postgres")
	call("after").Wait(time.Minute)
	testnet.Eventually(t, "calls after the loss", func() bool {
		return s.db.number("SELECT count(*) FROM calltrail.calls WHERE final AND caller_user = 'after'") == 5
	})
	s.end()
	s.drain()
	none(t, s.db.chainFaults())
	covered := "SELECT count(*) FROM calltrail.coverage WHERE from_at <= '%[1]s' AND to_at > '%[1]s'"
	if n := s.db.number(fmt.Sprintf(covered, lost.UTC().Format(time.RFC3339Nano))); n != 0 {
		t.Errorf("%d events of coverage say of the lost time that it was covered", n)
	}
	if n := s.db.number(fmt.Sprintf(covered, time.Now().Add(-time.Second).UTC().Format(time.RFC3339Nano))); n > 1 {
		t.Errorf("%d events of coverage of one moment", n)
	}
}

// smallDisk puts a small file system at dir, of a size as mount writes it; fill takes its room, free gives it back.
func smallDisk(t *testing.T, dir, size string) (fill, free func()) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		t.Fatalf("mount a small file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(dir, "filler")
	fill = func() {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		for page := make([]byte, 4096); ; {
			if _, err := f.Write(page); err != nil {
				break // full
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	free = func() {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	return fill, free
}
