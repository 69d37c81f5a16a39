package sdp

import (
	"iter"
	"math/bits"
	"net/netip"
)

// Bounds of a Description.
const (
	MaxMedia   = 64  // media descriptions; further ones are counted as Truncated
	MaxFormats = 8   // formats of one of them; the first ones of the m= line
	MaxOrigin  = 128 // octets of Origin

	MaxCandidates    = 16  // candidates of one media description; the first ones are kept
	maxAllCandidates = 128 // of all of them
)

// Description is one session description. The zero value is ready for Parse and may be used again and again.
type Description struct {
	// Media are the media descriptions in their order, which is how an answer refers to its offer (RFC 3264 section 6).
	Media []Media
	// Anomalies says what was found odd.
	Anomalies Anomaly

	candidates []Candidate // of all media descriptions, one after the other

	origin    [MaxOrigin]byte
	originLen uint8
}

// Origin returns o= without the user name, "sess-id sess-version nettype addrtype unicast-address" (RFC 8866 section
// 5.2), nil when there is none. It is part of d and changes with the next Parse.
func (d *Description) Origin() []byte {
	if d.originLen == 0 {
		return nil
	}
	return d.origin[:d.originLen:d.originLen]
}

// Media is one media description (RFC 8866 section 5.14), with what applies to it from the session level.
type Media struct {
	IP         netip.Addr // c= of the media or else of the session; not valid when absent or a host name; 0.0.0.0 is hold (RFC 3264 section 8.4)
	Port       uint16     // 0: refused or disabled (RFC 3264 section 6), or not a port
	Ports      uint16     // number of port pairs, "49170/2" has 2; at least 1
	RTCPPort   uint16     // a=rtcp (RFC 3605), else Port+1; 0 when Port is 0
	RTCPIP     netip.Addr // the address of a=rtcp; not valid when it is IP
	Type       MediaType
	Proto      Proto
	Direction  Direction
	RTCPMux    bool // a=rtcp-mux (RFC 5761): RTCP may come to Port as well
	Encrypted  bool // a secure profile, a=crypto (RFC 4568) or a=fingerprint (RFC 8122)
	ownIP      bool // IP is from a c= line of its own
	bundleOnly bool // a=bundle-only: port 0 is no refusal
	// Bundled says that the media is to share the address and the candidates of Media[Tagged] (BUNDLE, RFC 9143), if the other
	// side agrees; in an answer it does. IP and Port are what its own m= line says, or those of Media[Tagged] when it has none.
	Bundled bool
	Tagged  uint8
	group   uint8 // of session.groups, + 1

	firstCandidate uint16 // in Description.candidates
	NumCandidates  uint8  // how many Candidates there are
	NumFormats     uint8
	Formats        [MaxFormats]Format // the first NumFormats are set, in the order of preference; only for RTP
}

// Format is one RTP payload format. Clock and name are those of a=rtpmap; without it both are empty, and the
// payload type is one of RFC 3551's static ones or unknown.
type Format struct {
	Clock       uint32 // Hz
	PayloadType uint8  // 0-127
	nameLen     uint8
	name        [16]byte
}

// Name returns the encoding name as sent, at most 16 octets; nil without a=rtpmap. It is part of f.
func (f *Format) Name() []byte {
	if f.nameLen == 0 {
		return nil
	}
	return f.name[:f.nameLen:f.nameLen]
}

// MediaType is the media of an m= line.
type MediaType uint8

// Media types (RFC 8866 section 5.14).
const (
	MediaOther MediaType = iota
	MediaAudio
	MediaVideo
	MediaText
	MediaApplication
	MediaMessage
	MediaImage // T.38
)

var mediaTypeNames = [...]string{"other", "audio", "video", "text", "application", "message", "image"}

// String returns the name as in the m= line.
func (t MediaType) String() string {
	if int(t) < len(mediaTypeNames) {
		return mediaTypeNames[t]
	}
	return mediaTypeNames[MediaOther]
}

// Proto is the transport protocol of an m= line.
type Proto uint8

// Transport protocols.
const (
	ProtoOther       Proto = iota
	ProtoAVP               // RTP/AVP, RFC 3551
	ProtoAVPF              // RTP/AVPF, RFC 4585
	ProtoSAVP              // RTP/SAVP, RFC 3711
	ProtoSAVPF             // RTP/SAVPF, RFC 5124
	ProtoTLSSAVP           // UDP/TLS/RTP/SAVP, RFC 5764
	ProtoTLSSAVPF          // UDP/TLS/RTP/SAVPF, RFC 5764
	ProtoTCPAVP            // TCP/RTP/AVP, RFC 4571
	ProtoTCPTLSSAVPF       // TCP/DTLS/RTP/SAVPF, RFC 7850
	ProtoUDPTL             // udptl, ITU-T T.38
)

var protoNames = [...]string{
	"other", "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "TCP/RTP/AVP",
	"TCP/DTLS/RTP/SAVPF", "udptl",
}

// String returns the name as in the m= line.
func (p Proto) String() string {
	if int(p) < len(protoNames) {
		return protoNames[p]
	}
	return protoNames[ProtoOther]
}

// IsRTP says that the media is RTP, plain or secure.
func (p Proto) IsRTP() bool { return p >= ProtoAVP && p <= ProtoTCPTLSSAVPF }

func (p Proto) isSecure() bool {
	switch p {
	case ProtoSAVP, ProtoSAVPF, ProtoTLSSAVP, ProtoTLSSAVPF, ProtoTCPTLSSAVPF:
		return true
	default:
		return false
	}
}

// Direction is the direction attribute (RFC 8866 section 6.7), seen from who sends the description.
type Direction uint8

// Directions. Without an attribute it is SendRecv.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directionNames = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

// String returns the attribute's name.
func (d Direction) String() string {
	if int(d) < len(directionNames) {
		return directionNames[d]
	}
	return directionNames[SendRecv]
}

// Anomaly is a set of things in a description that receivers may understand in different ways.
type Anomaly uint8

// Anomalies of a description.
const (
	Truncated      Anomaly = 1 << iota // more than MaxMedia media descriptions, or an Origin of more than MaxOrigin octets
	MissingVersion                     // the first line is not v=0
	LineSyntax                         // a line that is not a letter, "=" and a value
	MediaSyntax                        // an m= line without port, protocol and format, or with a port above 65535
	AddressSyntax                      // a c= line that is not "IN IP4/IP6 address"
	MoreFormats                        // a media description of more than MaxFormats formats: the first ones are kept
	MoreCandidates                     // of more than MaxCandidates candidates: likewise
)

var anomalyNames = [...]string{
	"sdp_truncated", "sdp_missing_version", "sdp_line_syntax", "sdp_media_syntax", "sdp_address_syntax", "sdp_more_formats",
	"sdp_more_candidates",
}

// Names yields the names of the anomalies in a, in the order of their bits.
func (a Anomaly) Names() iter.Seq[string] {
	return func(yield func(string) bool) { a.each(yield) }
}

func (a Anomaly) each(yield func(string) bool) {
	for a != 0 {
		bit := bits.TrailingZeros8(uint8(a))
		if bit >= len(anomalyNames) || !yield(anomalyNames[bit]) {
			return
		}
		a &= a - 1
	}
}
