package reassembly

import (
	"bytes"
	"slices"

	"calltrail/decode/sip"
)

// part is a chunk that waits for the rest of its message.
type part struct {
	association *association
	age         place[part]
	spare       *part // the next one, of those that are free
	since       int64 // packet time
	number      uint64
	tsn         uint32
	message     uint64
	sequence    uint32
	begin, end  bool
	cut         bool // the snap length took a part of it away
	overlap     bool // it came again with other octets
	octets      int
	first       *block
}

// search returns where the chunk belongs in s.parts, and whether it is there already. It looks from the end, since most
// chunks are the next ones.
func (s *association) search(c *chunk) (i int, found bool) {
	for i = len(s.parts); i > 0; i-- {
		switch w := s.parts[i-1]; {
		case w.message < c.message:
			return i, false
		case w.message == c.message && w.sequence == c.sequence:
			return i - 1, true
		case w.message == c.message && int32(w.sequence-c.sequence) < 0: //nolint:gosec // serial number arithmetic (RFC 1982)
			return i, false
		}
	}
	return 0, false
}

// hold keeps a part of a message, and gives the message out when no other part is missing.
func (a *Associations) hold(s *association, c *chunk, f *Flow, at int64) {
	if _, found := s.search(c); found {
		a.Stats.Copies++ // by another TSN: only I-DATA can say so, and must not
		return
	}
	for len(s.parts) >= maxParts || s.octets+len(c.user) > 2*maxMessage {
		a.evict(s.oldest())
	}
	need := blocksFor(len(c.user))
	if need > a.pool.most {
		a.Stats.Refused++
		return
	}
	for a.pool.room() < need {
		a.evict(a.waiting.oldest())
	}
	s.seen.mark(c.tsn)
	i, _ := s.search(c) // anew: what was pushed out may have been of this association
	w := a.keep(s, c)
	s.parts = slices.Insert(s.parts, i, w)
	if from, to := s.run(i); from < to {
		a.join(s, from, to, f, at)
	}
}

// keep copies a chunk. There must be room.
func (a *Associations) keep(s *association, c *chunk) *part {
	w := a.free
	if w == nil {
		w = &part{}
	} else {
		a.free = w.spare
	}
	a.arrived++
	*w = part{
		association: s, since: a.now, number: a.arrived, tsn: c.tsn, message: c.message, sequence: c.sequence,
		begin: c.begin, end: c.end, cut: c.cut, octets: len(c.user),
	}
	for rest, last := c.user, &w.first; len(rest) > 0; last = &(*last).next {
		*last = a.pool.take()
		rest = rest[copy((*last).octets[:], rest):]
	}
	s.octets += w.octets
	a.waiting.add(&w.age, w)
	return w
}

// run is the range of s.parts that makes a whole message with the part i, an empty one when parts are missing.
func (s *association) run(i int) (from, to int) {
	for from = i; !s.parts[from].begin; from-- {
		if from == 0 || !s.parts[from].follows(s.parts[from-1]) {
			return 0, 0
		}
	}
	for to = i; !s.parts[to].end; to++ {
		if to+1 == len(s.parts) || !s.parts[to+1].follows(s.parts[to]) {
			return 0, 0
		}
	}
	return from, to + 1
}

// follows says whether w has the place after before's. That before ends a message, or w begins one, need not be asked:
// the parts from a beginning to an end do not wait.
func (w *part) follows(before *part) bool {
	return w.message == before.message && w.sequence == before.sequence+1
}

// join makes one message of the parts [from, to), and lets them go.
func (a *Associations) join(s *association, from, to int, f *Flow, at int64) {
	size, m := 0, Message{Flow: *f, Transport: sip.SCTP, At: at, Now: at}
	for _, w := range s.parts[from:to] {
		size += w.octets
		m.Overlap = m.Overlap || w.overlap
	}
	start := len(a.octets)
	if size <= maxMessage {
		a.octets = grown(a.octets, size)
		for _, w := range s.parts[from:to] {
			a.octets = w.appendTo(a.octets)
			if w.cut {
				break
			}
		}
	} else {
		a.Stats.Refused += uint64(to - from) //nolint:gosec // up to maxParts
	}
	for ; to > from; to-- {
		a.release(s.parts[to-1])
	}
	if !looksLikeSIP(a.octets[start:]) { // its first part was too short to tell
		clear(a.octets[start:])
		a.octets = a.octets[:start]
		return
	}
	s.kind = signalling
	a.Stats.Messages++
	a.Stats.Joined++
	a.joined = append(a.joined, reach{message: len(a.Messages), from: start, to: len(a.octets)})
	a.Messages = append(a.Messages, m)
}

// compare notes on a part that waits still that c, of the same TSN, has other octets.
func (a *Associations) compare(s *association, c *chunk) {
	for _, w := range s.parts {
		if w.tsn != c.tsn {
			continue
		}
		if !w.overlap && !w.same(c) {
			w.overlap = true
			a.Stats.Overlaps++
		}
		return
	}
}

// same says whether w and c agree as far as both were captured.
func (w *part) same(c *chunk) bool {
	if w.octets != len(c.user) && !w.cut && !c.cut {
		return false
	}
	rest := c.user[:min(len(c.user), w.octets)]
	for b := w.first; len(rest) > 0; b = b.next {
		n := min(len(rest), blockLen)
		if !bytes.Equal(b.octets[:n], rest[:n]) {
			return false
		}
		rest = rest[n:]
	}
	return true
}

// appendTo appends the part's octets.
func (w *part) appendTo(to []byte) []byte {
	n := w.octets
	for b := w.first; n > 0; b = b.next {
		to = append(to, b.octets[:min(n, blockLen)]...)
		n -= blockLen
	}
	return to
}

// grown returns buf with room for n octets more, and wipes it if it has to move.
func grown(buf []byte, n int) []byte {
	if len(buf)+n <= cap(buf) {
		return buf
	}
	larger := make([]byte, len(buf), blocksFor(len(buf)+n)*blockLen)
	copy(larger, buf)
	clear(buf)
	return larger
}

// oldest is the part of s that came first. There must be one.
func (s *association) oldest() *part {
	return slices.MinFunc(s.parts, func(a, b *part) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
}

func (a *Associations) evict(w *part) {
	a.Stats.Evicted++
	a.release(w)
}

// release lets a part go and wipes its octets.
func (a *Associations) release(w *part) {
	s := w.association
	i := slices.Index(s.parts, w)
	s.parts = slices.Delete(s.parts, i, i+1)
	s.octets -= w.octets
	a.waiting.remove(&w.age)
	for b := w.first; b != nil; {
		next := b.next
		a.pool.put(b)
		b = next
	}
	*w = part{spare: a.free}
	a.free = w
}
