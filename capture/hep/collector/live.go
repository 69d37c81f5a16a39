package collector

import (
	"io"
	"time"

	"calltrail/capture"
	"calltrail/capture/hep"
)

const (
	// idleWait is how long Next waits before it says ErrIdle.
	idleWait = 50 * time.Millisecond
	// inTransit is how long a message is thought to be on its way from its agent's clock to here: quiet is said of the time
	// before it.
	inTransit = 200 * time.Millisecond
	// maxBack is how much older than what was handed out before it a message may be. The pipeline takes a second for a sign
	// that this host's clock was set back.
	maxBack = 900 * time.Millisecond
)

// live is the one source of a Collector.
type live struct {
	c        *Collector
	buf      [hep.MaxLen]byte
	position uint64
	newest   int64 // the latest time handed out, or said to be quiet
	timer    *time.Timer
}

func newLive(c *Collector) *live {
	l := &live{c: c, timer: time.NewTimer(idleWait)}
	l.timer.Stop()
	return l
}

// Next fills p with the next message. Data is valid until the next call. It allocates nothing.
func (l *live) Next(p *capture.Packet) error {
	for waited := false; ; {
		now := time.Now()
		if e, ok := l.c.queue.take(l.buf[:]); ok {
			l.position++
			*p = capture.Packet{
				Time: l.timeOf(e), Data: l.buf[:e.length], Length: e.length, Position: l.position, Link: capture.LinkHEP,
			}
			l.newest = max(l.newest, p.Time)
			return nil
		}
		switch {
		case l.c.queue.ended():
			return io.EOF
		case waited:
			*p = capture.Packet{Time: now.Add(-inTransit).UnixNano()}
			l.newest = max(l.newest, p.Time)
			return capture.ErrIdle
		}
		waited = l.wait()
	}
}

// wait returns when there may be a message, and true when there was none for idleWait.
func (l *live) wait() bool {
	l.timer.Reset(idleWait)
	defer l.timer.Stop()
	select {
	case <-l.c.queue.ready:
		return false
	case <-l.timer.C:
		return true
	}
}

// timeOf is the time of a message: its agent's, and never after its arrival. When that is so far back that the worker would take
// this host's clock for set back, it is the arrival's.
func (l *live) timeOf(e entry) int64 {
	if e.said == noTime {
		return e.arrival
	}
	if e.said < l.newest-int64(maxBack) {
		l.c.retimed.Add(1)
		return e.arrival
	}
	return min(e.said, e.arrival)
}

// LiveStats counts messages. Drops are those that found no room: in the queue, or before it in the UDP socket.
func (l *live) LiveStats() capture.LiveStats {
	c := l.c
	overflown := c.overflown.Load()
	// Drops are read first: a message is counted before it is dropped, so that they are never more than all.
	drops := c.drops.Load() + overflown
	return capture.LiveStats{Packets: c.packets.Load() + overflown, Drops: drops, Up: !c.isClosed()}
}

// Close gives nothing back that the garbage collector would not.
func (l *live) Close() error { return nil }
