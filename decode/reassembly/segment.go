package reassembly

import "encoding/binary"

// segment is what the header of one TCP segment says, and what it carries.
type segment struct {
	seq, ack uint32
	flags    uint8
	payload  []byte // as captured
	length   int    // of the payload on the wire, at least len(payload)
}

// The control bits that matter here.
const (
	fin = 1 << iota
	syn
	rst
	_ // PSH
	ackFlag
)

const tcpLen = 20 // octets of a TCP header without options

// parse reads the TCP header at the start of b, of length octets on the wire. It is false when the header is cut or
// wrong. Octets behind length are the link's padding.
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
//	|           Checksum            |         Urgent Pointer        |   RFC 9293 section 3.1
//	+-------------------------------+-------------------------------+
func (g *segment) parse(b []byte, length int) bool {
	if len(b) < tcpLen || length > 1<<16 {
		return false
	}
	offset := 4 * int(b[12]>>4)
	if offset < tcpLen || offset > length {
		return false
	}
	g.seq, g.ack, g.flags = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), b[13]
	g.length = length - offset
	if len(b) > length {
		b = b[:length]
	}
	g.payload = b[min(offset, len(b)):]
	return true
}

// ahead is how far a is in front of b in sequence space, negative behind it (RFC 1982).
func ahead(a, b uint32) int {
	return int(int32(a - b)) //nolint:gosec // serial number arithmetic
}

// size is the length of b in sequence space. No stream's buffer comes near its bound.
func size(b []byte) uint32 {
	return uint32(len(b)) //nolint:gosec // bounded by twice MaxMessage
}

// piece is a part of a stream that came before what stands in front of it. The pieces of a stream lie in order, none
// over another.
type piece struct {
	seq   uint32
	data  []byte
	lost  int   // octets behind data that the snap length took away
	at    int64 // time of its packet
	since int64 // packet time at which it came: from here on the gap before it waits
}

func (p *piece) end() uint32 { return p.seq + size(p.data) }

// span is a range of sequence numbers in which octets came twice and differed.
type span struct {
	from, to uint32
	any      bool
}

// add widens the span by one octet.
func (d *span) add(seq uint32) {
	switch {
	case !d.any:
		*d = span{seq, seq + 1, true}
	case ahead(seq, d.from) < 0:
		d.from = seq
	case ahead(seq, d.to) >= 0:
		d.to = seq + 1
	}
}

// meets says that the span has octets of from up to to.
func (d *span) meets(from, to uint32) bool {
	return d.any && ahead(d.from, to) < 0 && ahead(d.to, from) > 0
}

// compare notes octets of a and b that differ; both begin at seq.
func (d *span) compare(seq uint32, a, b []byte) (differ bool) {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			d.add(seq + uint32(i))
			differ = true
		}
	}
	return differ
}
