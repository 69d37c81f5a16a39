package reassembly

import "slices"

const (
	// maxBehind is how far behind its stream a segment may be to be one that came again, maxLeap how far in front. What is
	// farther away is another connection on the same ports, of which the SYN was not seen.
	maxBehind = 1 << 20
	maxLeap   = 1 << 26
	// A stream on a port of signalling is taken for something else when no message has begun in it by then: within the
	// longest message when it was picked up in the middle, much earlier when it was seen from its first octet on (there may
	// be a line of the PROXY protocol before SIP).
	astrayInside = 1 << 16
	astrayAtOnce = 4096
)

// mode is what a stream carries.
type mode uint8

const (
	undecided mode = iota
	plain          // SIP
	web            // the handshake of a WebSocket
	socket         // WebSocket
)

// half is one direction of a connection.
type half struct {
	known  bool   // next is
	inside bool   // picked up in the middle
	synced bool   // buf begins where a message, or a frame, has to
	gap    bool   // octets before what comes next were never seen
	cutOff bool   // the octets that skip counts are the payload of a frame that is too long
	done   bool   // FIN
	server bool   // of a WebSocket: it began with the response
	fin    bool   // finAt is the sequence number of its FIN
	mode   mode   // of what it carries
	next   uint32 // sequence number of the next octet in order
	acked  uint32 // what the receiver had; what is behind next means nothing
	finAt  uint32
	// buf holds the octets in front of next that make no whole message yet; at is the time of the last of their packets.
	buf    []byte
	at     int64
	frame  framing
	skip   uint64 // octets of the stream to be passed over next
	astray int    // octets without a message in them since the stream began
	differ span
	pieces []piece // behind a gap
	held   int     // octets in their buffers
	since  int64   // packet time at which acked, or finAt, went past next
	due    int     // place in waits + 1; 0 for none
	ws     *webSocket
}

// follow takes in a segment of a connection that is followed, or shall be.
func (s *Streams) follow(f *Flow, g *segment, at int64, port bool) Verdict {
	key, dir := canonical(f)
	i, ok := s.find(&key)
	if !ok {
		// The filter may have been wrong, and nothing begins with a reset.
		if !port && !pickUp(g.payload) || g.flags&rst != 0 {
			return NotFollowed
		}
		i = s.insert(&key, port)
	}
	s.touch(i)
	c := &s.conns[i]
	c.made = 0
	s.flate.left = maxInflated
	if c.refused {
		if (g.flags&syn == 0 || !port) && !pickUp(g.payload) {
			return NotFollowed
		}
		s.renew(c)
	}
	if g.flags&syn != 0 {
		s.open(c, dir, g)
	}
	if g.flags&(ackFlag|rst) == ackFlag {
		s.acknowledge(c, 1-dir, g.ack, g.flags&syn == 0)
	}
	seq := g.seq
	if g.flags&syn != 0 {
		seq++
	}
	if g.length > 0 && g.flags&rst == 0 {
		s.data(c, dir, seq, g.payload, g.length, at)
	}
	switch {
	case g.flags&rst != 0:
		s.reset(c, dir, g)
	case g.flags&fin != 0:
		s.finish(c, dir, seq+uint32(g.length)) //nolint:gosec // at most 65,536
	}
	switch {
	case c.made > 0:
		return Completed
	case c.decided && !c.refused, c.octets > 0:
		return Held
	}
	return NotFollowed
}

// renew begins the connection anew.
func (s *Streams) renew(c *connection) {
	s.drop(c)
	c.halves = [2]half{}
	c.offer, c.agreed = handshake{}, handshake{}
	s.become(c, false, false, false)
}

// open takes in a SYN: numbering begins. One that came again, or late, changes nothing.
func (s *Streams) open(c *connection, dir int, g *segment) {
	h := &c.halves[dir]
	first := g.seq + 1
	if d := ahead(h.next, first); h.known && !c.ended && d >= 0 && d < maxBehind {
		return
	}
	if c.ended || g.flags&ackFlag == 0 && (h.known || c.halves[1-dir].known) {
		s.renew(c) // the ports are used again
	}
	s.dropHalf(c, dir)
	c.halves[dir] = half{known: true, next: first, acked: first}
}

// data takes in n octets from seq on, of which those in p were captured.
func (s *Streams) data(c *connection, dir int, seq uint32, p []byte, n int, at int64) {
	h := &c.halves[dir]
	if !h.known {
		h.known, h.inside, h.next, h.acked = true, true, seq, seq
	}
	if n == 1 && ahead(seq, h.next) == -1 {
		return // a keep-alive of TCP (RFC 9293 section 3.8.4): the octet may be any
	}
	if d := ahead(seq, h.next); d < -maxBehind || d > maxLeap {
		s.Stats.Renumbered++
		s.dropHalf(c, dir)
		*h = half{known: true, inside: true, gap: true, next: seq, acked: seq}
	}
	for ahead(seq, h.next) > 0 && len(h.pieces) > 0 && (h.held+len(p) > maxHeld || len(h.pieces) >= maxPieces) {
		s.Stats.Forced++
		s.giveUp(c, dir)
		if c.refused {
			return
		}
	}
	if d := ahead(h.next, seq); d > 0 {
		again := min(d, n)
		s.Stats.Retransmitted += uint64(again) //nolint:gosec // above 0
		s.compareKept(h, seq, p[:min(again, len(p))])
		seq, n, p = seq+uint32(again), n-again, p[min(again, len(p)):] //nolint:gosec // at most n
		if n == 0 {
			return
		}
	}
	if c.ended { // by a reset that was not one for the receiver, or with a FIN that was not the last
		s.become(c, c.decided, c.refused, false)
		h.done = false
	}
	s.compareHeld(h, seq, p)
	if seq == h.next {
		s.inOrder(c, dir, seq, p, n, at)
	} else {
		s.hold(c, dir, seq, p, n-len(p), at)
	}
	s.settle(c, dir)
}

// inOrder takes in n octets from next on; what pieces have of them already is theirs.
func (s *Streams) inOrder(c *connection, dir int, seq uint32, p []byte, n int, at int64) {
	h := &c.halves[dir]
	for n > 0 && !c.refused {
		if d := ahead(h.next, seq); d > 0 {
			d = min(d, n)
			seq, n, p = seq+uint32(d), n-d, p[min(d, len(p)):] //nolint:gosec // at most n
			continue
		}
		k := n
		if len(h.pieces) > 0 {
			k = min(k, ahead(h.pieces[0].seq, seq))
		}
		seen := p[:min(k, len(p))]
		s.feed(c, dir, seen, at, true)
		if lost := k - len(seen); lost > 0 && !c.refused { // the snap length took them
			s.gap(c, dir, uint32(lost)) //nolint:gosec // at most n
		}
		s.pull(c, dir)
	}
}

// hold keeps octets that have a gap before them. lost is how many octets behind them the snap length took.
func (s *Streams) hold(c *connection, dir int, seq uint32, p []byte, lost int, at int64) {
	h := &c.halves[dir]
	i := 0
	for len(p) > 0 {
		for i < len(h.pieces) && ahead(h.pieces[i].end(), seq) <= 0 {
			i++
		}
		k, after := len(p), 0 // octets up to the next piece, octets that are in it
		if i < len(h.pieces) {
			q := &h.pieces[i]
			k = min(k, max(0, ahead(q.seq, seq)))
			after = min(len(p)-k, max(0, ahead(q.end(), seq)-k))
		}
		if k > 0 {
			b := append(s.reserve(c, nil, k), p[:k]...)
			h.held += cap(b)
			q := piece{seq: seq, data: b, at: at, since: s.now}
			if k == len(p) {
				q.lost = lost
			}
			h.pieces = slices.Insert(h.pieces, i, q)
			i++
		}
		seq, p = seq+uint32(k+after), p[k+after:] //nolint:gosec // at most len(p)
	}
}

// compareKept compares octets that came again with what of them still waits for the rest of its message.
func (s *Streams) compareKept(h *half, seq uint32, p []byte) {
	first := h.next - size(h.buf)
	if d := ahead(seq, first); d >= 0 {
		s.differs(h, seq, h.buf[min(d, len(h.buf)):], p)
	} else if -d < len(p) {
		s.differs(h, first, h.buf, p[-d:])
	}
}

// compareHeld compares octets with what of them waits behind a gap.
func (s *Streams) compareHeld(h *half, seq uint32, p []byte) {
	for i := range h.pieces {
		q := &h.pieces[i]
		d := ahead(q.seq, seq)
		if d >= len(p) || ahead(q.end(), seq) <= 0 {
			continue
		}
		n := min(len(p), d+len(q.data)) - max(d, 0)
		s.Stats.Retransmitted += uint64(n) //nolint:gosec // they overlap: above 0
		if d >= 0 {
			s.differs(h, q.seq, q.data, p[d:])
		} else {
			s.differs(h, seq, q.data[-d:], p)
		}
	}
}

func (s *Streams) differs(h *half, seq uint32, first, again []byte) {
	if h.differ.compare(seq, first, again) {
		s.Stats.Overlaps++
	}
}

// finish takes in a FIN behind the octet before end.
func (s *Streams) finish(c *connection, dir int, end uint32) {
	h := &c.halves[dir]
	if !h.known {
		h.known, h.inside, h.next, h.acked = true, true, end, end
	}
	if d := ahead(end, h.next); d < 0 || d > maxLeap || h.done || c.refused {
		return
	}
	if ahead(h.last(), h.next) <= 0 {
		h.since = s.now
	}
	h.fin, h.finAt = true, end
	s.settle(c, dir)
}

// reset takes in an RST, if it can be one of this connection.
func (s *Streams) reset(c *connection, dir int, g *segment) {
	h := &c.halves[dir]
	if d := ahead(g.seq, h.next); h.known && g.seq != 0 && (d < -maxBehind || d > maxBehind) {
		return
	}
	for dir := range c.halves {
		s.skipHeld(c, dir)
	}
	s.become(c, c.decided, c.refused, true)
}
