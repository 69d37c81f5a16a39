package reassembly

// reserve returns b with room for n octets in all. A buffer that was too small is cleared and given back.
func (s *Streams) reserve(c *connection, b []byte, n int) []byte {
	if n <= cap(b) {
		return b
	}
	room := true
	for room && s.octets+minBuffer<<class(n) > s.cfg.Octets {
		room = s.pushOut(c)
	}
	larger := s.pool.get(n)
	s.account(c, cap(larger))
	larger = append(larger, b...)
	s.release(c, b)
	return larger
}

// release gives a buffer of a connection back; nil is none.
func (s *Streams) release(c *connection, b []byte) {
	if cap(b) > 0 {
		s.account(c, -cap(b))
		s.pool.put(b)
	}
}

// account adds to what a connection holds, and keeps the ring of those that do in the order in which they took it.
func (s *Streams) account(c *connection, n int) {
	if c.octets > 0 && (n > 0 || c.octets+n == 0) {
		s.take(holders, c.self)
	}
	c.octets += n
	s.octets += n
	if n > 0 {
		s.push(holders, c.self)
	}
}

// pushOut drops the octets of the connection that took none for longest, but not of except. It is false when there is
// none: cfg.Octets is always enough for one.
func (s *Streams) pushOut(except *connection) bool {
	i := s.lists[holders].oldest
	if i != 0 && i-1 == except.self {
		i = s.conns[i-1].links[linkOf(holders)].newer
	}
	if i == 0 {
		return false
	}
	s.Stats.PushedOut++
	c := &s.conns[i-1]
	for dir := range c.halves {
		s.skipHeld(c, dir)
	}
	return true
}

// skipHeld drops what a direction holds and goes on behind it.
func (s *Streams) skipHeld(c *connection, dir int) {
	h := &c.halves[dir]
	if len(h.buf) == 0 && len(h.pieces) == 0 && h.ws == nil {
		return
	}
	if n := len(h.pieces); n > 0 {
		q := &h.pieces[n-1]
		h.next = q.end() + uint32(q.lost) //nolint:gosec // at most a segment
	}
	s.dropHalf(c, dir)
	h.gap, h.synced, h.cutOff, h.skip = true, false, false, 0
	if h.mode == web {
		h.mode = undecided
	}
	s.settle(c, dir) // what the receiver had, or a FIN, may lie behind it still
}

// dropPartial drops the octets of a message that is not whole.
func (s *Streams) dropPartial(c *connection, dir int) {
	h := &c.halves[dir]
	if len(h.buf) > 0 && h.synced {
		s.Stats.Partial++
	}
	s.release(c, h.buf)
	h.buf, h.frame = nil, framing{}
}

// dropHalf gives back all buffers of a direction.
func (s *Streams) dropHalf(c *connection, dir int) {
	h := &c.halves[dir]
	s.dropPartial(c, dir)
	for i := range h.pieces {
		s.release(c, h.pieces[i].data)
		h.pieces[i] = piece{}
	}
	h.pieces, h.held = nil, 0
	s.loseMessage(c, h, true)
	s.unwait(h)
}

// drop gives back all buffers of a connection.
func (s *Streams) drop(c *connection) {
	s.dropHalf(c, 0)
	s.dropHalf(c, 1)
}

// refuse notes that a connection carries no SIP, and forgets what it carried.
func (s *Streams) refuse(c *connection) {
	s.drop(c)
	s.become(c, c.decided, true, c.ended)
}
