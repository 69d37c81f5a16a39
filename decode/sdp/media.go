package sdp

import (
	"bytes"
	"net/netip"
)

// addMedia begins a media description. It returns nil when there are too many.
//
//	media-field = "m" "=" media SP port ["/" integer] SP proto 1*(SP fmt)      (RFC 8866 section 5.14)
func (d *Description) addMedia(value []byte, s *session) *Media {
	if len(d.Media) == MaxMedia {
		d.Anomalies |= Truncated
		return nil
	}
	mediaType, rest := cutField(value)
	ports, rest := cutField(rest)
	proto, formats := cutField(rest)
	d.Media = append(d.Media, Media{
		IP:        s.ip,
		Ports:     1,
		Type:      mediaTypeOf(mediaType),
		Proto:     protoOf(proto),
		Direction: s.direction,

		firstCandidate: uint16(len(d.candidates)), // #nosec G115 -- at most maxAllCandidates
	})
	m := &d.Media[len(d.Media)-1]
	m.Encrypted = s.secure || m.Proto.isSecure()
	port, count, several := bytes.Cut(ports, []byte{'/'})
	n, ok := number(port, 65535)
	m.Port = uint16(n) // #nosec G115 -- at most 65535
	if m.Port > 0 && m.Port < 65535 {
		m.RTCPPort = m.Port + 1
	}
	if several {
		c, valid := number(count, 65535)
		m.Ports = uint16(max(c, 1)) // #nosec G115 -- at most 65535
		ok = ok && valid
	}
	if !ok || len(formats) == 0 {
		d.Anomalies |= MediaSyntax
	}
	if m.Proto.IsRTP() {
		d.addFormats(m, formats)
	}
	return m
}

func (d *Description) addFormats(m *Media, formats []byte) {
	for len(formats) > 0 {
		var field []byte
		field, formats = cutField(formats)
		payloadType, ok := number(field, 127)
		switch {
		case len(field) == 0:
		case !ok:
			d.Anomalies |= MediaSyntax
		case int(m.NumFormats) == MaxFormats:
			d.Anomalies |= MoreFormats
			return
		default:
			m.Formats[m.NumFormats].PayloadType = uint8(payloadType) // #nosec G115 -- at most 127
			m.NumFormats++
		}
	}
}

// setConnection reads the media's own c= line; the first one counts, further ones are layers of the same media.
func (m *Media) setConnection(d *Description, value []byte) {
	if m.ownIP {
		return
	}
	m.ownIP = true
	m.IP = d.connection(value, netip.Addr{})
}

// mediaAttribute reads an a= line of the media description m, the last one.
//
//	attribute-field = "a" "=" attribute-name [":" attribute-value]
func (d *Description) mediaAttribute(m *Media, s *session, line []byte) {
	name, value, _ := bytes.Cut(line, []byte{':'})
	switch {
	case equalFold(name, "rtpmap"):
		m.rtpmap(value)
	case equalFold(name, "rtcp"):
		m.rtcp(value)
	case equalFold(name, "candidate"):
		d.candidate(m, value)
	case equalFold(name, "mid"):
		s.member(m, len(d.Media)-1, value)
	case equalFold(name, "bundle-only"):
		m.bundleOnly = true
	case equalFold(name, "rtcp-mux"):
		m.RTCPMux = true
	case isKeying(name):
		m.Encrypted = true
	default:
		if direction, ok := directionOf(name); ok {
			m.Direction = direction
		}
	}
}

// rtcp reads where RTCP goes.
//
//	rtcp-attribute = "a=rtcp:" port [nettype space addrtype space connection-address]      (RFC 3605 section 2.1)
func (m *Media) rtcp(value []byte) {
	field, rest := cutField(value)
	port, ok := number(field, 65535)
	if !ok || port == 0 || m.Port == 0 {
		return
	}
	m.RTCPPort = uint16(port) // #nosec G115 -- at most 65535
	netType, rest := cutField(rest)
	addrType, rest := cutField(rest)
	address, _ := cutField(rest)
	if ip, ok := parseAddr(address); ok && equalFold(netType, "in") && (equalFold(addrType, "ip4") || equalFold(addrType, "ip6")) {
		m.RTCPIP = ip
	}
}

// rtpmap reads the map of one payload type (RFC 8866 section 6.6). The first map of a type counts.
//
//	rtpmap-value = payload-type SP encoding-name "/" clock-rate [ "/" encoding-params ]
func (m *Media) rtpmap(value []byte) {
	field, rest := cutField(value)
	payloadType, ok := number(field, 127)
	if !ok {
		return
	}
	name, rest, _ := bytes.Cut(rest, []byte{'/'})
	rate, _, _ := bytes.Cut(rest, []byte{'/'})
	rate, _ = cutField(rate)
	for i := range m.Formats[:m.NumFormats] {
		f := &m.Formats[i]
		if uint32(f.PayloadType) != payloadType || f.nameLen != 0 {
			continue
		}
		f.nameLen = uint8(copy(f.name[:], name)) // #nosec G115 -- at most 16
		f.Clock, _ = number(rate, 1<<31)
		return
	}
}

func mediaTypeOf(b []byte) MediaType {
	for i, name := range mediaTypeNames {
		if equalFold(b, name) {
			return MediaType(i) // #nosec G115 -- an index of mediaTypeNames
		}
	}
	return MediaOther
}

var protosLower = [...]struct {
	name  string
	proto Proto
}{
	{"rtp/avp", ProtoAVP},
	{"rtp/savp", ProtoSAVP},
	{"udp/tls/rtp/savpf", ProtoTLSSAVPF},
	{"rtp/savpf", ProtoSAVPF},
	{"rtp/avpf", ProtoAVPF},
	{"udp/tls/rtp/savp", ProtoTLSSAVP},
	{"tcp/rtp/avp", ProtoTCPAVP},
	{"tcp/dtls/rtp/savpf", ProtoTCPTLSSAVPF},
	{"udptl", ProtoUDPTL},
}

func protoOf(b []byte) Proto {
	for _, p := range protosLower {
		if equalFold(b, p.name) {
			return p.proto
		}
	}
	return ProtoOther
}
