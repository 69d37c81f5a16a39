package sdp

import (
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

// TestLongBodies holds the longest bodies, made of what a parser looks ahead for again and again, to the bounds of fuzzbound.
func TestLongBodies(t *testing.T) {
	const head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 1 RTP/AVP 0\r\n"
	formats := "m=audio 1 RTP/AVP" + strings.Repeat(" 0", MaxFormats) + "\r\n"
	for _, unit := range []string{
		"\r", "\n", "\r\n", "=", "m=", "m=\r", "m=audio 1 RTP/AVP 0\r\n", formats, "a=rtpmap:0 x/8000\r\n", "a=rtpmap:", "c=IN IP6 ::\r\n", "c=",
		" ", "0 ", ":", "a=", "a=sendonly\n", "a=crypto:1\r", "o=", "v=0\r\n", "\x00", "\xff", "--x\r\n", "a", "a=mid:x\n", " x", "a=group:BUNDLE ",
		"a=candidate:", "a=candidate:1 1 udp 1 ::1 1 typ host raddr :: rport 1\n", "m=a 1 RTP/AVP 0\na=mid:x\n",
	} {
		long := strings.Repeat(unit, 60_000/len(unit))
		for _, text := range []string{
			long, head + long, "v=0\r\nm=" + long, "v=0\r\n" + strings.Repeat(formats, MaxMedia) + long, "v=0\r\nc=IN IP6 " + long, "v=0\r\no=" + long,
			"v=0\r\na=group:BUNDLE" + strings.Repeat(" y", 15_000) + "\r\n" + long,
		} {
			b := []byte(text)
			fuzzbound.Check(t, len(b), func() { _ = new(Description).Parse(b) })
			if t.Failed() {
				t.Fatalf("that was %.40q of %.40q", text, unit)
			}
		}
	}
}
