package decode

import (
	"encoding/binary"

	"calltrail/decode/rtp"
)

// What the first octets of the protocols beside RTP look like.
const (
	stunLen    = 20         // octets of the STUN header, RFC 8489 section 5
	stunCookie = 0x2112a442 // octets 4 to 7 of it
	dtlsLen    = 13         // octets of the DTLS record header, RFC 6347 section 4.1
	dtlsMajor  = 0xfe       // its version: 254.255 is DTLS 1.0, 254.253 DTLS 1.2
)

// Classify names the payload of the UDP datagram in f, which Walk returned Datagram for. The first octet decides which
// protocols come into question (RFC 7983 section 7), the next ones which it is. f is not changed.
//
// SIP is known by its first line, on any port; the line may follow CR and LF, which a parser has to skip as well. RTP
// is known by its header and RTCP by its packet type (RFC 5761 section 4): one such packet is a weak sign, and the
// caller should ask for several in sequence, or for a session description, before it calls them media. Other protocols of
// calls are known by their ports and their look (seen.go), after all these.
func Classify(f *Frame) Reason {
	var h rtp.Header
	return ClassifyHeader(f, &h)
}

// ClassifyHeader is Classify for who goes on to count media: when it returns RTP, h is the packet's header, and need not be parsed
// again. Otherwise h is unspecified.
func ClassifyHeader(f *Frame, h *rtp.Header) Reason {
	b := f.Payload
	if len(b) == 0 {
		if f.PayloadLen > 0 {
			return ShortPayload
		}
		return KeepAlive
	}
	switch first := b[0]; {
	case first>>6 == 2: // 128-191
		return classifyRTP(f, h)
	case first < 4, first == 8: // STUN's own range; methods of WhatsApp begin with 8
		if len(b) >= stunLen && binary.BigEndian.Uint32(b[4:]) == stunCookie &&
			stunLen+int(binary.BigEndian.Uint16(b[2:])) <= f.PayloadLen {
			return STUN
		}
		if first == 0 && isKeepAlive(f) {
			return KeepAlive
		}
	case first == '\r', first == '\n', first > ' ' && first < 0x7f:
		if first < 64 && isDTLS(b) { // 20-63, where a method may begin, too: RFC 3261 allows "!" and digits
			return DTLS
		}
		if isSIP(f) {
			return SIP
		}
		if first < ' ' && isKeepAlive(f) {
			return KeepAlive
		}
	case first >= 20 && first <= ' ':
		if isDTLS(b) {
			return DTLS
		}
	}
	return unknown(f)
}

// classifyRTP tells RTP from RTCP. No media goes to or from a system port, nor to mDNS (5353) or LLMNR (5355), whose
// random identifiers look like RTP's first octet.
func classifyRTP(f *Frame, h *rtp.Header) Reason {
	if !mediaPort(f.Src.Port) || !mediaPort(f.Dst.Port) {
		if !voicePort(f.Src.Port) || !voicePort(f.Dst.Port) || onPort(f, portIAX2, portIAX2) && isIAX2Full(f.Payload) {
			return classifyByPort(f)
		}
	}
	if rtp.Parse(f.Payload, f.PayloadLen, h) == nil && mediaType(h.PayloadType) {
		return RTP
	}
	var c rtp.Compound
	if rtp.ParseRTCP(f.Payload, f.PayloadLen, &c) == nil {
		return RTCP
	}
	return unknown(f)
}

// unknown is the end of what does not look like anything.
func unknown(f *Frame) Reason {
	if otherPorts[f.Src.Port%32] == f.Src.Port || otherPorts[f.Dst.Port%32] == f.Dst.Port {
		return classifyByPort(f)
	}
	if f.cut() && len(f.Payload) < stunLen {
		return ShortPayload
	}
	return UDPOther
}

// mediaPort says whether RTP may use a port, and nothing else that is known does.
func mediaPort(port uint16) bool { return port > 1023 && otherPorts[port%32] != port }

// voicePort says whether RTP may use a port.
func voicePort(port uint16) bool { return port > 1023 && port != portMDNS && port != portLLMNR }

// mediaType says whether RTP uses a payload type: the static ones and the dynamic range of RFC 3551 section 6. Those
// between are unassigned, or would be taken for RTCP packet types.
func mediaType(pt uint8) bool { return pt <= 34 || pt >= 96 }

// isDTLS says whether b begins like a DTLS record: content types 20 to 63, version 254.x. DTLS 1.3 hides the version
// in its encrypted records (RFC 9147 section 4), which cannot be told from noise.
func isDTLS(b []byte) bool {
	return len(b) >= dtlsLen && b[0] >= 20 && b[0] < 64 && b[1] == dtlsMajor
}

// maxKeepAlive is the longest datagram that is taken for a keep-alive, in octets.
const maxKeepAlive = 32

// isKeepAlive says whether the datagram is short and holds nothing but CR, LF and NUL.
func isKeepAlive(f *Frame) bool {
	if f.cut() || len(f.Payload) > maxKeepAlive {
		return false
	}
	for _, c := range f.Payload {
		if c != '\r' && c != '\n' && c != 0 {
			return false
		}
	}
	return true
}
