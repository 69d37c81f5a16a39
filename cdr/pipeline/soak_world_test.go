package pipeline_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"calltrail/capture"
)

// strangers are what passes a tap beside the generator's calls, new ones in each second: whoever remembers one of them for ever
// has one more with every second.
type strangers struct {
	r      *rand.Rand
	second int
	frames [][]byte
	talks  []conversation // under way
	rests  []rest         // to be sent in a later second
}

// conversation is RTP both ways of no call, after a question by STUN or without.
type conversation struct {
	a, b netip.AddrPort
	ssrc uint32
	n    int // packets sent
}

// rest is a frame for a later second.
type rest struct {
	second int
	frame  []byte
}

// conversationPackets is how many packets a conversation has each way, one a second: more than the fewest that make a call.
const conversationPackets = 25

// next returns the frames of the next second. They are valid until it is called again.
func (s *strangers) next() [][]byte {
	s.second++
	s.frames = s.frames[:0]
	for len(s.rests) > 0 && s.rests[0].second <= s.second {
		s.frames = append(s.frames, s.rests[0].frame)
		s.rests = s.rests[1:]
	}
	s.register()
	s.write()
	s.scan()
	s.converse()
	s.connect()
	for _, kind := range []string{"first fragments", "SYN", "begins of messages", "TLS hellos"} {
		s.frames = append(s.frames, storms[kind].packet(s.r))
	}
	// Inside a VLAN a stream's layers are remembered, too.
	s.frames = append(s.frames, tag(storms["begins of messages"].packet(s.r), 0x8100, 7))
	return s.frames
}

func (s *strangers) udp(src, dst netip.AddrPort, payload []byte) {
	s.frames = append(s.frames, carriedBy(src, dst, 17, 1, newUDP(src.Port(), dst.Port(), payload)))
}

// later sends what was added last again after so many seconds, and nothing now.
func (s *strangers) later(seconds int) {
	n := len(s.frames) - 1
	s.rests = append(s.rests, rest{s.second + seconds, s.frames[n]})
	s.frames = s.frames[:n]
}

// register is a telephone that logs in for a minute and never again.
func (s *strangers) register() {
	phone, registrar := anyone(s.r), netip.MustParseAddrPort("192.0.2.2:5060")
	id := fmt.Sprintf("reg-%d", s.second)
	head := fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nFrom: <sip:%s@example.net>;tag=1\r\nTo: <sip:%s@example.net>\r\n"+
		"Call-ID: %s\r\nCSeq: 1 REGISTER\r\nContact: <sip:%s@%s>;expires=60\r\nContent-Length: 0\r\n\r\n", phone, id, id, id, id, id, phone)
	s.udp(phone, registrar, []byte("REGISTER sip:example.net SIP/2.0\r\n"+head))
	s.udp(registrar, phone, []byte("SIP/2.0 200 OK\r\n"+head))
}

// write is a MESSAGE; every second one is answered.
func (s *strangers) write() {
	from, to := anyone(s.r), netip.MustParseAddrPort("192.0.2.2:5060")
	id := fmt.Sprintf("msg-%d", s.second)
	head := fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nFrom: <sip:%s@example.net>;tag=1\r\nTo: <sip:b@example.net>\r\n"+
		"Call-ID: %s\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n", from, id, id, id)
	s.udp(from, to, []byte("MESSAGE sip:b@example.net SIP/2.0\r\n"+head))
	if s.second%2 == 0 {
		s.udp(to, from, []byte("SIP/2.0 200 OK\r\n"+head))
	}
}

// scan is an INVITE that nobody answers, another that is refused, a message that is none, and one packet of RTP.
func (s *strangers) scan() {
	from, to := anyone(s.r), anyone(s.r)
	for i := range 2 {
		id := fmt.Sprintf("scan-%d-%d", s.second, i)
		number := fmt.Sprintf("9180%08d", 2*s.second+i)
		head := fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nFrom: <sip:%s@%s>;tag=1\r\nTo: <sip:%s@%s>\r\n"+
			"Call-ID: %s\r\nCSeq: 1 INVITE\r\nContact: <sip:%s>\r\nContent-Length: 0\r\n\r\n", from, id, number, from.Addr(), number, to.Addr(), id, from)
		text := []byte("INVITE sip:" + number + "@example.net SIP/2.0\r\n" + head)
		s.udp(from, netip.AddrPortFrom(to.Addr(), 5060), text)
		if i == 1 {
			s.udp(netip.AddrPortFrom(to.Addr(), 5060), from, []byte("SIP/2.0 403 Forbidden\r\n"+head))
			garbage := text[:20+s.r.IntN(len(text)-20)]
			garbage[s.r.IntN(len(garbage))] ^= 1 << s.r.IntN(8)
			s.udp(from, netip.AddrPortFrom(to.Addr(), 5060), garbage)
		}
	}
	s.udp(from, to, rtpPacket(s.r.Uint32(), 1))
}

// converse goes on with the conversations, and begins one.
func (s *strangers) converse() {
	c := conversation{a: anyone(s.r), b: anyone(s.r), ssrc: s.r.Uint32()}
	if s.second%2 == 0 { // its ends check the path first, as WebRTC has it
		transaction := random(s.r, 12)
		s.udp(c.a, c.b, stunMessage(0x0001, transaction, stunAttribute(0x06, random(s.r, 9)...)))
		s.udp(c.b, c.a, stunMessage(0x0101, transaction))
	}
	s.talks = append(s.talks, c)
	kept := s.talks[:0]
	for _, c := range s.talks {
		s.udp(c.a, c.b, rtpPacket(c.ssrc, c.n))
		s.udp(c.b, c.a, rtpPacket(c.ssrc+1, c.n))
		if c.n++; c.n < conversationPackets {
			kept = append(kept, c)
		}
	}
	s.talks = kept
}

// connect is a SIP telephone over TCP and one over SCTP that ask for something, get no answer, and go.
func (s *strangers) connect() {
	to := netip.MustParseAddrPort("192.0.2.2:5060")
	for _, how := range []string{"tcp", "sctp"} {
		from := anyone(s.r)
		id := fmt.Sprintf("%s-%d", how, s.second)
		text := fmt.Sprintf("OPTIONS sip:example.net SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bK%s\r\nFrom: <sip:%s@example.net>;tag=1\r\n"+
			"To: <sip:example.net>\r\nCall-ID: %s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", from, id, id, id)
		s.frames = append(s.frames, newCarrier(how).frames(from, to, []byte(text), s.second%3 > 0)...)
		s.later(2) // the end of it comes late
	}
}

// rtpPacket is the nth packet of a stream of G.711.
func rtpPacket(ssrc uint32, n int) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x80, 8}, uint16(n))
	b = binary.BigEndian.AppendUint32(b, uint32(160*n))
	b = binary.BigEndian.AppendUint32(b, ssrc)
	return append(b, make([]byte, 160)...)
}

// packet is a frame as it comes from a tap.
func packet(at int64, frame []byte) capture.Packet {
	return capture.Packet{Time: at, Data: frame, Length: len(frame), Link: capture.LinkEthernet}
}
