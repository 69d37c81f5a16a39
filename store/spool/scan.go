package spool

import (
	"errors"
	"io"
)

const (
	// readChunk is how much is read at a time, more than the largest frame.
	readChunk = 256 << 10
	sector    = 512
)

// scanner finds the valid frames of one segment, in order. Where the bytes are no frame it looks for the next one at the
// following multiples of 8.
type scanner struct {
	// load fills p with the octets at off; what the file has not, or the disk cannot read, is zero.
	load    func(p []byte, off int64) error
	ordinal uint64
	// epoch that frames must have; 0 takes that of the first.
	epoch    uint64
	off, end int64

	believes bool // see believeAnything

	buf  []byte // the octets from base on
	base int64
}

// next returns the next valid frame, where it begins, and how many octets before it were none. At the end the error is
// io.EOF; skipped then counts the octets up to the end. The frame's body lives until the next call.
func (s *scanner) next() (f frame, at, skipped int64, err error) {
	start := s.off
	for s.off+frameHeader <= s.end {
		b, err := s.window(frameHeader)
		if err != nil {
			return f, 0, 0, err
		}
		n, ok := frameLength(b)
		if ok && s.off+int64(n) <= s.end {
			if b, err = s.window(n); err != nil {
				return f, 0, 0, err
			}
			if f, ok = parseFrame(b, s.ordinal, s.off); !ok && s.believes {
				f, ok = decodeFrame(b), true
			}
			if ok && (s.epoch == 0 || s.epoch == f.epoch) {
				at, s.epoch = s.off, f.epoch
				s.off += int64(n)
				return f, at, at - start, nil
			}
		}
		s.off += frameAlign
	}
	s.off = s.end
	return frame{}, s.end, s.end - start, io.EOF
}

// window returns the n octets at s.off, which lie before s.end.
func (s *scanner) window(n int) ([]byte, error) {
	from := s.off - s.base
	if from >= 0 && from+int64(n) <= int64(len(s.buf)) {
		return s.buf[from : from+int64(n)], nil
	}
	size := min(int64(readChunk), s.end-s.off)
	if int64(cap(s.buf)) < size {
		s.buf = make([]byte, max(size, min(2*int64(cap(s.buf)), readChunk)))
	}
	s.buf, s.base = s.buf[:size], s.off
	if err := s.load(s.buf, s.off); err != nil {
		s.buf = s.buf[:0]
		return nil, err
	}
	return s.buf[:n], nil
}

// readThrough fills p from off. What lies behind the end of the file, and single sectors that the disk cannot read, become
// zero, which is no frame; when nothing at all can be read that is an error, because the disk is gone rather than damaged.
func readThrough(f io.ReaderAt, p []byte, off int64) error {
	n, err := f.ReadAt(p, off)
	if err == nil || errors.Is(err, io.EOF) {
		clear(p[n:])
		return nil
	}
	readable := false
	for i := 0; i < len(p); i += sector {
		part := p[i:min(i+sector, len(p))]
		n, err := f.ReadAt(part, off+int64(i))
		clear(part[n:])
		readable = readable || err == nil || errors.Is(err, io.EOF)
	}
	if !readable {
		return err
	}
	return nil
}
