package pidf

import "calltrail/decode/multipart"

const mediaType = "application/pidf+xml"

// FromBody returns the first PIDF-LO document in the body of a message, alone or in a multipart; nil when there is none.
// The result is part of body.
func FromBody(contentType, body []byte) []byte {
	return multipart.Find(contentType, body, mediaType, nil)
}

// Named is FromBody for the document with that Content-ID, which a cid: URL of Geolocation named (RFC 6442 section 4.1). When no
// part has it the first document will do: programs write other identifiers than they mean.
func Named(contentType, body, id []byte) []byte {
	if id != nil {
		if b := multipart.Find(contentType, body, mediaType, id); b != nil {
			return b
		}
	}
	return FromBody(contentType, body)
}
