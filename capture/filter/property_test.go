package filter_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"calltrail/capture"
	"calltrail/capture/filter"
	"calltrail/decode"
	"calltrail/decode/rtp"
)

// wanted says whether wide must pass what decode calls so: what becomes a record, or a count of calls, media and
// other protocols of calls, and what cannot be judged before it is put together or opened.
func wanted(r decode.Reason) bool {
	switch r {
	case decode.SIP, decode.RTP, decode.RTCP, decode.STUN, decode.DTLS, decode.Fragment, decode.Tunnel, decode.TooManyHeaders,
		decode.SCTP, decode.H323, decode.MGCP, decode.IAX2: // Skinny and SIGTRAN are named later, behind TCP and SCTP
		return true
	default:
		return false
	}
}

// outcome is what decode makes of a frame.
type outcome struct {
	reason   decode.Reason
	header   rtp.Header
	compound rtp.Compound
	octets   int
	src, dst decode.Endpoint
	vlan     [2]uint16
}

func outcomeOf(link capture.LinkType, frame []byte, length int) (o outcome) {
	var f decode.Frame
	if o.reason = decode.Walk(&capture.Packet{Link: link, Data: frame, Length: length}, &f); o.reason != decode.Datagram {
		return o
	}
	o.reason = decode.Classify(&f)
	o.octets, o.src, o.dst, o.vlan = f.PayloadLen, f.Src, f.Dst, f.VLAN
	switch o.reason {
	case decode.RTP:
		_ = rtp.Parse(f.Payload, f.PayloadLen, &o.header) // Classify has done it
	case decode.RTCP:
		_ = rtp.ParseRTCP(f.Payload, f.PayloadLen, &o.compound)
	default:
	}
	return o
}

// holds checks what must hold for every frame under wide: what decode knows passes, SIP and what has to be whole is whole,
// and what is left says the same to decode. It returns what the filter said.
func holds(t *testing.T, vm *bpf.VM, link capture.LinkType, frame []byte) (outcome, int) {
	t.Helper()
	before := outcomeOf(link, frame, len(frame))
	n := run(t, vm, frame)
	if !wanted(before.reason) {
		return before, n
	}
	if n == 0 {
		t.Fatalf("%s is turned away: link type %d, %x", before.reason, link, frame)
	}
	if n < len(frame) && before.reason != decode.RTP && before.reason != decode.DTLS {
		t.Fatalf("%s is cut to %d octets: link type %d, %x", before.reason, n, link, frame)
	}
	if after := outcomeOf(link, frame[:min(n, len(frame))], len(frame)); after != before {
		t.Fatalf("cut to %d octets it is %+v, and was %+v: link type %d, %x", n, after, before, link, frame)
	}
	return before, n
}

var links = []capture.LinkType{
	capture.LinkEthernet, capture.LinkRaw, capture.LinkIPv4, capture.LinkIPv6, capture.LinkNull, capture.LinkLoop,
	capture.LinkLinuxSLL, capture.LinkLinuxSLL2,
}

// shortest is wide with the least of media kept, so that every octet that decode needs must be kept by the program.
func shortest() filter.Config {
	cfg := wide
	cfg.MediaSnapLength = 1
	return cfg
}

// Whatever decode knows passes, and is known for the same when it is cut: frames put together from layers at random. The
// kernel agrees about each.
func TestWideLosesNothing(t *testing.T) {
	n := 150_000
	if testing.Short() {
		n = 30_000
	}
	programs, kernels := map[capture.LinkType]*bpf.VM{}, map[capture.LinkType]*kernel{}
	for _, link := range links {
		p := programOf(t, onLink(shortest(), link))
		programs[link], kernels[link] = virtual(t, p), newKernel(t, p)
	}
	rng := rand.New(rand.NewPCG(4, 5060))
	seen, passed := map[decode.Reason]int{}, map[decode.Reason]int{}
	for range n {
		link := links[0]
		if rng.IntN(3) == 0 {
			link = links[rng.IntN(len(links))]
		}
		frame := anyFrame(rng, link)
		before, verdict := holds(t, programs[link], link, frame)
		seen[before.reason]++
		if verdict > 0 {
			passed[before.reason]++
		}
		if got := kernels[link].run(t, frame); len(frame) > 0 && got != min(verdict, len(frame)) {
			t.Fatalf("the kernel leaves %d octets, the virtual machine %d: link type %d, %x", got, verdict, link, frame)
		}
	}
	for r := range decode.NumReasons {
		if wanted(r) && seen[r] < n/2000 {
			t.Errorf("only %d of %d frames are %s", seen[r], n, r)
		}
		// Fragments pass before they are judged.
		if !wanted(r) && r != decode.BadFragment && seen[r] > n/100 && passed[r] == seen[r] {
			t.Errorf("all %d frames that are %s pass", seen[r], r)
		}
		t.Logf("%-18s %7d frames, %7d passed", r, seen[r], passed[r])
	}
}

// anyFrame puts a frame together at random: mostly sound, sometimes damaged.
func anyFrame(rng *rand.Rand, link capture.LinkType) []byte {
	pick := func(list ...byte) byte { return list[rng.IntN(len(list))] }
	var ip []byte
	v6 := link == capture.LinkIPv6 || link != capture.LinkIPv4 && rng.IntN(2) == 0
	proto := pick(17, 17, 17, 17, 17, 17, 17, 17, 17, 6, 4, 41, 47, 115, 132, 137, 1, 58, byte(rng.Uint32()))
	body := anyDatagram(rng)
	if v6 {
		for range pick(0, 0, 0, 0, 0, 0, 1, 2, 7, 8, 9) {
			kind := pick(0, 43, 60, 60, 51, 44)
			header := map[byte][]byte{0: hopByHop, 43: routing, 60: destOpts, 51: authHead, 44: atomic}[kind]
			if kind == 44 && rng.IntN(4) == 0 {
				header = fragment
			}
			body, proto = append(with(header, 0, proto), body...), kind
		}
		ip = ipv6(proto, body)
	} else {
		ip = ipv4(proto, make([]byte, 4*int(pick(0, 0, 0, 0, 1, 10))), body)
		if rng.IntN(12) == 0 {
			ip = with(ip, 6, byte(rng.Uint32()), byte(rng.Uint32()))
		}
	}
	var frame []byte
	etherType := uint16(0x0800)
	if v6 {
		etherType = 0x86dd
	}
	if rng.IntN(30) == 0 {
		etherType = []uint16{0x0806, 0x8847, 0x8848, 0x8863, 0x8864, 38, uint16(rng.Uint32())}[rng.IntN(7)]
	}
	tags := int(pick(0, 0, 0, 0, 0, 1, 1, 2, 3, 8, 9))
	outer, stack := etherType, []byte(nil)
	for range tags {
		stack, outer = append(tag(outer), stack...), []uint16{0x8100, 0x88a8, 0x9100}[rng.IntN(3)]
	}
	switch link {
	case capture.LinkEthernet:
		frame = slices.Concat(ether(outer), stack, ip)
	case capture.LinkLinuxSLL:
		frame = slices.Concat(make([]byte, 14), binary.BigEndian.AppendUint16(nil, outer), stack, ip)
	case capture.LinkLinuxSLL2:
		frame = slices.Concat(binary.BigEndian.AppendUint16(nil, outer), make([]byte, 18), stack, ip)
	case capture.LinkNull:
		frame = slices.Concat([][]byte{{2, 0, 0, 0}, {0, 0, 0, 2}, {30, 0, 0, 0}, {0, 0, 0, 28}}[rng.IntN(2)+int(etherType>>15)*2], ip)
	case capture.LinkLoop:
		frame = slices.Concat([]byte{0, 0, 0, []byte{2, 24}[etherType>>15]}, ip)
	default:
		frame = ip
	}
	switch rng.IntN(12) {
	case 0: // damage
		for range 1 + rng.IntN(3) {
			frame[rng.IntN(len(frame))] = byte(rng.Uint32())
		}
	case 1: // the end is missing
		frame = frame[:rng.IntN(len(frame))]
	case 2: // padding
		frame = append(frame, make([]byte, rng.IntN(40))...)
	}
	return frame
}

// anyDatagram is a UDP header and a payload that begins like something.
func anyDatagram(rng *rand.Rand) []byte {
	ports := []uint16{5060, 5061, 53, 443, 1023, 1024, 5353, 5355, 3478, 2152, 4789, 1719, 4569, 2427, 20_000, 20_002, 40_000, uint16(rng.Uint32())}
	some := func(from ...string) string { return from[rng.IntN(len(from))] }
	noise := make([]byte, rng.IntN(40))
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	payload := noise
	switch rng.IntN(9) {
	case 8: // IAX2's full frame, RAS, MGCP
		payload = append([]byte(some("\x80\x01\x00\x00\x00\x00\x00\x03\x00\x00\x06\x01", "\xff\xff\x00\x00\x00\x00\x00\x03\x00\x00\x06\x01",
			"\x00\x00\x00\x06\x00\x08\x91\x4a", "\x0e\x80\x00\x05\x06\x00\x08\x91\x4a", "AUEP 1201 *@gw MGCP 1.0\r\n", "200 1201 OK\r\n")), noise...)
	case 0:
		payload = []byte(some("", "\r\n", "\n\n\r\n") + some("SIP/2.0 200 OK", "sip/2", "SIP/x",
			some("A", "1", "~", "ACK", "INVITE", "SUBSCRIBE", "x.y-z!'`%*_+", "007", "A/B")+some(" ", "\t", "  ")+
				some("", "sip:a@b ", "\x80\xff ", "http://x/y ", "sip:a")+some("SIP/2.0", "sip/7", "SIP/", "HTTP/1.1")) +
			some("\r\n", "\n", "", "\r\nCall-ID: 1\r\n"))
	case 1, 2:
		payload = with(voice, 0, byte(0x80|rng.IntN(64)), byte(rng.Uint32()))
		payload = payload[:min(len(payload), []int{7, 8, 11, 12, 16, 72, 76, 80, 332}[rng.IntN(9)])]
		if len(payload) > 76 && rng.IntN(2) == 0 { // a plausible length of the extension, wherever it stands
			binary.BigEndian.PutUint16(payload[12+4*int(payload[0]&15)+2:], uint16(rng.IntN(70)))
		}
		payload[len(payload)-1] = byte(rng.IntN(8)) // the count of the padding
	case 3:
		payload = with(senderReport, 1, byte(192+rng.IntN(32)), 0, byte(rng.IntN(64)))[:8*(1+rng.IntN(31))]
	case 4:
		payload = with(binding, 0, byte(rng.IntN(6)))[:20+4*rng.IntN(2)]
	case 5:
		payload = append(with(clientHello, 0, byte(rng.IntN(70)), 0xfe)[:12+rng.IntN(2)], make([]byte, rng.IntN(300))...)
	case 6:
		payload = append(bytes.Repeat([]byte{byte(rng.Uint32())}, 1+rng.IntN(3)), noise...)
	}
	return udp(ports[rng.IntN(len(ports))], ports[rng.IntN(len(ports))], payload)
}

// Of payloads at random few pass as text: of those that begin like QUIC's short header less than one in a hundred.
func TestNoiseIsTurnedAway(t *testing.T) {
	const n = 200_000
	vm := virtual(t, programOf(t, wide))
	rng := rand.New(rand.NewPCG(443, 1))
	frame := udpOn(443, 40_000, make([]byte, 40))
	payload := frame[14+20+8:]
	passed := 0
	for range n {
		for i := range payload {
			payload[i] = byte(rng.Uint32())
		}
		payload[0] = 0x40 | payload[0]&0x3f
		if run(t, vm, frame) > 0 {
			passed++
		}
	}
	if passed == 0 || passed > n/100 {
		t.Errorf("%d of %d pass", passed, n)
	}
	t.Logf("%.2f %% pass", 100*float64(passed)/n)
}

func FuzzWide(f *testing.F) {
	for _, s := range samples() {
		f.Add(uint16(s.link), s.frame)
	}
	programs := map[capture.LinkType]*bpf.VM{}
	for _, link := range links {
		programs[link] = virtual(f, programOf(f, onLink(shortest(), link)))
	}
	f.Fuzz(func(t *testing.T, link uint16, frame []byte) {
		l := links[int(link)%len(links)]
		if programs[capture.LinkType(link)] != nil {
			l = capture.LinkType(link)
		}
		if len(frame) <= maxFrame {
			holds(t, programs[l], l, frame)
		}
	})
}

// maxFrame is below the snap length: longer frames are cut because they are asked to be.
const maxFrame = 65_000
