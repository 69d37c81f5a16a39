package spool

import (
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"
)

// Spool is an open spool. All methods may be called by several goroutines.
type Spool struct {
	cfg   Config
	lock  io.Closer
	epoch uint64

	kick chan struct{} // asks the committer for an attempt; capacity 1
	quit chan struct{} // closed by Close
	done chan struct{} // closed when the committer has ended
	w    writer        // the committer's own

	mu       sync.Mutex
	segs     []segment     // oldest first, without gaps in their order
	queue    []byte        // frames that the committer has not taken yet
	queued   int           // octets numbered and not durable, the committer's included
	head     point         // the last number given
	durable  point         // the last number that is safe
	given    uint64        // frames queued since Open
	stable   uint64        // of these, how many are safe
	started  uint64        // commit attempts begun
	finished uint64        // and ended
	failure  error         // of the last attempt
	armed    bool          // a timer will kick
	moved    chan struct{} // closed and replaced whenever one of the above has changed
	closed   bool
	oldest   uint64 // numbers below were trimmed away
	counts   struct{ commits, failures uint64 }

	ackMu sync.Mutex // held while the cursor is written; taken before mu
	acked uint64     // guarded by mu

	trimMu sync.Mutex // one Trim at a time; taken before mu

	gapMu sync.Mutex // held while bytes go to quarantine; never together with mu
	gaps  []Gap
}

// Stats is the state of a spool at one moment.
type Stats struct {
	// Epoch of the chain.
	Epoch uint64
	// Last is the highest durable number, 0 when there is none, and Head is its hash (Genesis at 0).
	Last uint64
	Head [sha256.Size]byte
	// Acked is the highest acknowledged number.
	Acked uint64
	// Depth counts the durable records that are not acknowledged; DepthBytes is about how much disk they take.
	Depth      uint64
	DepthBytes int64
	// Oldest is when the segment with the oldest record that is not acknowledged was begun, by Config.Now; zero when all are
	// acknowledged, or the segment's header is damaged.
	Oldest time.Time
	// Queued is the memory, in octets, of what is numbered and not durable yet; at QueueLimit writers wait.
	Queued, QueueLimit int
	// Segments and Bytes are what the spool has on disk, quarantine/ not counted.
	Segments int
	Bytes    int64
	// Gaps counts the damages found, as Gaps lists them.
	Gaps int
	// Commits and Failures count attempts to make the queue durable since Open, good and bad.
	Commits, Failures uint64
	// Failure is the error of the last attempt, nil when it succeeded.
	Failure error
}

// Stats returns the current state. It reads no file.
func (s *Spool) Stats() Stats {
	s.gapMu.Lock()
	gaps := len(s.gaps)
	s.gapMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Epoch: s.epoch, Last: s.durable.seq, Head: s.durable.hash, Acked: s.acked, Depth: s.durable.seq - s.acked,
		Queued: s.queued, QueueLimit: s.cfg.QueueBytes, Segments: len(s.segs), Gaps: gaps,
		Commits: s.counts.commits, Failures: s.counts.failures, Failure: s.failure,
	}
	for i := range s.segs {
		st.Bytes += s.segs[i].end
		waits := s.unacked(i)
		if st.DepthBytes == 0 && waits > 0 && s.segs[i].whole {
			st.Oldest = time.UnixMicro(s.segs[i].created)
		}
		st.DepthBytes += waits
	}
	return st
}

// unacked estimates the octets of segment i that hold unacknowledged records, as if its records were equally long.
// The caller holds mu.
func (s *Spool) unacked(i int) int64 {
	first, behind := s.segs[i].first, s.durable.seq+1
	if i+1 < len(s.segs) {
		behind = s.segs[i+1].first
	}
	if behind <= first || behind <= s.acked+1 {
		return 0
	}
	left := behind - max(first, s.acked+1)
	return int64(float64(s.segs[i].end-headerSize) * float64(left) / float64(behind-first))
}

// Sensor returns the name of the chain's owner.
func (s *Spool) Sensor() string { return s.cfg.Sensor }

// Epoch returns the epoch of the chain, microseconds since 1970-01-01T00:00:00Z.
func (s *Spool) Epoch() uint64 { return s.epoch }

// Acked returns the highest acknowledged number.
func (s *Spool) Acked() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acked
}

// Close makes what is queued durable, ends the committer and gives the directory free. When the disk refuses, the error
// says how many octets are lost with the process. Waiting calls return ErrClosed. A second Close does nothing.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		<-s.done
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.quit)
	<-s.done
	err := s.w.close()
	s.mu.Lock()
	if s.queued > 0 {
		err = s.errorf("close: %d octets of records could not be made durable: %w", s.queued, s.failure)
	}
	s.broadcast()
	s.mu.Unlock()
	if e := s.lock.Close(); err == nil && e != nil {
		err = s.errorf("unlock: %w", e)
	}
	return err
}

// broadcast wakes everyone who waits. The caller holds mu.
func (s *Spool) broadcast() {
	close(s.moved)
	s.moved = make(chan struct{})
}

func (s *Spool) path(name string) string { return filepath.Join(s.cfg.Dir, name) }

func (s *Spool) errorf(format string, args ...any) error {
	return fmt.Errorf("spool %s: "+format, append([]any{s.cfg.Dir}, args...)...)
}

// arm has the committer called after d. The caller holds mu.
func (s *Spool) arm(d time.Duration) {
	if !s.armed {
		s.armed = true
		time.AfterFunc(d, s.poke)
	}
}

// poke asks for an attempt now.
func (s *Spool) poke() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
