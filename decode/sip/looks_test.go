package sip

import (
	"strings"
	"testing"
)

func TestLooks(t *testing.T) {
	for text, want := range map[string]bool{
		"INVITE sip:bob@example.com SIP/2.0\r\n":              true,
		"SIP/2.0 200 OK\r\n":                                  true,
		"sip/2.0 200 OK\r\n":                                  true,
		"\r\n\r\nBYE sip:b@c SIP/2.0\r\n":                     true,
		"INVITE   sip:a  b@c \tSIP/3.0\n":                     true, // for the parser to say what is wrong with it
		"!interesting-Method0123456789_*+`.%~' x SIP/2.0\r\n": true, // RFC 4475 section 3.1.1.2
		"INVITE sip:bob@exa":                                  true, // the line goes on in the next segment
		"REGISTER tel:+31":                                    true,
		"INVITE sip:bob@example.com HTTP/1.1\r\n":             false,
		"GET /sip/2.0 HTTP/1.1\r\n":                           false, // no white space before it
		"GET / HTTP/1.1\r\nX: SIP/2.0\r\n":                    false, // not on the first line
		"INV":                                                 false,
		"":                                                    false,
		"\r\n\r\n":                                            false,
		"SIP/":                                                false,
		"INVITE\x00 sip:b@c SIP/2.0\r\n":                      false,
		strings.Repeat("A", MaxMethod) + " sip:b ":            true,
		strings.Repeat("A", MaxMethod+1) + " sip:b SIP/2.0\r\n":         false,
		"INVITE x" + strings.Repeat("x", MaxFirstLine) + " SIP/2.0\r\n": false,
	} {
		if Looks([]byte(text), true) != want {
			t.Errorf("%.80q: %v", text, !want)
		}
	}
}
