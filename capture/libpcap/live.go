//go:build libpcap && cgo

package libpcap

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/google/gopacket/pcap"

	"calltrail/capture"
)

const (
	// maxWait is the longest that Next waits inside of libpcap.
	maxWait = 50 * time.Millisecond
	// watchEvery is how often the interface is looked at, retryEvery how often an attempt is made to open it again.
	watchEvery = 100 * time.Millisecond
	retryEvery = 200 * time.Millisecond
	// afterError is how long Next waits after an error of libpcap, so that one that stays does not cost a processor.
	afterError = 10 * time.Millisecond
)

// state is what the reading goroutine knows of the interface.
type state struct {
	handle  *pcap.Handle // nil while there is none
	index   int
	link    capture.LinkType
	dropped uint32 // what libpcap said before
	// next is the handle with the filter set last, nil when that is handle. What has a time up to takeOver, in ns of the
	// wall clock, comes from handle, the rest from next.
	next     *pcap.Handle
	takeOver int64
	// skip: what has a time up to takeOver came from the handle before this one.
	skip bool

	position uint64
	counts   capture.LiveStats
	since    time.Time // when the present outage began; zero while there is none
	looked   time.Time // when the interface was looked at
	tried    time.Time // when it was tried to be opened
	gone     time.Time // when it was seen to be another or none: the handle is read to its end. Zero while it is there
}

// use begins to read a handle.
func (s *state) use(handle *pcap.Handle, index int) {
	s.handle, s.index, s.link, s.dropped, s.skip = handle, index, linkOf(handle), 0, false
}

// note says whether packets can come now.
func (s *state) note(up bool, now time.Time) {
	switch {
	case !up && s.since.IsZero():
		s.since = now
	case up && !s.since.IsZero():
		s.counts.Down += now.Sub(s.since)
		s.counts.Reopened++
		s.since = time.Time{}
	}
}

// ending is when the tap was closed, in ns of the wall clock; 0 while it is open.
type ending struct{ ns atomic.Int64 }

func (e *ending) now()      { e.ns.CompareAndSwap(0, time.Now().UnixNano()) }
func (e *ending) at() int64 { return e.ns.Load() }

// live is the reading side of a tap.
type live tap

// Next fills p with the next packet. Data is libpcap's and valid until the next call.
func (l *live) Next(p *capture.Packet) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Before the look at the ring: see below.
	now := time.Now()
	if now.Sub(l.state.looked) >= watchEvery {
		l.look(now)
	}
	if l.state.handle == nil {
		if l.end.at() != 0 {
			return io.EOF
		}
		l.mu.Unlock()
		time.Sleep(maxWait)
		l.mu.Lock()
		return l.idle(p, now)
	}
	for {
		data, info, err := l.state.handle.ZeroCopyReadPacketData()
		if err != nil {
			return l.nothing(p, now, err)
		}
		at := info.Timestamp.UnixNano()
		if end := l.end.at(); end != 0 && at > end {
			return io.EOF
		}
		s := &l.state
		if s.next != nil && at > s.takeOver {
			l.change()
			continue
		}
		if s.skip && at <= s.takeOver {
			continue
		}
		s.skip = false
		s.position++
		s.counts.Packets++
		*p = capture.Packet{
			Time: at, Data: data[:min(len(data), l.cfg.SnapLength)], Length: info.Length, Position: s.position, Link: s.link,
		}
		return nil
	}
}

// nothing deals with a look at the ring, begun at now, that found no packet.
func (l *live) nothing(p *capture.Packet, now time.Time, err error) error {
	s := &l.state
	if !errors.Is(err, pcap.NextErrorTimeoutExpired) {
		if s.gone.IsZero() {
			s.gone = now
		}
		time.Sleep(afterError)
	}
	idle := l.idle(p, now)
	switch end := l.end.at(); {
	case s.next != nil && p.Time > s.takeOver:
		p.Time = s.takeOver
		l.change()
	case end != 0 && p.Time > end:
		l.leave()
		return io.EOF
	case !s.gone.IsZero() && now.Sub(s.gone) > l.hold:
		l.leave()
	}
	return idle
}

// idle says up to which time everything was handed out: there was nothing in the ring after now, so that what is yet to
// come is no older than now by more than the holdback.
func (l *live) idle(p *capture.Packet, now time.Time) error {
	*p = capture.Packet{Time: now.Add(-l.hold).UnixNano()}
	return capture.ErrIdle
}

// look compares the handle with what the interface is now. A handle survives the interface going down and up again; when
// the interface is another, or none, the handle is read to its end and opened again.
func (l *live) look(now time.Time) {
	s := &l.state
	s.looked = now
	is, err := net.InterfaceByName(l.cfg.Interface)
	const running = net.FlagUp | net.FlagRunning // a pulled cable leaves FlagUp
	up := err == nil && is.Flags&running == running
	if s.handle != nil && s.gone.IsZero() && (err != nil || is.Index != s.index) {
		s.gone = now
	}
	if s.handle == nil && err == nil && l.end.at() == 0 && now.Sub(s.tried) >= retryEvery {
		s.tried = now
		// What refuses now is tried again; Up and Down tell of it.
		if handle, err := (*tap)(l).openHandle(l.filter); err == nil {
			s.use(handle, is.Index)
		}
	}
	if l.end.at() == 0 { // what is after the end is no outage
		s.note(up && s.handle != nil && s.gone.IsZero(), now)
	}
}

// change lets the next handle take over. Its counts begin with its first packet: drops of before the take-over are
// counted twice rather than not at all.
func (l *live) change() {
	s := &l.state
	l.collect()
	s.handle.Close()
	s.use(s.next, s.index)
	s.next, s.skip = nil, true
}

// leave closes the handle; its last counts are kept.
func (l *live) leave() {
	if l.state.next != nil {
		l.change()
	}
	if l.state.handle == nil {
		return
	}
	l.collect()
	l.state.handle.Close()
	l.state.handle, l.state.gone = nil, time.Time{}
	if l.end.at() == 0 {
		l.state.note(false, time.Now())
	}
}

// collect adds what was dropped since it was asked before. libpcap counts in 32 bits.
func (l *live) collect() {
	if l.state.handle == nil {
		return
	}
	stats, err := l.state.handle.Stats()
	if err != nil {
		return // of a handle whose interface is gone: the numbers of before stay
	}
	dropped := uint32(stats.PacketsDropped) //nolint:gosec // it was one
	l.state.counts.Drops += uint64(dropped - l.state.dropped)
	l.state.dropped = dropped
}

// LiveStats returns the counts since Open. Packets are those handed out and those dropped.
func (l *live) LiveStats() capture.LiveStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.collect()
	stats := l.state.counts
	stats.Packets += stats.Drops
	stats.Up = l.state.since.IsZero() && l.end.at() == 0
	if !l.state.since.IsZero() {
		stats.Down += time.Since(l.state.since)
	}
	return stats
}

// Close gives back the handle, and what is still in its ring.
func (l *live) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leave()
	return nil
}
