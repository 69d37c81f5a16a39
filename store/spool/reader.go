package spool

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
)

// Reader yields durable entries in the order of their numbers. Every entry is proved (CRC, leaf, link to the one before);
// damage is skipped and reported to Gaps. A Reader is for one goroutine; it holds no file open, so it needs no Close.
type Reader struct {
	s    *Spool
	from uint64 // entries below are not handed out

	seg  segment // the one being read; ordinal 0 before the first
	scan scanner
	pos  point // the head of the chain as far as it was read
}

// NewReader returns a Reader whose first entry is number from, or the next there is. Entries that were trimmed are not
// reported as gaps.
func (s *Spool) NewReader(from uint64) *Reader {
	r := s.newReader(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, seg := range slices.Backward(s.segs) {
		if seg.first <= from || i == 0 {
			r.open(seg)
			break
		}
	}
	return r
}

func (s *Spool) newReader(from uint64) *Reader { return &Reader{s: s, from: from} }

// open begins with the segment and takes its header's word for what was before.
func (r *Reader) open(seg segment) {
	r.enter(seg)
	r.pos = point{seg.first - 1, seg.prev}
}

func (r *Reader) enter(seg segment) {
	buf := r.scan.buf
	r.seg, r.scan = seg, r.s.scanner(seg)
	r.scan.buf = buf[:0]
}

// Next returns the next entry and waits for one if need be. The body lives until the next call. After Close of the spool,
// what is durable can still be read; then comes ErrClosed.
func (r *Reader) Next(ctx context.Context) (Entry, error) {
	for {
		r.s.mu.Lock()
		moved, closed := r.s.moved, r.s.closed && r.s.ended()
		r.s.mu.Unlock()
		e, err := r.Poll()
		switch {
		case !errors.Is(err, io.EOF):
			return e, err
		case closed:
			return e, r.s.errorf("%w", ErrClosed)
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return Entry{}, ctx.Err()
		}
	}
}

// Poll is Next without waiting: io.EOF says that there is no further durable entry now.
func (r *Reader) Poll() (Entry, error) {
	for {
		f, err := r.frame()
		if err != nil {
			return Entry{}, err
		}
		if f.typ == typeRecord && f.seq >= r.from {
			return Entry{
				Sensor: r.s.cfg.Sensor, Epoch: f.epoch, Seq: f.seq,
				Prev: f.prev, Leaf: f.leaf, Hash: f.hash, Body: f.body,
			}, nil
		}
	}
}

// frame returns the next valid frame of any type, of records each number once and in order.
func (r *Reader) frame() (frame, error) {
	for {
		next, ok := r.refresh()
		if !ok {
			return frame{}, io.EOF
		}
		f, at, skipped, err := r.scan.next()
		switch {
		case errors.Is(err, io.EOF):
			// The next segment, or the end of the log, says which numbers the octets skipped had.
			r.meet(next.before, at, skipped)
			if next.seg.ordinal == 0 {
				return frame{}, io.EOF
			}
			r.enter(next.seg)
		case errors.Is(err, fs.ErrNotExist) && r.trimmed():
			r.seg = segment{}
		case err != nil:
			return frame{}, r.s.errorf("read segment %s: %w", segmentName(r.seg.ordinal), err)
		case r.meet(f.before(), at, skipped):
			if f.typ == typeRecord {
				r.pos = point{f.seq, f.hash}
			}
			return f, nil
		}
	}
}

// meet compares what stands at offset at, which says that the chain's head before it is p, with how far the reader is, and
// reports damage. It is false for what is older than the reader: such a frame is no part of the log.
func (r *Reader) meet(p point, at, skipped int64) bool {
	g := Gap{Segment: r.seg.ordinal, Offset: at - skipped, Length: skipped}
	switch {
	case p.seq > r.pos.seq:
		g.First, g.Last = r.pos.seq+1, p.seq
	case p.seq == r.pos.seq && p.hash == r.pos.hash && skipped == 0:
		return true
	}
	r.s.reportGap(g)
	if p.seq < r.pos.seq {
		return false
	}
	r.pos = p
	return true
}

// following is what comes behind the segment being read: the next one, or nothing yet (ordinal 0), and the chain's head
// there.
type following struct {
	seg    segment
	before point
}

// refresh takes over what has become durable meanwhile. It is false when there is no segment at all.
func (r *Reader) refresh() (following, bool) {
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segs) == 0 {
		return following{}, false
	}
	if r.seg.ordinal == 0 || r.pos.seq+1 < s.oldest {
		r.open(s.segs[0])
	}
	// i is the segment behind the one being read; the one being read may have grown since, even when another follows it.
	i := len(s.segs)
	for i > 0 && s.segs[i-1].ordinal > r.seg.ordinal {
		i--
	}
	if i > 0 && r.seg.ordinal == s.segs[i-1].ordinal {
		r.seg.end, r.scan.end = s.segs[i-1].end, s.segs[i-1].end
	}
	if i == len(s.segs) {
		return following{before: s.durable}, true
	}
	return following{seg: s.segs[i], before: point{s.segs[i].first - 1, s.segs[i].prev}}, true
}

// trimmed tells whether Trim has removed the segment being read.
func (r *Reader) trimmed() bool {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return len(r.s.segs) > 0 && r.seg.ordinal < r.s.segs[0].ordinal
}

// ReadRange calls fn for every entry from first to last that the spool still has, in order, and returns its first
// error. Numbers that fn does not see were trimmed, are in a gap or not durable yet. The body lives until fn returns.
func (s *Spool) ReadRange(ctx context.Context, first, last uint64, fn func(Entry) error) error {
	r := s.NewReader(first)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := r.Poll()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case e.Seq > last:
			return nil
		}
		if err := fn(e); err != nil || e.Seq == last {
			return err
		}
	}
}

// Locals calls fn for every local entry that the spool still has, oldest first, with the number of the last record
// before it, and returns fn's first error. The body lives until fn returns.
func (s *Spool) Locals(fn func(kind byte, after uint64, body []byte) error) error {
	r := s.NewReader(0)
	for {
		f, err := r.frame()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case f.typ == typeLocal:
			if err := fn(f.kind, f.seq, f.body); err != nil {
				return err
			}
		}
	}
}
