package multipart

import "bytes"

// Bounds of Find: what lies deeper or behind is not looked for.
const (
	maxParts = 16
	maxDepth = 2
)

// Find returns the body, or its first part, whose type is mediaType (in lower case, "application/sdp"): all of body when
// contentType is that, else the first such part when it is multipart, also of one multipart within another. With an id
// only the part with that Content-ID (without <>, escaped as in a cid: URL or not) will do. It is nil when there is none.
// The result is part of body.
//
//	multipart-body := [preamble CRLF] dash-boundary CRLF body-part *encapsulation close-delimiter   (RFC 2046 section 5.1.1)
//	delimiter      := CRLF "--" boundary
func Find(contentType, body []byte, mediaType string, id []byte) []byte {
	return find(contentType, nil, body, mediaType, id, maxDepth)
}

func find(contentType, contentID, body []byte, mediaType string, id []byte, depth int) []byte {
	name, params, _ := bytes.Cut(contentType, []byte{';'})
	name = bytes.TrimSpace(name)
	if equalFold(name, mediaType) {
		if id != nil && !sameID(contentID, id) {
			return nil
		}
		return body
	}
	const multipart = "multipart/"
	if depth == 0 || len(name) < len(multipart) || !equalFold(name[:len(multipart)], multipart) {
		return nil
	}
	boundary := boundaryOf(params)
	if boundary == nil {
		return nil
	}
	_, rest, ok := nextDelimiter(body, boundary)
	for range maxParts {
		if !ok {
			return nil
		}
		var part []byte
		part, rest, ok = nextDelimiter(rest, boundary)
		h, content := splitPart(part)
		if found := find(h.contentType, h.contentID, content, mediaType, id, depth-1); found != nil {
			return found
		}
	}
	return nil
}

// boundaryOf returns the boundary parameter without quotes, nil when there is none of 1 to 70 octets.
func boundaryOf(params []byte) []byte {
	for len(params) > 0 {
		params = bytes.TrimLeft(params, "; \t\r\n")
		name, value, _ := bytes.Cut(params, []byte{'='})
		value = bytes.TrimLeft(value, " \t\r\n")
		var end int
		if len(value) > 0 && value[0] == '"' {
			value = value[1:]
			end = bytes.IndexByte(value, '"')
		} else {
			end = bytes.IndexAny(value, "; \t\r\n")
		}
		if end < 0 {
			end = len(value)
		}
		if equalFold(bytes.TrimSpace(name), "boundary") {
			if end == 0 || end > 70 {
				return nil
			}
			return value[:end]
		}
		semicolon := bytes.IndexByte(value[end:], ';')
		if semicolon < 0 {
			return nil
		}
		params = value[end+semicolon:]
	}
	return nil
}

// nextDelimiter returns what stands before the next delimiter line and what stands after it. ok is false when there is
// none, or it is the closing one; part is the rest of b when there is none.
func nextDelimiter(b, boundary []byte) (part, rest []byte, ok bool) {
	for at := 0; at < len(b); {
		line := b[at:]
		next := len(b)
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line, next = line[:n], at+n+1
		}
		if len(line) >= 2+len(boundary) && line[0] == '-' && line[1] == '-' && bytes.HasPrefix(line[2:], boundary) {
			tail := bytes.TrimRight(line[2+len(boundary):], " \t\r")
			if len(tail) == 0 || string(tail) == "--" {
				return withoutLineEnd(b[:at]), b[next:], len(tail) == 0
			}
		}
		at = next
	}
	return b, nil, false
}

// withoutLineEnd drops the line end before a delimiter, which belongs to the delimiter.
func withoutLineEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte{'\n'})
	return bytes.TrimSuffix(b, []byte{'\r'})
}
