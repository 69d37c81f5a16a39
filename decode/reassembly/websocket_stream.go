package reassembly

import "calltrail/decode/sip"

// webSocket is what a direction of a WebSocket connection has beside its frames.
type webSocket struct {
	// msg are the unmasked octets of a message of several frames so far; from is the sequence number of its first frame.
	msg        []byte
	from       uint32
	open       bool // a message has begun and goes on in a continuation frame
	lost       bool // a frame of the message that goes on was lost: the others of it are passed over
	compressed bool // the message that goes on is
	window     []byte
}

// handshake takes the head of an HTTP message off the front of w.
func (s *Streams) handshake(c *connection, dir int, w []byte) (n int, more bool) {
	h := &c.halves[dir]
	n, h.frame.scanned = headEnd(w, h.frame.scanned)
	if n == 0 && len(w) < maxHandshake {
		return 0, true
	}
	h.frame = framing{}
	hs := parseHandshake(w[:n])
	switch {
	case n == 0, !hs.upgrade, !hs.response && !hs.sip:
		s.refuse(c)
	case !hs.response:
		c.offer = hs
		s.become(c, true, false, c.ended)
		s.webSocket(c, dir)
	case !hs.switching, hs.protocol && !hs.sip, !hs.protocol && !c.offer.sip:
		s.refuse(c)
	default:
		c.agreed, h.server = hs, true
		s.webSocket(c, dir)
		// The request was not seen: frames follow from what the response acknowledges on.
		if back := &c.halves[1-dir]; back.known && back.mode == undecided {
			s.dropPartial(c, 1-dir)
			s.webSocket(c, 1-dir)
		}
	}
	return n, false
}

// webSocket makes a direction one of frames, the first of which comes next.
func (s *Streams) webSocket(c *connection, dir int) {
	h := &c.halves[dir]
	s.Stats.WebSockets++
	s.sync(c, dir, socket)
	if h.ws == nil {
		h.ws = &webSocket{}
	}
}

// seekFrame looks for a frame at the start of w, where a segment begins.
func (s *Streams) seekFrame(c *connection, dir int, w []byte) (n int, more bool) {
	if beginsFrame(w) {
		s.webSocket(c, dir)
		return 0, false
	}
	s.passOver(c, dir, len(w))
	return len(w), false
}

// frames takes one frame off the front of w.
func (s *Streams) frames(c *connection, dir int, w []byte, borrowed bool) (n int, more bool) {
	h := &c.halves[dir]
	var f wsFrame
	switch f.parse(w) {
	case unclear:
		return 0, true
	case no:
		s.Stats.BadFrames++
		h.frame, h.synced = framing{}, false
		s.loseMessage(c, h, true)
		s.passOver(c, dir, len(w))
		return len(w), false
	case yes:
	}
	if f.length > sip.MaxMessage {
		s.Stats.TooLong++
		s.loseMessage(c, h, f.fin)
		h.ws.lost = !f.fin
		seen := min(f.length, uint64(len(w)-f.header)) //nolint:gosec // the header was read from w
		h.skip, h.cutOff = f.length-seen, true
		return f.header + int(seen), false //nolint:gosec // at most len(w)
	}
	total := f.header + int(f.length)
	if h.frame = (framing{head: f.header, total: total}); len(w) < total {
		return 0, true
	}
	h.frame = framing{}
	s.frame(c, dir, &f, w[f.header:total], h.next-size(w), h.next-size(w[total:]), borrowed)
	return total, false
}

// frame takes in one whole frame, which takes the sequence numbers from seq up to end.
func (s *Streams) frame(c *connection, dir int, f *wsFrame, payload []byte, seq, end uint32, borrowed bool) {
	h := &c.halves[dir]
	ws := h.ws
	if f.control() { // they may stand between the frames of a message, RFC 6455 section 5.4
		if f.opcode != opClose {
			s.Stats.KeepAlives++
		}
		return
	}
	if f.opcode != opContinuation {
		if ws.open {
			s.loseMessage(c, h, true)
		}
		ws.lost = false
		if f.fin {
			s.complete(c, dir, f, payload, seq, end, borrowed && !f.masked)
			return
		}
		ws.open, ws.compressed, ws.from = true, f.compressed, seq
	} else if !ws.open {
		if !ws.lost {
			s.Stats.BadFrames++
		}
		ws.lost = !f.fin
		return
	}
	if len(ws.msg)+len(payload) > sip.MaxMessage {
		s.Stats.TooLong++
		s.loseMessage(c, h, f.fin)
		return
	}
	if len(payload) > 0 {
		ws.msg = f.appendPayload(s.reserve(c, ws.msg, len(ws.msg)+len(payload)), payload)
	}
	if !f.fin {
		return
	}
	msg := ws.msg
	ws.msg, ws.open = nil, false
	s.complete(c, dir, &wsFrame{compressed: ws.compressed}, msg, ws.from, end, false)
	s.release(c, msg)
}

// complete takes in the payload of one WebSocket message, which is one SIP message (RFC 7118 section 5), with or without
// Content-Length.
func (s *Streams) complete(c *connection, dir int, f *wsFrame, payload []byte, from, to uint32, borrowed bool) {
	var scratch []byte
	if len(payload) > 0 && f.masked {
		scratch = f.appendPayload(s.pool.get(len(payload)), payload)
		payload = scratch
	}
	if f.compressed {
		plain, ok := s.inflate(c, dir, payload)
		s.giveBack(scratch)
		if !ok {
			s.Stats.Compressed++
			return
		}
		s.Stats.Inflated++
		payload, scratch, borrowed = plain, plain, false
	}
	switch {
	case lineEnds(payload) == len(payload):
		s.Stats.KeepAlives++ // RFC 7118 section 6
	case !looksLikeSIP(payload):
		s.Stats.NotSIP++
	default:
		s.emit(c, dir, payload, from, to, borrowed)
	}
	s.giveBack(scratch)
}

func (s *Streams) giveBack(b []byte) {
	if cap(b) > 0 {
		s.pool.put(b)
	}
}

// loseFrame drops the frame of which a part is in buf.
func (s *Streams) loseFrame(c *connection, h *half) {
	var f wsFrame
	if f.parse(h.buf) == yes && !f.control() {
		s.loseMessage(c, h, f.fin)
	}
}

// loseMessage drops what is there of a WebSocket message of which a frame was lost; last says that it was the last one.
// What is compressed rests on what came before, and cannot rest on it any more.
func (s *Streams) loseMessage(c *connection, h *half, last bool) {
	if h.ws == nil {
		return
	}
	if h.ws.open {
		s.Stats.Partial++
	}
	s.release(c, h.ws.msg)
	s.release(c, h.ws.window)
	h.ws.msg, h.ws.window = nil, nil
	h.ws.open, h.ws.lost = false, !last
}
