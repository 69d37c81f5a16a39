package tls

import "encoding/binary"

// ContentType is the type of a record (RFC 8446 section 5.1).
type ContentType uint8

// Content types.
const (
	ChangeCipherSpec ContentType = 20
	Alert            ContentType = 21
	Handshake        ContentType = 22
	ApplicationData  ContentType = 23
)

// HeaderLen is the length of a record's header, MaxRecord the most octets that may follow it: 2^14 and what encryption adds
// (RFC 5246 section 6.2.3).
const (
	HeaderLen = 5
	MaxRecord = 1<<14 + 2048
)

// LooksLike says whether b begins like a TLS record, and of which type. A segment in the middle of a record does not.
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9
//	+---------------+---------------+---------------+---------------+---------------+
//	| Content Type  |       Version: 3.0 to 3.4     |            Length             |
//	+---------------+---------------+---------------+---------------+---------------+
func LooksLike(b []byte) (t ContentType, ok bool) {
	if len(b) < HeaderLen || b[0] < byte(ChangeCipherSpec) || b[0] > byte(ApplicationData) || b[1] != 3 || b[2] > 4 {
		return 0, false
	}
	n := binary.BigEndian.Uint16(b[3:])
	return ContentType(b[0]), n > 0 && n <= MaxRecord
}
