package gen

import (
	"math/rand/v2"
	"net/netip"
)

// mediaGrace is how long after the end of a call its RTP still counts.
const mediaGrace = 2 * second

// Impairments of a stream, in percent of its packets.
const (
	percentLost      = 2
	percentCopied    = 1
	percentReordered = 1
)

// never is later than any packet.
const never = int64(1) << 62

// stream sends one direction's RTP (RFC 3550) in slots of equal length, and its sender reports.
//
// What a reader could count in two ways is left out: the first three packets come whole and in order, and the last
// counted one is neither a copy nor swapped over the limit.
type stream struct {
	call     *call
	by       side
	src, dst netip.AddrPort
	r        *rand.Rand

	from     int64 // time of slot 0
	until    int64 // no packet at or after
	limit    int64 // packets count before
	interval int64 // of slots
	jitter   int64 // most that a packet is late in its slot

	slot    int
	slotAt  int64 // when the slot's packet is sent
	swapped bool  // the packet of this slot was sent in the one before: send that one's
	must    bool  // this slot's packet is not to be lost, copied or swapped
	copyAt  int64 // when the last packet is sent again
	report  int64 // time of the next sender report

	impaired   bool
	extension  bool // header extension in every packet, padding in some
	sequence   uint16
	timestamp  uint32
	buffer     []byte // the last packet
	reported   []byte // the last sender report
	sent       uint32
	sentOctets uint32

	highest int // slot of the highest sequence number counted
	truth   mediaTruth
	late    int64
}

// stream plans media of one side; nothing when the run has none.
func (c *call) stream(by side, from, until int64) {
	if c.rtp == 0 || until <= from {
		return
	}
	s := &stream{
		call: c, by: by, src: c.party(by).media, dst: c.party(by.other()).media, r: c.r,
		from: from, until: until, limit: c.truth.ended + mediaGrace, interval: second / int64(c.rtp),
		copyAt: never, report: never,
		impaired: c.percent(shareImpaired), extension: c.codec.pt >= 96 && c.percent(30),
		sequence: low16(int(c.r.Uint32())), timestamp: c.r.Uint32(),
	}
	s.jitter = min(2*ms, s.interval/4)
	if c.percent(5) {
		s.sequence = 65535 - low16(c.r.IntN(20)) // wraps soon
	}
	if c.percent(shareReports) {
		s.report = from + c.between(500*ms, 1500*ms)
	}
	s.truth.ssrc, s.truth.codec, s.truth.pt = c.r.Uint32()|1, c.codec.name, c.codec.pt
	s.slotAt = from
	c.streams = append(c.streams, s)
	if by == caller {
		c.truth.fromCaller = &s.truth
	} else {
		c.truth.fromCallee = &s.truth
	}
}

// next is the time of the stream's next packet.
func (s *stream) next() int64 { return min(s.slotAt, s.copyAt, s.report) }

// act sends what is due.
func (s *stream) act(w *world, now int64) (int64, bool) {
	switch now {
	case s.copyAt:
		s.copyAt = never
		s.truth.duplicates++
		w.rtp(s, now)
	case s.report:
		s.report += 5 * second
		s.senderReport(now)
		w.rtcp(s, now)
	default:
		s.play(w, now)
	}
	next := s.next()
	if next == never {
		w.done(s.call)
	}
	return next, next != never
}

// play sends a slot's packet, or what an impairment makes of it, and plans the next slot.
func (s *stream) play(w *world, now int64) {
	n := s.slot
	s.slot++
	s.slotAt = s.from + int64(s.slot)*s.interval + s.r.Int64N(s.jitter+1)
	follows := s.slotAt < min(s.until, s.limit) // a packet that counts
	if s.slotAt >= s.until {
		s.slotAt, s.report = never, never
	}
	whole := n < 3 || s.must || !s.impaired
	s.must = false
	if s.swapped {
		s.swapped = false
		s.send(w, n-1, now)
		return
	}
	draw := 100
	if !whole {
		draw = s.r.IntN(100)
	}
	switch {
	case draw < percentLost:
	case follows && draw < percentLost+percentCopied:
		s.send(w, n, now)
		s.copyAt, s.must = now+50+s.r.Int64N(250), true
	case follows && draw < percentLost+percentCopied+percentReordered:
		s.send(w, n+1, now)
		s.swapped = true
	default:
		s.send(w, n, now)
	}
}

// send sends the packet of a slot and counts it.
func (s *stream) send(w *world, slot int, now int64) {
	payload := s.packet(slot)
	s.sent++
	s.sentOctets += low32(int64(payload))
	if now < s.limit {
		t := &s.truth
		if t.packets == 0 {
			t.first = now
		}
		t.last = now
		t.packets++
		t.octets += int64(payload)
		s.highest = max(s.highest, slot)
		t.lost = int64(s.highest+1) - t.packets
	} else {
		s.late++
	}
	w.rtp(s, now)
}

func (w *world) rtp(s *stream, at int64) {
	w.totals.RTP++
	w.media(s, at, s.src, s.dst, s.buffer)
}

// rtcp is sent from and to the ports above those of RTP.
func (w *world) rtcp(s *stream, at int64) {
	w.totals.RTCP++
	src := netip.AddrPortFrom(s.src.Addr(), s.src.Port()+1)
	dst := netip.AddrPortFrom(s.dst.Addr(), s.dst.Port()+1)
	w.media(s, at, src, dst, s.reported)
}

// media is never cut into fragments.
func (w *world) media(s *stream, at int64, src, dst netip.AddrPort, payload []byte) {
	c := s.call.carriage
	c.mtu = 0
	for _, b := range c.frames(&w.frame, s.by, src, dst, payload) {
		w.packet(at, b)
	}
}
