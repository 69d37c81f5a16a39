package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// recoverNewest looks at every frame of the newest segment, which alone can have a torn end, and sets where the chain
// stands. It reports whether the segment holds anything, and whether there is damage that is no torn end.
//
// A commit is written only when the one before it is durable and marked. So a mark proves everything before it: damage there
// is damage. What is behind the last mark is one commit that may or may not have been acknowledged; what of it is whole
// up to the first bad octet is kept, the rest was torn. An acknowledged number proves the frames up to it as well.
func (s *Spool) recoverNewest(seg *segment, known cursor) (kept, damaged bool, err error) {
	f, err := s.cfg.FS.OpenFile(s.path(segmentName(seg.ordinal)), os.O_RDWR)
	if err != nil {
		return false, false, err
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = e
		}
	}()
	t, err := s.readTail(seg, f, known)
	if err != nil {
		return false, false, err
	}
	if t.cut == 0 {
		name := segmentName(seg.ordinal)
		return false, false, s.setAside(name, name+".torn")
	}
	if t.strays {
		// Frames that are whole may be cut with the torn ones before them; a copy costs little.
		_ = s.quarantine(place{seg.ordinal, t.cut}, seg.end-t.cut, fmt.Sprintf("%s-%d.torn", segmentName(seg.ordinal), t.cut))
	}
	if t.cut < seg.end {
		if err := f.Truncate(t.cut); err != nil {
			return false, false, fmt.Errorf("cut the torn end of segment %s: %w", segmentName(seg.ordinal), err)
		}
	}
	// The process that wrote it may have been killed before its fsync; now it counts.
	if err := f.Sync(); err != nil {
		return false, false, fmt.Errorf("sync segment %s: %w", segmentName(seg.ordinal), err)
	}
	if !seg.whole {
		s.reportGap(Gap{Segment: seg.ordinal, Length: headerSize})
	}
	seg.end = t.cut
	s.durable = t.head
	s.w.before = place{seg.ordinal, seg.end}
	return true, t.damaged, nil
}

// tail is what was found in the newest segment.
type tail struct {
	damaged bool  // bad octets that are not the torn end
	strays  bool  // valid frames in the torn end
	cut     int64 // where the segment ends; 0 when its very header is torn
	head    point
}

func (s *Spool) readTail(seg *segment, f File, known cursor) (tail, error) {
	found := false
	t := tail{cut: headerSize, head: point{seg.first - 1, seg.prev}}
	sc := scanner{
		ordinal: seg.ordinal, epoch: seg.epoch, off: headerSize, end: seg.end, believes: s.cfg.breach == believeAnything,
		load: func(p []byte, off int64) error { return readThrough(f, p, off) },
	}
	torn, atTorn := int64(-1), t.head // the first bad octet behind the last proof, and the chain's head there
	if !seg.whole {
		torn = 0
	}
	// A record that was acknowledged did exist, so what stands in its place is no torn end.
	acknowledged := func() bool { return known.epoch == sc.epoch && atTorn.seq < known.seq }
	for {
		fr, at, skipped, err := sc.next()
		if skipped > 0 && torn < 0 {
			torn, atTorn = at-skipped, t.head
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return t, err
		}
		if !found && !seg.whole {
			seg.adopt(fr)
			atTorn = fr.before()
		}
		found = true
		t.head = fr.before()
		if fr.typ == typeRecord {
			t.head = point{fr.seq, fr.hash}
		}
		if torn >= 0 && (fr.typ == typeMark || acknowledged()) {
			t.damaged, torn = true, -1
		}
		t.cut = sc.off
	}
	switch {
	case !found && !seg.whole:
		t.cut = 0
	case torn >= 0 && acknowledged():
		t.damaged, t.cut = true, seg.end
	case torn >= 0:
		t.strays = t.cut > torn && torn > 0
		t.cut, t.head = torn, atTorn
	}
	return t, nil
}

// adopt takes from the first frame what the segment's damaged header should have said.
func (seg *segment) adopt(f frame) {
	seg.epoch = f.epoch
	seg.first, seg.prev = f.before().seq+1, f.prev
}
