package gen

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// codec is a payload format that a call can agree on.
type codec struct {
	name  string // encoding name (RFC 8866 section 6.6)
	pt    uint8
	clock int // RTP clock rate in Hz
	rtp   string
	fill  byte // an octet of its payload
}

// codecs of the offers. PCMU and PCMA have static payload types (RFC 3551 section 6), opus (RFC 7587) never has.
func codecs(opus uint8) []codec {
	return []codec{
		{"PCMU", 0, 8000, "PCMU/8000", 0xff},
		{"PCMA", 8, 8000, "PCMA/8000", 0xd5},
		{"opus", opus, 48000, "opus/48000/2", 0x78},
	}
}

// candidates of a long offer make its INVITE longer than any MTU.
const candidates = 24

// telephoneEvent is offered (RFC 4733) and never sent.
const telephoneEvent = 101

// sdp is a session description (RFC 8866) of one audio stream.
func (c *call) sdp(media netip.AddrPort, formats []codec) []byte {
	var b strings.Builder
	family := "IN IP4 "
	if media.Addr().Is6() {
		family = "IN IP6 "
	}
	connection := "c=" + family + media.Addr().String() + "\r\n"
	fmt.Fprintf(&b, "v=0\r\no=- %d %d %s%s\r\ns=-\r\n", c.session, c.session, family, media.Addr())
	if !c.mediaLevel {
		b.WriteString(connection)
	}
	b.WriteString("t=0 0\r\nm=audio " + strconv.Itoa(int(media.Port())) + " RTP/AVP")
	for _, f := range formats {
		fmt.Fprintf(&b, " %d", f.pt)
	}
	fmt.Fprintf(&b, " %d\r\n", telephoneEvent)
	if c.mediaLevel {
		b.WriteString(connection)
	}
	for _, f := range formats {
		if f.pt >= 96 || !c.bare {
			fmt.Fprintf(&b, "a=rtpmap:%d %s\r\n", f.pt, f.rtp)
		}
	}
	fmt.Fprintf(&b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\na=ptime:%d\r\na=sendrecv\r\n",
		telephoneEvent, telephoneEvent, c.ptime)
	if c.long { // as of a telephone with many networks (RFC 8839 section 5.1)
		for n := range candidates {
			fmt.Fprintf(&b, "a=candidate:%d %d UDP %d %s %d typ host\r\n", n/2, 1+n%2, 2130706431-n, media.Addr(), int(media.Port())+n%2)
		}
	}
	return []byte(b.String())
}
