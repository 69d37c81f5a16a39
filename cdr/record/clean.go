package record

import (
	"unicode/utf8"
)

// Bounds of a record.
const (
	MaxValue  = 1024      // octets of one text value
	MaxList   = 32        // entries of one list
	MaxRecord = 64 * 1024 // octets of one record
)

// Clean turns octets from the wire into text: valid UTF-8 without NUL, at most MaxValue octets of input. An octet that
// cannot stand is written as \xHH, and a backslash in such a value as \\, so that the text can be read back.
// escaped says that the text is not the octets themselves (keep those beside it), cut that the value was longer.
func Clean(b []byte) (text string, escaped, cut bool) {
	if len(b) > MaxValue {
		b, cut = b[:MaxValue], true
		// Not in the middle of a character: that would look like bad UTF-8.
		for i := 1; i < utf8.UTFMax && i < len(b); i++ {
			if c := b[len(b)-i]; utf8.RuneStart(c) {
				if !utf8.FullRune(b[len(b)-i:]) {
					b = b[:len(b)-i]
				}
				break
			}
		}
	}
	if presentable(b) {
		return string(b), false, cut
	}
	const hexDigits = "0123456789ABCDEF"
	out := make([]byte, 0, len(b)+16)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1, r == 0:
			out = append(out, '\\', 'x', hexDigits[b[i]>>4], hexDigits[b[i]&15])
		case r == '\\':
			out = append(out, '\\', '\\')
		default:
			out = append(out, b[i:i+n]...)
		}
		i += n
	}
	return string(out), true, cut
}

// presentable says that b can stand in a record as it is.
func presentable(b []byte) bool {
	ascii := true
	for _, c := range b {
		if c == 0 {
			return false
		}
		if c >= utf8.RuneSelf {
			ascii = false
		}
	}
	return ascii || utf8.Valid(b)
}
