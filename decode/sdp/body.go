package sdp

import "bytes"

// Bounds of FromBody: what lies deeper or behind is not looked for.
const (
	maxParts = 16
	maxDepth = 2
)

// FromBody returns the session description in the body of a message: all of it when contentType is application/sdp,
// the first such part when it is multipart (RFC 5621, RFC 2046 section 5.1), one multipart within another at most;
// nil when there is none. The result is part of body.
//
//	multipart-body := [preamble CRLF] dash-boundary CRLF body-part *encapsulation close-delimiter
//	delimiter      := CRLF "--" boundary
func FromBody(contentType, body []byte) []byte { return fromBody(contentType, body, maxDepth) }

func fromBody(contentType, body []byte, depth int) []byte {
	mediaType, params, _ := bytes.Cut(contentType, []byte{';'})
	mediaType = bytes.TrimSpace(mediaType)
	if equalFold(mediaType, "application/sdp") {
		return body
	}
	const multipart = "multipart/"
	if depth == 0 || len(mediaType) < len(multipart) || !equalFold(mediaType[:len(multipart)], multipart) {
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
		partType, content := splitPart(part)
		if sdp := fromBody(partType, content, depth-1); sdp != nil {
			return sdp
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

// splitPart returns the Content-Type of a body part and what follows its headers.
func splitPart(part []byte) (contentType, content []byte) {
	for len(part) > 0 {
		n := bytes.IndexByte(part, '\n')
		if n < 0 {
			return nil, nil
		}
		if len(bytes.TrimSpace(part[:n])) == 0 {
			return contentType, part[n+1:]
		}
		for n+1 < len(part) && (part[n+1] == ' ' || part[n+1] == '\t') { // a folded header
			next := bytes.IndexByte(part[n+1:], '\n')
			if next < 0 {
				return nil, nil
			}
			n += next + 1
		}
		line := bytes.TrimSpace(part[:n])
		part = part[n+1:]
		name, value, ok := bytes.Cut(line, []byte{':'})
		name = bytes.TrimSpace(name)
		if ok && contentType == nil && (equalFold(name, "content-type") || equalFold(name, "c")) {
			contentType = bytes.TrimSpace(value)
		}
	}
	return contentType, nil
}
