package sdp

import "calltrail/decode/multipart"

// FromBody returns the session description in the body of a message: all of it when contentType is application/sdp, the first
// such part when it is multipart (RFC 5621), however deep multipart.Find looks; nil when there is none. The result is part of
// body.
func FromBody(contentType, body []byte) []byte {
	return multipart.Find(contentType, body, "application/sdp", nil)
}
