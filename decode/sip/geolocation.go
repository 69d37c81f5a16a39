package sip

import (
	"bytes"
	"iter"
)

// Geolocation is one element of Geolocation (RFC 6442 section 4.1):
//
//	Geolocation-header =  "Geolocation" HCOLON locationValue *( COMMA locationValue )
//	locationValue      =  LAQUOT locationURI RAQUOT *(SEMI geoloc-param)
//	locationURI        =  sip-URI / sips-URI / pres-URI / http-URI / https-URI / cid-url / absoluteURI
//
// Only a cid: URL leads to a place that is in the message; nothing is ever fetched from the others.
type Geolocation struct {
	URI []byte // as sent, without <>
	// ContentID is what a cid: URL names (RFC 2392), escaped as sent: the Content-ID of a part of the body, without <>.
	// nil for another URI.
	ContentID []byte
}

// ParseGeolocation reads one element. The error is ErrGeolocation.
func ParseGeolocation(element []byte) (Geolocation, error) {
	v := trim(element)
	if len(v) > 0 && v[0] == '<' {
		end := bytes.IndexByte(v, '>')
		if end < 0 {
			return Geolocation{}, ErrGeolocation
		}
		v = trim(v[1:end])
	} else { // without <>, as drafts of the RFC allowed
		v, _, _ = bytes.Cut(v, []byte{';'})
		v = trim(v)
	}
	colon := bytes.IndexByte(v, ':')
	if colon <= 0 || colon+1 == len(v) || !isScheme(v[:colon]) || hasForbidden(v) {
		return Geolocation{}, ErrGeolocation
	}
	g := Geolocation{URI: v}
	if equalFold(v[:colon], "cid") {
		g.ContentID = v[colon+1:]
	}
	return g, nil
}

// ChooseGeolocation returns the first of a message's Geolocation elements that leads into the message's body, else the first
// one. ok is false when none can be read.
func ChooseGeolocation(elements iter.Seq[[]byte]) (first Geolocation, ok bool) {
	for element := range elements {
		g, err := ParseGeolocation(element)
		if err != nil {
			continue
		}
		if g.ContentID != nil {
			return g, true
		}
		if !ok {
			first, ok = g, true
		}
	}
	return first, ok
}
