package reassembly

import (
	"bytes"

	"calltrail/decode/sip"
)

// feed takes in the octets that come next in a stream, and gives out the messages that they complete. borrowed says that
// they are the caller's, and stay until its next call.
func (s *Streams) feed(c *connection, dir int, p []byte, at int64, borrowed bool) {
	h := &c.halves[dir]
	h.next += size(p)
	if h.cutOff && h.skip > 0 && beginsFrame(p) {
		h.skip = 0 // nobody sends frames that long: the length was none
	}
	if h.skip > 0 {
		n := min(h.skip, uint64(len(p)))
		h.skip -= n
		p = p[n:]
	}
	if len(p) == 0 {
		return
	}
	if len(h.buf) > 0 && !h.synced && h.mode != web && begins(h.buf, p) {
		s.passOver(c, dir, len(h.buf))
		s.release(c, h.buf)
		h.buf = nil
	}
	if len(h.buf) == 0 {
		h.at = at
		rest := s.cut(c, dir, p, at, borrowed)
		if len(rest) > 0 {
			h.buf = append(s.reserve(c, nil, len(rest)), rest...)
		}
		return
	}
	h.at = max(h.at, at)
	h.buf = append(s.reserve(c, h.buf, len(h.buf)+len(p)), p...)
	rest := s.cut(c, dir, h.buf, at, false)
	switch {
	case c.refused:
	case len(rest) == 0:
		s.release(c, h.buf)
		h.buf = nil
	case len(rest) < len(h.buf):
		h.buf = h.buf[:copy(h.buf, rest)]
	}
}

// cut takes messages off the front of w, which ends at next, and returns what is left of it. at is the time of the packet
// that brought the last octets: of all messages in w but the first one, which may have begun earlier.
func (s *Streams) cut(c *connection, dir int, w []byte, at int64, borrowed bool) (rest []byte) {
	h := &c.halves[dir]
	for len(w) > 0 && !c.refused {
		var n int
		var more bool
		switch {
		case h.mode == web:
			n, more = s.handshake(c, dir, w)
		case h.synced && h.mode == socket:
			n, more = s.frames(c, dir, w, borrowed)
		case h.synced:
			n, more = s.message(c, dir, w, borrowed)
		default:
			n, more = s.seek(c, dir, w)
		}
		if n > 0 {
			h.at = at
		}
		if w = w[n:]; more {
			return w
		}
	}
	return nil
}

// message takes one message, or the line ends before it, off the front of w.
func (s *Streams) message(c *connection, dir int, w []byte, borrowed bool) (n int, more bool) {
	h := &c.halves[dir]
	if n = lineEnds(w); n > 0 && !h.frame.started {
		s.Stats.KeepAlives++
		return n, false
	}
	switch h.frame.look(w) {
	case wanting:
		return 0, true
	case endless:
		s.Stats.TooLong++
		h.frame, h.synced = framing{}, false
		s.passOver(c, dir, 1) // else the same start line would be found again
		return 1, false
	case noise:
		s.Stats.Resyncs++
		h.frame, h.synced = framing{}, false
		return 0, false
	case framed:
	}
	f := h.frame
	h.frame = framing{}
	s.count(f.fault)
	from := h.next - size(w)
	s.emit(c, dir, w[:f.total], from, from+size(w[:f.total]), borrowed)
	return f.total, false
}

func (s *Streams) count(fault lengthFault) {
	for _, f := range [...]struct {
		fault   lengthFault
		counter *uint64
	}{
		{lengthMissing, &s.Stats.NoLength},
		{lengthInvalid, &s.Stats.BadLength},
		{lengthsDiffer, &s.Stats.LengthsDiffer},
		{lengthTooLong, &s.Stats.TooLong},
	} {
		if fault&f.fault != 0 {
			*f.counter++
		}
	}
}

// emit gives a message out. It takes the sequence numbers from up to to.
func (s *Streams) emit(c *connection, dir int, b []byte, from, to uint32, borrowed bool) {
	h := &c.halves[dir]
	if !borrowed {
		b = append(s.pool.get(len(b)), b...)
		s.lent = append(s.lent, b)
	}
	m := Message{
		Flow: c.flow(dir), Transport: sip.TCP, Octets: b, At: h.at, Now: s.now, Overlap: h.differ.meets(from, to), Gap: h.gap,
	}
	if h.mode == socket {
		m.Transport = sip.WS
	}
	s.Messages = append(s.Messages, m)
	h.gap = false
	c.made++
	s.Stats.Messages++
}

// seek looks for a place where a message begins: at the start of w, which is where a segment or a line begins, and behind
// each line end. What is passed over is no more than counted. Where a segment begins behind octets that were not seen, the
// method has to be one that is known: "NVITE" is one, too.
func (s *Streams) seek(c *connection, dir int, w []byte) (n int, more bool) {
	h := &c.halves[dir]
	torn := h.gap || h.astray > 0
	if h.mode == socket || h.mode == undecided && beginsFrame(w) {
		return s.seekFrame(c, dir, w)
	}
	for first := true; ; first = false {
		n += lineEnds(w[n:])
		line := w[n:]
		if len(line) == 0 {
			return n, false
		}
		switch starts := startLine(line); {
		case starts == yes && (!torn || !first || known(line)):
			s.sync(c, dir, plain)
			return n, false
		case starts == unclear, first && h.mode == undecided && mayBeHTTP(line):
			return n, true
		}
		if first && h.mode == undecided && s.otherProtocol(c, h, line) {
			return n, false
		}
		i := bytes.IndexByte(line, '\n') + 1
		if i == 0 {
			i = len(line)
		}
		n += i
		if s.passOver(c, dir, i); c.refused {
			return n, false
		}
	}
}

// mayBeHTTP says whether b is the begin of an HTTP response of which too little is there to tell. What begins a request is a
// method of SIP as well.
func mayBeHTTP(b []byte) bool {
	return len(b) < len("HTTP/1.") && bytes.HasPrefix([]byte("HTTP/1."), b)
}

// otherProtocol says whether b, the first octets that were seen of a stream or the first of a segment, are of a protocol
// that is known: TLS records, or HTTP.
func (s *Streams) otherProtocol(c *connection, h *half, b []byte) bool {
	switch {
	case len(b) > 2 && b[0] >= 20 && b[0] <= 23 && b[1] == 3 && b[2] <= 4: // RFC 8446 section 5.1
		s.Stats.TLS++
		s.refuse(c)
	case isHTTP(b):
		h.mode = web
	default:
		return false
	}
	return true
}

// sync notes that a message, or a frame, begins here.
func (s *Streams) sync(c *connection, dir int, m mode) {
	h := &c.halves[dir]
	h.gap = h.gap || h.inside && h.astray > 0 // what was passed over was the end of a message
	h.mode, h.synced, h.frame, h.inside = m, true, framing{}, false
	s.become(c, true, false, c.ended)
}

// passOver counts n octets in which no message begins, and refuses a connection that has too many of them before the
// first one.
func (s *Streams) passOver(c *connection, dir, n int) {
	h := &c.halves[dir]
	s.Stats.Skipped += uint64(n) //nolint:gosec // not negative
	h.astray = min(h.astray+n, 2*astrayInside)
	limit := astrayAtOnce
	if h.inside {
		limit = astrayInside
	}
	if h.astray > limit && !c.decided {
		s.refuse(c)
	}
}
