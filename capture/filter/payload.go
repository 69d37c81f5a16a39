package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// What the first octets of a datagram's payload look like; decode.Classify is the judge, this is its coarser sister.
const (
	payloadAt  = 8          // the payload, after X
	stunCookie = 0x2112a442 // octets 4 to 7 of a STUN message, RFC 8489 section 5
	dtlsMajor  = 0xfe       // of the version in a DTLS record, RFC 6347 section 4.1
	dtlsData   = 23         // content type application_data
	sipVersion = 'S'<<24 | 'I'<<16 | 'P'<<8 | '/' | lowerCase
	lowerCase  = 0x20202020
)

// maxMethod is how many octets of a method are looked at: the longest one in use, SUBSCRIBE, and the space after it. What
// goes on longer passes.
const maxMethod = 10

// payload writes the blocks that look at the payload of the datagram at X, by its first octet (RFC 7983 section 7).
//
// A load past the end of the frame turns it away. So nothing is loaded that a payload which decode knows may lack: an
// empty datagram, and one too short for what it begins like, end that way.
func (b *builder) payload() {
	refused := atDrop
	if b.cfg.Apps || b.cfg.AppMedia {
		refused = atApps
	}
	b.at(atPayload, "the first octet of the payload; an empty datagram has none and is turned away")
	b.do(load(payloadAt, 1))
	b.least(0xc0, refused, next) // QUIC with long headers
	b.least(0x80, "media port", next)
	b.least(0x40, "version", next)
	b.least(0x21, "dtls or text", next)
	b.least(20, "dtls", next)
	b.equal('\r', atWhole, next)
	b.equal('\n', atWhole, next)
	b.at("stun", "STUN and TURN, by the magic cookie")
	b.do(load(payloadAt+4, 4))
	b.equal(stunCookie, atWhole, refused)

	b.at("dtls", "DTLS, by content type and version; of application data the headers are kept")
	b.do(load(payloadAt+1, 1))
	b.equal(dtlsMajor, "dtls type", refused)
	b.at("dtls type", "")
	b.do(load(payloadAt, 1))
	b.equal(dtlsData, atCut, atWhole)

	b.at("dtls or text", "DTLS, where a method may begin, too: with ! or a digit")
	b.do(load(payloadAt+1, 1))
	b.equal(dtlsMajor, atWhole, "version")

	b.text()

	b.at("channel", "TURN ChannelData, RFC 8656 section 12.4: channel 0x4000 to 0x4fff, and a length that fits the datagram's")
	b.do(load(payloadAt, 1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0})
	b.equal(0x40, next, refused)
	b.do(
		bpf.StoreScratch{Src: bpf.RegX, N: memOffset},
		load(payloadAt+2, 2),
		bpf.StoreScratch{Src: bpf.RegA, N: memLength},
		load(4, 2),
		bpf.LoadScratch{Dst: bpf.RegX, N: memLength},
		bpf.ALUOpX{Op: bpf.ALUOpSub},
		bpf.LoadScratch{Dst: bpf.RegX, N: memOffset},
		bpf.ALUOpConstant{Op: bpf.ALUOpSub, Val: 8 + 4}, // the headers of UDP and channel
	)
	b.above(3, refused, next) // up to 3 octets of padding
	b.do(load(payloadAt+4+1, 1))
	b.least(224, atCut, next)
	b.least(192, atWhole, atCut) // RTCP in a channel is kept whole, as outside of it

	if refused == atApps {
		b.apps()
	}

	b.at("media port", "version 2 in the first two bits: RTP or RTCP, but for ports that decode knows to carry none")
	for _, offset := range []uint32{0, 2} {
		b.do(load(offset, 2))
		b.least(firstMediaPort, next, atDrop)
		b.equal(portMDNS, atDrop, next)
		b.equal(portLLMNR, atDrop, next)
	}
	b.media()
}

// Ports and first octets of calls in applications, as decode/app's rules have them.
var appPorts = []span{{500, 600}, {3478, 3481}, {8801, 8810}} // Telegram, STUN, Zoom

const (
	discordQuestion = 0x00010046
	discordAnswer   = 0x00020046
	multiplexed     = 0xff10 // Microsoft's TURN
)

// apps writes the blocks that look for calls in applications in what nothing else has claimed.
func (b *builder) apps() {
	b.at(atApps, "a port of calls in applications at either end")
	b.ports(appPorts, atCut, "app")
	b.at("app", "Discord's question and answer, Microsoft's multiplexed TURN")
	b.do(load(payloadAt, 4))
	b.equal(discordQuestion, atWhole, next)
	b.equal(discordAnswer, atWhole, next)
	b.do(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16})
	if !b.cfg.AppMedia {
		b.equal(multiplexed, atWhole, atDrop)
		return
	}
	b.equal(multiplexed, atWhole, next)
	for _, offset := range []uint32{0, 2} {
		b.do(load(offset, 2))
		b.least(firstMediaPort, next, atDrop)
	}
	b.jump(atCut)
}

// text writes the blocks that look for the first line of a SIP message (RFC 3261 section 7): "SIP/", or a method, which is a
// token (section 25.1), and white space.
func (b *builder) text() {
	b.at("version", "SIP/ in any letter case")
	b.do(load(payloadAt, 4), bpf.ALUOpConstant{Op: bpf.ALUOpOr, Val: lowerCase})
	b.equal(sipVersion, atWhole, next)
	for i := range uint32(maxMethod) {
		name := func(s string) string { return fmt.Sprintf("%s %d", s, i) }
		token := fmt.Sprintf("method %d", i+1)
		if i == maxMethod-1 {
			token = atWhole
		}
		note := fmt.Sprintf("octet %d of a method, or the white space after it", i+1)
		if i == 0 {
			note = "a method's first octet: a letter, a digit, or one of -.!%*_+`'~"
		}
		b.at(name("method"), note)
		b.do(load(payloadAt+i, 1))
		b.least('A', next, name("digit"))
		b.above('Z', next, token)
		b.least('_', next, "channel")
		b.above('z', next, token)
		b.equal('~', token, "channel")
		b.at(name("digit"), "")
		b.least('0', next, name("special"))
		b.above('9', "channel", token)
		b.at(name("special"), "")
		if i > 0 {
			b.equal(' ', atWhole, next)
			b.equal('\t', atWhole, next)
		}
		b.least('-', next, name("below"))
		b.equal('/', "channel", token)
		b.at(name("below"), "")
		b.least('*', next, name("rare"))
		b.equal(',', "channel", token)
		b.at(name("rare"), "")
		b.equal('!', token, next)
		b.equal('%', token, next)
		b.equal('\'', token, "channel")
	}
}
