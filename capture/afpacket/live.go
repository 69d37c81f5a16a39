//go:build linux && cgo

package afpacket

import (
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"calltrail/capture"
)

// pollWait is how long Next waits before it says ErrIdle.
const pollWait = 50 * time.Millisecond

const (
	// inTransit is the longest that a packet is on its way from its time stamp into a ring: in a CPU's backlog, or waiting
	// for its soft interrupt.
	inTransit = 10 * time.Millisecond
	// unclear is how long the kernel's count of a ring may differ from what was read while nothing comes, at the most: a
	// block that is not full is handed over after BlockTimeout, which is a second at most, and some more. After that the
	// count is taken for wrong: it may be by a packet stamped just before the capture began, and counted just after.
	unclear = 3 * time.Second
)

// live is one worker's part of a tap. It reads its sockets one after the other, each to its end.
type live struct {
	tap *tap

	// Of the goroutine that calls Next:
	walk     walker
	current  *socket   // whose ring walk reads; nil while there is none
	starting bool      // packets from before current.begin may come
	read     uint64    // packets read of those that current counted
	before   uint64    // what read was at the wait before
	progress time.Time // when it was last seen to have grown
	until    time.Time // up to when all packets were handed out
	position uint64
	poll     [1]unix.PollFd

	mu      sync.Mutex // guards what follows
	sockets []*socket  // not closed yet, oldest first
	counts  capture.LiveStats
}

// add hands over a socket, to be read after those before it.
func (l *live) add(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sockets = append(l.sockets, s)
}

// hasRoom says whether all sockets but one were read to their ends.
func (l *live) hasRoom() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sockets) < 2
}

// Next fills p with the next packet. It allocates nothing. Data lies in the ring and is valid until the next call.
func (l *live) Next(p *capture.Packet) error {
	for {
		if l.current == nil || !l.walk.packet(p) {
			if err := l.wait(p); err != nil {
				return err
			}
			continue
		}
		if l.starting {
			if p.Time <= l.current.begin && p.Time >= l.current.opened {
				continue
			}
			l.starting = false
		}
		l.read++
		l.position++
		p.Position, p.Tap, p.Link = l.position, 0, l.current.link
		return nil
	}
}

// wait returns nil when there may be a packet, and capture.ErrIdle or io.EOF otherwise.
func (l *live) wait(p *capture.Packet) error {
	now := time.Now()
	if l.current == nil {
		return l.adopt(p, now)
	}
	retired := l.current.retired.Load() // before the count: none is added after it
	emptied := l.emptied(now)
	if emptied {
		l.until = now
	}
	if retired != nil {
		if waited := now.Sub(*retired); waited > unclear || emptied && waited > inTransit {
			l.leave()
			return nil
		}
	}
	l.await()
	if l.walk.ready() {
		return nil
	}
	return l.idle(p)
}

// emptied says whether all packets were read that the kernel put into the ring until now. They are not seen at once: the
// kernel keeps a block that is not full until its time-out, and somewhat longer when the machine is busy. It counts them at
// once.
func (l *live) emptied(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.collect(l.current)
	l.counts.Drops += l.walk.unreadable
	l.read += l.walk.unreadable
	l.walk.unreadable = 0
	switch {
	case l.read != l.before:
		l.before, l.progress = l.read, now
	case now.Sub(l.progress) > unclear:
		l.read = l.current.taken
	}
	return l.read == l.current.taken
}

// await sleeps until the kernel has a block to hand over, or pollWait is over.
func (l *live) await() {
	for range 2 {
		l.poll[0] = unix.PollFd{Fd: int32(l.current.fd), Events: unix.POLLIN} //nolint:gosec // a descriptor
		n, err := unix.Poll(l.poll[:], int(pollWait/time.Millisecond))
		if n <= 0 || err != nil || l.walk.ready() {
			return
		}
		l.current.clearError() // the interface went down; once more, now that poll waits again
	}
	time.Sleep(pollWait) // an error that stays
}

// adopt begins to read the next socket, or waits a while for one.
func (l *live) adopt(p *capture.Packet, now time.Time) error {
	l.mu.Lock()
	if len(l.sockets) > 0 {
		s := l.sockets[0]
		l.current, l.starting = s, true
		l.read, l.before, l.progress = 0, 0, now
		l.walk = walker{ring: s.ring, size: blockSize, snap: l.tap.cfg.SnapLength, ethernet: s.link == capture.LinkEthernet}
	}
	l.mu.Unlock()
	if l.current != nil {
		return nil
	}
	if l.tap.ended.Load() {
		return io.EOF
	}
	l.until = now
	time.Sleep(pollWait)
	return l.idle(p)
}

// idle says up to which time everything was handed out: not beyond the begin of a socket that waits its turn.
func (l *live) idle(p *capture.Packet) error {
	until := l.until.Add(-inTransit).UnixNano()
	l.mu.Lock()
	for _, s := range l.sockets {
		if s != l.current {
			until = min(until, s.begin)
		}
	}
	l.mu.Unlock()
	*p = capture.Packet{Time: until}
	return capture.ErrIdle
}

// leave closes the current socket. Its last counts are kept.
func (l *live) leave() {
	s := l.current
	if s == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.collect(s)
	l.counts.Drops += l.walk.unreadable
	s.close()
	l.walk, l.current = walker{}, nil
	l.sockets = l.sockets[1:]
}

// breach is a promise that is broken on purpose. Nothing in the program sets it: tests link one with
// -X calltrail/capture/afpacket.breach=… and hold it to the same checks, which must see that.
var breach string

// silentDrops is the breach that says nothing of what the ring had no room for.
const silentDrops = "silent-drops"

func (l *live) collect(s *socket) {
	packets, drops, freezes := s.tally()
	s.taken += packets - drops
	l.counts.Packets += packets
	if breach != silentDrops {
		l.counts.Drops += drops
	}
	l.counts.Freezes += freezes
}

// LiveStats returns the counts since Open.
func (l *live) LiveStats() capture.LiveStats {
	l.mu.Lock()
	for _, s := range l.sockets {
		l.collect(s)
	}
	stats := l.counts
	l.mu.Unlock()

	t := l.tap
	t.mu.Lock()
	defer t.mu.Unlock()
	stats.Reopened, stats.Down, stats.Up = t.outage.ended, t.outage.duration(time.Now()), t.outage.since.IsZero() && !t.ended.Load()
	return stats
}

// Close gives back sockets and rings, and what is still in them. It belongs to the goroutine that calls Next, which must
// not be called after it.
func (l *live) Close() error {
	l.leave()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sockets {
		l.collect(s)
		s.close()
	}
	l.sockets = nil
	return nil
}
