package gen

import (
	"net/netip"
	"slices"
)

// Control bits of TCP (RFC 9293 section 3.1).
const (
	fin = 0x01
	syn = 0x02
	psh = 0x08
	ack = 0x10
)

// mss is what of a stream a segment has at most, with room for the headers of a tunnel.
const mss = 1360

// Shares of the batches, in percent.
const (
	shareInPieces   = 50 // of messages: in several segments
	shareOvertaking = 25 // of those: the segments come in another order
	shareAgain      = 12 // a segment is sent again
	sharePing       = 5  // a keep-alive goes before (RFC 5626 section 4.4.1)
)

// connection is a TCP connection with the messages of several calls. The client is the callers' side, which opens it.
type connection struct {
	trunk  *trunk
	client netip.AddrPort
	left   int // calls that may still join
	open   int // calls that have not ended
	begun  bool
	seq    [2]uint32 // number of the next octet, by side
	heard  [2]uint32 // number of the next octet that the other side has acknowledged, by side
	due    []batch
	last   int64
}

// batch is what a side sends at a tick.
type batch struct {
	at       int64
	by       side
	messages [][]byte
}

// push gives the connection a message to send at its time, a tick. It is called ahead of that.
func (c *connection) push(w *world, m *message) {
	c.last = m.at
	if !c.begun {
		c.begun = true
		w.agenda.plan(m.at-ahead+ms, &handshake{c: c})
	}
	for i := range c.due {
		if b := &c.due[i]; b.at == m.at && b.by == m.by {
			b.messages = append(b.messages, m.text)
			return
		}
	}
	c.due = append(c.due, batch{m.at, m.by, [][]byte{m.text}})
	w.agenda.plan(m.at-2*ms, &sending{c: c, at: m.at, by: m.by})
}

// leave says that a call has sent its last message.
func (c *connection) leave(w *world) {
	c.open--
	if c.open == 0 && c.left == 0 {
		w.agenda.plan(c.last+5*tick, &goodbye{c: c})
	}
}

// segment writes one.
func (c *connection) segment(w *world, at int64, by side, seq uint32, flags byte, payload []byte) {
	src, dst := c.client, c.trunk.server
	if by == callee {
		src, dst = dst, src
	}
	number := c.heard[by.other()]
	if flags&(syn|ack) == syn {
		number = 0
	}
	w.totals.Segments++
	w.packet(at, c.trunk.carriage.segment(&w.frame, by, src, dst, seq, number, flags, payload))
}

// handshake opens a connection.
type handshake struct {
	c    *connection
	step int
}

func (h *handshake) act(w *world, now int64) (int64, bool) {
	c := h.c
	switch h.step {
	case 0:
		c.segment(w, now, caller, c.seq[caller], syn, nil)
		c.seq[caller]++
		c.heard[caller] = c.seq[caller]
	case 1:
		c.segment(w, now, callee, c.seq[callee], syn|ack, nil)
		c.seq[callee]++
		c.heard[callee] = c.seq[callee]
	default:
		c.segment(w, now, caller, c.seq[caller], ack, nil)
	}
	h.step++
	return now + 200, h.step < 3
}

// goodbye closes a connection.
type goodbye struct {
	c    *connection
	step int
}

func (g *goodbye) act(w *world, now int64) (int64, bool) {
	c := g.c
	switch g.step {
	case 0:
		c.segment(w, now, caller, c.seq[caller], fin|ack, nil)
		c.heard[caller] = c.seq[caller] + 1
	case 1:
		c.segment(w, now, callee, c.seq[callee], fin|ack, nil)
		c.heard[callee] = c.seq[callee] + 1
	default:
		c.segment(w, now, caller, c.seq[caller]+1, ack, nil)
	}
	g.step++
	return now + 500, g.step < 3
}

// sending is a batch on its way.
type sending struct {
	c      *connection
	at     int64
	by     side
	pieces []piece
}

// piece is a part of a stream in a segment, and when it is sent.
type piece struct {
	at   int64
	seq  uint32
	data []byte // nil: an acknowledgement by the other side
}

func (s *sending) act(w *world, now int64) (int64, bool) {
	if s.pieces == nil {
		s.assemble(w)
		return s.pieces[0].at, true
	}
	p := s.pieces[0]
	if p.data == nil {
		s.c.heard[s.by] = max32(s.c.heard[s.by], p.seq)
		s.c.segment(w, now, s.by.other(), s.c.seq[s.by.other()], ack, nil)
	} else {
		s.c.segment(w, now, s.by, p.seq, psh|ack, p.data)
	}
	s.pieces = s.pieces[1:]
	if len(s.pieces) == 0 {
		return 0, false
	}
	return s.pieces[0].at, true
}

// max32 is the later one of two sequence numbers (RFC 1982).
func max32(a, b uint32) uint32 {
	if b-a < 1<<31 {
		return b
	}
	return a
}

// assemble cuts a batch into segments. The last one that brings something new is sent at the tick: it completes the message, or
// all messages of the batch are sent then.
func (s *sending) assemble(w *world) {
	c, r := s.c, s.c.trunk.r
	at := slices.IndexFunc(c.due, func(b batch) bool { return b.at == s.at && b.by == s.by })
	b := c.due[at]
	c.due = slices.Delete(c.due, at, at+1)
	data, least := slices.Concat(b.messages...), 1
	if r.IntN(100) < sharePing { // in one piece with the begin of the message, which it would hold up otherwise
		data = append([]byte("\r\n\r\n"), data...)
		least += 4
		w.totals.Pings++
	}
	w.totals.Messages += int64(len(b.messages))
	if len(b.messages) > 1 {
		w.totals.Together += int64(len(b.messages))
	}
	cuts := []int{0, len(data)}
	if r.IntN(100) < shareInPieces {
		for range 1 + r.IntN(5) {
			cuts = append(cuts, least+r.IntN(len(data)-least))
		}
	}
	for n := mss; n < len(data); n += mss {
		cuts = append(cuts, n)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i := range len(cuts) - 1 {
		s.pieces = append(s.pieces, piece{seq: c.seq[s.by] + low32(int64(cuts[i])), data: data[cuts[i]:cuts[i+1]]})
	}
	if len(s.pieces) > 1 && r.IntN(100) < shareOvertaking {
		r.Shuffle(len(s.pieces), func(i, j int) { s.pieces[i], s.pieces[j] = s.pieces[j], s.pieces[i] })
	}
	for i := range s.pieces {
		s.pieces[i].at = s.at
		if len(b.messages) == 1 {
			s.pieces[i].at -= 40 * int64(len(s.pieces)-1-i)
		}
	}
	if r.IntN(100) < shareAgain {
		again := s.pieces[r.IntN(len(s.pieces))]
		again.at = s.at + 150
		s.pieces = append(s.pieces, again)
	}
	c.seq[s.by] += low32(int64(len(data)))
	if r.IntN(100) < 70 { // else the next segment says so
		s.pieces = append(s.pieces, piece{at: s.at + 300, seq: c.seq[s.by]})
	} else {
		c.heard[s.by] = max32(c.heard[s.by], c.seq[s.by]-low32(int64(len(data))))
	}
}
