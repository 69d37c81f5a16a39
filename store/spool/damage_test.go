package spool

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/store/faults/control"
)

// sample is a closed spool of nine records in two segments:
//
//	1: [1 2] mark [3] mark [local] mark [4 5 6] mark     2: [7 8] mark [9] mark
//
// with the marks that Close leaves behind.
type sample struct {
	files map[string][]byte
	list  []Entry
	epoch uint64
	// ends[n] is where the frame of record n ends in its segment.
	ends map[uint64]int64
	// now is the clock when the sample is examined, broken what the spool that reads it does wrong.
	now    time.Time
	broken breach
}

var sampleNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func sampleBody(seq uint64) []byte { return fmt.Appendf(nil, "record %d", seq) }

func sampleConfig(d *disk) Config {
	return Config{
		Dir: "/s", Sensor: "edge-1", FS: d, Window: time.Hour, SegmentBytes: headerSize + 1160,
		Now: func() time.Time { return sampleNow },
	}
}

func newSample(t testing.TB) *sample {
	d := newDisk(1)
	s := mustOpen(t, sampleConfig(d))
	mustAppend(t, s, sampleBody(1), sampleBody(2))
	mustAppend(t, s, sampleBody(3))
	if err := s.AppendLocal('o', []byte("open")); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, sampleBody(4), sampleBody(5), sampleBody(6))
	mustAppend(t, s, sampleBody(7), sampleBody(8))
	mustAppend(t, s, sampleBody(9))
	sm := &sample{files: map[string][]byte{}, list: readAll(t, s, 1), epoch: s.Epoch(), ends: map[uint64]int64{}, now: sampleNow}
	segs := slices.Clone(s.segs)
	mustClose(t, s)
	if len(segs) != 2 || segs[1].first != 7 {
		t.Fatalf("the sample has segments %+v", segs)
	}
	for name, n := range d.names {
		sm.files[name] = n.live
	}
	for _, seg := range segs {
		for sc := s.scanner(seg); ; {
			f, _, _, err := sc.next()
			if err != nil {
				break
			}
			if f.typ == typeRecord {
				sm.ends[f.seq] = sc.off
			}
		}
	}
	return sm
}

// disk returns the sample with one file replaced.
func (sm *sample) disk(name string, content []byte) *disk {
	d := newDisk(1)
	for n, b := range sm.files {
		if n == name {
			b = content
		}
		d.names[n] = &inode{live: bytes.Clone(b), dirty: map[int]bool{}}
	}
	return d
}

// outcome is what became of a damaged sample: which numbers it still gives, which it says are lost, and where it goes on.
type outcome struct {
	kept, lost []uint64
	gaps       []Gap
	next       uint64
	epoch      uint64
}

// examine opens a damaged sample, reads it, appends one record and reads it again, also after reopening. Whatever comes
// back must be exactly what was written.
func (sm *sample) examine(t testing.TB, d *disk) outcome {
	t.Helper()
	var o outcome
	cfg := sampleConfig(d)
	cfg.Now, cfg.breach = func() time.Time { return sm.now }, sm.broken
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o.epoch = s.Epoch()
	fresh := []byte("written after the damage")
	first, _ := mustAppend(t, s, fresh)
	o.next = first
	for range 2 {
		o.kept = nil
		for _, e := range readAll(t, s, 0) {
			if e.Seq == first {
				if !bytes.Equal(e.Body, fresh) {
					t.Fatalf("the new record %d has other bytes", e.Seq)
				}
				if before := first - 1; o.epoch == sm.epoch && before > 0 && e.Prev != sm.list[before-1].Hash {
					t.Fatalf("the new record %d does not follow the chain", e.Seq)
				}
				continue
			}
			want := sm.list[e.Seq-1]
			if !bytes.Equal(e.Body, want.Body) || e.Hash != want.Hash || e.Prev != want.Prev || e.Leaf != want.Leaf || e.Epoch != want.Epoch {
				t.Fatalf("a wrong record %d was returned", e.Seq)
			}
			o.kept = append(o.kept, e.Seq)
		}
		if !slices.IsSorted(o.kept) {
			t.Fatalf("out of order: %v", o.kept)
		}
		o.gaps, o.lost = s.Gaps(), nil
		for _, g := range o.gaps {
			for n := g.First; n > 0 && n <= g.Last; n++ {
				o.lost = append(o.lost, n)
			}
			if copied := d.names["/s/quarantine/"+g.file()]; copied == nil || int64(len(copied.live)) != g.Length {
				t.Fatalf("gap %+v has no copy in quarantine", g)
			}
		}
		slices.Sort(o.lost)
		mustClose(t, s)
		if s, err = Open(cfg); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
	return o
}

func numbers(first, last uint64) (list []uint64) {
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

// Fault 3, first half: whatever bit flips, no record is lost but the one it is in, and that one is said to be lost.
func TestFlipEveryBit(t *testing.T) {
	t.Parallel()
	flips := flipEveryBit(t, newSample(t))
	t.Logf("fault 3: %d bits and each cut", flips)
}

// Its control: a spool that believes what it reads.
func TestFlipIsNoticed(t *testing.T) {
	t.Parallel()
	control.Noticed(t, "frames are believed without CRC and hash", func(t testing.TB) {
		sm := newSample(t)
		sm.broken = believeAnything
		flipEveryBit(t, sm)
	})
}

func flipEveryBit(t testing.TB, sm *sample) (flips int) {
	t.Helper()
	for ordinal := uint64(1); ordinal <= 2; ordinal++ {
		name := "/s/" + segmentName(ordinal)
		content := sm.files[name]
		for bit := range len(content) * 8 {
			flipped := bytes.Clone(content)
			flipped[bit/8] ^= 1 << (bit % 8)
			flips++
			o := sm.examine(t, sm.disk(name, flipped))
			all := slices.Sorted(slices.Values(slices.Concat(o.kept, o.lost)))
			if o.epoch != sm.epoch || o.next != 10 || !slices.Equal(all, numbers(1, 9)) || len(o.lost) > 1 {
				t.Fatalf("segment %d bit %d of octet %d: %+v", ordinal, bit%8, bit/8, o)
			}
			if len(o.lost) == 1 {
				if end := sm.ends[o.lost[0]]; int64(bit/8) >= end || int64(bit/8) < end-int64(frameSize(len("record 1"))) {
					t.Fatalf("segment %d octet %d: lost record %d, which ends at %d", ordinal, bit/8, o.lost[0], end)
				}
			}
		}
	}
	return flips
}

// The same where the process was killed between its last fsync and the mark: of the last commit, which cannot be told
// from a torn write, what is before the damage is kept; the rest is copied before it is cut.
func TestFlipInUnprovedCommit(t *testing.T) {
	t.Parallel()
	sm := newSample(t)
	delete(sm.files, "/s/"+segmentName(2))
	name := "/s/" + segmentName(1)
	content := sm.files[name][:sm.ends[6]]
	proved := sm.ends[6] - 3*int64(frameSize(len("record 4")))
	for bit := range len(content) * 8 {
		flipped := bytes.Clone(content)
		flipped[bit/8] ^= 1 << (bit % 8)
		d := sm.disk(name, flipped)
		o := sm.examine(t, d)
		at := int64(bit / 8)
		want := outcome{kept: numbers(1, 6), next: 7}
		switch {
		case at >= proved-frameHeader && at < proved: // the mark itself: what follows it may have been torn as well
			want = outcome{kept: numbers(1, 3), next: 4}
		case at >= proved:
			last := 3 + uint64(at-proved)/uint64(frameSize(len("record 4")))
			want = outcome{kept: numbers(1, last), next: last + 1}
		case len(o.lost) == 1:
			want.kept = slices.DeleteFunc(want.kept, func(n uint64) bool { return n == o.lost[0] })
			if end := sm.ends[o.lost[0]]; at >= end {
				t.Fatalf("octet %d: lost record %d", at, o.lost[0])
			}
		}
		copied := slices.ContainsFunc(slices.Collect(maps.Keys(d.names)), func(n string) bool { return strings.HasSuffix(n, ".torn") })
		if copied != (want.next < 6) {
			t.Fatalf("octet %d: copied %v with %d cut records", at, copied, 7-want.next)
		}
		if o.epoch != sm.epoch || !slices.Equal(o.kept, want.kept) || o.next != want.next || len(o.lost) > 1 {
			t.Fatalf("bit %d of octet %d: %+v, want %+v", bit%8, at, o, want)
		}
	}
}

// Fault 3, second half. The newest segment cut anywhere is a torn end: what was whole stays and nothing is called damage.
func TestTruncateNewest(t *testing.T) {
	sm := newSample(t)
	name := "/s/" + segmentName(2)
	for size := range sm.files[name] {
		o := sm.examine(t, sm.disk(name, sm.files[name][:size]))
		last := uint64(6)
		for n := uint64(7); n <= 9; n++ {
			if int64(size) >= sm.ends[n] {
				last = n
			}
		}
		if o.epoch != sm.epoch || !slices.Equal(o.kept, numbers(1, last)) || len(o.gaps) > 0 || o.next != last+1 {
			t.Fatalf("cut at %d: %+v, want records to %d", size, o, last)
		}
	}
}

// An older segment has no torn end: what is missing was durable, and the next segment says so.
func TestTruncateOlder(t *testing.T) {
	sm := newSample(t)
	name := "/s/" + segmentName(1)
	for size := range sm.files[name] {
		o := sm.examine(t, sm.disk(name, sm.files[name][:size]))
		last := uint64(0)
		for n := uint64(1); n <= 6; n++ {
			if int64(size) >= sm.ends[n] {
				last = n
			}
		}
		kept := slices.Concat(numbers(1, last), numbers(7, 9))
		lost := numbers(last+1, 6)
		if o.epoch != sm.epoch || !slices.Equal(o.kept, kept) || !slices.Equal(o.lost, lost) || o.next != 10 {
			t.Fatalf("cut at %d: %+v, want records %v, lost %v", size, o, kept, lost)
		}
	}
}

// The only segment cut before its first frame is a lost spool, which is a new chain; otherwise the chain goes on.
func TestTruncateOnly(t *testing.T) {
	sm := newSample(t)
	delete(sm.files, "/s/"+segmentName(2))
	name := "/s/" + segmentName(1)
	sm.now = sampleNow.Add(time.Hour)
	for size := range sm.files[name] {
		o := sm.examine(t, sm.disk(name, sm.files[name][:size]))
		if newChain := o.epoch != sm.epoch; len(o.gaps) > 0 || newChain != (size < headerSize) {
			t.Fatalf("cut at %d: %+v", size, o)
		}
	}
}

// A number that was acknowledged is never given again, however much of the log is gone, and the chain goes on from it.
func TestAcknowledgedNumbersAreNotReused(t *testing.T) {
	t.Parallel()
	sm := newSample(t)
	d := sm.disk("", nil)
	s := mustOpen(t, sampleConfig(d))
	if err := s.Ack(sm.list[7]); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	sm.files["/s/cursor"] = d.names["/s/cursor"].live
	name := "/s/" + segmentName(2)
	for size := range sm.files[name] {
		o := sm.examine(t, sm.disk(name, sm.files[name][:size]))
		last := uint64(6)
		for n := uint64(7); n <= 9; n++ {
			if int64(size) >= sm.ends[n] {
				last = n
			}
		}
		if !slices.Equal(o.kept, numbers(1, last)) || !slices.Equal(o.lost, numbers(last+1, 8)) || o.next != max(last, 8)+1 {
			t.Fatalf("cut at %d: %+v", size, o)
		}
	}
	for bit := range len(sm.files[name]) * 8 {
		flipped := bytes.Clone(sm.files[name])
		flipped[bit/8] ^= 1 << (bit % 8)
		if o := sm.examine(t, sm.disk(name, flipped)); o.next != 10 || len(o.lost) > 1 {
			t.Fatalf("bit %d of octet %d: %+v", bit%8, bit/8, o)
		}
	}
}

// A whole segment gone is a gap as well.
func TestSegmentMissing(t *testing.T) {
	sm := newSample(t)
	d := sm.disk("", nil)
	s := mustOpen(t, sampleConfig(d))
	s.cfg.SegmentBytes = headerSize + 1
	mustAppend(t, s, []byte("in a third segment"))
	mustClose(t, s)
	delete(d.names, "/s/"+segmentName(2))
	s = mustOpen(t, sampleConfig(d))
	var kept []uint64
	for _, e := range readAll(t, s, 0) {
		kept = append(kept, e.Seq)
	}
	want := Gap{First: 7, Last: 9, Segment: 1, Offset: s.segs[0].end}
	if gaps := s.Gaps(); !slices.Equal(kept, []uint64{1, 2, 3, 4, 5, 6, 10}) || !slices.Contains(gaps, want) {
		t.Fatalf("kept %v, gaps %+v, want among them %+v", kept, gaps, want)
	}
}

// A sector in the middle that the disk cannot read costs the records in it, no other.
func TestUnreadableSector(t *testing.T) {
	sm := newSample(t)
	name := "/s/" + segmentName(1)
	zeroed := bytes.Clone(sm.files[name])
	clear(zeroed[1024:1536])
	o := sm.examine(t, sm.disk(name, zeroed))
	if !slices.Equal(slices.Sorted(slices.Values(slices.Concat(o.kept, o.lost))), numbers(1, 9)) || len(o.lost) == 0 || o.next != 10 {
		t.Fatalf("%+v", o)
	}
	p := make([]byte, 2048)
	if err := readThrough(badSector{sm.files[name], 1024}, p, 0); err != nil || !bytes.Equal(p[:len(zeroed)], zeroed[:min(len(p), len(zeroed))]) {
		t.Fatalf("readThrough: %v", err)
	}
	if err := readThrough(badSector{sm.files[name], 1024}, p[:100], 1024); err == nil {
		t.Fatal("a disk that gives nothing is not an empty one")
	}
}

// badSector is a file one sector of which cannot be read.
type badSector struct {
	content []byte
	bad     int64
}

func (f badSector) ReadAt(p []byte, off int64) (int, error) {
	if off < f.bad+sector && off+int64(len(p)) > f.bad {
		return 0, fmt.Errorf("sector at %d: input/output error", f.bad)
	}
	return strings.NewReader(string(f.content)).ReadAt(p, off)
}
