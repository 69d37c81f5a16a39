package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Open opens or makes the spool in cfg.Dir. It reads the header of every segment and the whole of the newest; the time
// depends on Config.SegmentBytes, not on how much is spooled. Of the newest segment it cuts the torn end that a crash may
// have left, never anything that is known to have been durable.
func Open(cfg Config) (*Spool, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Spool{
		cfg: cfg, moved: make(chan struct{}),
		kick: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	if err := s.makeDir(); err != nil {
		return nil, s.errorf("make directory: %w", err)
	}
	if s.lock, err = cfg.FS.Lock(s.path("lock")); err != nil {
		return nil, s.errorf("%w", err)
	}
	if err := s.recover(); err != nil {
		_ = s.lock.Close() // the first error is the one to show
		return nil, s.errorf("open: %w", err)
	}
	go s.run()
	return s, nil
}

// makeDir makes the directories; a new one must not vanish with the power.
func (s *Spool) makeDir() error {
	_, missing := s.cfg.FS.ReadDir(s.cfg.Dir)
	if err := s.cfg.FS.MkdirAll(s.path(quarantineDir)); err != nil || missing == nil {
		return err
	}
	return s.cfg.FS.SyncDir(filepath.Dir(filepath.Clean(s.cfg.Dir)))
}

// recover finds out what is in the directory and where the chain goes on.
func (s *Spool) recover() error {
	if err := s.loadGaps(); err != nil {
		return err
	}
	list, err := s.list()
	if err != nil {
		return err
	}
	cursor := s.loadCursor()
	damaged := false
	for len(s.segs) == 0 && len(list) > 0 {
		newest := list[len(list)-1]
		var kept bool
		if kept, damaged, err = s.recoverNewest(&newest, cursor); err != nil {
			return err
		}
		list = list[:len(list)-1]
		if kept {
			s.segs = append(s.segs, newest)
		}
	}
	if len(s.segs) == 0 {
		s.begin(cursor)
		return nil
	}
	s.epoch = s.segs[0].epoch
	if cursor.epoch == s.epoch {
		s.acked = cursor.seq
	}
	if err := s.recoverOlder(list); err != nil {
		return err
	}
	s.oldest = s.segs[0].first
	// Only what was acknowledged is ever trimmed, so anything else before the oldest segment was lost.
	if s.acked+1 < s.oldest {
		if !cursor.unreadable {
			s.reportGap(Gap{First: s.acked + 1, Last: s.oldest - 1, Segment: s.segs[0].ordinal})
		}
		s.acked = s.oldest - 1
	}
	// What was acknowledged existed. If the end of the log was lost below it, the chain goes on behind it.
	if s.acked > s.durable.seq {
		s.durable, damaged = cursor.point, true
	}
	s.head, s.w.last = s.durable, s.durable
	if damaged {
		return s.survey(s.segs[len(s.segs)-1])
	}
	return nil
}

// begin starts a new chain in a directory without records. Its epoch is later than one that was acknowledged here,
// whatever the clock says.
func (s *Spool) begin(cursor cursor) {
	s.epoch = max(uint64(max(s.cfg.Now().UnixMicro(), 1)), cursor.epoch+1) //nolint:gosec // positive
	s.head = point{0, Genesis(s.cfg.Sensor, s.cfg.PublicKey)}
	s.durable, s.w.last, s.oldest = s.head, s.head, 1
}

// list reads the headers of all segments, oldest first. The end of each is the size of its file for now.
func (s *Spool) list() ([]segment, error) {
	names, err := s.cfg.FS.ReadDir(s.cfg.Dir)
	if err != nil {
		return nil, err
	}
	var list []segment
	for _, name := range names {
		ordinal, ok := segmentOrdinal(name)
		if !ok {
			continue
		}
		seg, err := s.readHeader(ordinal)
		if err != nil {
			return nil, err
		}
		list = append(list, seg)
		s.w.ordinal = max(s.w.ordinal, ordinal)
	}
	slices.SortFunc(list, func(a, b segment) int {
		if a.ordinal < b.ordinal {
			return -1
		}
		return 1
	})
	epoch := uint64(0)
	for _, seg := range list {
		switch {
		case !seg.whole:
		case seg.sensor != s.cfg.Sensor:
			return nil, fmt.Errorf("segment %s belongs to sensor %q, not to %q: use another directory", segmentName(seg.ordinal), seg.sensor, s.cfg.Sensor)
		case epoch != 0 && seg.epoch != epoch:
			return nil, fmt.Errorf("segment %s is of epoch %d, those before of %d: move the files of one of them away", segmentName(seg.ordinal), seg.epoch, epoch)
		default:
			epoch = seg.epoch
		}
	}
	return list, nil
}

func (s *Spool) readHeader(ordinal uint64) (seg segment, err error) {
	f, err := s.cfg.FS.OpenFile(s.path(segmentName(ordinal)), os.O_RDONLY)
	if err != nil {
		return seg, err
	}
	defer func() { _ = f.Close() }()
	size, err := f.Size()
	if err != nil {
		return seg, fmt.Errorf("segment %s: %w", segmentName(ordinal), err)
	}
	var b [headerSize]byte
	if err := readThrough(f, b[:], 0); err != nil {
		return seg, fmt.Errorf("segment %s: %w", segmentName(ordinal), err)
	}
	h, ok, err := parseHeader(b[:], ordinal)
	if err != nil {
		return seg, err
	}
	h.ordinal = ordinal
	return segment{header: h, end: size, whole: ok}, nil
}

// recoverNewest looks at every frame of the newest segment, which alone can have a torn end, and sets where the chain
// stands. It reports whether the segment holds anything, and whether there is damage that is no torn end.
//
// A commit is written only when the one before it is durable and marked. So a mark proves everything before it: damage there
// is damage. What is behind the last mark is one commit that may or may not have been acknowledged; what of it is whole
// up to the first bad octet is kept, the rest was torn. An acknowledged number proves the frames up to it as well.
func (s *Spool) recoverNewest(seg *segment, cursor cursor) (kept, damaged bool, err error) {
	f, err := s.cfg.FS.OpenFile(s.path(segmentName(seg.ordinal)), os.O_RDWR)
	if err != nil {
		return false, false, err
	}
	closed := false
	shut := func() error { closed = true; return f.Close() }
	defer func() {
		if !closed {
			_ = f.Close()
		}
	}()
	t, err := s.readTail(seg, f, cursor)
	if err != nil {
		return false, false, err
	}
	if t.cut == 0 {
		if err := shut(); err != nil {
			return false, false, err
		}
		name := segmentName(seg.ordinal)
		return false, false, s.cfg.FS.Rename(s.path(name), s.path(quarantineDir+"/"+name+".torn"))
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
	return true, t.damaged, shut()
}

// tail is what was found in the newest segment.
type tail struct {
	damaged bool  // bad octets that are not the torn end
	strays  bool  // valid frames in the torn end
	cut     int64 // where the segment ends; 0 when its very header is torn
	head    point
}

func (s *Spool) readTail(seg *segment, f File, cursor cursor) (tail, error) {
	found := false
	t := tail{cut: headerSize, head: point{seg.first - 1, seg.prev}}
	sc := scanner{
		ordinal: seg.ordinal, epoch: seg.epoch, off: headerSize, end: seg.end,
		load: func(p []byte, off int64) error { return readThrough(f, p, off) },
	}
	torn, atTorn := int64(-1), t.head // the first bad octet behind the last proof, and the chain's head there
	if !seg.whole {
		torn = 0
	}
	// A record that was acknowledged did exist, so what stands in its place is no torn end.
	acknowledged := func() bool { return cursor.epoch == sc.epoch && atTorn.seq < cursor.seq }
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

// recoverOlder puts the older segments before the newest, gives each its end and removes those that came back with a
// power loss: a segment that the next one's header passes over was given up before anything in it was acknowledged, and
// one whose successor is gone, with all it held acknowledged, was trimmed.
func (s *Spool) recoverOlder(list []segment) error {
	for len(list) > 0 {
		seg, next := list[len(list)-1], s.segs[0]
		list = list[:len(list)-1]
		passed := seg.ordinal > next.prevOrdinal
		trimmed := seg.ordinal < next.prevOrdinal && next.first <= s.acked+1
		if next.whole && (passed || trimmed) {
			if err := s.cfg.FS.Remove(s.path(segmentName(seg.ordinal))); err != nil {
				return err
			}
			continue
		}
		if !seg.whole {
			sc := s.scanner(seg)
			f, _, _, err := sc.next()
			if errors.Is(err, io.EOF) {
				if err := s.discard(seg); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			seg.adopt(f)
			s.reportGap(Gap{Segment: seg.ordinal, Length: headerSize})
		}
		if next.whole && seg.ordinal == next.prevOrdinal {
			seg.end = min(seg.end, next.prevEnd) // what lies behind is void
		}
		s.segs = slices.Insert(s.segs, 0, seg)
	}
	return nil
}

// discard moves a segment without one readable frame out of the way: an empty one is nothing, any other is evidence.
func (s *Spool) discard(seg segment) error {
	name := s.path(segmentName(seg.ordinal))
	if seg.end == 0 {
		return s.cfg.FS.Remove(name)
	}
	g := Gap{Segment: seg.ordinal, Length: seg.end}
	if err := s.cfg.FS.Rename(name, s.path(quarantineDir+"/"+g.file())); err != nil {
		return err
	}
	s.keepGap(g)
	return nil
}

// scanner reads a whole segment, opening its file for each piece so that no one has to close it.
func (s *Spool) scanner(seg segment) scanner {
	name := s.path(segmentName(seg.ordinal))
	return scanner{
		ordinal: seg.ordinal, epoch: seg.epoch, off: headerSize, end: seg.end,
		load: func(p []byte, off int64) error {
			f, err := s.cfg.FS.OpenFile(name, os.O_RDONLY)
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			return readThrough(f, p, off)
		},
	}
}
