package flow

import (
	"encoding/binary"

	"calltrail/decode"
	"calltrail/decode/app"
	"calltrail/decode/rtp"
	"calltrail/decode/stun"
)

// look finds what a datagram of a followed flow is. inner is RTP or RTCP that it carries in something else.
func (t *Table) look(e *entry, f *decode.Frame, class decode.Reason) (what kind, inner []byte, innerLen int) {
	b := f.Payload
	switch class {
	case decode.STUN:
		if m := &t.message[0]; stun.Parse(b, f.PayloadLen, m) == nil {
			return t.stun(e, m, 0)
		}
	case decode.DTLS:
		return t.dtls(e, b), nil, 0
	case decode.RTP:
		if rtp.Parse(b, f.PayloadLen, &t.rtp) == nil {
			return kindRTP, nil, 0
		}
	case decode.RTCP:
		return kindRTCP, nil, 0
	case decode.UDPOther:
		if len(b) > 0 {
			return t.other(e, b, f.PayloadLen)
		}
	default:
	}
	return kindNone, nil, 0
}

// other looks at a datagram that Classify has no name for.
func (t *Table) other(e *entry, b []byte, wireLen int) (what kind, inner []byte, innerLen int) {
	m := &t.message[0]
	switch first := b[0]; {
	case first>>6 == 1 && first < 80: // RFC 7983: 64-79, where TURN was seen
		if e.Facts&TURN != 0 {
			if _, data, n, ok := stun.ParseChannelData(b, wireLen); ok {
				return t.carried(e, data, n)
			}
		}
	case first < 4:
		if stun.Parse(b, wireLen, m) == nil {
			return t.stun(e, m, 0)
		}
	case first == 0xff:
		if data, n, ok := stun.Multiplexed(b, wireLen); ok {
			if stun.Parse(data, n, m) == nil {
				return t.stun(e, m, 0)
			}
			return t.carried(e, data, n)
		}
	case first>>6 == 2: // Classify leaves out ports at which no phone has media; here more is known
		if what = t.media(b, wireLen); what != kindOther {
			return what, b, wireLen
		}
	case first>>5 == 1 && e.dtls: // DTLS 1.3 hides type and version of what is under keys
		return t.sealed13(e, first), nil, 0
	}
	if e.looks < payloadLooks || app.Gate(b[0], t.src, t.dst) {
		e.looks = min(e.looks+1, payloadLooks)
		e.learnMarks(app.Payload(b, wireLen, t.src, t.dst))
	}
	if !common(e.Marks, zoom) {
		return kindOther, nil, 0
	}
	offset, _, sort := app.Media(b, wireLen, t.src, t.dst)
	switch sort {
	case app.MediaRTP:
		if rtp.Parse(b[offset:], wireLen-offset, &t.rtp) == nil {
			return kindRTP, b[offset:], wireLen - offset
		}
	case app.MediaRTCP:
		return kindRTCP, b[offset:], wireLen - offset
	default:
	}
	return kindOther, nil, 0
}

// carried looks into what TURN carries: media of a flow counts as its own.
func (t *Table) carried(e *entry, b []byte, wireLen int) (what kind, inner []byte, innerLen int) {
	if len(b) == 0 {
		return kindNone, nil, 0
	}
	what = kindOther
	switch first := b[0]; {
	case first>>6 == 2:
		if what = t.media(b, wireLen); what != kindOther {
			e.Facts |= Relaying
			return what, b, wireLen
		}
	case first < 4 || first == 8:
		// Only one level deep: what the message inside carries is left alone.
		if m := &t.message[1]; stun.Parse(b, wireLen, m) == nil && m.Cookie {
			return t.stun(e, m, 1)
		}
	case isDTLS(b):
		what = t.dtls(e, b)
	case first>>5 == 1 && e.dtls:
		what = t.sealed13(e, first)
	}
	if what < mediaKinds {
		e.Facts |= Relaying
	}
	return what, nil, 0
}

// media tells RTP and RTCP from others, as decode.Classify does.
func (t *Table) media(b []byte, wireLen int) kind {
	// RFC 5761 section 4: 35 to 95 are no payload types, but those of RTCP without their first bit, or not assigned.
	if rtp.Parse(b, wireLen, &t.rtp) == nil && (t.rtp.PayloadType <= 34 || t.rtp.PayloadType >= 96) {
		return kindRTP
	}
	if rtp.ParseRTCP(b, wireLen, &t.compound) == nil {
		return kindRTCP
	}
	return kindOther
}

// The DTLS record header, RFC 6347 section 4.1; a handshake message's type follows it (section 4.2.2).
//
//	+------+---------+-------+-----------------+--------+
//	| type | version | epoch | sequence number | length |
//	|  1   |    2    |   2   |        6        |   2    |  octets
//	+------+---------+-------+-----------------+--------+
const (
	dtlsHeader      = 13
	dtlsMajor       = 0xfe
	dtlsHandshake   = 22
	dtlsApplication = 23
	helloClient     = 1
	helloServer     = 2
	maxRecords      = 8 // of one datagram that are looked at
)

func isDTLS(b []byte) bool {
	return len(b) >= dtlsHeader && b[0] >= 20 && b[0] < 64 && b[1] == dtlsMajor
}

// isHello says that a datagram begins with a ClientHello in the clear.
func isHello(b []byte) bool {
	return isDTLS(b) && len(b) > dtlsHeader && b[0] == dtlsHandshake && b[3]|b[4] == 0 && b[dtlsHeader] == helloClient
}

// dtls notes what the headers of DTLS records say. The first one decides what the datagram counts as.
func (t *Table) dtls(e *entry, b []byte) kind {
	what := kindNone
	if isDTLS(b) && b[0] == dtlsApplication {
		what = kindSealed
	}
	for range maxRecords {
		if !isDTLS(b) {
			break
		}
		switch epoch := binary.BigEndian.Uint16(b[3:]); {
		case epoch > 0:
			t.underKeys(e)
		case b[0] == dtlsHandshake && len(b) > dtlsHeader:
			switch b[dtlsHeader] {
			case helloClient:
				e.Facts, e.dtls = e.Facts|Hello, true
			case helloServer:
				e.Facts, e.dtls = e.Facts|HelloBack, true
				e.mark(app.WebRTCDTLS)
			}
		}
		n := dtlsHeader + int(binary.BigEndian.Uint16(b[11:]))
		if n >= len(b) {
			break
		}
		b = b[n:]
	}
	return what
}

// sealed13 notes a DTLS 1.3 record under keys (RFC 9147 section 4): 001 and five bits, of which the last two are the epoch's. Epoch 2
// is of the handshake, 3 of application data.
func (t *Table) sealed13(e *entry, first byte) kind {
	t.underKeys(e)
	if first&3 == 2 {
		return kindNone
	}
	return kindSealed
}

func (t *Table) underKeys(e *entry) {
	e.sides[t.side].epoch = true
	if e.sides[up].epoch && e.sides[down].epoch {
		e.Facts |= Established
		e.mark(app.WebRTCDTLS)
	}
}
