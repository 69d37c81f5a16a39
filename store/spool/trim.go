package spool

import (
	"slices"
	"time"
)

// Trim removes the oldest segments while the spool has more than keepBytes octets or their last record is older than
// keepAge; a negative limit does not count, 0 keeps nothing longer than it must. The newest segment, any with
// a record that is not acknowledged, and what Config.Recent needs stay whatever the limits say, because no limit is worth a
// record or an open call. The copies in quarantine/ stay for Config.KeepDamage. It returns how many octets were freed.
func (s *Spool) Trim(keepBytes int64, keepAge time.Duration) (freed int64, err error) {
	s.trimMu.Lock()
	defer s.trimMu.Unlock()
	for {
		seg, ok := s.takeOldest(keepBytes, keepAge)
		if !ok {
			damage, err := s.forgetDamage()
			return freed + damage, err
		}
		err := s.cfg.FS.Remove(s.path(segmentName(seg.ordinal)))
		if err != nil {
			s.mu.Lock()
			s.segs, s.oldest = slices.Insert(s.segs, 0, seg), seg.first
			s.mu.Unlock()
		} else {
			// One at a time, so that a power loss cannot bring back an older one than it takes.
			freed += seg.end
			err = s.cfg.FS.SyncDir(s.cfg.Dir)
		}
		if err != nil {
			return freed, s.errorf("trim segment %s: %w", segmentName(seg.ordinal), err)
		}
	}
}

// takeOldest takes the oldest segment off the list if it may go; readers leave it before its file does. A segment is
// as old as the header of the next.
func (s *Spool) takeOldest(keepBytes int64, keepAge time.Duration) (seg segment, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.segs) < 2 {
		return seg, false
	}
	if s.segs[1].first > s.acked+1 && s.cfg.breach != trimAnything {
		return seg, false
	}
	if s.cfg.Recent > 0 && s.recent(s.cfg.Recent) == 0 {
		return seg, false
	}
	total := int64(0)
	for i := range s.segs {
		total += s.segs[i].end
	}
	tooMuch := keepBytes >= 0 && total > keepBytes
	tooOld := keepAge >= 0 && s.segs[1].whole && s.cfg.Now().Sub(time.UnixMicro(s.segs[1].created)) > keepAge
	if !tooMuch && !tooOld {
		return seg, false
	}
	seg = s.segs[0]
	s.segs = s.segs[1:]
	s.oldest = s.segs[0].first
	return seg, true
}
