package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// ledger is a test's own account of what it was told is durable.
type ledger map[uint64][]byte

func (l ledger) add(first uint64, bodies ...[]byte) {
	for i, b := range bodies {
		l[first+uint64(i)] = b
	}
}

// body makes the record that number seq must have; its length varies between 0 and 1,500 octets.
func body(seq uint64) []byte {
	text := fmt.Sprintf(`{"schema":"calltrail.call.v1","n":%d}`, seq)
	return []byte(strings.Repeat(text, int(seq*7%40)))
}

func mustOpen(t testing.TB, cfg Config) *Spool {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func mustClose(t testing.TB, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustAppend(t testing.TB, s *Spool, bodies ...[]byte) (first, last uint64) {
	t.Helper()
	first, last, err := s.Append(bodies...)
	if err != nil {
		t.Fatal(err)
	}
	return first, last
}

// readAll reads what there is from a number on and copies the bodies.
func readAll(t testing.TB, s *Spool, from uint64) []Entry {
	t.Helper()
	var list []Entry
	r := s.NewReader(from)
	for {
		e, err := r.Poll()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		e.Body = bytes.Clone(e.Body)
		list = append(list, e)
	}
}

// checkChain proves entries that must follow one another without a gap.
func checkChain(t testing.TB, list []Entry, epoch uint64) {
	t.Helper()
	const sensor = "edge-1"
	for i, e := range list {
		if e.Sensor != sensor || e.Epoch != epoch {
			t.Fatalf("entry %d: sensor %q epoch %d, want %q %d", e.Seq, e.Sensor, e.Epoch, sensor, epoch)
		}
		if e.Hash != Link(e.Prev, e.Epoch, e.Seq, e.Leaf) {
			t.Fatalf("entry %d: hash is not that of its link", e.Seq)
		}
		switch {
		case e.Seq == 1 && e.Prev != Genesis(sensor, nil):
			t.Fatal("entry 1 does not begin the chain")
		case i > 0 && (e.Seq != list[i-1].Seq+1 || e.Prev != list[i-1].Hash):
			t.Fatalf("entry %d does not follow entry %d", e.Seq, list[i-1].Seq)
		}
	}
}

func TestAppendReadReopen(t *testing.T) {
	cfg := Config{Dir: filepath.Join(t.TempDir(), "spool"), Sensor: "edge-1", SegmentBytes: 8 << 10}
	var epoch, next uint64 = 0, 1
	for run := range 4 {
		s := mustOpen(t, cfg)
		if run > 0 && s.Epoch() != epoch {
			t.Fatalf("run %d: epoch %d, want %d", run, s.Epoch(), epoch)
		}
		epoch = s.Epoch()
		for range 5 {
			first, last := mustAppend(t, s, body(next), body(next+1), body(next+2))
			if first != next || last != next+2 {
				t.Fatalf("numbers %d to %d, want %d to %d", first, last, next, next+2)
			}
			next += 3
		}
		list := readAll(t, s, 0)
		checkChain(t, list, epoch)
		if len(list) != int(next-1) {
			t.Fatalf("run %d: %d entries, want %d", run, len(list), next-1)
		}
		for _, e := range list {
			if !bytes.Equal(e.Body, body(e.Seq)) {
				t.Fatalf("entry %d has another body", e.Seq)
			}
		}
		st := s.Stats()
		if st.Last != next-1 || st.Head != list[len(list)-1].Hash || st.Depth != next-1 || st.Gaps != 0 || st.Queued != 0 {
			t.Fatalf("stats %+v", st)
		}
		mustClose(t, s)
		mustClose(t, s)
	}
}

func TestClosedAndLimits(t *testing.T) {
	s := mustOpen(t, Config{Dir: t.TempDir(), Sensor: "edge-1"})
	if _, _, err := s.Append(make([]byte, MaxBody+1)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("got %v, want ErrTooLarge", err)
	}
	if first, _, err := s.Append(); first != 0 || err != nil {
		t.Fatalf("nothing appended: %d, %v", first, err)
	}
	mustAppend(t, s, make([]byte, MaxBody))
	if err := s.WaitDurable(t.Context(), 2); err == nil {
		t.Fatal("waited for a number that was not given")
	}
	r := s.NewReader(2)
	ended := make(chan error)
	go func() {
		_, err := r.Next(context.Background())
		ended <- err
	}()
	mustClose(t, s)
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Fatalf("reader: %v, want ErrClosed", err)
	}
	if _, err := s.Write(nil); !errors.Is(err, ErrClosed) {
		t.Fatalf("write: %v, want ErrClosed", err)
	}
	if err := s.Ack(Entry{}); !errors.Is(err, ErrClosed) {
		t.Fatalf("ack: %v, want ErrClosed", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	mustClose(t, func() *Spool {
		s := mustOpen(t, Config{Dir: dir, Sensor: "edge-1"})
		mustAppend(t, s, body(1))
		return s
	}())
	for name, cfg := range map[string]Config{
		"no directory":   {Sensor: "edge-1"},
		"no sensor":      {Dir: dir},
		"NUL in sensor":  {Dir: dir, Sensor: "a\x00b"},
		"long sensor":    {Dir: dir, Sensor: strings.Repeat("a", MaxSensor+1)},
		"other sensor":   {Dir: dir, Sensor: "edge-2"},
		"negative limit": {Dir: dir, Sensor: "edge-1", SegmentBytes: -1},
	} {
		if s, err := Open(cfg); err == nil {
			t.Errorf("%s: opened", name)
			mustClose(t, s)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %v", name, err)
		}
	}
	file := filepath.Join(dir, segmentName(1))
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h, _, _ := parseHeader(b, 1)
	b = h.encode()
	b[11] = 2
	sealSector(b)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir, Sensor: "edge-1"}); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Fatalf("format of the future: %v", err)
	}
}

func TestLock(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Sensor: "edge-1"}
	s := mustOpen(t, cfg)
	_, err := Open(cfg)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Fatalf("second open: %v", err)
	}
	mustClose(t, s)
	mustClose(t, mustOpen(t, cfg))
}

func TestWriteGroupsAndWindow(t *testing.T) {
	d := newDisk(1)
	s := mustOpen(t, Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour})
	for i := range uint64(100) {
		if _, err := s.Write(body(i + 1)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(readAll(t, s, 1)); got != 0 {
		t.Fatalf("%d entries can be read before they are durable", got)
	}
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d.syncs != 1 {
		t.Fatalf("%d fsyncs for one group, want 1", d.syncs)
	}
	checkChain(t, readAll(t, s, 1), s.Epoch())
	mustClose(t, s)

	s = mustOpen(t, Config{Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Millisecond})
	r := s.NewReader(101)
	if _, err := s.Write(body(101)); err != nil {
		t.Fatal(err)
	}
	if e, err := r.Next(t.Context()); err != nil || e.Seq != 101 {
		t.Fatalf("after the window: entry %d, %v", e.Seq, err)
	}
}

func TestConcurrentAppend(t *testing.T) {
	s := mustOpen(t, Config{Dir: t.TempDir(), Sensor: "edge-1", SegmentBytes: 64 << 10, QueueBytes: 16 << 10})
	const callers, each = 8, 25
	var mu sync.Mutex
	told := ledger{}
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for i := range each {
				b := fmt.Appendf(nil, "caller %d record %d %s", c, i, strings.Repeat("x", i*37))
				first, _, err := s.Append(b)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				told.add(first, b)
				mu.Unlock()
			}
		})
	}
	r := s.NewReader(1)
	var list []Entry
	for len(list) < callers*each {
		e, err := r.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		e.Body = bytes.Clone(e.Body)
		list = append(list, e)
	}
	group.Wait()
	checkChain(t, list, s.Epoch())
	for _, e := range list {
		if !bytes.Equal(e.Body, told[e.Seq]) {
			t.Fatalf("entry %d has another body than its caller was told", e.Seq)
		}
	}
}

func TestLocals(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Sensor: "edge-1"}
	s := mustOpen(t, cfg)
	if err := s.AppendLocal('o', []byte("first call")); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, body(1), body(2))
	if err := s.WriteLocal('o', []byte("second call")); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = mustOpen(t, cfg)
	var got []string
	err := s.Locals(func(kind byte, after uint64, b []byte) error {
		got = append(got, fmt.Sprintf("%c %d %s", kind, after, b))
		return nil
	})
	if want := []string{"o 0 first call", "o 2 second call"}; err != nil || !slices.Equal(got, want) {
		t.Fatalf("locals %q, %v; want %q", got, err, want)
	}
	list := readAll(t, s, 0)
	checkChain(t, list, s.Epoch())
	if len(list) != 2 {
		t.Fatalf("%d numbered entries, want 2", len(list))
	}
}

func TestAckTrimReadRange(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cfg := Config{Dir: t.TempDir(), Sensor: "edge-1", SegmentBytes: 4 << 10, Now: func() time.Time { return now }}
	s := mustOpen(t, cfg)
	for i := range uint64(60) {
		mustAppend(t, s, body(i+1))
		now = now.Add(time.Minute)
	}
	list := readAll(t, s, 1)
	if freed, err := s.Trim(0, 0); freed != 0 || err != nil {
		t.Fatalf("trimmed %d octets of what is not acknowledged, %v", freed, err)
	}
	if err := s.Ack(Entry{Epoch: s.Epoch(), Seq: 61}); err == nil {
		t.Fatal("acknowledged a number that is not durable")
	}
	if err := s.Ack(Entry{Epoch: s.Epoch() - 1, Seq: 1}); err == nil {
		t.Fatal("acknowledged an entry of another epoch")
	}
	if err := s.Ack(list[39]); err != nil {
		t.Fatal(err)
	}
	if err := s.Ack(list[3]); err != nil || s.Acked() != 40 {
		t.Fatalf("an older acknowledgement: %v, acked %d", err, s.Acked())
	}
	if st := s.Stats(); st.Depth != 20 || st.DepthBytes <= 0 || st.DepthBytes >= st.Bytes {
		t.Fatalf("stats %+v", st)
	}
	if freed, err := s.Trim(-1, 1000*time.Hour); freed != 0 || err != nil {
		t.Fatalf("trimmed %d octets within the limits, %v", freed, err)
	}
	lagging := s.NewReader(1)
	if e, err := lagging.Poll(); err != nil || e.Seq != 1 {
		t.Fatalf("entry %d, %v", e.Seq, err)
	}
	if freed, err := s.Trim(-1, 30*time.Minute); freed == 0 || err != nil {
		t.Fatalf("trimmed %d octets by age, %v", freed, err)
	}
	byAge := readAll(t, s, 1)[0].Seq
	if byAge < 15 || byAge > 30 {
		t.Fatalf("oldest entry by age is %d, want about half an hour", byAge)
	}
	if _, err := s.Trim(0, -1); err != nil {
		t.Fatal(err)
	}
	oldest := readAll(t, s, 1)[0].Seq
	if oldest > 41 || oldest <= byAge {
		t.Fatalf("oldest entry is %d, want at most 41", oldest)
	}
	for {
		e, err := lagging.Poll()
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq == 60 {
			break
		}
	}
	mustClose(t, s)

	s = mustOpen(t, cfg)
	if s.Acked() != 40 || s.Stats().Depth != 20 || len(s.Gaps()) != 0 {
		t.Fatalf("after reopening: acked %d, stats %+v, gaps %v", s.Acked(), s.Stats(), s.Gaps())
	}
	var got []uint64
	err := s.ReadRange(t.Context(), 45, 47, func(e Entry) error {
		got = append(got, e.Seq)
		return nil
	})
	if err != nil || !slices.Equal(got, []uint64{45, 46, 47}) {
		t.Fatalf("range 45 to 47: %v, %v", got, err)
	}
	checkChain(t, readAll(t, s, 0), s.Epoch())
}

// A lost spool begins a new chain whose epoch is later, also when the clock has gone back.
func TestEpochGrows(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cfg := Config{Dir: t.TempDir(), Sensor: "edge-1", Now: func() time.Time { return now }}
	s := mustOpen(t, cfg)
	mustAppend(t, s, body(1))
	if err := s.Ack(readAll(t, s, 1)[0]); err != nil {
		t.Fatal(err)
	}
	epoch := s.Epoch()
	mustClose(t, s)
	if err := os.Remove(filepath.Join(cfg.Dir, segmentName(1))); err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(-10, 0, 0)
	s = mustOpen(t, cfg)
	if s.Epoch() != epoch+1 || s.Acked() != 0 {
		t.Fatalf("epoch %d after %d, acked %d", s.Epoch(), epoch, s.Acked())
	}
}

// A reader that stopped in a segment must see what was added to it before the next one was begun: read as far as it knew,
// the rest would be reported as a gap.
func TestReaderBehindSegmentChange(t *testing.T) {
	s := mustOpen(t, Config{Dir: t.TempDir(), Sensor: "edge-1", SegmentBytes: 4 << 10})
	one := make([]byte, 1<<10)
	mustAppend(t, s, one)
	r := s.NewReader(1)
	if e, err := r.Poll(); err != nil || e.Seq != 1 {
		t.Fatalf("entry %d, %v", e.Seq, err)
	}
	if _, err := r.Poll(); !errors.Is(err, io.EOF) {
		t.Fatalf("behind the last: %v", err)
	}
	for range 5 {
		mustAppend(t, s, one)
	}
	for want := uint64(2); want <= 6; want++ {
		if e, err := r.Poll(); err != nil || e.Seq != want {
			t.Fatalf("entry %d, %v; want %d", e.Seq, err, want)
		}
	}
	if st := s.Stats(); st.Segments < 2 || st.Gaps != 0 {
		t.Fatalf("%d segments, %d gaps; want several and none", st.Segments, st.Gaps)
	}
}
