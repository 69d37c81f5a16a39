// Package tcp estimates how much of the TCP traffic on a tap was never seen: octets that the receiver acknowledged, and
// that did not pass (RFC 9293 sections 3.4 and 3.8). It looks at headers only and puts nothing together.
//
// In: segments on the ports of signalling. Out: a sum of octets. Called by cdr/pipeline's workers in live runs.
package tcp

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// Ports is a range of ports, both ends in it.
type Ports struct{ First, Last uint16 }

// Segment is what the headers of one TCP segment say.
type Segment struct {
	Src, Dst netip.AddrPort
	Seq, Ack uint32
	// Len is the number of octets of sequence space it takes: payload, SYN and FIN.
	Len             uint32
	HasAck, Opening bool // ACK flag; SYN or RST, with which numbering begins anew
}

const headerLen = 20

// Parse reads the TCP header at the start of b. length is how many octets IP carries from there on, captured or not. It
// is false when the header is cut or wrong.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------------------------------+-------------------------------+
//	|          Source Port          |       Destination Port        |
//	+-------------------------------+-------------------------------+
//	|                        Sequence Number                        |
//	+---------------------------------------------------------------+
//	|                    Acknowledgment Number                      |
//	+-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
//	|  Data |       |C|E|U|A|P|R|S|F|                               |
//	| Offset|Reservd|W|C|R|C|S|S|Y|I|            Window             |
//	|       |       |R|E|G|K|H|T|N|N|                               |
//	+-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
func (s *Segment) Parse(src, dst netip.Addr, b []byte, length int) bool {
	if len(b) < headerLen {
		return false
	}
	offset := 4 * int(b[12]>>4)
	if offset < headerLen || offset > length || length > 1<<16 {
		return false
	}
	const fin, syn, rst, ack = 1, 2, 4, 16
	flags := b[13]
	*s = Segment{
		Src: netip.AddrPortFrom(src, binary.BigEndian.Uint16(b)), Dst: netip.AddrPortFrom(dst, binary.BigEndian.Uint16(b[2:])),
		Seq: binary.BigEndian.Uint32(b[4:]), Ack: binary.BigEndian.Uint32(b[8:]),
		Len:    uint32(length - offset), //nolint:gosec // checked: 0 to 65,536
		HasAck: flags&ack != 0, Opening: flags&(syn|rst) != 0,
	}
	if flags&syn != 0 {
		s.Len++
	}
	if flags&fin != 0 {
		s.Len++
	}
	return true
}

// Bounds of a Tracker.
const (
	maxFlows = 4096 // directions of connections, of some 250 octets each
	maxHoles = 4
	// maxLeap is more than any window: what is acknowledged that far ahead is another connection, or garbage.
	maxLeap = 1 << 26
	// idle is how long a direction is remembered without a segment, in nanoseconds: telephones send something at least every two
	// minutes (RFC 5626 section 4.4.1). One that goes on later counts from its next segment on, as if it had just been met.
	idle = int64(5 * time.Minute)
)

// Tracker follows connections. One goroutine uses it.
type Tracker struct {
	// Unseen is the estimate: octets acknowledged and not seen. Refused counts segments of connections for which there
	// was no room.
	Unseen, Refused uint64

	ports []Ports
	flows map[flow]*direction
	queue []flow // oldest first, to make room
}

// flow is one direction of a connection.
type flow struct{ src, dst netip.AddrPort }

// direction is what was seen of one direction: everything up to next but the holes.
type direction struct {
	seen  int64 // packet time of the last segment, or acknowledgement, of it
	next  uint32
	holes [maxHoles]hole
	n     int
}

type hole struct{ from, to uint32 }

// NewTracker returns a Tracker of connections with one end on one of the ports.
func NewTracker(ports []Ports) *Tracker { return &Tracker{ports: ports, flows: map[flow]*direction{}} }

// Watch changes the ports to be followed. Connections that are followed already stay until they make room.
func (t *Tracker) Watch(ports []Ports) { t.ports = ports }

// watches says that the port is one of those to be followed.
func (t *Tracker) watches(port uint16) bool {
	for _, p := range t.ports {
		if p.First <= port && port <= p.Last {
			return true
		}
	}
	return false
}

// Len is the number of directions remembered.
func (t *Tracker) Len() int { return len(t.flows) }

// Forget lets go of what has been idle for long at packet time now. It looks at all there is: once a minute is enough.
func (t *Tracker) Forget(now int64) {
	for key, d := range t.flows {
		if now-d.seen >= idle {
			delete(t.flows, key)
		}
	}
	t.queue = slices.DeleteFunc(t.queue, func(key flow) bool { return t.flows[key] == nil })
}

// Add takes in one segment, seen at packet time now, in nanoseconds.
func (t *Tracker) Add(s *Segment, now int64) {
	if !t.watches(s.Src.Port()) && !t.watches(s.Dst.Port()) {
		return
	}
	key := flow{s.Src, s.Dst}
	d := t.flows[key]
	switch {
	case d == nil || s.Opening:
		// The first segment seen: what was before it nobody can tell.
		if d == nil {
			d = &direction{}
			t.insert(key, d)
		}
		*d = direction{next: s.Seq + s.Len}
	default:
		d.data(s.Seq, s.Len)
	}
	d.seen = now
	if !s.HasAck {
		return
	}
	if back := t.flows[flow{s.Dst, s.Src}]; back != nil {
		t.Unseen += back.acknowledged(s.Ack)
		back.seen = now
	} else {
		// Only the acknowledgements of that direction pass here: its octets count from the first one on.
		t.insert(flow{s.Dst, s.Src}, &direction{next: s.Ack, seen: now})
	}
}

func (t *Tracker) insert(key flow, d *direction) {
	if len(t.flows) >= maxFlows {
		t.Refused++
		delete(t.flows, t.queue[0])
		t.queue = t.queue[1:]
	}
	t.flows[key] = d
	t.queue = append(t.queue, key)
}

// data notes n octets from seq on.
func (d *direction) data(seq, n uint32) {
	switch ahead := seq - d.next; {
	case n == 0:
	case ahead < maxLeap:
		if ahead > 0 && d.n < maxHoles {
			d.holes[d.n] = hole{d.next, seq}
			d.n++
		}
		d.next = seq + n
	case -ahead < maxLeap:
		d.fill(seq, seq+n)
		if end := seq + n; end-d.next < maxLeap {
			d.next = end
		}
	default:
		*d = direction{next: seq + n}
	}
}

// fill closes what a late segment brings. A hole of which the middle comes is closed up to there.
func (d *direction) fill(from, to uint32) {
	for i := 0; i < d.n; i++ {
		h := &d.holes[i]
		if int32(to-h.from) <= 0 || int32(h.to-from) <= 0 { //nolint:gosec // serial number arithmetic (RFC 1982)
			continue
		}
		if int32(from-h.from) <= 0 { //nolint:gosec // as above
			h.from = to
		} else {
			h.to = from
		}
		if int32(h.to-h.from) <= 0 { //nolint:gosec // as above
			d.n--
			d.holes[i] = d.holes[d.n]
			i--
		}
	}
}

// acknowledged returns how much of what is acknowledged up to ack was never seen, each octet once.
func (d *direction) acknowledged(ack uint32) (unseen uint64) {
	for i := 0; i < d.n; i++ {
		if h := d.holes[i]; int32(ack-h.to) >= 0 { //nolint:gosec // serial number arithmetic
			unseen += uint64(h.to - h.from)
			d.n--
			d.holes[i] = d.holes[d.n]
			i--
		}
	}
	if ahead := ack - d.next; ahead != 0 && ahead < maxLeap {
		unseen += uint64(ahead)
		d.next = ack
	}
	return unseen
}
