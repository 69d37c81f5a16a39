package sip

import "bytes"

// The basic rules of RFC 3261 section 25.1:
//
//	token         =  1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~" )
//	LWS           =  [*WSP CRLF] 1*WSP ; linear whitespace
//	quoted-string =  SWS DQUOTE *(qdtext / quoted-pair ) DQUOTE
//	quoted-pair   =  "\" (%x00-09 / %x0B-0C / %x0E-7F)
//
// CR and LF count as white space here: inside a header field's value they can only come from folding.

var tokenOctets = func() (t [256]bool) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = true
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c&^0x20] = true, true
	}
	for _, c := range []byte("-.!%*_+`'~") {
		t[c] = true
	}
	return t
}()

func isLWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlpha(c byte) bool { c |= 0x20; return c >= 'a' && c <= 'z' }

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenOctets[c] {
			return false
		}
	}
	return len(b) > 0
}

// lower maps A-Z to a-z and leaves every other octet as it is.
func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// equalFold compares b with name, which is in lower case, leaving the case of ASCII letters out of account.
func equalFold(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, c := range b {
		if c != name[i] && lower(c) != name[i] {
			return false
		}
	}
	return true
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 && isLWS(b[0]) {
		b = b[1:]
	}
	return b
}

func trim(b []byte) []byte {
	b = trimLeft(b)
	for len(b) > 0 && isLWS(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// quotedEnd returns the index after the closing quote of the quoted-string at the start of b, -1 if it is not closed.
func quotedEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// indexUnquoted returns the index of the first c in b outside quoted-strings, -1 if there is none. A quoted-string
// that is not closed reaches to the end of b.
func indexUnquoted(b []byte, c byte) int {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case c:
			return i
		case '"':
			n := quotedEnd(b[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		}
	}
	return -1
}

// stripQuotes returns what stands between the quotes of a quoted-string, quoted-pairs as sent; any other b unchanged.
func stripQuotes(b []byte) []byte {
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		return b[1 : len(b)-1]
	}
	return b
}

// number reads b, which must be decimal digits only, as a number up to limit.
func number(b []byte, limit uint64) (uint64, bool) {
	var n uint64
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		digit := uint64(c - '0')
		if digit > limit || n > (limit-digit)/10 { // before it is done: 2^64 must not come round to 0
			return 0, false
		}
		n = n*10 + digit
	}
	return n, len(b) > 0
}

// nextElement cuts the first element off a comma-separated list. Commas in quoted-strings and between < and > do
// not separate. Empty elements are passed over; ok is false when nothing is left.
func nextElement(list []byte) (element, rest []byte, ok bool) {
	for len(list) > 0 {
		end := elementEnd(list)
		element, rest = trim(list[:end]), list[min(end+1, len(list)):]
		if len(element) > 0 {
			return element, rest, true
		}
		list = rest
	}
	return nil, nil, false
}

// elementEnd returns the index of the comma that ends the first element of list, or its length.
func elementEnd(list []byte) int {
	if bytes.IndexByte(list, ',') < 0 {
		return len(list)
	}
	for i := 0; i < len(list); i++ {
		var n int
		switch list[i] {
		case ',':
			return i
		case '"':
			n = quotedEnd(list[i:])
		case '<':
			n = bytes.IndexByte(list[i:], '>') + 1
			if n == 0 {
				n = -1
			}
		default:
			continue
		}
		if n < 0 {
			return len(list)
		}
		i += n - 1
	}
	return len(list)
}
