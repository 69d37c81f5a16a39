package print

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible makes text from the wire fit to be shown: what a terminal would obey or a reader could not see is written as
// an escape. Those are control characters (ESC and with it every ANSI sequence, C1 too), bidirectional and other format
// characters, line and paragraph separators, private and unassigned code points, as \u{HEX}; and octets that are no
// UTF-8, as \xHH. The two joiners that Indian scripts need (U+200C, U+200D) stay. Text without any of them is returned
// as it is.
func Visible(s string) string {
	clean := true
	for i, r := range s {
		if !shown(r) || r == utf8.RuneError && invalidAt(s, i) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && invalidAt(s, i):
			_, _ = fmt.Fprintf(&b, `\x%02X`, s[i])
		case !shown(r):
			_, _ = fmt.Fprintf(&b, `\u{%X}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// shown says that r can be shown as it is.
func shown(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= ' ' && r != 0x7f
	case r == '\u200c' || r == '\u200d':
		return true
	}
	return unicode.IsGraphic(r) // letters, marks, numbers, punctuation, symbols, spaces: no Cc, Cf, Co, Zl, Zp
}

// invalidAt tells a bad octet from a U+FFFD that was sent.
func invalidAt(s string, i int) bool {
	_, n := utf8.DecodeRuneInString(s[i:])
	return n == 1
}
