package reassembly

import "bytes"

// Bounds of the look at a first line, in octets.
const (
	maxMethod    = 64   // methods in use have at most 9; RFC 4475 section 3.1.1.2 tries 43
	maxFirstLine = 4096 // of a request, URI and all
)

// token holds true for each octet that RFC 3261 section 25.1 allows in a method.
var token = tokenOctets("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~")

func tokenOctets(octets string) (allowed [256]bool) {
	for _, c := range []byte(octets) {
		allowed[c] = true
	}
	return allowed
}

// looksLikeSIP says whether b begins like a SIP message (RFC 3261 section 7): a status line, "SIP/2.0 200 OK", or a
// request line, "INVITE sip:bob@example.com SIP/2.0", of any version and in any letter case, after any number of CR
// and LF (section 7.5). Of a request line that goes on past the end of b the URI's scheme has to do. Whether it is SIP
// indeed is the parser's to say.
//
// It is as tolerant as decode is about datagrams, so that a message is known the same way whatever carries it.
func looksLikeSIP(b []byte) bool {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	if isVersion(b) {
		return true
	}
	n := methodLen(b)
	if n == 0 {
		return false
	}
	line := b[n:min(len(b), maxFirstLine)]
	end := bytes.IndexByte(line, '\n')
	if end >= 0 {
		line = line[:end]
	}
	if hasVersion(line) {
		return true
	}
	return end < 0 && hasSIPScheme(bytes.TrimLeft(line, " \t"))
}

// methodLen returns the length of the method at the start of b, 0 when there is none with white space after it.
func methodLen(b []byte) int {
	for n, c := range b[:min(len(b), maxMethod+1)] {
		if !token[c] {
			if c == ' ' || c == '\t' {
				return n
			}
			return 0
		}
	}
	return 0
}

// hasVersion says whether a SIP-Version stands in line after white space.
func hasVersion(line []byte) bool {
	for {
		slash := bytes.IndexByte(line, '/')
		if slash < 0 {
			return false
		}
		if start := slash - 3; start > 0 && (line[start-1] == ' ' || line[start-1] == '\t') && isVersion(line[start:]) {
			return true
		}
		line = line[slash+1:]
	}
}

// isVersion says whether b begins with "SIP/" and a digit.
func isVersion(b []byte) bool {
	return len(b) >= 5 && b[0]|0x20 == 's' && b[1]|0x20 == 'i' && b[2]|0x20 == 'p' && b[3] == '/' &&
		b[4] >= '0' && b[4] <= '9'
}

// hasSIPScheme says whether b begins with a URI of a scheme that SIP requests have.
func hasSIPScheme(b []byte) bool {
	for _, scheme := range [...]string{"sip:", "sips:", "tel:"} {
		if len(b) >= len(scheme) && bytes.EqualFold(b[:len(scheme)], []byte(scheme)) {
			return true
		}
	}
	return false
}
