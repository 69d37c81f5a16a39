package multipart

import "bytes"

// header is what is read of a body part's own header fields.
type header struct {
	contentType []byte
	contentID   []byte // with its <>
}

// splitPart takes a body part apart; content is nil when its headers do not end.
//
//	body-part := MIME-part-headers [CRLF *OCTET]      (RFC 2046 section 5.1.1)
func splitPart(part []byte) (h header, content []byte) {
	for len(part) > 0 {
		n := bytes.IndexByte(part, '\n')
		if n < 0 {
			return header{}, nil
		}
		if len(bytes.TrimSpace(part[:n])) == 0 {
			return h, part[n+1:]
		}
		for n+1 < len(part) && (part[n+1] == ' ' || part[n+1] == '\t') { // a folded header
			next := bytes.IndexByte(part[n+1:], '\n')
			if next < 0 {
				return header{}, nil
			}
			n += next + 1
		}
		line := bytes.TrimSpace(part[:n])
		part = part[n+1:]
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
		switch {
		case h.contentType == nil && (equalFold(name, "content-type") || equalFold(name, "c")):
			h.contentType = value
		case h.contentID == nil && equalFold(name, "content-id"):
			h.contentID = value
		}
	}
	return header{}, nil
}

// sameID compares a Content-ID with what a cid: URL says (RFC 2392): without <>, octets of the URL escaped or not.
func sameID(contentID, url []byte) bool {
	if n := len(contentID); n >= 2 && contentID[0] == '<' && contentID[n-1] == '>' {
		contentID = contentID[1 : n-1]
	}
	for _, c := range contentID {
		if len(url) == 0 {
			return false
		}
		got, n := url[0], 1
		if hi, lo := hexOf(url, 1), hexOf(url, 2); got == '%' && hi >= 0 && lo >= 0 {
			got, n = byte(hi<<4|lo), 3 // #nosec G115 -- two digits below 16
		}
		if got != c {
			return false
		}
		url = url[n:]
	}
	return len(url) == 0
}

// hexOf is the value of the hexadecimal digit b[i], -1 when there is none.
func hexOf(b []byte, i int) int {
	if i >= len(b) {
		return -1
	}
	switch c := b[i]; {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// equalFold compares b with name, which is in lower case, leaving the case of ASCII letters out of account.
func equalFold(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != name[i] {
			return false
		}
	}
	return true
}
