package spool

import (
	"cmp"
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
	if err := s.restore(); err != nil {
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

// restore finds out what is in the directory and where the chain goes on.
func (s *Spool) restore() error {
	if err := s.loadGaps(); err != nil {
		return err
	}
	list, err := s.list()
	if err != nil {
		return err
	}
	known := s.loadCursor()
	damaged := false
	for len(s.segs) == 0 && len(list) > 0 {
		newest := list[len(list)-1]
		var kept bool
		if kept, damaged, err = s.recoverNewest(&newest, known); err != nil {
			return err
		}
		list = list[:len(list)-1]
		if kept {
			s.segs = append(s.segs, newest)
		}
	}
	if len(s.segs) == 0 {
		s.begin(known)
		return nil
	}
	s.epoch = s.segs[0].epoch
	if known.epoch == s.epoch {
		s.acked = known.seq
	}
	if err := s.recoverOlder(list); err != nil {
		return err
	}
	s.oldest = s.segs[0].first
	// Only what was acknowledged is ever trimmed, so anything else before the oldest segment was lost.
	if s.acked+1 < s.oldest {
		if !known.unreadable {
			s.reportGap(Gap{First: s.acked + 1, Last: s.oldest - 1, Segment: s.segs[0].ordinal})
		}
		s.acked = s.oldest - 1
	}
	// What was acknowledged existed. If the end of the log was lost below it, the chain goes on behind it.
	if s.acked > s.durable.seq {
		s.durable, damaged = known.point, true
	}
	s.head, s.w.last = s.durable, s.durable
	if damaged {
		return s.survey(s.segs[len(s.segs)-1])
	}
	return nil
}

// begin starts a new chain in a directory without records. Its epoch is later than one that was acknowledged here,
// whatever the clock says.
func (s *Spool) begin(known cursor) {
	s.epoch = max(uint64(max(s.cfg.Now().UnixMicro(), 1)), known.epoch+1)
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
	slices.SortFunc(list, func(a, b segment) int { return cmp.Compare(a.ordinal, b.ordinal) })
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
	name := segmentName(seg.ordinal)
	if seg.end == 0 {
		return s.cfg.FS.Remove(s.path(name))
	}
	g := Gap{Segment: seg.ordinal, Length: seg.end}
	s.keepGap(g)
	return s.setAside(name, g.file())
}

// setAside moves a file into quarantine/ for good.
func (s *Spool) setAside(name, as string) error {
	dir := s.path(quarantineDir)
	if err := s.cfg.FS.Rename(s.path(name), dir+"/"+as); err != nil {
		return err
	}
	if err := s.cfg.FS.SyncDir(dir); err != nil {
		return err
	}
	return s.cfg.FS.SyncDir(s.cfg.Dir)
}

// scanner reads a whole segment, opening its file for each piece so that no one has to close it.
func (s *Spool) scanner(seg segment) scanner {
	name := s.path(segmentName(seg.ordinal))
	return scanner{
		ordinal: seg.ordinal, epoch: seg.epoch, off: headerSize, end: seg.end, believes: s.cfg.breach == believeAnything,
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
