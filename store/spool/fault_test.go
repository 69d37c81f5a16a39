package spool

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Fault 4: a failed fsync acknowledges nothing; the records are written again elsewhere under the same numbers.
func TestFailedSync(t *testing.T) {
	d := newDisk(1)
	s := mustOpen(t, Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour})
	mustAppend(t, s, body(1))
	d.failSync = 1
	first, last, err := s.Append(body(2), body(3))
	if !errors.Is(err, syscall.EIO) || errors.Is(err, ErrFull) || first != 2 || last != 3 {
		t.Fatalf("append on a failing disk: %d to %d, %v", first, last, err)
	}
	if list := readAll(t, s, 1); len(list) != 1 {
		t.Fatalf("%d entries can be read, want 1", len(list))
	}
	if st := s.Stats(); st.Failures != 1 || st.Failure == nil || st.Queued == 0 || st.Last != 1 {
		t.Fatalf("stats %+v", st)
	}
	d.failSync = 0
	if err := s.WaitDurable(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Failure != nil || st.Queued != 0 || st.Segments != 2 {
		t.Fatalf("stats %+v", st)
	}
	list := readAll(t, s, 1)
	checkChain(t, list, s.Epoch())
	if len(list) != 3 || !bytes.Equal(list[2].Body, body(3)) {
		t.Fatalf("%d entries", len(list))
	}
	mustClose(t, s)
}

// Fault 5: a full disk refuses, keeps everything, and goes on when there is room.
func TestDiskFull(t *testing.T) {
	d := newDisk(1)
	d.room = 20 << 10
	cfg := Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour, SegmentBytes: 6 << 10, QueueBytes: 8 << 10}
	s := mustOpen(t, cfg)
	told := ledger{}
	var last uint64
	for {
		first, n, err := s.Append(body(last + 1))
		if first != 0 {
			last = n
		}
		if err != nil {
			if !errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
				t.Fatal(err)
			}
			break
		}
		told.add(first, body(first))
	}
	// More is taken into memory as long as the queue has room, and then refused without a number.
	for {
		first, n, err := s.Append(body(last + 1))
		if !errors.Is(err, ErrFull) {
			t.Fatalf("append: %v", err)
		}
		if first == 0 {
			break
		}
		last = n
	}
	list := readAll(t, s, 1)
	checkChain(t, list, s.Epoch())
	if len(list) < len(told) || int(last) <= len(list) {
		t.Fatalf("%d entries of %d told durable and %d numbered", len(list), len(told), last)
	}
	// Nothing is acknowledged, so nothing may go.
	if freed, err := s.Trim(0, 0); freed != 0 || err != nil {
		t.Fatalf("trimmed %d octets, %v", freed, err)
	}
	d.mu.Lock()
	d.room = 1 << 20
	d.mu.Unlock()
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = mustOpen(t, cfg)
	list = readAll(t, s, 1)
	checkChain(t, list, s.Epoch())
	if len(list) != int(last) || len(s.Gaps()) != 0 {
		t.Fatalf("%d entries of %d, gaps %v", len(list), last, s.Gaps())
	}
	for _, e := range list {
		if !bytes.Equal(e.Body, body(e.Seq)) {
			t.Fatalf("entry %d has another body", e.Seq)
		}
	}
}

// A queue that cannot be written by the end is said to be lost.
func TestCloseWithFailingDisk(t *testing.T) {
	d := newDisk(1)
	s := mustOpen(t, Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour})
	if _, err := s.Write(body(1)); err != nil {
		t.Fatal(err)
	}
	d.failSync = 1
	if err := s.Close(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("close: %v", err)
	}
	d.failSync = 0
	mustClose(t, mustOpen(t, Config{Dir: "/s", Sensor: "edge-1", FS: d}))
}

// Without being asked, a failed commit is tried again.
func TestRetryByItself(t *testing.T) {
	d := newDisk(1)
	s := mustOpen(t, Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour})
	d.failSync = 1
	if _, _, err := s.Append(body(1)); err == nil {
		t.Fatal("acknowledged")
	}
	d.mu.Lock()
	d.failSync = 0
	d.mu.Unlock()
	if e, err := s.NewReader(1).Next(t.Context()); err != nil || e.Seq != 1 {
		t.Fatalf("entry %d, %v", e.Seq, err)
	}
}

const childEnv = "CALLTRAIL_SPOOL_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func killConfig(dir string) Config {
	return Config{Dir: dir, Sensor: "edge-1", SegmentBytes: 64 << 10}
}

// child appends until it is killed and prints the last number that it was told is durable.
func child(dir string) error {
	s, err := Open(killConfig(dir))
	if err != nil {
		return err
	}
	for next := s.Stats().Last + 1; ; {
		bodies := make([][]byte, 1+next%5)
		for i := range bodies {
			bodies[i] = body(next + uint64(i))
		}
		_, last, err := s.Append(bodies...)
		if err != nil {
			return err
		}
		fmt.Println(last)
		next = last + 1
	}
}

// Fault 1: kill -9 at random moments under load. What the child has printed is there, with the right bytes and chain.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 1))
	var told, epoch uint64
	for cycle := range 30 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+dir)
		var complaint bytes.Buffer
		cmd.Stderr = &complaint
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for enough := 1 + rnd.IntN(30); lines.Scan(); enough-- {
			if _, err := fmt.Sscan(lines.Text(), &told); err != nil {
				t.Fatal(err)
			}
			if enough == 0 { // the child runs on while it is killed; what it still prints counts
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || complaint.Len() > 0 {
			t.Fatalf("cycle %d: child ended by itself: %s", cycle, complaint.String())
		}
		s := mustOpen(t, killConfig(dir))
		list := readAll(t, s, 1)
		if epoch == 0 {
			epoch = s.Epoch()
		}
		checkChain(t, list, epoch)
		if uint64(len(list)) < told || len(s.Gaps()) != 0 {
			t.Fatalf("cycle %d: %d records, told %d, gaps %v", cycle, len(list), told, s.Gaps())
		}
		if i := slices.IndexFunc(list, func(e Entry) bool { return !bytes.Equal(e.Body, body(e.Seq)) }); i >= 0 {
			t.Fatalf("cycle %d: record %d has other bytes", cycle, i+1)
		}
		mustClose(t, s)
	}
	t.Logf("%d records after 30 kills", told)
}
