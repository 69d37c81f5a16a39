package reassembly

// wait is a gap that has its deadline.
type wait struct {
	at     int64
	serial uint64 // of the connection: which of two with the same deadline is first
	conn   uint32
	dir    uint8
}

// later is t and d, or the end of time.
func later(t, d int64) int64 {
	if t > maxTime-d {
		return maxTime
	}
	return t + d
}

// pass makes it at: what is due until then happens, in order.
func (s *Streams) pass(at int64) {
	for at >= s.wake {
		due, list := int64(maxTime), -1
		if len(s.waits) > 0 {
			due, list = s.waits[0].at, holders
		}
		for l, idle := range [...]int64{minor: min(brief, s.cfg.Idle), major: s.cfg.Idle} {
			if i := s.lists[l].oldest; i != 0 && later(s.conns[i-1].seen, idle) < due {
				due, list = later(s.conns[i-1].seen, idle), l
			}
		}
		if s.wake = due; due > at || list < 0 {
			break
		}
		s.now = max(s.now, due)
		switch list {
		case holders:
			s.flate.left = maxInflated
			w := s.waits[0]
			c := &s.conns[w.conn]
			s.giveUp(c, int(w.dir))
			s.settle(c, int(w.dir))
		case major:
			s.Stats.Expired++
			s.remove(s.lists[major].oldest - 1)
		case minor:
			s.remove(s.lists[minor].oldest - 1)
		}
	}
	s.now = at
}

// acknowledge notes that the receiver of a direction has its octets up to ack. What of them is missing was missed by the
// tap alone, and will not come: the gap is not waited for. inside says that the stream did not begin there.
func (s *Streams) acknowledge(c *connection, dir int, ack uint32, inside bool) {
	h := &c.halves[dir]
	if !h.known {
		h.known, h.inside, h.next, h.acked = true, inside, ack, ack
		return
	}
	if ahead(ack, h.acked) <= 0 || ahead(ack, h.next) > maxLeap {
		return
	}
	if ahead(h.last(), h.next) <= 0 {
		h.since = s.now
	}
	h.acked = ack
	if ahead(ack, h.next) > 0 {
		s.settle(c, dir)
	}
}

// settle does what has become due in a direction: it gives up gaps that the receiver has acknowledged, ends the stream at
// its FIN, and sets the deadline of the gap that is left. An acknowledgement that overtook its octets on the way to the tap
// is no reason yet: a gap with nothing behind it is waited for.
func (s *Streams) settle(c *connection, dir int) {
	h := &c.halves[dir]
	if c.refused {
		return
	}
	s.pull(c, dir)
	for len(h.pieces) > 0 && ahead(h.acked, h.pieces[0].seq) >= 0 && !c.refused {
		s.giveUp(c, dir)
	}
	if ahead(h.next, h.acked) > 0 {
		h.acked = h.next
	}
	if h.differ.any && ahead(h.next-size(h.buf), h.differ.to) >= 0 {
		h.differ = span{}
	}
	if h.fin && h.next == h.finAt && len(h.pieces) == 0 && !c.refused {
		s.dropPartial(c, dir)
		s.loseMessage(c, h, true) // and the plain text that compressed ones would have rested on
		h.fin, h.done, h.next = false, true, h.next+1
		h.acked = h.next
		if back := &c.halves[1-dir]; back.done || !back.known {
			s.become(c, c.decided, c.refused, true)
		}
	}
	switch due := later(s.noticed(h), s.cfg.GapWait); {
	case c.refused || due == maxTime:
		s.unwait(h)
	case h.due == 0:
		s.waits = append(s.waits, wait{due, c.serial, c.self, uint8(dir)}) //nolint:gosec // 0 or 1
		s.up(len(s.waits) - 1)
		s.wake = min(s.wake, due)
	default:
		s.waits[h.due-1].at = due
		s.down(s.up(h.due - 1))
		s.wake = min(s.wake, due)
	}
}

// noticed is since when the gap at next is known of, the end of time when there is none.
func (s *Streams) noticed(h *half) int64 {
	since := int64(maxTime)
	if ahead(h.last(), h.next) > 0 {
		since = h.since
	}
	for i := range h.pieces {
		since = min(since, h.pieces[i].since)
	}
	return since
}

// last is up to where the stream is known to go, pieces aside: what the receiver had, or the FIN.
func (h *half) last() uint32 {
	if h.fin && ahead(h.finAt, h.acked) > 0 {
		return h.finAt
	}
	return h.acked
}

// giveUp takes the octets from next up to the first piece, or to where it ends, for lost.
func (s *Streams) giveUp(c *connection, dir int) {
	h := &c.halves[dir]
	end := h.last()
	if len(h.pieces) > 0 {
		end = h.pieces[0].seq
	}
	n := ahead(end, h.next)
	if n <= 0 {
		return
	}
	if ahead(h.acked, end) >= 0 {
		s.Stats.Acknowledged++
	}
	s.gap(c, dir, uint32(n)) //nolint:gosec // above 0
	s.pull(c, dir)
}

// pull takes in the pieces that no gap is before any more.
func (s *Streams) pull(c *connection, dir int) {
	h := &c.halves[dir]
	for len(h.pieces) > 0 && h.pieces[0].seq == h.next {
		q := h.pieces[0]
		copy(h.pieces, h.pieces[1:])
		h.pieces[len(h.pieces)-1] = piece{}
		h.pieces = h.pieces[:len(h.pieces)-1]
		h.held -= cap(q.data)
		s.feed(c, dir, q.data, q.at, false)
		s.release(c, q.data)
		if c.refused {
			return
		}
		lost := q.lost
		if len(h.pieces) > 0 {
			lost = min(lost, ahead(h.pieces[0].seq, h.next))
		}
		if lost > 0 {
			s.gap(c, dir, uint32(lost)) //nolint:gosec // above 0
		}
	}
}

// gap goes on behind n octets that were never seen. Where the end of what they belong to is known, the stream is in step
// again there; elsewhere the next start line has to be found.
func (s *Streams) gap(c *connection, dir int, n uint32) {
	h := &c.halves[dir]
	s.Stats.Gaps++
	s.Stats.Unseen += uint64(n)
	h.gap = true
	rest := h.skip
	switch {
	case h.skip > 0:
	case h.synced && h.mode == plain && h.frame.head > 0:
		rest = uint64(h.frame.total - len(h.buf)) //nolint:gosec // else it would have been whole
		s.cutShort(c, dir)
	case h.synced && h.mode == socket && h.frame.total > 0:
		rest = uint64(h.frame.total - len(h.buf)) //nolint:gosec // likewise
		s.loseFrame(c, h)
	}
	h.next += n
	if s.dropPartial(c, dir); h.mode == web {
		h.mode = undecided
	}
	if h.skip = 0; uint64(n) <= rest && rest > 0 {
		h.skip = rest - uint64(n)
		return
	}
	h.cutOff, h.synced = false, false
	s.loseMessage(c, h, true)
}

// cutShort gives out the message at the start of buf of which only a part of the body came.
func (s *Streams) cutShort(c *connection, dir int) {
	h := &c.halves[dir]
	from := h.next - size(h.buf)
	n := h.frame.head + len(wholeLines(h.buf[h.frame.head:]))
	s.Stats.Cut++
	s.emit(c, dir, h.buf[:n], from, h.next, false)
	h.gap = true // for the next one, too
	s.release(c, h.buf)
	h.buf, h.frame = nil, framing{}
}

// unwait takes back the deadline of a direction.
func (s *Streams) unwait(h *half) {
	i := h.due - 1
	if i < 0 {
		return
	}
	h.due = 0
	last := len(s.waits) - 1
	s.waits[i] = s.waits[last]
	s.waits = s.waits[:last]
	if i < last {
		s.down(s.up(i))
	}
}

// The deadlines are a binary heap.

func (s *Streams) earlier(i, j int) bool {
	a, b := &s.waits[i], &s.waits[j]
	switch {
	case a.at != b.at:
		return a.at < b.at
	case a.serial != b.serial:
		return a.serial < b.serial
	}
	return a.dir < b.dir
}

func (s *Streams) swap(i, j int) {
	s.waits[i], s.waits[j] = s.waits[j], s.waits[i]
	s.placed(i)
	s.placed(j)
}

func (s *Streams) placed(i int) { s.conns[s.waits[i].conn].halves[s.waits[i].dir].due = i + 1 }

func (s *Streams) up(i int) int {
	for s.placed(i); i > 0 && s.earlier(i, (i-1)/2); i = (i - 1) / 2 {
		s.swap(i, (i-1)/2)
	}
	return i
}

func (s *Streams) down(i int) {
	for s.placed(i); 2*i+1 < len(s.waits); {
		least := 2*i + 1
		if least+1 < len(s.waits) && s.earlier(least+1, least) {
			least++
		}
		if !s.earlier(least, i) {
			return
		}
		s.swap(i, least)
		i = least
	}
}
