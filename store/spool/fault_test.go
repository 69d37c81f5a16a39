package spool

import (
	"bytes"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"calltrail/store/faults/control"
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
func TestDiskFull(t *testing.T) { diskFull(t, intact) }

// Its control: a spool that makes room out of what nobody has acknowledged.
func TestDiskFullIsNoticed(t *testing.T) {
	control.Noticed(t, "what nobody has acknowledged is trimmed", func(t testing.TB) { diskFull(t, trimAnything) })
}

func diskFull(t testing.TB, broken breach) {
	t.Helper()
	d := newDisk(1)
	d.room = 20 << 10
	cfg := Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour, SegmentBytes: 6 << 10, QueueBytes: 8 << 10, breach: broken}
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
	began := time.Now()
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("with room again it took %v, want at most 10 s", took)
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

// What a full disk has let grow in memory is given back once it is written.
func TestBuffersShrinkAfterAFullDisk(t *testing.T) {
	d := newDisk(1)
	cfg := Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour}
	s := mustOpen(t, cfg)
	room := func(octets int64) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.room = octets
	}
	room(0)
	for range 100 {
		if _, _, err := s.Append(make([]byte, MaxBody)); !errors.Is(err, ErrFull) {
			t.Fatalf("append: %v", err)
		}
	}
	if n := s.Stats().Queued; n < 100*MaxBody {
		t.Fatalf("%d octets wait", n)
	}
	room(-1)
	for range 3 { // each of the two buffers has its turn
		if _, _, err := s.Append([]byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
	if n := cap(s.queue) + cap(s.w.todo); n > 2*maxSpare {
		t.Errorf("%d octets of buffers are kept for ever, want at most %d", n, 2*maxSpare)
	}
}
