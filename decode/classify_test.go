package decode

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"calltrail/capture"
)

// Payloads as they are on the wire.
var (
	invite = []byte("INVITE sip:bob@example.com SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74bf9\r\nMax-Forwards: 70\r\n" +
		"From: <sip:alice@example.com>;tag=9fxced76sl\r\nTo: <sip:bob@example.com>\r\n" +
		"Call-ID: 3848276298220188511@example.com\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
	ringing = []byte("SIP/2.0 180 Ringing\r\nContent-Length: 0\r\n\r\n")
	voice   = append([]byte{
		0x80, 0x00, // version 2, PCMU
		0x00, 0x01, // sequence number
		0x00, 0x00, 0x00, 0xa0, // timestamp
		0xde, 0xad, 0xbe, 0xef, // SSRC
	}, bytes.Repeat([]byte{0x7f}, 160)...)
	receiverReport = []byte{
		0x80, 0xc9, 0x00, 0x01, // version 2, RR without reports, length 1
		0xde, 0xad, 0xbe, 0xef, // SSRC of sender
	}
	binding = []byte{
		0x00, 0x01, // STUN binding request
		0x00, 0x04, // length of the attributes
		0x21, 0x12, 0xa4, 0x42, // magic cookie
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, // transaction ID
		0x80, 0x29, 0x00, 0x00, // ICE-CONTROLLED, empty
	}
	clientHello = []byte{
		0x16,       // handshake
		0xfe, 0xff, // DTLS 1.0
		0, 0, 0, 0, 0, 0, 0, 0, // epoch, sequence number
		0x00, 0x01, 0x01, // length, client hello
	}
	dnsQuery = []byte{0x9a, 0x01, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1}
)

// datagramOf is the frame of a UDP datagram between two ports that was captured whole.
func datagramOf(payload []byte) Frame {
	f := Frame{Payload: payload, PayloadLen: len(payload)}
	f.Src.Port, f.Dst.Port = 40000, 50000
	return f
}

func TestClassify(t *testing.T) {
	text := func(s string) []byte { return []byte(s) }
	tests := []struct {
		name    string
		payload []byte
		want    Reason
	}{
		{"INVITE", invite, SIP},
		{"180", ringing, SIP},
		{"after CR LF", append([]byte("\r\n\r\n\n"), invite...), SIP},
		{"bare LF", text("BYE sip:a@example.com SIP/2.0\nFrom: x\n\n"), SIP},
		{"no line end", text("OPTIONS sip:a@example.com SIP/2.0"), SIP},
		{"lower-case version", text("INVITE sip:a@example.com sip/2.0\r\n"), SIP},
		{"lower-case status line", text("sip/2.0 200 ok\r\n"), SIP},
		{"version 7.0", text("OPTIONS sip:t.watson@example.org SIP/7.0\r\n"), SIP},
		{"spaces and a tab", text("INVITE \t sip:a@example.com   SIP/2.0  \r\n"), SIP},
		{"slashes in the URI", text("INVITE http://example.com/a/b SIP/2.0\r\n"), SIP},
		{"RFC 4475 3.1.1.2", text("!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com SIP/2.0\r\n"), SIP},
		{"digits for a method", text("007 sip:a@example.com SIP/2.0\r\n"), SIP},
		{"long URI", text("INVITE sip:" + strings.Repeat("a", 3000) + "@example.com SIP/2.0\r\n"), SIP},
		{"a method only", text("INVITE"), UDPOther},
		{"a method and a space", text("INVITE "), UDPOther},
		{"no space before the version", text("INVITE sip:a@example.comSIP/2.0\r\n"), UDPOther},
		{"version on the second line", text("INVITE sip:a@example.com\r\nX: SIP/2.0\r\n"), UDPOther},
		{"no version", text("INVITE sip:a@example.com\r\n\r\n"), UDPOther},
		{"version without a number", text("INVITE sip:a@example.com SIP/\r\n"), UDPOther},
		{"method of 65", text(strings.Repeat("A", 65) + " sip:a@example.com SIP/2.0\r\n"), UDPOther},
		{"method of 64", text(strings.Repeat("A", 64) + " sip:a@example.com SIP/2.0\r\n"), SIP},
		{"no method", text(" sip:a@example.com SIP/2.0\r\n"), UDPOther},
		{"SSDP", text("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"), UDPOther},
		{"syslog", text("<34>Oct 11 22:14:15 host su: SIP/2.0 failed"), UDPOther},
		{"statsd", text("calls.active:12|g"), UDPOther},

		{"PCMU", voice, RTP},
		{"type 34", with(voice, 1, 34), RTP},
		{"type 35", with(voice, 1, 35), UDPOther},
		{"type 95", with(voice, 1, 95), UDPOther},
		{"type 96, marker", with(voice, 1, 96|0x80), RTP},
		{"type 127", with(voice, 1, 127), RTP},
		{"no payload", voice[:12], RTP},
		{"11 octets", voice[:11], UDPOther},
		{"CSRC list past the end", with(voice[:20], 0, 0x8f), UDPOther},
		{"extension past the end", slices.Concat([]byte{0x90}, voice[1:12], []byte{0xbe, 0xde, 0x00, 0x09, 1, 2, 3, 4}), UDPOther},
		{"RR", receiverReport, RTCP},
		{"reduced-size RTCP", with(receiverReport, 1, 206), RTCP},
		{"type 191", with(receiverReport, 1, 191), UDPOther},
		{"type 192", with(receiverReport, 1, 192), RTCP},
		{"type 213", with(receiverReport, 1, 213), RTCP},
		{"type 214", with(receiverReport, 1, 214), UDPOther},
		{"RTCP longer than the datagram", with(receiverReport, 3, 2), UDPOther},
		{"QUIC long header", []byte{0xc3, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0}, UDPOther},
		{"QUIC short header", []byte{0x43, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, UDPOther},

		{"STUN", binding, STUN},
		{"STUN, length past the end", with(binding, 3, 5), UDPOther},
		{"STUN without cookie", with(binding, 4, 0), UDPOther},
		{"19 octets of STUN", binding[:19], UDPOther},
		{"WireGuard", []byte{1, 0, 0, 0, 9, 9, 9, 9}, UDPOther},
		{"TURN channel data", []byte{0x40, 0x00, 0x00, 0x04, 1, 2, 3, 4}, UDPOther},
		{"DTLS", clientHello, DTLS},
		{"DTLS 1.2 with a type above space", with(clientHello, 0, 63, 0xfe, 0xfd), DTLS},
		{"TLS version", with(clientHello, 1, 0x03, 0x03), UDPOther},
		{"12 octets of DTLS", clientHello[:12], UDPOther},

		{"empty", nil, KeepAlive},
		{"CR LF CR LF", text("\r\n\r\n"), KeepAlive},
		{"NUL", []byte{0}, KeepAlive},
		{"four NULs", []byte{0, 0, 0, 0}, KeepAlive},
		{"CR LF NUL", text("\r\n\x00"), KeepAlive},
		{"32 NULs", make([]byte, 32), KeepAlive},
		{"33 NULs", make([]byte, 33), UDPOther},
		{"NAT-T keep-alive", []byte{0xff}, UDPOther},
		{"a space", text(" "), UDPOther},
		{"DEL", []byte{0x7f}, UDPOther},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := datagramOf(tt.payload)
			if got := Classify(&f); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestClassifyByPort(t *testing.T) {
	tests := []struct {
		src, dst uint16
		payload  []byte
		want     Reason
	}{
		{1024, 1024, voice, RTP},
		{1023, 40000, voice, UDPOther},
		{40000, 1023, voice, UDPOther},
		{5353, 40000, voice, UDPOther},
		{40000, 5355, voice, UDPOther},
		{40000, 53, dnsQuery, UDPOther},
		{40000, 500, receiverReport, UDPOther},
		{1024, 65535, receiverReport, RTCP},
		{53, 443, invite, SIP},
		{5060, 5060, clientHello, DTLS},
	}
	for _, tt := range tests {
		f := datagramOf(tt.payload)
		f.Src.Port, f.Dst.Port = tt.src, tt.dst
		if got := Classify(&f); got != tt.want {
			t.Errorf("%d > %d, first octet %#x: got %v, want %v", tt.src, tt.dst, tt.payload[0], got, tt.want)
		}
	}
}

// What the snap length left is named as far as it goes.
func TestClassifyCut(t *testing.T) {
	tests := []struct {
		name    string
		payload []byte
		at      int
		want    Reason
	}{
		{"SIP after its first line", invite, 60, SIP},
		{"SIP in its first line", invite, 20, SIP},
		{"SIP in the scheme", invite, 9, ShortPayload},
		{"response in its version", ringing, 5, SIP},
		{"HTTP in its first line", []byte("GET http://example.com/index.html HTTP/1.1\r\n"), 25, UDPOther},
		{"RTP after its header", voice, 12, RTP},
		{"RTP in its header", voice, 11, ShortPayload},
		{"RTCP after its header", slices.Concat(receiverReport, receiverReport), 8, RTCP},
		{"RTCP in its header", receiverReport, 7, ShortPayload},
		{"STUN after its header", binding, 20, STUN},
		{"STUN in its header", binding, 19, ShortPayload},
		{"NULs", make([]byte, 33), 32, UDPOther},
		{"nothing left", voice, 0, ShortPayload},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := datagramOf(tt.payload)
			f.Payload = f.Payload[:tt.at]
			if got := Classify(&f); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWalkAndClassifyAllocateNothing(t *testing.T) {
	traffic := newTraffic(500, everything)
	var f Frame
	var counts Counts
	if n := testing.AllocsPerRun(10, func() {
		for i := range traffic.packets {
			r := Walk(&traffic.packets[i], &f)
			if r == Datagram {
				r = Classify(&f)
			}
			counts[r]++
			FanoutHash(&traffic.packets[i])
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d packets", n, len(traffic.packets))
	}
	if counts[SIP] == 0 || counts[RTP] == 0 || counts[TCP] == 0 || counts[UDPOther] == 0 {
		t.Errorf("the traffic has too little in it: %v", counts)
	}
	if counts.Sum(Dropped) != 0 || counts[Datagram] != 0 {
		t.Errorf("dropped, or without a name: %v", counts)
	}
}

// A packet cut anywhere, or with any octet changed, has one outcome and never a payload that was not captured.
func TestEveryCutAndChange(t *testing.T) {
	frame := onEther(udp4(ringing))
	for _, b := range [][]byte{
		onEther(udp4(invite)), onEther(udp6(voice)), onEther(udp4(binding)), onEther(fragmented(udp6(ringing), 16, 1)[0]),
		append(ether(0x8847), mplsLabel(16, controlWord(frame))...), append(ether(0x8864), pppoe(5, []byte{0x21}, udp4(ringing))...),
		over4(protoGRE, erspan3(7, frame)), over4(protoGRE, pptp(7, udp4(ringing))), toPort(4789, vxlan(7, frame)),
		toPort(2152, gtpu(7, udp4(ringing))), toPort(1701, l2tp(7, udp6(ringing))), toPort(6081, geneve(7, 0x0800, udp4(ringing))),
	} {
		for i := range b {
			p := packetOf(capture.LinkEthernet, b[:i:i])
			p.Length = len(b)
			checkOutcome(t, p)
			for _, octet := range []byte{0, 1, 0x7f, 0x80, 0xff} {
				checkOutcome(t, packetOf(capture.LinkEthernet, with(b, i, octet)))
			}
		}
	}
}

// BenchmarkWalkOneKind shows what one kind of packet costs when nothing about it surprises the processor.
func BenchmarkWalkOneKind(b *testing.B) {
	for _, kind := range []struct {
		name  string
		frame []byte
	}{
		{"tcp", onEther(ipv4(protoTCP, nil, make([]byte, 20)))},
		{"tcp6", onEther(ipv6(protoTCP, make([]byte, 20)))},
		{"vlan tcp", slices.Concat(ether(0x8100), tag(3, 0x0800), ipv4(protoTCP, nil, make([]byte, 20)))},
		{"rtp", onEther(ipv4(protoUDP, nil, udpPorts(40000, 50000, voice)))},
		{"rtp6", onEther(ipv6(protoUDP, udpPorts(40000, 50000, voice)))},
		{"rtcp", onEther(ipv4(protoUDP, nil, udpPorts(40000, 50000, receiverReport)))},
		{"sip request", onEther(udp4(invite))},
		{"sip response", onEther(udp4(ringing))},
		{"quic", onEther(udp4([]byte{0x43, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}))},
		{"ssdp", onEther(udp4([]byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n")))},
		{"stun", onEther(udp4(binding))},
	} {
		b.Run(kind.name, func(b *testing.B) {
			b.ReportAllocs()
			p := packetOf(capture.LinkEthernet, kind.frame)
			var f Frame
			var counts Counts
			for b.Loop() {
				r := Walk(p, &f)
				if r == Datagram {
					r = Classify(&f)
				}
				counts[r]++
			}
		})
	}
}
