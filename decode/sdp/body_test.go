package sdp

import (
	"strings"
	"testing"
)

const mixed = "preamble\r\n--b 1\r\nContent-Type: application/isup;version=itu-t92+\r\n\r\n\x01\x00--b 1x\r\n" +
	"\r\n--b 1\r\nContent-Disposition: session\r\nContent-Type:\r\n application/SDP\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 0\r\n" +
	"\r\n--b 1--\r\nepilogue"

func TestFromBody(t *testing.T) {
	const sdp = "v=0\r\nm=audio 1 RTP/AVP 0\r\n"
	nested := "--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain\r\n\r\nhello\r\n" +
		"--i\r\nc: application/sdp\r\n\r\n" + sdp + "\r\n--i--\r\n\r\n--o--\r\n"
	for _, c := range []struct{ name, contentType, body, want string }{
		{"plain", "application/sdp", sdp, sdp},
		{"case and parameters", " Application/SDP ; charset=utf-8", sdp, sdp},
		{"other", "text/plain", sdp, ""},
		{"none", "", sdp, ""},
		{"multipart, quoted boundary", `multipart/mixed; a="x;boundary=no"; boundary="b 1"`, mixed, sdp},
		{"multipart in multipart", "multipart/mixed;boundary=o", nested, sdp},
		{"multipart without boundary", "multipart/mixed", mixed, ""},
		{"empty boundary", `multipart/mixed;boundary=""`, mixed, ""},
		{"boundary of 71 octets", "multipart/mixed;boundary=" + strings.Repeat("b", 71), mixed, ""},
		{"not closed", "multipart/mixed;boundary=x", "--x\nContent-Type: application/sdp\n\n" + sdp, sdp},
		{"content begins with a space", "multipart/mixed;boundary=x", "--x\nContent-Type: application/sdp\n\n " + sdp, " " + sdp},
		{"headers only", "multipart/mixed;boundary=x", "--x\nContent-Type: application/sdp", ""},
		{
			"17th part", "multipart/mixed;boundary=x",
			strings.Repeat("--x\n\nx\n", 16) + "--x\nContent-Type: application/sdp\n\n" + sdp + "\n--x--", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := FromBody([]byte(c.contentType), []byte(c.body)); string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
