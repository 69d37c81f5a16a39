package spool

import (
	"crypto/sha256"
	"errors"
	"io"
	"time"
)

// Frame is an entry as Recent reads it.
type Frame struct {
	// Local says that the entry has no number and never leaves the sensor; else it is a record.
	Local bool
	// Kind is what WriteLocal was given, 0 of a record.
	Kind byte
	// Seq is the record's number, or that of the last record before a local entry.
	Seq uint64
	// Body are the exact bytes written. They live until the function that was given the Frame returns.
	Body []byte
}

// Recent calls fn for every durable entry, records and local ones, in the order in which they were written, from at least
// back before the newest on, and returns fn's first error. What it reads is bounded by what was written in that time and one
// segment more, not by the size of the spool.
//
// Time is Config.Now's when segments were begun. It begins with the newest segment that is older than the newest of all by
// back; after a step of the clock backwards it reads more than it need. Config.Recent must be at least back, or Trim may have taken
// what should be read.
func (s *Spool) Recent(back time.Duration, fn func(Frame) error) error {
	s.mu.Lock()
	if len(s.segs) == 0 {
		s.mu.Unlock()
		return nil
	}
	first := s.segs[s.recent(back)]
	s.mu.Unlock()
	r := s.newReader(0)
	r.open(first)
	for {
		f, err := r.frame()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case f.typ == typeMark:
			continue
		}
		if err := fn(Frame{Local: f.typ == typeLocal, Kind: f.kind, Seq: f.seq, Body: f.body}); err != nil {
			return err
		}
	}
}

// recent is the index of the segment with which Recent begins. A segment whose header is damaged has no age: it is neither
// taken for the newest nor for an old one. The caller holds mu; there is a segment.
func (s *Spool) recent(back time.Duration) int {
	newest := len(s.segs) - 1
	for newest > 0 && !s.segs[newest].whole {
		newest--
	}
	for i := newest; i > 0; i-- {
		if s.segs[i].whole && s.segs[i].created <= s.segs[newest].created-back.Microseconds() {
			return i
		}
	}
	return 0
}

// Head is a place on the chain: the number of an entry and its hash.
type Head struct {
	Epoch, Seq uint64 // Seq is 0 before the first entry; Hash is Genesis then
	Hash       [sha256.Size]byte
}

// Head returns the last number given and its hash, durable or not: what the next entry will have as Prev, as long as nobody
// else writes.
func (s *Spool) Head() Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Head{s.epoch, s.head.seq, s.head.hash}
}
