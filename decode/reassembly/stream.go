package reassembly

import (
	"hash/maphash"
	"slices"

	"calltrail/decode/sip"
)

// PortRange is a range of ports, both ends in it.
type PortRange struct{ First, Last uint16 }

// StreamConfig bounds Streams. A zero means the default.
type StreamConfig struct {
	// Ports are those of signalling. Connections with an end on one of them are followed from their SYN on, or from any
	// segment; others from a segment on that begins like SIP, or like a WebSocket handshake for SIP (RFC 7118).
	Ports []PortRange
	// Streams is how many directions are followed at a time, default 16,384. A connection takes two.
	Streams int
	// Octets bounds what is kept of all streams together: messages that are not whole yet, and octets behind a gap. Default
	// 64 MiB, at least 1 MiB.
	Octets int
	// GapWait is how long octets behind a gap wait for it to be filled, default 2 s; Idle, after what time without a segment a
	// connection is forgotten, default 1 h. Nanoseconds of packet time.
	GapWait, Idle int64
}

// StreamStats counts what was done with segments of TCP.
type StreamStats struct {
	Malformed uint64 // segments whose header was cut or wrong

	Opened    uint64 // connections in which SIP was found
	Evicted   uint64 // of those, pushed out for others
	Expired   uint64 // of those, silent for longer than Idle
	Refused   uint64 // connections on ports of signalling that carry something else; of those TLS
	TLS       uint64
	Forgotten uint64 // connections without SIP so far, or at their end, pushed out for others

	Messages   uint64 // given out; of those Cut: the head, and whole lines of a body the rest of which was never seen
	Cut        uint64
	Partial    uint64 // messages lost: a gap in the head, or the stream's end, or want of room
	KeepAlives uint64 // line ends between messages (RFC 5626 section 4.4.1), WebSocket pings, pongs and empty messages

	Retransmitted uint64 // octets that came again
	Overlaps      uint64 // segments with octets that had come before and were others then
	Gaps          uint64 // gaps given up; of those Acknowledged: the receiver had the octets; Forced: for want of room
	Acknowledged  uint64
	Forced        uint64
	Unseen        uint64 // octets in them
	PushedOut     uint64 // times that a connection's octets were dropped for want of room
	Renumbered    uint64 // streams whose sequence numbers jumped out of any window, without a SYN

	Resyncs  uint64 // times that no start line stood where one had to
	Skipped  uint64 // octets passed over up to the next start line
	TooLong  uint64 // messages of more than sip.MaxMessage
	NoLength uint64 // messages without Content-Length, which were taken to have no body
	// BadLength counts messages with a Content-Length that is no number: likewise. LengthsDiffer those with several.
	BadLength, LengthsDiffer uint64

	WebSockets uint64 // WebSocket directions found, by handshake or by a frame
	BadFrames  uint64 // frame headers that cannot be
	NotSIP     uint64 // WebSocket messages that are not SIP
	Inflated   uint64 // WebSocket messages that were compressed
	// Compressed counts those that could not be read: damaged, longer than sip.MaxMessage, too many at once, or resting on
	// messages that were not seen.
	Compressed uint64
}

// Add adds the counts of another, such as those of one worker to the sum of all.
func (s *StreamStats) Add(o *StreamStats) {
	mine, theirs := s.counters(), o.counters()
	for i := range mine {
		*mine[i] += *theirs[i]
	}
}

func (s *StreamStats) counters() [30]*uint64 {
	return [...]*uint64{
		&s.Malformed, &s.Opened, &s.Evicted, &s.Expired, &s.Refused, &s.TLS, &s.Forgotten, &s.Messages, &s.Cut, &s.Partial,
		&s.KeepAlives, &s.Retransmitted, &s.Overlaps, &s.Gaps, &s.Acknowledged, &s.Forced, &s.Unseen, &s.PushedOut, &s.Renumbered,
		&s.Resyncs, &s.Skipped, &s.TooLong, &s.NoLength, &s.BadLength, &s.LengthsDiffer, &s.WebSockets, &s.BadFrames, &s.NotSIP,
		&s.Inflated, &s.Compressed,
	}
}

// Streams follows TCP connections and cuts the SIP messages out of them. One goroutine uses it. What it holds is bounded
// by its configuration; time is that of the packets.
type Streams struct {
	// Messages are what the last call of Segment or Advance found, in the order in which it became known. They and their
	// octets are valid until the next call.
	Messages []Message
	Stats    StreamStats

	cfg   StreamConfig
	ports [1 << 16 / 64]uint64 // a bit for each port of signalling
	near  [1 << 14]uint32      // how many connections on other ports have this hash: most segments need no more
	seed  maphash.Seed

	slots  []slot
	conns  []connection
	free   uint32 // first unused connection + 1
	used   int
	serial uint64
	lists  [3]ring // minor, major, holders
	waits  []wait

	now    int64
	wake   int64 // nothing is due before
	octets int   // of all buffers that connections hold
	pool   pool
	lent   [][]byte // buffers under Messages
	flate  inflater
}

// NewStreams returns Streams without any connection.
func NewStreams(cfg StreamConfig) *Streams {
	orElse(&cfg.Streams, 16384)
	orElse(&cfg.Octets, 64<<20)
	orElse(&cfg.GapWait, 2e9)
	orElse(&cfg.Idle, 3600e9)
	cfg.Streams, cfg.Octets = max(cfg.Streams, 2), max(cfg.Octets, 1<<20)
	s := &Streams{cfg: cfg, seed: maphash.MakeSeed(), slots: make([]slot, 64), now: minTime, wake: maxTime}
	s.SetPorts(cfg.Ports)
	return s
}

func orElse[T int | int64](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// SetPorts changes the ports of signalling. Connections that are followed already still are.
func (s *Streams) SetPorts(ports []PortRange) {
	s.cfg.Ports = slices.Clone(ports)
	clear(s.ports[:])
	for _, r := range ports {
		for p := int(r.First); p <= int(r.Last); p++ {
			s.ports[p>>6] |= 1 << (p & 63)
		}
	}
	clear(s.near[:])
	for i := range s.conns {
		if c := &s.conns[i]; c.used {
			if c.port = s.isPort(c.key.SrcPort) || s.isPort(c.key.DstPort); !c.port {
				s.near[filter(&c.key)]++
			}
		}
	}
}

func (s *Streams) isPort(p uint16) bool { return s.ports[p>>6]>>(p&63)&1 != 0 }

// Segment takes in one TCP segment of a flow, captured at at: b from the TCP header on as captured, length how much that
// was on the wire. b is not changed, and must stay as it is until the next call. The verdict is of this segment alone: a
// gap of another connection may have come to its end by at, so that there are Messages whatever it is, unless Advance
// was called with at before.
//
// NotFollowed with a port of signalling is what has no signalling so far: an empty segment at the begin of a connection,
// or one of TLS, which the caller may give to those who know that.
func (s *Streams) Segment(f *Flow, b []byte, length int, at int64) Verdict {
	s.begin()
	if at > s.now {
		s.pass(at)
	}
	var g segment
	if !g.parse(b, length) {
		s.Stats.Malformed++
		return NotFollowed
	}
	port := s.isPort(f.SrcPort) || s.isPort(f.DstPort)
	if !port && s.near[filter(f)] == 0 && !pickUp(g.payload) {
		return NotFollowed
	}
	return s.follow(f, &g, at, port)
}

// Advance says that it is now: gaps whose wait is over are given up, each at its own deadline, and what stands behind them
// is in Messages. An earlier now than in the call before changes nothing.
func (s *Streams) Advance(now int64) {
	s.begin()
	if now > s.now {
		s.pass(now)
	}
}

// Len is the number of connections in the tables, those without SIP and at their end included; Octets how many octets
// their buffers have.
func (s *Streams) Len() int { return s.used }

// Octets is the size of all buffers that wait for the rest of a message, or for a gap to be filled.
func (s *Streams) Octets() int { return s.octets }

// begin takes back what the last call gave out.
func (s *Streams) begin() {
	if len(s.Messages)+len(s.lent) == 0 {
		return
	}
	clear(s.Messages)
	s.Messages = s.Messages[:0]
	for i, b := range s.lent {
		s.pool.put(b)
		s.lent[i] = nil
	}
	s.lent = s.lent[:0]
}

// pickUp says whether a segment's payload begins like something to be followed on any port. Most payloads of other
// protocols fail at their first octet.
func pickUp(p []byte) bool {
	if len(p) < minFramed {
		return false
	}
	switch first := p[0]; {
	case first&0x7f == opText, first&0x7f == opBinary:
		return beginsFrame(p)
	case first == 'G' && p[1] == 'E' && p[2] == 'T' && p[3] == ' ', first == 'H' && p[1] == 'T' && p[2] == 'T' && p[3] == 'P':
		return looksLikeSIP(p) || beginsHandshake(p)
	case first == '\r', first == '\n', sip.IsToken(first):
		return looksLikeSIP(p)
	}
	return false
}
