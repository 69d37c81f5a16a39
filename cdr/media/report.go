package media

import (
	"calltrail/decode"
	"calltrail/decode/rtp"
)

// Report takes in an RTCP packet captured at at: the canonical name that it gives its sender (RFC 3550 section 6.5.1) is that of
// the sender's stream, and comes with its Closed event. A name made by chance, as RFC 7022 demands, says nothing and is not kept;
// neither is a report for which there is no stream, or one in SRTCP. A report does not keep a stream open: what is to be known is
// how long there was media.
//
// RTCP has the port after that of RTP (RFC 3550 section 11), or the same one (RFC 5761), and each side chooses for itself.
func (t *Table) Report(f *decode.Frame, scope uint32, _ int64) {
	name, ssrc, ok := rtp.CName(f.Payload, f.PayloadLen)
	if !ok || t.used == 0 {
		return
	}
	var key flowKey
	key.set(f, scope, ssrc)
	i, ok := t.find(&key)
	for _, below := range [...][2]uint16{{1, 1}, {1, 0}, {0, 1}} {
		if ok {
			break
		}
		key.ports(f.Src.Port-below[0], f.Dst.Port-below[1])
		i, ok = t.find(&key)
	}
	if !ok {
		return
	}
	// The comparison makes no string: a name that is known, as all but the first report's, costs no memory.
	if old, known := t.names[i]; known && old == string(name) || rtp.RandomCName(name) {
		return
	} else if !known {
		t.Stats.Named++
	}
	t.names[i] = string(name) // at most rtp.MaxCName octets, one for each entry
}
