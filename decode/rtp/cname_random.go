package rtp

import "bytes"

// Of a name without "@", what is no shorter than this is taken for chance when it looks like it: 96 bits make 16 characters
// of base64 (RFC 7022 section 4.2), and less than 48 bits of hexadecimal would meet others too often.
const (
	minBase64 = 16
	minHex    = 12
)

// RandomCName says that a canonical name was made by chance and so identifies nobody:
//
//   - 16 characters or more of base64, as RFC 7022 section 4.2 makes them and browsers do, or of letters and digits only;
//   - a UUID (RFC 7022 section 4.1), with braces as Firefox writes it or without;
//   - 12 hexadecimal digits or more, of which some are letters and some are not: digits alone may be a telephone number;
//   - what PJSIP (a1b2c@pj0d1e2f.org) and GStreamer (user123@host-1f) make up in the form user@host.
//
// Any other name with "@" is taken for what RFC 3550 section 6.5.1 asks for, user and host, and a word that somebody may have
// chosen for a name. Whether 16 letters are a word can only be guessed: see mixed.
func RandomCName(name []byte) bool {
	if user, host, ok := bytes.Cut(name, []byte("@")); ok {
		return madeByPJSIP(user, host) || madeByGStreamer(user, host)
	}
	if n := len(name); n > 2 && name[0] == '{' && name[n-1] == '}' {
		name = name[1 : n-1]
	}
	if isUUID(name) {
		return true
	}
	name = bytes.TrimRight(name, "=")
	if len(name) >= minHex && consists(name, isHex) {
		return !consists(name, isDigit) && !consists(name, isLetter)
	}
	return len(name) >= minBase64 && consists(name, isBase64) && mixed(name)
}

// madeByPJSIP: pjmedia names itself with 5 hexadecimal digits, "@pj", 6 more and ".org".
func madeByPJSIP(user, host []byte) bool {
	middle, ok := bytes.CutSuffix(host, []byte(".org"))
	middle, pj := bytes.CutPrefix(middle, []byte("pj"))
	return ok && pj && len(user) == 5 && len(middle) == 6 && consists(user, isHex) && consists(middle, isHex)
}

// madeByGStreamer: its rtpbin names itself "user%u@host-%x".
func madeByGStreamer(user, host []byte) bool {
	digits, ok := bytes.CutPrefix(user, []byte("user"))
	hex, dash := bytes.CutPrefix(host, []byte("host-"))
	return ok && dash && len(digits) > 0 && len(hex) > 0 && consists(digits, isDigit) && consists(hex, isHex)
}

// isUUID says whether b has the form 8-4-4-4-12 of hexadecimal digits (RFC 9562 section 4).
func isUUID(b []byte) bool {
	if len(b) != 36 {
		return false
	}
	for i, c := range b {
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen != (c == '-') || !hyphen && !isHex(c) {
			return false
		}
	}
	return true
}

// mixed says that small letters, capitals and digits follow each other as in no word: at every fourth place, or more often, one
// kind gives way to another. Chance does that at every second; "GatewayFrankfurt02" has 4 such places in 17.
func mixed(b []byte) bool {
	changes := 0
	for i := 1; i < len(b); i++ {
		if kindOf(b[i]) != kindOf(b[i-1]) {
			changes++
		}
	}
	return 4*changes >= len(b)
}

func kindOf(c byte) int {
	switch {
	case c >= 'a' && c <= 'z':
		return 0
	case c >= 'A' && c <= 'Z':
		return 1
	case isDigit(c):
		return 2
	}
	return 3
}

func consists(b []byte, of func(byte) bool) bool {
	for _, c := range b {
		if !of(c) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return kindOf(c) <= 1 }
func isHex(c byte) bool    { return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
func isBase64(c byte) bool { return kindOf(c) < 3 || c == '+' || c == '/' }
