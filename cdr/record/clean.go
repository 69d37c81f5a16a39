package record

import (
	"strings"
	"unicode/utf8"
)

// Bounds of a record.
const (
	MaxValue  = 1024      // octets of one text value
	MaxList   = 32        // entries of one list
	MaxRecord = 64 * 1024 // octets of one record
)

// Page is room for the texts of one record: they share its memory, so that a record costs one allocation and not one a
// text. The zero Page is ready. Texts stay valid for as long as anybody holds them.
type Page struct{ text strings.Builder }

// Clean turns octets from the wire into text: valid UTF-8 without NUL, at most MaxValue octets of input. An octet that
// cannot stand is written as \xHH, and a backslash in such a value as \\, so that the text can be read back.
// escaped says that the text is not the octets themselves (keep those beside it), cut that the value was longer.
func (p *Page) Clean(b []byte) (text string, escaped, cut bool) {
	if len(b) > MaxValue {
		b, cut = wholeCharacters(b[:MaxValue]), true
	}
	if p.text.Cap() == 0 {
		p.text.Grow(pageSize)
	}
	start := p.text.Len()
	if escaped = !presentable(b); escaped {
		p.escape(b)
	} else {
		p.text.Write(b)
	}
	return p.text.String()[start:], escaped, cut
}

// pageSize holds the texts of an ordinary record.
const pageSize = 1536

// Clean is Page.Clean on a page of its own.
func Clean(b []byte) (text string, escaped, cut bool) { return new(Page).Clean(b) }

// wholeCharacters is b without a character that was cut at its end: that would look like bad UTF-8.
func wholeCharacters(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i < len(b); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			if !utf8.FullRune(b[len(b)-i:]) {
				b = b[:len(b)-i]
			}
			break
		}
	}
	return b
}

func (p *Page) escape(b []byte) {
	const hexDigits = "0123456789ABCDEF"
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1, r == 0:
			p.text.Write([]byte{'\\', 'x', hexDigits[b[i]>>4], hexDigits[b[i]&15]})
		case r == '\\':
			p.text.WriteString(`\\`)
		default:
			p.text.Write(b[i : i+n])
		}
		i += n
	}
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
