package flow

import (
	"encoding/binary"

	"calltrail/decode"
	"calltrail/decode/stun"
)

const (
	tcpHeader = 20
	flagFIN   = 1
	flagRST   = 4
	stunLen   = 20         // octets of the STUN header, RFC 8489 section 5
	cookie    = 0x2112a442 // octets 4 to 7 of it
	// farAway is more than what can be under way in one direction: such a sequence number begins a new count.
	farAway = 1 << 24
)

// Segment takes in the TCP segment of f (decode.Walk's), seen at packet time now; at is its own time. It says whether the
// segment is of a flow that is followed. Of any other it costs a look at two fields.
func (t *Table) Segment(f *decode.Frame, scope uint32, at, now int64) bool {
	b := f.Payload
	t.Followed = false
	if len(b) < tcpHeader {
		return false
	}
	offset := 4 * int(b[12]>>4)
	if offset < tcpHeader || offset > f.PayloadLen {
		return false
	}
	payload, length := b[min(offset, len(b)):], f.PayloadLen-offset
	hash := t.flows.hash(f, scope)
	if !t.flows.perhaps(hash) && !maySTUN(payload) {
		return false
	}
	i, ok := t.flows.find(hash, f, scope, true)
	if !ok {
		if !maySTUN(payload) || !t.startsSTUN(payload, length) {
			return false
		}
		i = t.begin(f, hash, scope, true, at, now)
	}
	e := t.flows.at(i)
	t.meet(e, f, at)
	what := kindNone
	if length > 0 {
		e.ending = 0 // whatever FIN or RST was before it, it was not the end
		t.counted = e.sides[t.side].forward(binary.BigEndian.Uint32(b[4:]), length)
		if !t.counted {
			t.Stats.Copies++
		}
		what = t.segment(e, payload, length)
		t.count(e, what, length, 0)
	}
	if b[13]&(flagFIN|flagRST) != 0 {
		e.ending = max(at, 1)
	}
	t.settle(i, e, what, now)
	return true
}

// forward says whether a segment brings something that was not seen before.
func (s *side) forward(seq uint32, length int) bool {
	end := seq + uint32(length)  //nolint:gosec // at most 64 Ki octets
	ahead := int32(end - s.next) //nolint:gosec // a wrap-around difference is signed by design
	if s.synced && ahead <= 0 && ahead > -farAway {
		return false
	}
	s.next, s.synced = end, true
	return true
}

// maySTUN says by a few octets whether a segment could begin with a STUN message: bare, after two octets of length
// (RFC 4571), or in Microsoft's multiplexing.
func maySTUN(b []byte) bool {
	if len(b) < stunLen {
		return false
	}
	return binary.BigEndian.Uint32(b[4:]) == cookie || len(b) >= stunLen+2 && binary.BigEndian.Uint32(b[6:]) == cookie ||
		b[0] == 0xff && b[1] == 0x10
}

// startsSTUN says whether a segment begins with a STUN message.
func (t *Table) startsSTUN(b []byte, wireLen int) bool {
	m := &t.message[0]
	if inner, n, ok := stun.Multiplexed(b, wireLen); ok {
		return stun.Parse(inner, n, m) == nil
	}
	if inner, n, ok := stun.StripLength(b, wireLen); ok && stun.Parse(inner, n, m) == nil && m.Cookie {
		return true
	}
	return stun.Parse(b, wireLen, m) == nil && m.Cookie
}

// segment looks at what a segment begins with; what follows in it is not told apart.
func (t *Table) segment(e *entry, b []byte, wireLen int) kind {
	if len(b) == 0 {
		return kindOther
	}
	m := &t.message[0]
	if stun.Looks(b) && stun.Parse(b, wireLen, m) == nil {
		what, _, _ := t.stun(e, m, 0)
		return what
	}
	if inner, n, ok := stun.Multiplexed(b, wireLen); ok {
		return t.framed(e, inner, n)
	}
	if b[0]>>4 == 4 && e.Facts&TURN != 0 {
		if data, n, ok := channelData(b, wireLen); ok {
			what, _, _ := t.carried(e, data, n)
			return what
		}
	}
	if inner, n, ok := stun.StripLength(b, wireLen); ok {
		return t.framed(e, inner, n)
	}
	return kindOther
}

// channelData reads the ChannelData message that a segment begins with; over TCP more may follow it.
func channelData(b []byte, wireLen int) (data []byte, n int, ok bool) {
	if len(b) < 4 {
		return nil, 0, false
	}
	whole := 4 + (int(binary.BigEndian.Uint16(b[2:]))+3)&^3 // over TCP it is padded (RFC 8656 section 12.5)
	if whole > wireLen {
		return nil, 0, false
	}
	_, data, n, ok = stun.ParseChannelData(b[:min(whole, len(b))], whole)
	return data, n, ok
}

// framed looks at what stands in a frame: a message to the other end, or what it carries.
func (t *Table) framed(e *entry, b []byte, wireLen int) kind {
	m := &t.message[0]
	if len(b) > 0 && b[0] < 4 && stun.Parse(b, wireLen, m) == nil {
		what, _, _ := t.stun(e, m, 0)
		return what
	}
	facts := e.Facts
	what, _, _ := t.carried(e, b, wireLen)
	e.Facts = facts | e.Facts&^Relaying
	return what
}
