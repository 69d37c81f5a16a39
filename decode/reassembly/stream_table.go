package reassembly

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math"
)

const (
	minTime = math.MinInt64
	maxTime = math.MaxInt64
	// brief is after what time without a segment a connection is forgotten that has no SIP so far, or none any more. It is
	// remembered at all so that on a port of signalling it is not looked at again and again, and that late copies of its
	// octets are known as such.
	brief = 60e9
)

// connection is both directions of a TCP connection.
type connection struct {
	key    Flow   // the one of the lesser end
	self   uint32 // its place in the slab
	serial uint64
	seen   int64
	halves [2]half // of key, and of its reverse
	links  [2]link // in minor or major; in holders
	octets int     // of its buffers
	made   int     // messages in the present call
	port   bool    // on a port of signalling
	used   bool
	// decided: SIP was found. refused: something else. ended: FIN or RST.
	decided, refused, ended bool
	offer, agreed           handshake // of a WebSocket
}

// flow is the direction dir.
func (c *connection) flow(dir int) Flow {
	if dir == 0 {
		return c.key
	}
	return c.key.Reverse()
}

// major says that the connection is worth more than one without SIP, or at its end.
func (c *connection) major() bool { return c.decided && !c.refused && !c.ended }

// slot is a place of the hash table.
type slot struct {
	conn uint32 // its number + 1; 0 is empty
	hash uint32 // of its key
}

// link is a place in a ring: number + 1 of the neighbours, 0 for none.
type link struct{ older, newer uint32 }

// ring is a list of connections in the order of their last segments.
type ring struct{ oldest, newest uint32 }

// The rings.
const (
	minor = iota
	major
	holders // those with buffers
)

// linkOf is which of a connection's links a ring uses.
func linkOf(list int) int { return list / holders }

// canonical returns the key of a flow's connection and which direction the flow is.
func canonical(f *Flow) (key Flow, dir int) {
	c := bytes.Compare(f.Src[:], f.Dst[:])
	if c < 0 || c == 0 && f.SrcPort <= f.DstPort {
		return *f, 0
	}
	return f.Reverse(), 1
}

// filter is a hash of a flow, the same for both directions, that costs next to nothing.
func filter(f *Flow) uint32 {
	a := binary.LittleEndian.Uint64(f.Src[8:]) + binary.LittleEndian.Uint64(f.Dst[8:])
	b := binary.LittleEndian.Uint64(f.Src[:]) + binary.LittleEndian.Uint64(f.Dst[:])
	p := uint64(f.SrcPort)*uint64(f.DstPort) + uint64(f.SrcPort) + uint64(f.DstPort)
	return uint32(((a^p)*0x9e3779b97f4a7c15 + b*0xff51afd7ed558ccd) >> 50)
}

// The hash is seeded, so that nobody outside can choose connections that meet in one slot. Nothing but speed depends on it.
func (s *Streams) hash(key *Flow) uint32 {
	var b [40]byte
	copy(b[0:], key.Src[:])
	copy(b[16:], key.Dst[:])
	binary.LittleEndian.PutUint16(b[32:], key.SrcPort)
	binary.LittleEndian.PutUint16(b[34:], key.DstPort)
	binary.LittleEndian.PutUint32(b[36:], key.Scope)
	return uint32(maphash.Bytes(s.seed, b[:])) //nolint:gosec // the low half will do
}

func (s *Streams) mask() uint32 { return uint32(len(s.slots) - 1) } //nolint:gosec // a power of two, bounded by cfg.Streams

func (s *Streams) find(key *Flow) (i uint32, ok bool) {
	hash, mask := s.hash(key), s.mask()
	for i := hash & mask; ; i = (i + 1) & mask {
		switch p := s.slots[i]; {
		case p.conn == 0:
			return 0, false
		case p.hash == hash && s.conns[p.conn-1].key == *key:
			return p.conn - 1, true
		}
	}
}

func (s *Streams) place(p slot) {
	mask := s.mask()
	i := p.hash & mask
	for s.slots[i].conn != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = p
}

// insert makes room for a connection, if need be at the cost of the one that was silent for longest: first of those
// without SIP, so that a flood of SYNs costs no trunk its place.
func (s *Streams) insert(key *Flow, port bool) uint32 {
	if s.used >= max(1, s.cfg.Streams/2) {
		if i := s.lists[minor].oldest; i != 0 {
			s.Stats.Forgotten++
			s.remove(i - 1)
		} else {
			s.Stats.Evicted++
			s.remove(s.lists[major].oldest - 1)
		}
	}
	if 2*(s.used+1) > len(s.slots) {
		old := s.slots
		s.slots = make([]slot, 2*len(old))
		for _, p := range old {
			if p.conn != 0 {
				s.place(p)
			}
		}
	}
	i := s.free
	if i != 0 {
		i--
		s.free = s.conns[i].links[0].newer
	} else {
		i = uint32(len(s.conns)) //nolint:gosec // bounded by cfg.Streams
		s.conns = append(s.conns, connection{})
	}
	s.serial++
	s.conns[i] = connection{key: *key, self: i, serial: s.serial, seen: s.now, port: port, used: true}
	s.used++
	s.place(slot{i + 1, s.hash(key)})
	s.push(minor, i)
	s.wake = min(s.wake, later(s.now, brief))
	if !port {
		s.near[filter(key)]++
	}
	return i
}

// remove forgets a connection, and moves back what stood behind it in the table, so that no search meets a hole.
func (s *Streams) remove(i uint32) {
	c := &s.conns[i]
	s.drop(c)
	s.take(s.listOf(c), i)
	if !c.port {
		s.near[filter(&c.key)]--
	}
	mask := s.mask()
	hole := s.hash(&c.key) & mask
	for s.slots[hole].conn != i+1 {
		hole = (hole + 1) & mask
	}
	for j := (hole + 1) & mask; s.slots[j].conn != 0; j = (j + 1) & mask {
		if home := s.slots[j].hash & mask; (j-home)&mask >= (j-hole)&mask {
			s.slots[hole] = s.slots[j]
			hole = j
		}
	}
	s.slots[hole] = slot{}
	*c = connection{}
	c.links[0].newer = s.free
	s.free = i + 1
	s.used--
}

func (s *Streams) listOf(c *connection) int {
	if c.major() {
		return major
	}
	return minor
}

// become changes what is known of a connection and moves it to the ring where it belongs.
func (s *Streams) become(c *connection, decided, refused, ended bool) {
	before := s.listOf(c)
	if decided && !c.decided {
		s.Stats.Opened++
	}
	if refused && !c.refused {
		s.Stats.Refused++
	}
	c.decided, c.refused, c.ended = decided, refused, ended
	if after := s.listOf(c); after != before {
		s.take(before, c.self)
		c.seen = s.now // the rings are in the order of it
		s.push(after, c.self)
		s.wake = min(s.wake, later(s.now, brief))
	}
}

// push puts a connection at the young end of a ring.
func (s *Streams) push(list int, i uint32) {
	r, k := &s.lists[list], linkOf(list)
	s.conns[i].links[k] = link{older: r.newest}
	if r.newest != 0 {
		s.conns[r.newest-1].links[k].newer = i + 1
	} else {
		r.oldest = i + 1
	}
	r.newest = i + 1
}

// take takes a connection out of a ring.
func (s *Streams) take(list int, i uint32) {
	r, k := &s.lists[list], linkOf(list)
	l := s.conns[i].links[k]
	if l.older != 0 {
		s.conns[l.older-1].links[k].newer = l.newer
	} else {
		r.oldest = l.newer
	}
	if l.newer != 0 {
		s.conns[l.newer-1].links[k].older = l.older
	} else {
		r.newest = l.older
	}
	s.conns[i].links[k] = link{}
}

// touch notes that a connection had a segment.
func (s *Streams) touch(i uint32) {
	c := &s.conns[i]
	list := s.listOf(c)
	c.seen = s.now
	if s.lists[list].newest != i+1 {
		s.take(list, i)
		s.push(list, i)
	}
}
