package sip

import "bytes"

// Bounds of the look at a first line, in octets.
const (
	MaxMethod    = 64   // methods in use have at most 9; RFC 4475 section 3.1.1.2 tries 43
	MaxFirstLine = 4096 // of a request, URI and all
)

// Looks says whether b begins like a SIP message (section 7): a status line, "SIP/2.0 200 OK", or a request line, "INVITE
// sip:bob@example.com SIP/2.0", of any version and in any letter case, after any number of CR and LF (section 7.5). cut says
// that b goes on where it ends: of a request line without an end the URI's scheme has to do then. Whether it is SIP indeed is
// the parser's to say.
//
// Other payloads fail at one of their first octets; other text protocols on their first line.
func Looks(b []byte, cut bool) bool {
	for len(b) > 0 && (b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	if IsVersion(b) {
		return true
	}
	n := MethodLen(b)
	if n == 0 {
		return false
	}
	line := b[n:min(len(b), MaxFirstLine)]
	end := bytes.IndexByte(line, '\n')
	if end >= 0 {
		line = line[:end]
	}
	if HasVersion(line) {
		return true
	}
	return end < 0 && cut && hasSIPScheme(bytes.TrimLeft(line, " \t"))
}

// MethodLen returns the length of the method at the start of b, 0 when there is none with white space after it.
func MethodLen(b []byte) int {
	for n, c := range b[:min(len(b), MaxMethod+1)] {
		if !tokenOctets[c] {
			if c == ' ' || c == '\t' {
				return n
			}
			return 0
		}
	}
	return 0
}

// HasVersion says whether a SIP-Version stands in line after white space.
func HasVersion(line []byte) bool {
	for {
		slash := bytes.IndexByte(line, '/')
		if slash < 0 {
			return false
		}
		if start := slash - 3; start > 0 && (line[start-1] == ' ' || line[start-1] == '\t') && IsVersion(line[start:]) {
			return true
		}
		line = line[slash+1:]
	}
}

// IsVersion says whether b begins with "SIP/" and a digit.
func IsVersion(b []byte) bool {
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

// IsToken says whether a method may hold the octet (section 25.1).
func IsToken(c byte) bool { return tokenOctets[c] }
