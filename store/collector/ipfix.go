package collector

import (
	"calltrail/decode/ipfix"
	"calltrail/store/postgres/subscriber"
)

// ipfixReader reads NAT events, many in a datagram (RFC 7011 section 10.3).
type ipfixReader struct {
	decoder *ipfix.Decoder
	late    latest
}

func newIPFIXReader(late latest) *ipfixReader { return &ipfixReader{ipfix.NewDecoder(), late} }

func (r *ipfixReader) read(d datagram) heard {
	m, err := r.decoder.Read(d.from, d.octets)
	if err != nil {
		return heard{malformed: 1}
	}
	return heard{events: translations(m.Events, subscriber.ByIPFIX, d, r.late), ignored: m.Ignored, malformed: m.Malformed + m.Unknown}
}
