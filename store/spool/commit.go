package spool

import (
	"encoding/binary"
	"fmt"
	"os"
)

// writer is the committer's state: the frames it has taken and the segment it writes. No one else touches it.
type writer struct {
	todo []byte // frames to be made durable; those before pos are
	pos  int

	file File    // nil when the next frame opens a segment
	seg  segment // the segment of file; end is where its durable frames end
	off  int64   // where the next frame goes: seg.end, or behind a mark that is not durable
	// fresh is true until the first commit of the segment is durable, its header and its name included.
	fresh bool

	last    point  // the chain's head as far as it is durable
	before  place  // where the newest segment with durable content ends
	ordinal uint64 // the highest used
}

// place is an offset in a segment.
type place struct {
	ordinal uint64
	off     int64
}

// run is the committer.
func (s *Spool) run() {
	defer close(s.done)
	for {
		select {
		case <-s.kick:
			s.attempt()
		case <-s.quit:
			s.attempt()
			return
		}
	}
}

// attempt tries to make everything queued durable and tells who waits for it.
func (s *Spool) attempt() {
	s.mu.Lock()
	s.started++
	s.armed = false
	if s.w.pos == len(s.w.todo) {
		s.w.todo, s.w.pos, s.queue = s.queue, 0, spare(s.w.todo)
	} else {
		s.w.todo = append(append(s.w.todo[:0], s.w.todo[s.w.pos:]...), s.queue...)
		s.w.pos, s.queue = 0, s.queue[:0]
	}
	work := s.w.pos < len(s.w.todo)
	s.mu.Unlock()

	var err error
	if work {
		// A failed fsync is answered with one more try, in a new segment. A full disk is not: that needs time.
		if err = s.commit(); err != nil && !isFull(err) {
			err = s.commit()
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = s.started
	s.failure = nil
	switch {
	case err == nil && work:
		s.counts.commits++
	case err != nil:
		s.counts.failures++
		if isFull(err) {
			err = fmt.Errorf("%w: %w", ErrFull, err)
		}
		s.failure = s.errorf("write: %w", err)
		s.arm(retryAfter)
	}
	s.broadcast()
}

// maxSpare bounds the memory, in octets, of each of the two buffers that wait for frames: more than any commit of a busy sensor
// takes. What a full disk has let grow beyond is given back when it has been written.
const maxSpare = 1 << 20

// spare is a buffer to be used again, or nil.
func spare(b []byte) []byte {
	if cap(b) > maxSpare {
		return nil
	}
	return b[:0]
}

// commit writes and syncs the frames in todo, segment by segment.
func (s *Spool) commit() error {
	w := &s.w
	for w.pos < len(w.todo) {
		n, frames := s.fitting()
		if n == 0 {
			if err := s.nextSegment(); err != nil {
				return err
			}
			continue
		}
		b := w.todo[w.pos : w.pos+n]
		last := w.seal(b)
		if err := s.persist(b); err != nil {
			return err
		}
		w.pos += n
		w.last = last
		s.publish(n, frames)
	}
	w.mark(s.epoch)
	return nil
}

// fitting counts the octets and frames at the head of todo that the open segment still takes, at least one frame in an
// empty segment.
func (s *Spool) fitting() (n int, frames uint64) {
	w := &s.w
	if w.file == nil {
		return 0, 0
	}
	for w.pos+n < len(w.todo) {
		size, _ := frameLength(w.todo[w.pos+n:])
		full := w.off+int64(n+size) > s.cfg.SegmentBytes
		if full && (n > 0 || !w.fresh) {
			break
		}
		n += size
		frames++
		if full {
			break
		}
	}
	return n, frames
}

// seal gives the frames in b their places behind w.off and returns the chain's head after them.
func (w *writer) seal(b []byte) point {
	last := w.last
	for i := 0; i < len(b); {
		size, _ := frameLength(b[i:])
		f := b[i : i+size]
		sealFrame(f, w.seg.ordinal, w.off+int64(i))
		if f[12] == typeRecord {
			last.seq = binary.BigEndian.Uint64(f[24:])
			copy(last.hash[:], f[64:])
		}
		i += size
	}
	return last
}

// nextSegment leaves the open segment as it is and begins a new one, whose header says where the old one ends.
func (s *Spool) nextSegment() error {
	w := &s.w
	if w.file != nil {
		// Everything up to seg.end is synced; an error of close says nothing about it.
		_ = w.file.Close()
		w.file = nil
	}
	w.ordinal++
	f, err := s.cfg.FS.OpenFile(s.path(segmentName(w.ordinal)), os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	w.file, w.fresh, w.off = f, true, headerSize
	w.seg = segment{end: headerSize, whole: true, header: header{
		ordinal: w.ordinal, epoch: s.epoch, first: w.last.seq + 1, prev: w.last.hash,
		prevOrdinal: w.before.ordinal, prevEnd: w.before.off,
		created: s.cfg.Now().UnixMicro(), sensor: s.cfg.Sensor,
	}}
	return nil
}

// persist makes b durable at w.off. After a failed fsync the segment is given up: asked again, the kernel would say that all
// is well, for it has marked the pages clean and forgotten them.
func (s *Spool) persist(b []byte) error {
	w := &s.w
	if err := w.writeAll(b); err != nil {
		if w.fresh || !isFull(err) || w.file.Truncate(w.off) != nil {
			s.abandon()
		}
		return err
	}
	err := s.sync()
	if err != nil {
		s.abandon()
		return err
	}
	w.off += int64(len(b))
	return nil
}

// sync makes the open segment durable, and its name with the first commit.
func (s *Spool) sync() error {
	if s.cfg.breach == skipSync {
		return nil
	}
	err := s.w.file.Sync()
	if err != nil && s.cfg.breach == syncAgain {
		err = s.w.file.Sync()
	}
	if err == nil && s.w.fresh {
		err = s.cfg.FS.SyncDir(s.cfg.Dir)
	}
	return err
}

func (w *writer) writeAll(b []byte) error {
	if w.fresh {
		if _, err := w.file.WriteAt(w.seg.encode(), 0); err != nil {
			return err
		}
	}
	_, err := w.file.WriteAt(b, w.off)
	return err
}

// abandon closes the open segment at its last good point. What cannot be undone does no harm: the next segment's header
// names the end of the one before it, and a segment that no header names is void.
func (s *Spool) abandon() {
	w := &s.w
	if w.fresh {
		_ = w.file.Close()
		_ = s.cfg.FS.Remove(s.path(segmentName(w.seg.ordinal)))
	} else {
		_ = w.file.Truncate(w.off)
		_ = w.file.Close()
	}
	w.file = nil
}

// publish shows the frames just made durable, n octets, to readers and to who waits.
func (s *Spool) publish(n int, frames uint64) {
	w := &s.w
	w.seg.end = w.off
	w.before = place{w.seg.ordinal, w.off}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.fresh {
		w.fresh = false
		s.segs = append(s.segs, w.seg)
	}
	s.segs[len(s.segs)-1].end = w.seg.end
	s.durable = w.last
	s.failure = nil // who is told that it is durable must not read in Stats that it is not
	s.stable += frames
	s.queued -= n
	s.broadcast()
}

// mark writes, without waiting for the disk, that everything before it was durable. Recovery tells by it the damage of an
// acknowledged record from the torn end of a write. It lies behind the segment's durable end until the next commit.
func (w *writer) mark(epoch uint64) {
	f := frame{typ: typeMark, epoch: epoch, seq: w.last.seq, prev: w.last.hash, leaf: emptyLeaf}
	f.hash = f.link()
	b := appendFrame(make([]byte, 0, frameHeader), &f)
	sealFrame(b, w.seg.ordinal, w.seg.end)
	if _, err := w.file.WriteAt(b, w.seg.end); err == nil {
		w.off = w.seg.end + int64(len(b))
	}
}

// close ends the open segment. Its last mark is synced so that the whole segment is proved; if that fails, nothing is lost.
func (w *writer) close() error {
	if w.file == nil {
		return nil
	}
	if w.off > w.seg.end {
		_ = w.file.Sync()
	}
	err := w.file.Close()
	w.file = nil
	return err
}
