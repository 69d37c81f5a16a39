package pipeline_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"

	"calltrail/capture"
)

// tcpSegment is a TCP segment of a capture (RFC 9293 section 3.1).
type tcpSegment struct {
	ip      ipPacket
	header  []byte
	payload []byte
	seq     uint32
	flags   byte
}

// Control bits.
const (
	tcpFIN = 1
	tcpSYN = 2
	tcpRST = 4
)

// openTCP reads a segment; false when the packet is none.
func openTCP(p *capture.Packet) (s tcpSegment, ok bool) {
	ip, ok := openIP(p)
	if !ok || ip.fragment || ip.proto != 6 || len(ip.data) < 20 {
		return s, false
	}
	offset := 4 * int(ip.data[12]>>4)
	if offset < 20 || offset > len(ip.data) {
		return s, false
	}
	return tcpSegment{
		ip: ip, header: ip.data[:offset], payload: ip.data[offset:], seq: binary.BigEndian.Uint32(ip.data[4:]), flags: ip.data[13],
	}, true
}

// tcpFlow names one direction of a connection.
type tcpFlow struct{ src, dst netip.AddrPort }

func (s *tcpSegment) flow() tcpFlow {
	src, dst := s.ip.ends()
	return tcpFlow{
		netip.AddrPortFrom(src, binary.BigEndian.Uint16(s.header)), netip.AddrPortFrom(dst, binary.BigEndian.Uint16(s.header[2:])),
	}
}

// hasTLS says that it is of a connection with SIP over TLS. Their records count segments, so that where they are cut does matter.
func (s *tcpSegment) hasTLS() bool {
	f := s.flow()
	return f.src.Port() == 5061 || f.dst.Port() == 5061
}

// with is the segment of old with other octets.
func (s *tcpSegment) with(old *capture.Packet, seq uint32, flags byte, payload []byte) capture.Packet {
	h := slices.Clone(s.header)
	binary.BigEndian.PutUint32(h[4:], seq)
	h[13] = flags
	return s.ip.with(old, 6, binary.BigEndian.Uint16(s.ip.header[4:]), 0, h, payload)
}

// streamCutter cuts the segments of TCP streams elsewhere: pieces of a segment have its time, and come in any order, some of
// them again, and reach into each other.
type streamCutter struct {
	r *rand.Rand
	// ordered pieces come in order and once only.
	ordered bool
	streams map[tcpFlow]*sentStream
}

// sentStream is what a direction has sent so far.
type sentStream struct {
	first  uint32 // sequence number of octets[0]
	octets []byte
	known  bool // it was seen from its SYN on, and without a gap
}

// cut changes the segments of a list.
func (c *streamCutter) cut(list []capture.Packet) (out []capture.Packet) {
	c.streams = map[tcpFlow]*sentStream{}
	for i := 0; i < len(list); i++ {
		s, ok := openTCP(&list[i])
		if !ok || s.hasTLS() {
			out = append(out, list[i])
			continue
		}
		stream := c.streams[s.flow()]
		if stream == nil {
			stream = &sentStream{}
			c.streams[s.flow()] = stream
		}
		if s.flags&tcpSYN != 0 {
			*stream = sentStream{first: s.seq + 1, known: true}
		}
		if len(s.payload) == 0 || s.flags&(tcpSYN|tcpRST) != 0 {
			out = append(out, list[i])
			continue
		}
		for s.flags&tcpFIN == 0 && i+1 < len(list) && list[i+1].Time == list[i].Time {
			next, ok := openTCP(&list[i+1])
			if !ok || next.flow() != s.flow() || next.seq != s.seq+uint32(len(s.payload)) || next.flags&(tcpSYN|tcpRST) != 0 ||
				len(next.payload) == 0 || len(s.payload)+len(next.payload) > 30_000 {
				break
			}
			next.payload = slices.Concat(s.payload, next.payload)
			next.seq = s.seq
			s = next
			i++
		}
		out = append(out, c.segment(stream, &list[i], &s)...)
	}
	return out
}

// segment is what becomes of one.
func (c *streamCutter) segment(stream *sentStream, p *capture.Packet, s *tcpSegment) (out []capture.Packet) {
	base := len(stream.octets)
	if !stream.known || s.seq != stream.first+uint32(base) {
		stream.known = stream.known && int32(s.seq-stream.first-uint32(base)) < 0 // sent again
		return []capture.Packet{*p}
	}
	stream.octets = append(stream.octets, s.payload...)
	cuts := []int{base, len(stream.octets)}
	for range c.r.IntN(6) {
		cuts = append(cuts, base+c.r.IntN(len(s.payload)))
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	piece := func(from, to int) {
		flags := s.flags &^ tcpFIN
		if to == len(stream.octets) {
			flags = s.flags
		}
		out = append(out, s.with(p, stream.first+uint32(from), flags, stream.octets[from:to]))
	}
	for i := range len(cuts) - 1 {
		from, to := cuts[i], cuts[i+1]
		if !c.ordered {
			switch c.r.IntN(6) {
			case 0: // reaches back, before this segment too
				from -= c.r.IntN(1 + min(from, 300))
			case 1: // and into the next one
				to += c.r.IntN(1 + len(stream.octets) - to)
			}
		}
		piece(from, to)
	}
	if c.ordered {
		return out
	}
	for range c.r.IntN(3) { // again, and what is long gone as well
		from := max(0, base-c.r.IntN(2000))
		from += c.r.IntN(len(stream.octets) - from)
		piece(from, from+1+c.r.IntN(len(stream.octets)-from))
	}
	if c.r.IntN(2) == 0 {
		c.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return out
}
