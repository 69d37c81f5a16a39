package rtp

import "math"

// maxDropout is the first forward step of the sequence number that is no longer taken for loss: RFC 3550 appendix
// A.1, MAX_DROPOUT.
const maxDropout = 3000

// Update says what Add did with a packet.
type Update uint8

// What Add can do with a packet. Each packet given to a Stream is in exactly one of its counters Packets, Duplicates
// and Strays, or, after Jump, in the Stream that follows it.
const (
	Counted   Update = iota // a sequence number seen for the first time
	Duplicate               // a copy of a packet that was counted, as mirror ports make them
	Stray                   // outside the range of sequence numbers; held, in case the sender has jumped there
	Jump                    // second packet of a new range: not counted, to be given to StartAfter of a new Stream
)

// Stream accumulates the packets of one SSRC of one flow (source and destination address and port). It is a plain
// value without pointers, made to lie in a flat table; the zero Stream is not ready, Start makes it so. The
// exported fields are for reading. One goroutine at a time may use it.
type Stream struct {
	// First and Last are the earliest and the latest capture time of the counted packets, in nanoseconds since
	// 1970-01-01T00:00:00Z.
	First, Last int64
	// Packets is the number of sequence numbers seen, each counted once.
	Packets uint64
	// Octets is the sum of PayloadLen of the counted packets.
	Octets uint64
	// Duplicates is the number of copies, in no other counter.
	Duplicates uint64
	// Strays is the number of packets out of the sequence's range that no jump explained, in no other counter.
	Strays uint64

	window  window
	highest uint64 // highest sequence number, extended by its wrap-arounds (RFC 3550 appendix A.1)
	lowest  uint64 // lowest one, likewise
	jitter  jitter
	held    held

	// SSRC is the synchronization source of every packet of the stream.
	SSRC  uint32
	votes uint32 // for PayloadType, see vote
	// PayloadType is the type that most packets have: a majority vote (Boyer and Moore), exact when one type has
	// more than half of the packets. Comfort noise (13) has no vote while there is another type.
	PayloadType uint8
	// Mixed says that other payload types were seen as well, such as telephone-event or comfort noise.
	Mixed   bool
	untimed bool // see StartUntimed
	// Consecutive is the longest run of packets that came one number after the other, at most 65,535. Copies do not break a
	// run; a gap, a packet out of order and a stray do. It is what tells media from noise: what stands still or leaps about in
	// the place of the sequence number has runs of one.
	Consecutive uint16
	run         uint16 // length of the present one
}

// held is the last stray packet. If the next number follows, the sender has jumped and both begin a new range: the
// bad_seq of RFC 3550 appendix A.1, with what is needed to count the packet after all.
type held struct {
	time        int64
	timestamp   uint32
	octets      uint32
	seq         uint16
	payloadType uint8
	copies      uint8 // further sightings of the same packet
	set         bool
}

// Start makes s a stream whose first packet is h, captured at t (nanoseconds since 1970-01-01T00:00:00Z). What s held
// before is forgotten.
func (s *Stream) Start(h *Header, t int64) {
	// The extended number starts one cycle up, so that packets reordered before the first do not go below zero.
	seq := 1<<16 | uint64(h.Seq)
	*s = Stream{
		First: t, Last: t,
		Packets: 1, Octets: uint64(h.PayloadLen), //nolint:gosec // Parse makes no negative length
		window: window{1}, highest: seq, lowest: seq,
		SSRC: h.SSRC, PayloadType: h.PayloadType, votes: 1, Consecutive: 1, run: 1,
	}
	s.jitter.start(h.Timestamp, t)
}

// StartUntimed is Start for datagrams that are numbered like RTP and have no timestamp (UDPTL, ITU-T T.38): the stream has no
// jitter.
func (s *Stream) StartUntimed(h *Header, t int64) {
	s.Start(h, t)
	s.untimed = true
}

// StartAfter makes s the stream that follows previous, after previous.Add(h, t) returned Jump. It begins with the
// stray packet before h, which previous gives up, so that no packet is counted twice or not at all. s and previous
// must be two values.
func (s *Stream) StartAfter(previous *Stream, h *Header, t int64) {
	held, untimed := previous.held, previous.untimed
	if !held.set {
		s.Start(h, t)
		s.untimed = untimed
		return
	}
	previous.held.set = false
	previous.Strays -= 1 + uint64(held.copies)
	s.Start(&Header{
		PayloadType: held.payloadType, Seq: held.seq, Timestamp: held.timestamp, SSRC: h.SSRC,
		PayloadLen: int(held.octets),
	}, held.time)
	s.Duplicates, s.untimed = uint64(held.copies), untimed
	s.Add(h, t)
}

// Add takes in the next packet of the stream, captured at t (nanoseconds since 1970-01-01T00:00:00Z). h.SSRC must be
// the stream's. Each sequence number is counted once, in whatever order the packets come, as long as one is less than
// 128 behind the highest; a step forward of less than 3000 is loss.
//
// A packet outside of that is a Stray. The second one in sequence, with no counted packet in between, is a Jump: the
// sender has started again, and the caller opens a new Stream with StartAfter. A single stray, or two senders that
// share an SSRC and take turns, do not end a stream.
func (s *Stream) Add(h *Header, t int64) Update {
	ahead := h.Seq - uint16(s.highest) //nolint:gosec // the low 16 bits are the number on the wire
	behind := -ahead
	switch {
	case ahead != 0 && ahead < maxDropout:
		s.window.slide(ahead)
		s.highest += uint64(ahead)
		if ahead != 1 {
			s.run = 0
		}
		if s.run < math.MaxUint16 {
			s.run++
			s.Consecutive = max(s.Consecutive, s.run)
		}
	case behind < windowSize:
		if !s.window.mark(behind) {
			s.Duplicates++
			return Duplicate
		}
		s.lowest = min(s.lowest, s.highest-uint64(behind))
		s.run = 0
	default:
		return s.stray(h, t)
	}
	s.held.set = false
	s.Packets++
	s.Octets += uint64(h.PayloadLen) //nolint:gosec // Parse makes no negative length
	s.First = min(s.First, t)
	s.Last = max(s.Last, t)
	s.measure(h, t)
	return Counted
}

// stray decides about a packet outside the range.
func (s *Stream) stray(h *Header, t int64) Update {
	if s.held.set && h.Seq == s.held.seq+1 {
		return Jump
	}
	s.Strays++
	s.run = 0
	if s.held.set && h.Seq == s.held.seq && s.held.copies < math.MaxUint8 {
		s.held.copies++
		return Stray
	}
	s.held = held{
		time: t, timestamp: h.Timestamp, octets: uint32(h.PayloadLen), //nolint:gosec // at most a UDP datagram
		seq: h.Seq, payloadType: h.PayloadType, set: true,
	}
	return Stray
}

// measure lets a counted packet vote for the payload type and, when it is of that type, enter the jitter.
func (s *Stream) measure(h *Header, t int64) {
	if h.PayloadType == s.PayloadType {
		if s.votes < math.MaxUint32 {
			s.votes++
		}
		s.jitter.add(clocksOf(s.PayloadType), h.Timestamp, t)
		return
	}
	s.Mixed = true
	switch {
	case h.PayloadType == comfortNoise:
		return
	case s.PayloadType != comfortNoise && s.votes > 0:
		s.votes--
		return
	}
	s.PayloadType, s.votes = h.PayloadType, 1
	s.jitter.start(h.Timestamp, t)
}

// Expected returns how many packets the sender sent between the lowest and the highest sequence number seen, both
// included (RFC 3550 appendix A.3).
func (s *Stream) Expected() uint64 { return s.highest - s.lowest + 1 }

// Range returns the lowest and the highest sequence number seen, extended by the wrap-arounds since the first packet (RFC 3550
// appendix A.1). The first packet's own is its number plus 65,536, so that packets before it do not go below zero; of two streams
// only the low 16 bits compare.
func (s *Stream) Range() (lowest, highest uint64) { return s.lowest, s.highest }

// Lost returns how many of the expected packets were not seen. It is never negative, since copies are not packets
// here; a packet that comes later than the window is lost and a stray.
func (s *Stream) Lost() uint64 { return s.Expected() - s.Packets }
