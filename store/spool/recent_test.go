package spool

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// clockedSpool has an entry for each of some minutes, a record and a local one in turn, about four to a segment. It returns the
// configuration too, so that the spool can be opened again.
func clockedSpool(t *testing.T, minutes []int) (*Spool, Config) {
	t.Helper()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := start
	cfg := Config{
		Dir: t.TempDir(), Sensor: "edge-1", SegmentBytes: 4 << 10, Recent: 15 * time.Minute, Now: func() time.Time { return now },
	}
	s := mustOpen(t, cfg)
	for i, m := range minutes {
		now = start.Add(time.Duration(m) * time.Minute)
		text := fmt.Appendf(nil, "%d %s", m, strings.Repeat("x", 800))
		var err error
		if i%2 == 0 {
			_, _, err = s.Append(text)
		} else {
			err = s.AppendLocal('c', text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, cfg
}

// recentMinutes are the minutes of the entries that Recent reads.
func recentMinutes(t *testing.T, s *Spool, back time.Duration) (list []int) {
	t.Helper()
	err := s.Recent(back, func(f Frame) error {
		var m int
		if _, err := fmt.Sscan(string(f.Body), &m); err != nil {
			return err
		}
		if f.Local != (f.Kind == 'c') {
			return fmt.Errorf("local %t, kind %q", f.Local, f.Kind)
		}
		list = append(list, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// Recent reads everything of the last minutes, in order, and not the whole spool.
func TestRecent(t *testing.T) {
	stepBack := append(upTo(60), 20, 21, 22, 23, 24, 25)
	cases := []struct {
		name         string
		minutes      []int
		back         time.Duration
		first, reads int // index of the entry that must be read, and the most entries
	}{
		{"nothing there", nil, time.Hour, 0, 0},
		{"one segment", upTo(3), time.Minute, 0, 3},
		{"a quarter of an hour", upTo(60), 15 * time.Minute, 60 - 16, 60 - 16 + 9},
		{"no time at all", upTo(60), 0, 59, 4},
		{"more than there is", upTo(60), 100 * time.Hour, 0, 60},
		{"a long pause", append(upTo(30), 500, 501), 15 * time.Minute, 30, 8},
		{"the clock was set back: rather too much", stepBack, 15 * time.Minute, 60 - 16, len(stepBack)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, cfg := clockedSpool(t, c.minutes)
			for range 2 {
				got := recentMinutes(t, s, c.back)
				if len(got) > c.reads || len(got) < len(c.minutes)-c.first || !slices.Equal(got, c.minutes[len(c.minutes)-len(got):]) {
					t.Errorf("read %d, want those from %d on and at most %d", got, c.first, c.reads)
				}
				mustClose(t, s)
				s = mustOpen(t, cfg)
			}
		})
	}
}

// An entry is read however full its segment was: Recent does not go by the time of the first entry of a segment alone.
func TestRecentReadsWhatWasWrittenLate(t *testing.T) {
	s, _ := clockedSpool(t, []int{0, 1, 60, 61, 62, 63, 64, 65, 66, 67, 68}) // segment 1: 0, 1, 60, 61
	if got := recentMinutes(t, s, 10*time.Minute); !slices.Contains(got, 60) {
		t.Errorf("read %d, the entry of minute 60 is missing", got)
	}
}

// A segment without a readable header has no age: nothing is left out because of it.
func TestRecentWithDamagedHeader(t *testing.T) {
	for _, nth := range []int{-1, -2, -5} { // from the newest
		s, cfg := clockedSpool(t, upTo(60))
		mustClose(t, s)
		ordinal := s.segs[len(s.segs)+nth].ordinal
		f, err := os.OpenFile(s.path(segmentName(ordinal)), os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("damaged!"), 0)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, cfg)
		if got := recentMinutes(t, s, 15*time.Minute); !slices.Contains(got, 45) || got[len(got)-1] != 59 || len(got) > 40 {
			t.Errorf("segment %d damaged: read %d, want those from 45 on", ordinal, got)
		}
	}
}

// Trim leaves what Recent is to read, whatever the limits say.
func TestTrimKeepsRecent(t *testing.T) {
	s, cfg := clockedSpool(t, upTo(60))
	before := recentMinutes(t, s, cfg.Recent)
	entries := readAll(t, s, 0)
	if err := s.Ack(entries[len(entries)-1]); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []struct {
		bytes int64
		age   time.Duration
	}{{0, -1}, {-1, 0}, {0, 0}} {
		if _, err := s.Trim(limit.bytes, limit.age); err != nil {
			t.Fatal(err)
		}
		if after := recentMinutes(t, s, cfg.Recent); !slices.Equal(after, before) {
			t.Errorf("limits %+v: read %d, and %d before", limit, after, before)
		}
	}
	if all := recentMinutes(t, s, 100*time.Hour); !slices.Equal(all, before) {
		t.Errorf("%d are left, %d are needed", all, before)
	}
}

// An error of the caller ends the reading.
func TestRecentEnds(t *testing.T) {
	s, _ := clockedSpool(t, upTo(10))
	n, enough := 0, errors.New("enough")
	if err := s.Recent(time.Hour, func(Frame) error { n++; return enough }); !errors.Is(err, enough) || n != 1 {
		t.Errorf("%d entries, %v", n, err)
	}
}

// Head is what the next entry will be linked to, before it is durable too.
func TestHead(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Sensor: "edge-1", Window: time.Hour}
	s := mustOpen(t, cfg)
	if h := s.Head(); h.Epoch != s.Epoch() || h.Seq != 0 || h.Hash != Genesis("edge-1", nil) {
		t.Errorf("head of an empty spool: %+v", h)
	}
	var heads []Head
	for i := range uint64(3) {
		heads = append(heads, s.Head())
		if _, err := s.Write(body(i + 1)); err != nil {
			t.Fatal(err)
		}
		if err := s.WriteLocal('c', []byte("no part of the chain")); err != nil {
			t.Fatal(err)
		}
	}
	last := s.Head()
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, e := range readAll(t, s, 0) {
		if h := heads[i]; e.Prev != h.Hash || e.Seq != h.Seq+1 || e.Epoch != h.Epoch {
			t.Errorf("entry %d has before it %x, the head was %+v", e.Seq, e.Prev, h)
		}
	}
	mustClose(t, s)
	if s = mustOpen(t, cfg); s.Head() != last || last.Seq != 3 {
		t.Errorf("head %+v, before %+v", s.Head(), last)
	}
}

// The age of what waits is that of the segment it is in.
func TestOldestUnacked(t *testing.T) {
	s, _ := clockedSpool(t, upTo(60))
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	entries := readAll(t, s, 0)
	if at := s.Stats().Oldest; !at.Equal(start) {
		t.Errorf("nothing acknowledged: %s", at)
	}
	if err := s.Ack(entries[19]); err != nil { // of minute 38
		t.Fatal(err)
	}
	if m := s.Stats().Oldest.Sub(start).Minutes(); m < 36 || m > 40 {
		t.Errorf("half of it acknowledged: minute %.0f, want that of the segment with minute 40", m)
	}
	if err := s.Ack(entries[len(entries)-1]); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); !st.Oldest.IsZero() || st.QueueLimit != 64<<20 {
		t.Errorf("all acknowledged: %s; queue of %d octets", st.Oldest, st.QueueLimit)
	}
}
