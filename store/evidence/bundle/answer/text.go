package answer

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// IST is the zone of India, UTC+05:30; it has no summer time, so no database of zones is needed on the reader's machine.
var IST = time530()

// Visible writes what a reader could not see, or a program would obey, as \u{HEX}: control characters, bidirectional and other format
// characters, separators of lines. The joiners that Indian scripts need (U+200C, U+200D) stay.
func Visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && strings.ToValidUTF8(s, "") == s {
		return s
	}
	var b strings.Builder
	for _, r := range s { // an octet that is no UTF-8 is U+FFFD here; records have none
		if hidden(r) {
			_, _ = fmt.Fprintf(&b, `\u{%X}`, r) // a Builder does not fail
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	return r != '\u200c' && r != '\u200d' && !unicode.IsGraphic(r)
}

// Blank leaves room for a pen where nothing is known.
func Blank(s string) string {
	if s == "" {
		return strings.Repeat("_", 24)
	}
	return Visible(s)
}

// InIST is a time in India, to the second.
func InIST(t time.Time) string { return t.In(IST).Format("2006-01-02 15:04:05") }

// InUTC is a time in UTC to the microsecond.
func InUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }
