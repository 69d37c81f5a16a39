package reassembly

import (
	"encoding/binary"
	"time"

	"calltrail/decode/sip"
)

// AssociationConfig bounds Associations. Zero or less of a number means its default.
type AssociationConfig struct {
	// Associations is the most directions of associations that are followed; default 4096, of some 200 octets
	// each, 700 at most.
	Associations int
	// Octets bounds the memory for chunks that wait for others, in use and spare; default 4 MiB. It is counted in blocks of
	// 2 KiB, of which every chunk takes one at least, and some 150 octets beside.
	Octets int
	// Timeout is how long a chunk waits for the rest of its message, in nanoseconds; default 30 s. SCTP sends what was lost
	// again after a second, after two, after four … (RFC 9260 section 6.3), and SIP gives up after 32 s.
	Timeout int64
	// Idle is how long an association is remembered without a packet, in nanoseconds; default 10 minutes. Idle associations
	// send a HEARTBEAT every 30 s or so (RFC 9260 section 8.3), on each path.
	Idle int64
}

// Defaults of an AssociationConfig.
const (
	defaultAssociations = 4096
	defaultHeldOctets   = 4 << 20
	defaultIdle         = int64(10 * time.Minute)
)

// Bounds of one association.
const (
	maxParts   = 64      // chunks that wait
	maxMessage = 1 << 16 // octets of a message of several chunks
)

// AssociationStats counts what became of SCTP packets and the DATA and I-DATA chunks of them that might be SIP.
type AssociationStats struct {
	Packets   uint64 // given to Packet
	Bad       uint64 // of those, with a header or chunk that is cut or has an impossible length
	Messages  uint64 // given out
	Joined    uint64 // of those, put together from several chunks
	Copies    uint64 // chunks of a TSN that was seen already
	Overlaps  uint64 // of those, with other octets than the first that waited
	Expired   uint64 // chunks that waited too long
	Evicted   uint64 // chunks pushed out for others
	Refused   uint64 // chunks for which there was no room, and chunks of messages that are too long
	Forgotten uint64 // associations pushed out for others
}

// Associations takes SIP messages (RFC 4168) out of SCTP packets. One goroutine uses it.
//
// A direction of an association is known by its ports and verification tag, not by addresses: a multihomed host sends
// what was lost over another path (RFC 9260 section 6.4.1), and the parts of one message may take several. The tag is a
// random number that the receiver chose, so that whoever has not seen it cannot write into an association; that two of
// them with the same ports share one by chance is a matter of 1 in 2^32. The scope is left in: another VLAN is
// another network.
//
// One user message is one SIP message: SCTP keeps the bounds of messages, which is why RFC 4168 chose it. Most come in one
// chunk and are given out at once; RFC 4168 section 5.1 recommends stream 0, unordered, so their receiver does the same.
type Associations struct {
	// Messages are those that the last Packet completed, in the order of their last chunks.
	Messages []Message
	Stats    AssociationStats

	cfg     AssociationConfig
	now     int64
	known   map[associationKey]*association
	recent  queue[association] // least recently used first
	waiting queue[part]        // chunks, oldest first
	pool    blockPool
	free    *part
	arrived uint64
	octets  []byte  // of Messages that were put together
	joined  []reach // where
}

// reach says where the octets of a message are.
type reach struct{ message, from, to int }

// associationKey names one direction of an association.
type associationKey struct {
	tag, scope       uint32
	srcPort, dstPort uint16
}

// NewAssociations returns an empty table.
func NewAssociations(cfg AssociationConfig) *Associations {
	setDefault(&cfg.Associations, defaultAssociations)
	setDefault(&cfg.Octets, defaultHeldOctets)
	setDefault(&cfg.Timeout, defaultTimeout)
	setDefault(&cfg.Idle, defaultIdle)
	return &Associations{
		cfg: cfg, known: map[associationKey]*association{}, pool: blockPool{most: max(1, cfg.Octets/blockLen)},
	}
}

// Len is the number of associations, each direction by itself.
func (a *Associations) Len() int { return len(a.known) }

// Advance says that it is now: chunks and associations whose time is over are let go. Time never goes back.
func (a *Associations) Advance(now int64) {
	a.now = max(a.now, now)
	for w := a.waiting.oldest(); w != nil && a.now-w.since >= a.cfg.Timeout; w = a.waiting.oldest() {
		a.Stats.Expired++
		a.release(w)
	}
	for s := a.recent.oldest(); s != nil && a.now-s.used >= a.cfg.Idle; s = a.recent.oldest() {
		a.forget(s)
	}
	if a.waiting.n == 0 {
		a.pool.shrink()
	}
}

// Packet reads the SCTP packet that begins with b, at packet time at (after Advance(at), which it calls). length is how
// many octets of it were on the wire, len(b) of them were captured. Messages are valid until the next call; those of one
// chunk lie in b.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-------------------------------+-------------------------------+
//	|      Source Port Number       |    Destination Port Number    |
//	+-------------------------------+-------------------------------+
//	|                       Verification Tag                        |
//	+---------------------------------------------------------------+
//	|                           Checksum                            |
//	+---------------------------------------------------------------+
//
// Completed comes before Held, Held before Sigtran. The packets of an association in which SIP was seen are Held at
// least, so that its acknowledgements and heartbeats count as what they belong to.
func (a *Associations) Packet(f *Flow, b []byte, length int, at int64) Verdict {
	a.Advance(at)
	a.Messages, a.joined, a.octets = a.Messages[:0], a.joined[:0], wiped(a.octets, 0)
	a.Stats.Packets++
	if length = max(length, len(b)); len(b) < commonHeaderLen {
		a.Stats.Bad++
		return NotFollowed
	}
	p := packet{
		key: associationKey{tag: binary.BigEndian.Uint32(b[4:]), scope: f.Scope, srcPort: f.SrcPort, dstPort: f.DstPort},
	}
	if p.association = a.known[p.key]; p.association != nil {
		a.touch(p.association)
	}
	a.chunks(&p, b[commonHeaderLen:], length-commonHeaderLen, f, at)
	for _, s := range a.joined {
		a.Messages[s.message].Octets = a.octets[s.from:s.to:s.to]
	}
	switch {
	case len(a.Messages) > 0:
		return Completed
	case p.held || p.association != nil && p.association.kind == signalling:
		return Held
	case p.sigtran:
		return Sigtran
	}
	return NotFollowed
}

// packet is what is known of the packet at hand.
type packet struct {
	key           associationKey
	association   *association // nil when none is followed
	held, sigtran bool
}

// chunks goes through the chunks in b, of which length octets were on the wire.
func (a *Associations) chunks(p *packet, b []byte, length int, f *Flow, at int64) {
	for length > 0 && len(b) > 0 {
		var c chunk
		var data, ok bool
		if b, length, data, ok = c.next(b, length); !ok {
			a.Stats.Bad++
			return
		}
		if data {
			a.data(p, &c, f, at)
		}
	}
}

// data takes in a chunk of user data.
func (a *Associations) data(p *packet, c *chunk, f *Flow, at int64) {
	text := c.begin && looksLikeSIP(c.user)
	if !a.follow(p, c, text) {
		p.sigtran = p.sigtran || isSigtran(c.ppid)
		return
	}
	s := p.association
	p.held = true
	if s.seen.has(c.tsn) {
		a.Stats.Copies++
		a.compare(s, c)
		return
	}
	switch {
	case !c.begin || !c.end:
		a.hold(s, c, f, at)
	case text:
		s.seen.mark(c.tsn)
		a.Stats.Messages++
		a.Messages = append(a.Messages, Message{Flow: *f, Transport: sip.SCTP, Octets: c.user, At: at, Now: at})
	}
}

// NextTimer is the time of the next thing that Advance does; ok is false when there is none.
func (a *Associations) NextTimer() (at int64, ok bool) {
	at = maxTime
	if w := a.waiting.oldest(); w != nil {
		at = w.since + a.cfg.Timeout
	}
	if s := a.recent.oldest(); s != nil {
		at = min(at, s.used+a.cfg.Idle)
	}
	return at, at != maxTime
}
