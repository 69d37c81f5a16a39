package flow

import (
	"slices"

	"calltrail/cdr/timer"
	"calltrail/decode"
	"calltrail/decode/app"
	"calltrail/decode/rtp"
	"calltrail/decode/stun"
)

// Stats counts what a Table did.
type Stats struct {
	Opened  uint64 // flows followed
	Anew    uint64 // flows that were closed and begun anew in their place
	Evicted uint64 // pushed out of a full table
	// EvictedPlaying are those of them that had media both ways: the table is too small.
	EvictedPlaying uint64
	// Unnoticed are flows that ended without anything worth telling: they have no event.
	Unnoticed uint64
	Copies    uint64 // packets that a mirror port sent twice
	// Unlearned are addresses that found no room in their flow, Untold what a flow learned after it had said so often enough.
	Unlearned, Untold uint64
}

// Table follows flows. One goroutine uses it.
type Table struct {
	Stats Stats
	// Events are what happened, in order. Who reads them empties the list.
	Events []Event
	// Followed says that the packet taken in last was of a flow that is followed. Any other one has moved no timer.
	Followed bool

	cfg    Config
	flows  slab
	lists  [ranks]list
	timers timer.Queue[uint32]
	orders uint64

	// Of the packet in hand.
	at       int64
	side     int  // up or down
	counted  bool // it is no copy
	proved   bool // its payload type came often enough now
	src, dst uint16
	message  [2]stun.Message // the outer one, and the one inside
	rtp      rtp.Header
	compound rtp.Compound
}

// New returns an empty Table.
func New(cfg Config) *Table {
	t := &Table{cfg: cfg.withDefaults(), flows: newSlab()}
	t.timers.Placed = func(i uint32, position int) {
		t.flows.at(i).position = uint32(position) //nolint:gosec // bounded by Config.Flows
	}
	return t
}

// Len is the number of flows in memory.
func (t *Table) Len() int { return t.flows.used }

// Datagram takes in the UDP datagram of f, which decode.Classify called class, seen at packet time now; at is its own time. When
// it carries RTP or RTCP in something else (TURN, or an application's own header), inner is that packet as captured and innerLen
// its length on the wire; it aliases f.Payload. Otherwise inner is nil. A datagram of a flow that is not followed costs a look at
// its first octets and its ends.
func (t *Table) Datagram(f *decode.Frame, class decode.Reason, scope uint32, at, now int64) (inner []byte, innerLen int) {
	t.Followed = false
	hash := t.flows.hash(f, scope)
	if !t.flows.perhaps(hash) && !mayBegin(f, class) {
		return nil, 0
	}
	i, ok := t.flows.find(hash, f, scope, false)
	if !ok {
		if !mayBegin(f, class) || !t.begins(f, class) {
			return nil, 0
		}
		i = t.begin(f, hash, scope, false, at, now)
	}
	e := t.flows.at(i)
	t.meet(e, f, at)
	if len(f.Payload) > 0 && e.sides[t.side].copied(f.Payload, f.PayloadLen, at) {
		t.Stats.Copies++
		t.counted = false
	}
	var what kind
	what, inner, innerLen = t.look(e, f, class)
	t.count(e, what, f.PayloadLen, max(innerLen, 0))
	t.settle(i, e, what, now)
	return inner, innerLen
}

// meet sets what is known of the packet in hand before it is looked into.
func (t *Table) meet(e *entry, f *decode.Frame, at int64) {
	t.Followed = true
	t.at, t.counted, t.proved, t.src, t.dst = at, true, false, f.Src.Port, f.Dst.Port
	t.side = up
	if e.Client != f.Src {
		t.side = down
	}
	e.sides[t.side].spoke = true
	e.seen = max(e.seen, at)
}

// oldPort says whether a server of STUN waits at a port: RFC 8489's (3478, and those of Teams after it), Google's or Telegram's.
func oldPort(port uint16) bool {
	return port >= 3478 && port <= 3481 || port >= 19302 && port <= 19309 || port == 1400
}

// mayBegin says by a few octets whether a datagram could begin a flow.
func mayBegin(f *decode.Frame, class decode.Reason) bool {
	b := f.Payload
	switch class {
	case decode.STUN:
		return true
	case decode.DTLS:
		return isHello(b)
	case decode.UDPOther:
		if len(b) < 2 {
			return false
		}
		return app.Gate(b[0], f.Src.Port, f.Dst.Port) || b[0] == 0xff && b[1] == 0x10 ||
			b[0] < 2 && (oldPort(f.Src.Port) || oldPort(f.Dst.Port))
	default:
		return false
	}
}

// begins says whether a datagram, of which mayBegin is true, begins a flow.
func (t *Table) begins(f *decode.Frame, class decode.Reason) bool {
	b, m := f.Payload, &t.message[0]
	switch {
	case class == decode.DTLS:
		return true
	case class == decode.STUN:
		return stun.Parse(b, f.PayloadLen, m) == nil
	case b[0] < 2 && (oldPort(f.Src.Port) || oldPort(f.Dst.Port)) && stun.Parse(b, f.PayloadLen, m) == nil:
		return true
	case b[0] == 0xff:
		if inner, n, ok := stun.Multiplexed(b, f.PayloadLen); ok && stun.Parse(inner, n, m) == nil {
			return true
		}
	}
	return app.Gate(b[0], f.Src.Port, f.Dst.Port) && app.Payload(b, f.PayloadLen, f.Src.Port, f.Dst.Port).Reason()
}

// begin makes room for a flow, if need be at another one's cost, and follows it.
func (t *Table) begin(f *decode.Frame, hash uint64, scope uint32, tcp bool, at, now int64) uint32 {
	if t.flows.used >= t.cfg.Flows {
		t.evict(t.oldest(), now)
	}
	i, e := t.flows.insert(hash)
	e.Client, e.Server, e.Scope, e.TCP = f.Src, f.Dst, scope, tcp
	e.VLAN, e.VLANs, e.Tunnels = f.VLAN, f.VLANs, slices.Clone(f.Tunnel[:f.Tunnels])
	e.seen = at
	t.Stats.Opened++
	t.link(i, fresh)
	e.deadline = max(e.due(&t.cfg), now)
	t.timers.Push(e.deadline, t.orders, i)
	t.orders++
	return i
}

// count adds a packet of length octets to its direction; mediaLen are those of the RTP packet in it, 0 for all.
func (t *Table) count(e *entry, what kind, length, mediaLen int) {
	if !t.counted {
		return
	}
	s := &e.sides[t.side]
	paced := what == kindRTP
	if what == kindSealed || what == kindOther {
		before := s.latest[what]
		paced = before != 0 && t.at-before <= int64(t.cfg.Pace)
		s.latest[what] = max(before, t.at)
	}
	if e.asleep {
		if !paced && !e.news {
			return
		}
		e.asleep = false
	}
	if e.First == 0 {
		e.First = t.at
	}
	e.Last = max(e.Last, t.at)
	if paced {
		if e.firstOf[what] == 0 {
			e.firstOf[what] = t.at
		}
		if e.FirstMedia == 0 {
			e.FirstMedia = t.at
		}
		e.LastMedia = max(e.LastMedia, t.at)
		e.paced[what][t.side]++
	}
	if mediaLen == 0 {
		mediaLen = length
	}
	v := e.volume(t.side)
	v.Packets++
	v.Octets += uint64(length) //nolint:gosec // not negative
	octets := uint64(mediaLen) //nolint:gosec // as above
	switch what {
	case kindRTP:
		v.RTP++
		v.RTPOctets += octets
		t.proved = e.payloadType(t.side, t.rtp.PayloadType, t.rtp.SSRC)
	case kindRTCP:
		v.RTCP++
	case kindSealed:
		v.Sealed++
		v.SealedOctets += octets
	case kindOther:
		v.Other++
		v.OtherOctets += octets
	default:
	}
}
