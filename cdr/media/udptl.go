package media

import (
	"encoding/binary"

	"calltrail/decode"
	"calltrail/decode/rtp"
	"calltrail/decode/udptl"
)

// Kinds of packets in a key: no UDPTL stream has the key of an RTP stream.
const (
	keyKind  = 44 // octet of flowKey
	keyUDPTL = 1
)

const (
	// maxFirstUDPTL is the first sequence number with which a UDPTL stream is no longer believed to begin. Senders begin with 0,
	// and one may miss a few. What has no header but a number is not to be told from other traffic in its middle.
	maxFirstUDPTL = 16
	minMediaPort  = 1024 // ports below are of other services, as decode.Classify has it for RTP
)

// MayBeUDPTL says by the ports of a datagram and its first two octets, which would be its number, whether UDPTL could count it.
// Most datagrams need no parser then: hardly one begins with a number below 16, and only while there are faxes is another one one.
func (t *Table) MayBeUDPTL(f *decode.Frame) bool {
	if len(f.Payload) < 2 || f.Src.Port < minMediaPort || f.Dst.Port < minMediaPort {
		return false
	}
	return t.faxes > 0 || binary.BigEndian.Uint16(f.Payload) < maxFirstUDPTL
}

// UDPTL counts a T.38 datagram captured at at, and says whether it belongs to a stream. A stream begins with a number below 16:
// one whose beginning was not seen is not counted. Advance must have been called with its time before.
func (t *Table) UDPTL(f *decode.Frame, u *udptl.Header, scope uint32, at int64) bool {
	if u.Seq >= maxFirstUDPTL && t.faxes == 0 || f.Src.Port < minMediaPort || f.Dst.Port < minMediaPort {
		return false
	}
	var key flowKey
	key.set(f, scope, 0)
	key[keyKind] = keyUDPTL
	h := rtp.Header{Seq: u.Seq, PayloadLen: f.PayloadLen}
	i, ok := t.find(&key)
	if ok {
		t.count(i, &key, &h, at)
		return true
	}
	if u.Seq >= maxFirstUDPTL || isMulticast(&f.Dst.IP) {
		return false
	}
	if i, ok = t.insert(&key); ok {
		t.entries[i].stream.StartUntimed(&h, at)
		t.tell(Opened, i, t.now)
	}
	return ok
}
