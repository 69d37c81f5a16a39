package collector

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"calltrail/store/postgres/subscriber"
)

const (
	// socketOctets is how much the kernel is asked to keep of what has not been read; it gives no more than net.core.rmem_max.
	socketOctets = 8 << 20
	// readPatience is how long a listener waits for a datagram before it makes another round: idle is not stalled.
	readPatience = time.Second
	// afterError is how long a socket that fails is left alone, so that an error that stays does not cost a processor.
	afterError = 10 * time.Millisecond
	// maxDatagram is the most that UDP carries.
	maxDatagram = 1 << 16
)

// datagram is one that came from an allowed sender. Its octets are the listener's, and valid until read returns.
type datagram struct {
	octets   []byte
	from     netip.AddrPort
	received time.Time
}

// heard is what a reader made of a datagram.
type heard struct {
	events []subscriber.Event
	// reply is sent when the events are kept, at once when there are none; nil: nothing is.
	reply []byte
	// ignored are records or lines that tell of no address, malformed those that could not be understood.
	ignored, malformed int
}

// reader takes datagrams of one protocol apart. One goroutine uses it.
type reader interface {
	read(d datagram) heard
}

// listener is one socket with its reader.
type listener struct {
	via     subscriber.Via
	address string
	allow   []netip.Prefix
	reader  reader
	writer  *writer
	conn    *net.UDPConn
	ending  atomic.Bool
	turns   atomic.Uint64
	counts  listenerCounts
}

// listenerCounts are the counters behind Counts.
type listenerCounts struct {
	received, refused, ignored, malformed, dropped, overflown, events, answered, unsent atomic.Uint64
}

func (l *listener) open() error {
	address, err := net.ResolveUDPAddr("udp", l.address)
	if err != nil {
		return err
	}
	if l.conn, err = net.ListenUDP("udp", address); err != nil {
		return err
	}
	_ = l.conn.SetReadBuffer(socketOctets) // a wish: what does not fit is counted
	return countOverflow(l.conn)
}

// run takes datagrams until the Collector stops it.
func (l *listener) run() error {
	buf := make([]byte, maxDatagram)
	oob := make([]byte, overflowSpace)
	var overflow uint32
	for !l.ending.Load() {
		l.turns.Add(1)
		if err := l.conn.SetReadDeadline(time.Now().Add(readPatience)); err != nil {
			return err
		}
		if l.ending.Load() {
			return nil // stop has set its own deadline before this one
		}
		n, oobn, _, from, err := l.conn.ReadMsgUDPAddrPort(buf, oob)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			time.Sleep(afterError)
			continue
		}
		if now, ok := overflowOf(oob[:oobn]); ok {
			l.counts.overflown.Add(uint64(now - overflow)) // the kernel counts in 32 bits
			overflow = now
		}
		l.take(datagram{buf[:n], netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port()), time.Now()}, from)
	}
	return nil
}

// take reads one datagram, and queues what it says.
func (l *listener) take(d datagram, from netip.AddrPort) {
	l.counts.received.Add(1)
	if !slices.ContainsFunc(l.allow, func(p netip.Prefix) bool { return p.Contains(d.from.Addr()) }) {
		l.counts.refused.Add(1)
		return
	}
	h := l.reader.read(d)
	l.counts.ignored.Add(uint64(h.ignored))     //nolint:gosec // a count
	l.counts.malformed.Add(uint64(h.malformed)) //nolint:gosec // a count
	good := h.events[:0]
	for i := range h.events {
		e := &h.events[i]
		e.Via, e.Sender, e.Received = l.via, d.from.Addr(), d.received
		if e.Check() != nil {
			l.counts.malformed.Add(1)
			h.reply = nil // what cannot be kept is not acknowledged
			continue
		}
		good = append(good, *e)
	}
	if len(good) == 0 {
		l.answer(h.reply, from)
		return
	}
	l.counts.events.Add(uint64(len(good)))
	if !l.writer.put(item{good, func() { l.answer(h.reply, from) }}) {
		l.counts.dropped.Add(uint64(len(good)))
	}
}

// answer sends a reply, from any goroutine.
func (l *listener) answer(reply []byte, to netip.AddrPort) {
	if reply == nil {
		return
	}
	if _, err := l.conn.WriteToUDPAddrPort(reply, to); err != nil {
		l.counts.unsent.Add(1) // the sender asks again
		return
	}
	l.counts.answered.Add(1)
}
