package spool

import (
	"context"
	"crypto/sha256"
	"time"
)

// Append numbers the bodies first, first+1 … last, and returns when all are durable. Callers share fsyncs: what comes while
// one runs goes into the next. The bodies are copied.
//
// One rule for every error of Append, Write and WriteLocal: what has been numbered stays queued until it is durable, and
// is tried again by itself. So with first not 0 do not append again, but wait with WaitDurable or Sync; with first 0 nothing
// was taken and the same call may be made again. ErrFull is wrapped when the disk has no room.
func (s *Spool) Append(bodies ...[]byte) (first, last uint64, err error) {
	first, last, ticket, err := s.enqueue(typeRecord, 0, bodies)
	if err != nil || ticket == 0 {
		return 0, 0, err
	}
	return first, last, s.await(context.Background(), func() bool { return s.stable >= ticket })
}

// Write numbers a body and returns at once; it is durable when WaitDurable says so, at the latest Window later unless the
// disk fails. It blocks only while the queue is full, and fails when it is full because the disk fails.
func (s *Spool) Write(body []byte) (seq uint64, err error) {
	_, seq, _, err = s.enqueue(typeRecord, 0, [][]byte{body})
	if err == nil {
		s.within(s.cfg.Window)
	}
	return seq, err
}

// within has what is queued committed after the window at the latest.
func (s *Spool) within(window time.Duration) {
	if s.cfg.breach == slowWindow {
		window *= 3
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arm(window)
}

// WriteLocal queues an entry without a number, which never leaves the sensor: state to begin again with after a
// crash. It keeps its place among the records. Kind is the caller's; Locals gives both back. Durable as with Write.
func (s *Spool) WriteLocal(kind byte, body []byte) error {
	_, _, _, err := s.enqueue(typeLocal, kind, [][]byte{body})
	if err == nil {
		s.within(s.cfg.Window)
	}
	return err
}

// AppendLocal is WriteLocal that returns when the entry is durable.
func (s *Spool) AppendLocal(kind byte, body []byte) error {
	_, _, ticket, err := s.enqueue(typeLocal, kind, [][]byte{body})
	if err != nil {
		return err
	}
	return s.await(context.Background(), func() bool { return s.stable >= ticket })
}

// WaitDurable returns nil when everything up to and with seq is durable, or the error of the attempt to make it so: it
// stays queued then, and the call may be repeated.
func (s *Spool) WaitDurable(ctx context.Context, seq uint64) error {
	s.mu.Lock()
	head := s.head.seq
	s.mu.Unlock()
	if seq > head {
		return s.errorf("wait: number %d was not given yet, the last is %d", seq, head)
	}
	return s.await(ctx, func() bool { return s.durable.seq >= seq })
}

// Sync is WaitDurable for everything queued so far, local entries included.
func (s *Spool) Sync(ctx context.Context) error {
	s.mu.Lock()
	ticket := s.given
	s.mu.Unlock()
	return s.await(ctx, func() bool { return s.stable >= ticket })
}

// enqueue encodes the bodies as frames of one type and puts them into the queue, all or none. The ticket is what stable
// must reach for them to be durable.
func (s *Spool) enqueue(typ, kind byte, bodies [][]byte) (first, last, ticket uint64, err error) {
	size := 0
	leaves := make([][sha256.Size]byte, len(bodies))
	for i, b := range bodies {
		if len(b) > MaxBody {
			return 0, 0, 0, s.errorf("%w: %d octets, limit %d", ErrTooLarge, len(b), MaxBody)
		}
		size += frameSize(len(b))
		leaves[i] = sha256.Sum256(b)
	}
	if len(bodies) == 0 {
		return 0, 0, 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room(size); err != nil {
		return 0, 0, 0, err
	}
	first = s.head.seq + 1
	for i, b := range bodies {
		f := frame{typ: typ, kind: kind, epoch: s.epoch, seq: s.head.seq, prev: s.head.hash, leaf: leaves[i], body: b}
		if typ == typeRecord {
			f.seq++
		}
		f.hash = f.link()
		if typ == typeRecord {
			s.head = point{f.seq, f.hash}
		}
		s.queue = appendFrame(s.queue, &f)
	}
	s.queued += size
	s.given += uint64(len(bodies))
	return first, s.head.seq, s.given, nil
}

// room waits until the queue takes size octets more. It does not wait for a disk that fails: the caller must know. The
// caller holds mu, which is released while waiting.
func (s *Spool) room(size int) error {
	for {
		switch {
		case s.closed:
			return s.errorf("%w", ErrClosed)
		case s.queued == 0 || s.queued+size <= s.cfg.QueueBytes:
			return nil
		case s.failure != nil:
			return s.errorf("%d octets wait for the disk, no more are taken: %w", s.queued, s.failure)
		}
		moved := s.moved
		s.mu.Unlock()
		s.poke()
		<-moved
		s.mu.Lock()
	}
}

// await returns nil as soon as done, called with mu held, is true; or the error of the first attempt that began after the
// call and ended without it.
func (s *Spool) await(ctx context.Context, done func() bool) error {
	s.mu.Lock()
	attempt := s.started + 1
	for {
		moved, failure := s.moved, s.failure
		switch {
		case done(), s.cfg.breach == acknowledge:
			s.mu.Unlock()
			return nil
		case s.finished >= attempt && failure != nil:
			s.mu.Unlock()
			return failure
		case s.closed && s.ended():
			s.mu.Unlock()
			return s.errorf("%w", ErrClosed)
		}
		begun := s.started >= attempt
		s.mu.Unlock()
		if !begun {
			s.poke()
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.mu.Lock()
	}
}

// ended tells whether the committer has made its last attempt.
func (s *Spool) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}
