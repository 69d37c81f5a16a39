package filter_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"

	"calltrail/capture"
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// What a program can say of a frame.
const (
	drop  = 0
	cut   = 192
	whole = 65_535
)

// sample is a frame and what becomes of it.
type sample struct {
	name         string
	link         capture.LinkType
	frame        []byte
	wide, narrow int
}

// samples are frames with one thing each that a program decides by.
func samples() []sample {
	text := func(s string) []byte { return udp4([]byte(s)) }
	sip4, sip6 := ipv4(17, nil, udp(5060, 5060, invite)), ipv6(17, udp(5060, 5060, invite))
	rtp4, rtp6 := ipv4(17, nil, udp(20_000, 20_002, voice)), ipv6(17, udp(20_000, 20_002, voice))
	behind := func(first uint8, headers ...[]byte) []byte { // extension headers and RTP
		return onEther(ipv6(first, append(slices.Concat(headers...), udp(20_000, 20_002, voice)...)))
	}
	options := func(n int, last []byte) []byte { // n destination options headers and SIP
		return onEther(ipv6(60, slices.Concat(bytes.Repeat(with(destOpts, 0, 60), n-1), last, udp(5060, 5060, invite))))
	}
	const eth = capture.LinkEthernet
	return []sample{
		// UDP by its first octets.
		{"SIP request", eth, udp4(invite), whole, whole},
		{"SIP response", eth, text("SIP/2.0 180 Ringing\r\n\r\n"), whole, whole},
		{"lower-case status line", eth, text("sip/2.0 200 ok\r\n"), whole, whole},
		{"the shortest status line", eth, text("SIP/2"), whole, whole},
		{"the shortest request", eth, text("A SIP/2"), whole, whole},
		{"the shortest request with a digit", eth, text("1 SIP/2"), whole, whole},
		{"a tab after the method", eth, text("BYE\tsip:a@example.com SIP/2.0\r\n"), whole, whole},
		{"a method of 9", eth, text("SUBSCRIBE sip:a@example.com SIP/2.0\r\n"), whole, whole},
		{"a method of 43, RFC 4475 3.1.1.2", eth, text("!interesting-Method0123456789_*+`.%indeed'~ sip:a SIP/2.0\r\n"), whole, whole},
		{"every octet of a token", eth, text("-.!%*_+`'~ x SIP/2.0\r\n"), whole, whole},
		{"after CR LF", eth, text("\r\n\r\nINVITE sip:a SIP/2.0\r\n"), whole, whole},
		{"CR LF CR LF, a keep-alive", eth, text("\r\n\r\n"), whole, whole},
		{"text that is not SIP", eth, text("M-SEARCH * HTTP/1.1\r\n"), whole, whole},
		{"NULs, a keep-alive", eth, text("\x00\x00\x00\x00"), drop, whole},
		{"one octet, NAT-T", eth, text("\xff"), drop, whole},
		{"empty", eth, text(""), drop, drop},
		{"BitTorrent DHT", eth, udp4(dhtPing), drop, whole},
		{"syslog", eth, text("<34>Oct 11 22:14:15 host su: failed"), drop, whole},
		{"statsd", eth, text("active:12|g"), drop, whole},
		{"a word of ten octets or more, which may be a method", eth, text("calls.active:12|g"), whole, whole},
		{"QUIC, short header", eth, udpOn(443, 40_000, quicShort), drop, drop},
		{"QUIC, long header", eth, udpOn(443, 40_000, with(quicShort, 0, 0xc3)), drop, drop},
		{"WireGuard", eth, udpOn(51_820, 51_820, append([]byte{4, 0, 0, 0}, make([]byte, 60)...)), drop, drop},
		{"RTP", eth, udp4(voice), cut, cut},
		{"RTP, marker", eth, udp4(with(voice, 1, 0x80|96)), cut, cut},
		{"RTP with extension and CSRC list", eth, udp4(with(voice, 0, 0x9f)), cut, cut},
		{"RTP with padding", eth, udp4(with(voice, 0, 0xa0)), whole, whole},
		{"RTP on the first media port", eth, udpOn(1024, 1024, voice), cut, drop},
		{"RTP from a system port", eth, udpOn(1023, 20_000, voice), drop, cut},
		{"RTP to a system port", eth, udpOn(20_000, 1023, voice), drop, cut},
		{"RTP on SIP's port", eth, udpOn(5060, 5060, voice), cut, cut},
		{"DNS", eth, udpOn(53, 40_000, dnsAnswer), drop, drop},
		{"mDNS", eth, udpOn(5353, 5353, dnsAnswer), drop, drop},
		{"LLMNR", eth, udpOn(40_000, 5355, dnsAnswer), drop, drop},
		{"RTCP", eth, udp4(senderReport), whole, whole},
		{"RTCP, type 192", eth, udp4(with(senderReport, 1, 192)), whole, whole},
		{"RTCP, type 223", eth, udp4(with(senderReport, 1, 223)), whole, whole},
		{"marker and type 96: no RTCP", eth, udp4(with(senderReport, 1, 224)), cut, cut},
		{"STUN", eth, udp4(binding), whole, whole},
		{"TURN, as WhatsApp has it", eth, udp4(with(binding, 0, 0x08, 0x03)), whole, whole},
		{"STUN without the cookie", eth, udp4(with(binding, 4, 0)), drop, whole},
		{"ZRTP", eth, udp4(append([]byte{0x10, 0, 0, 1, 'Z', 'R', 'T', 'P'}, make([]byte, 20)...)), drop, whole},
		{"DTLS", eth, udp4(clientHello), whole, whole},
		{"DTLS 1.2, content type 63", eth, udp4(with(clientHello, 0, 63, 0xfe, 0xfd)), whole, whole},
		{"DTLS application data", eth, udp4(append(with(clientHello, 0, 23), make([]byte, 400)...)), cut, whole},
		{"TLS version in a DTLS record", eth, udp4(with(clientHello, 1, 0x03)), drop, whole},
		{"TURN ChannelData", eth, udp4(channelData), cut, whole},
		{"TURN ChannelData and four octets more", eth, udp4(append(with(channelData, 3, 0x49), 0)), drop, whole},
		{"TURN ChannelData, three octets of padding", eth, udp4(with(channelData, 3, 0x49)), cut, whole},
		{"a length that is no channel's", eth, udp4(with(channelData, 3, 0x4d)), drop, whole},

		// Above IP.
		{"TCP to SIP's port", eth, onEther(ipv4(6, nil, tcp(40_000, 5060))), whole, whole},
		{"TCP from SIP's port over IPv6", eth, onEther(ipv6(6, tcp(5061, 40_000))), whole, whole},
		{"web", eth, onEther(ipv4(6, nil, tcp(443, 40_000))), drop, drop},
		{"web over IPv6", eth, onEther(ipv6(6, tcp(40_000, 443))), drop, drop},
		{"TCP below and above the SIP ports", eth, onEther(ipv4(6, nil, tcp(5059, 5062))), drop, drop},
		{"SIP over TLS", eth, onEther(ipv4(6, nil, tcp(40_000, 5071))), whole, whole},
		{"SIP over WebSocket, IPv6", eth, onEther(ipv6(6, tcp(8088, 40_000))), whole, whole},
		{"TCP beside the further ports", eth, onEther(ipv4(6, nil, tcp(8087, 5072))), drop, drop},
		{"H.323 call signalling", eth, onEther(ipv4(6, nil, tcp(40_000, 1720))), whole, drop},
		{"Skinny over IPv6", eth, onEther(ipv6(6, tcp(2000, 40_000))), whole, drop},
		{"TCP between 1720 and 2000", eth, onEther(ipv4(6, nil, tcp(1721, 1999))), drop, drop},
		{"H.225.0 RAS, gatekeeperRequest", eth, udpOn(40_000, 1719, []byte{0x00, 0x00, 0x00, 0x06, 0x00, 0x08, 0x91, 0x4a}), whole, drop},
		{"H.225.0 RAS, registrationRequest", eth, udpOn(1719, 40_000, []byte{0x0e, 0x80, 0x00, 0x05, 0x06, 0x00, 0x08, 0x91}), whole, drop},
		{"IAX2, NEW from call 1", eth, udpOn(4569, 4569, []byte{0x80, 0x01, 0, 0, 0, 0, 0, 3, 0, 0, 6, 1}), whole, drop},
		{"IAX2, NEW from call 0x4000", eth, udpOn(40_000, 4569, []byte{0xc0, 0x00, 0, 0, 0, 0, 0, 3, 0, 0, 6, 1}), whole, drop},
		{"IAX2, mini frame", eth, udpOn(4569, 40_000, append([]byte{0x3f, 0x01, 0, 20}, make([]byte, 160)...)), whole, drop},
		{"IAX2, meta frame", eth, udpOn(4569, 40_000, []byte{0, 0, 1, 1, 0, 0, 0, 20}), whole, drop},
		{"beside IAX2's port", eth, udpOn(4568, 40_000, []byte{0xc0, 0x00, 0, 0, 0, 0, 0, 3, 0, 0, 6, 1}), drop, drop},
		{"MGCP request", eth, udpOn(2727, 2427, []byte("AUEP 1201 *@gw1.example.net MGCP 1.0\r\n")), whole, drop},
		{"MGCP response", eth, udpOn(2427, 2727, []byte("200 1201 OK\r\n")), whole, drop},
		{"SCTP over IPv6", eth, onEther(ipv6(132, tcp(2905, 2905))), whole, drop},
		{"SCTP", eth, onEther(ipv4(132, nil, tcp(5060, 5060))), whole, drop},
		{"ICMP", eth, onEther(ipv4(1, nil, append([]byte{3, 3, 0, 0, 0, 0, 0, 0}, sip4...))), drop, drop},
		{"ICMPv6", eth, onEther(ipv6(58, append([]byte{1, 4, 0, 0, 0, 0, 0, 0}, sip6...))), drop, drop},
		{"ESP", eth, onEther(ipv4(50, nil, make([]byte, 80))), drop, drop},
		{"IGMP", eth, onEther(ipv4(2, []byte{0x94, 4, 0, 0}, make([]byte, 8))), drop, drop},

		// Tunnels.
		{"GRE", eth, onEther(ipv4(47, nil, append([]byte{0, 0, 8, 0}, sip4...))), whole, drop},
		{"ERSPAN in GRE", eth, onEther(ipv4(47, nil, append([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1}, udp4(invite)...))), whole, drop},
		{"IP in IP", eth, onEther(ipv4(4, nil, sip4)), whole, drop},
		{"6in4", eth, onEther(ipv4(41, nil, sip6)), whole, drop},
		{"4in6", eth, onEther(ipv6(4, sip4)), whole, drop},
		{"MPLS in IP, RFC 4023", eth, onEther(ipv4(137, nil, append([]byte{0, 0, 0x11, 0x40}, sip4...))), whole, drop},
		{"MPLS in IPv6", eth, onEther(ipv6(137, append([]byte{0, 0, 0x11, 0x40}, sip4...))), whole, drop},
		{"PPTP: GRE of version 1", eth, onEther(ipv4(47, nil, append([]byte{0x30, 0x01, 0x88, 0x0b, 0, 60, 0, 1, 0, 0, 0, 1, 0x21}, sip4...))), whole, drop},
		{"L2TPv3", eth, onEther(ipv4(115, nil, append([]byte{0, 0, 0, 1}, udp4(invite)...))), whole, drop},
		{"L2TP", eth, udpOn(1701, 40_000, []byte{0xc8, 2, 0, 12}), whole, drop},
		{"GTP-U", eth, udpOn(2152, 2152, append([]byte{0x30, 0xff, 0, 40, 0, 0, 0, 1}, sip4...)), whole, drop},
		{"VXLAN", eth, udpOn(50_000, 4789, append([]byte{8, 0, 0, 0, 0, 0, 1, 0}, udp4(invite)...)), whole, drop},
		{"VXLAN on its old port", eth, udpOn(50_000, 8472, append([]byte{8, 0, 0, 0, 0, 0, 1, 0}, udp4(invite)...)), whole, drop},
		{"Geneve over IPv6", eth, onEther(ipv6(17, udp(50_000, 6081, append([]byte{0, 0, 0x65, 0x58, 0, 0, 1, 0}, udp4(invite)...)))), whole, drop},
		{"MPLS", eth, append(append(ether(0x8847), 0, 0, 0x11, 0x40), sip4...), whole, drop},
		{"MPLS, multicast", eth, append(append(ether(0x8848), 0, 0, 0x11, 0x40), sip4...), whole, drop},
		{"PPPoE session", eth, append(append(ether(0x8864), 0x11, 0, 0, 1, 0, 60, 0, 0x21), sip4...), whole, drop},
		{"PPPoE discovery", eth, append(ether(0x8863), 0x11, 9, 0, 0, 0, 0), whole, drop},
		{"PPPoE in a VLAN", eth, slices.Concat(ether(0x8100), tag(0x8864), []byte{0x11, 0, 0, 1, 0, 60, 0, 0x21}, sip4), whole, drop},

		// Fragments.
		{"IPv4, first fragment", eth, onEther(with(sip4, 6, 0x20, 0x00)), whole, whole},
		{"IPv4, last fragment", eth, onEther(with(sip4, 6, 0x00, 0xb9)), whole, whole},
		{"IPv4, fragment of another's TCP", eth, onEther(with(ipv4(6, nil, tcp(443, 40_000)), 6, 0x20, 0x00, 64, 6, 0, 0, 203, 0, 113, 1)), whole, drop},
		{"IPv6 fragment", eth, onEther(ipv6(44, append(slices.Clone(fragment), invite...))), whole, whole},
		{"IPv6 fragment after options", eth, onEther(ipv6(60, slices.Concat(with(destOpts, 0, 44), fragment, invite))), whole, whole},
		{"IPv6, atomic fragment", eth, behind(44, atomic), cut, cut},

		// IPv4 options and IPv6 extension headers.
		{"IPv4 options", eth, onEther(ipv4(17, []byte{1, 1, 1, 0}, udp(20_000, 20_002, voice))), cut, cut},
		{"40 octets of options", eth, onEther(ipv4(17, make([]byte, 40), udp(5060, 5060, invite))), whole, whole},
		{"web with options", eth, onEther(ipv4(6, make([]byte, 40), tcp(443, 40_000))), drop, drop},
		{"RTP over IPv6", eth, onEther(rtp6), cut, cut},
		{"SIP over IPv6", eth, onEther(sip6), whole, whole},
		{"hop-by-hop options", eth, behind(0, hopByHop), cut, cut},
		{"destination options", eth, behind(60, destOpts), cut, cut},
		{"routing header", eth, behind(43, routing), cut, cut},
		{"AH", eth, behind(51, authHead), cut, cut},
		{"hop-by-hop, routing, atomic fragment", eth, behind(0, with(hopByHop, 0, 43), with(routing, 0, 44), atomic), cut, cut},
		// 14 + 40 + 8*16 octets before UDP, and 88 more are kept: more than 192.
		{"eight extension headers", eth, behind(60, bytes.Repeat(with(destOpts, 0, 60), 7), destOpts), 270, 270},
		{"eight extension headers and SIP", eth, options(8, destOpts), whole, whole},
		{"eight extension headers and web", eth, onEther(ipv6(60, slices.Concat(bytes.Repeat(with(destOpts, 0, 60), 7), with(destOpts, 0, 6), tcp(443, 40_000)))), drop, drop},
		{"nine extension headers", eth, options(9, destOpts), whole, whole},
		{"an extension header past the end", eth, onEther(ipv6(60, with(hopByHop, 1, 9))), drop, drop},
		{"no next header", eth, onEther(ipv6(59, nil)), drop, drop},

		// VLAN tags.
		{"VLAN", eth, slices.Concat(ether(0x8100), tag(0x0800), rtp4), cut, cut},
		{"VLAN, IPv6", eth, slices.Concat(ether(0x8100), tag(0x86dd), rtp6), cut, cut},
		{"QinQ", eth, slices.Concat(ether(0x88a8), tag(0x8100), tag(0x0800), rtp4), cut, cut},
		{"old QinQ", eth, slices.Concat(ether(0x9100), tag(0x8100), tag(0x0800), sip4), whole, whole},
		{"web in QinQ", eth, slices.Concat(ether(0x88a8), tag(0x8100), tag(0x0800), ipv4(6, nil, tcp(443, 40_000))), drop, drop},
		{"eight tags", eth, slices.Concat(ether(0x8100), bytes.Repeat(tag(0x8100), 7), tag(0x0800), rtp4), cut, cut},
		{"eight tags and web", eth, slices.Concat(ether(0x8100), bytes.Repeat(tag(0x8100), 7), tag(0x0800), ipv4(6, nil, tcp(443, 40_000))), drop, drop},
		{"nine tags", eth, slices.Concat(ether(0x8100), bytes.Repeat(tag(0x8100), 8), tag(0x0800), rtp4), whole, drop},

		// Not IP.
		{"ARP", eth, append(ether(0x0806), make([]byte, 28)...), drop, drop},
		{"ARP in a VLAN", eth, slices.Concat(ether(0x8100), tag(0x0806), make([]byte, 28)), drop, drop},
		{"LLDP", eth, append(ether(0x88cc), make([]byte, 28)...), drop, drop},
		{"802.3 with LLC", eth, append(ether(38), 0x42, 0x42, 0x03), drop, drop},
		{"half a header", eth, ether(0x0800)[:10], drop, drop},

		// Narrow: ports and addresses.
		{"another's RTP", eth, onEther(with(rtp4, 12, 203, 0, 113, 1)), cut, drop},
		{"RTP to the prefix", eth, onEther(with(rtp4, 12, 203, 0, 113, 1, 192, 0, 2, 255)), cut, cut},
		{"just above the prefix", eth, onEther(with(rtp4, 12, 203, 0, 113, 1, 192, 0, 3, 0)), cut, drop},
		{"just below the prefix", eth, onEther(with(rtp4, 12, 192, 0, 1, 255, 192, 0, 1, 255)), cut, drop},
		{"RTP to the IPv6 prefix", eth, onEther(with(with(rtp6, 13, 3), 29, 1)), cut, cut},
		{"another's IPv6", eth, onEther(with(sip6, 13, 3)), whole, drop},
		{"another's TCP on SIP's port", eth, onEther(with(ipv4(6, nil, tcp(40_000, 5060)), 12, 203, 0, 113, 1)), whole, drop},
		{"SIP below the media ports", eth, udpOn(16_383, 16_383, invite), whole, drop},
		{"SIP on the last media port", eth, udpOn(40_000, 32_767, invite), whole, whole},

		// Other link types.
		{"cooked v1", capture.LinkLinuxSLL, slices.Concat(make([]byte, 14), []byte{0x08, 0x00}, rtp4), cut, cut},
		{"cooked v1, VLAN", capture.LinkLinuxSLL, slices.Concat(make([]byte, 14), []byte{0x81, 0x00}, tag(0x86dd), sip6), whole, whole},
		{"cooked v2", capture.LinkLinuxSLL2, slices.Concat([]byte{0x86, 0xdd}, make([]byte, 18), sip6), whole, whole},
		{"raw IPv4", capture.LinkRaw, rtp4, cut, cut},
		{"raw IPv6", capture.LinkRaw, sip6, whole, whole},
		{"raw, version 5", capture.LinkRaw, with(sip4, 0, 0x55), drop, drop},
		{"link type IPv4", capture.LinkIPv4, sip4, whole, whole},
		{"link type IPv6", capture.LinkIPv6, rtp6, cut, cut},
		{"null, little-endian", capture.LinkNull, append([]byte{2, 0, 0, 0}, sip4...), whole, whole},
		{"null, big-endian", capture.LinkNull, append([]byte{0, 0, 0, 30}, sip6...), whole, whole},
		{"loop", capture.LinkLoop, append([]byte{0, 0, 0, 24}, rtp6...), cut, cut},
		{"loop is big-endian only", capture.LinkLoop, append([]byte{2, 0, 0, 0}, sip4...), drop, drop},
	}
}

func TestTable(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			if got := run(t, virtual(t, programOf(t, onLink(wide, s.link))), s.frame); got != s.wide {
				t.Errorf("wide says %d, want %d", got, s.wide)
			}
			if got := run(t, virtual(t, programOf(t, onLink(narrow, s.link))), s.frame); got != s.narrow {
				t.Errorf("narrow says %d, want %d", got, s.narrow)
			}
		})
	}
}

// Applications' calls pass where wide is asked for them, and nothing else does because of that.
func TestApps(t *testing.T) {
	apps := wide
	apps.Apps = true
	with, without := virtual(t, programOf(t, apps)), virtual(t, programOf(t, wide))
	kernel := newKernel(t, programOf(t, apps))
	long := bytes.Repeat([]byte{0xe7}, 400)
	for _, c := range []struct {
		name          string
		frame         []byte
		with, without int
	}{
		{"Zoom's SFU header", udpOn(40_000, 8801, append([]byte{5}, long...)), cut, drop},
		{"Zoom, from the server", udpOn(8810, 40_000, append([]byte{5}, long...)), cut, drop},
		{"beside Zoom's ports", udpOn(40_000, 8811, append([]byte{5}, long...)), drop, drop},
		{"Telegram's relay", udpOn(40_000, 533, long), cut, drop},
		{"beside Telegram's ports", udpOn(40_000, 601, long), drop, drop},
		{"STUN without the cookie", udpOn(40_000, 3478, append([]byte{0, 1, 0, 0}, make([]byte, 16)...)), whole, drop},
		{"the same on another port", udpOn(40_000, 3482, append([]byte{0, 1, 0, 0}, make([]byte, 16)...)), drop, drop},
		{"Discord asks", udpOn(40_000, 50_001, append([]byte{0, 1, 0, 70}, make([]byte, 70)...)), whole, drop},
		{"Discord answers", udpOn(50_001, 40_000, append([]byte{0, 2, 0, 70}, make([]byte, 70)...)), whole, drop},
		{"a neighbour of Discord's", udpOn(40_000, 50_001, append([]byte{0, 3, 0, 70}, make([]byte, 70)...)), drop, drop},
		{"Microsoft's TURN", udpOn(40_000, 50_001, append([]byte{0xff, 0x10, 0, 40}, make([]byte, 40)...)), whole, drop},
		{"a neighbour of Microsoft's", udpOn(40_000, 50_001, append([]byte{0xff, 0x11, 0, 40}, make([]byte, 40)...)), drop, drop},
		{"QUIC", udpOn(443, 40_000, quicShort), drop, drop},
		{"what looks like nothing", udpOn(40_000, 50_001, long), drop, drop},
		{"STUN", udpOn(40_000, 3478, append([]byte{8, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)), whole, whole},
	} {
		expect := func(limit int) int { return min(limit, len(c.frame)) }
		if got := min(run(t, with, c.frame), len(c.frame)); got != expect(c.with) {
			t.Errorf("%s: %d octets with Apps, want %d", c.name, got, expect(c.with))
		}
		if got := min(run(t, without, c.frame), len(c.frame)); got != expect(c.without) {
			t.Errorf("%s: %d octets without, want %d", c.name, got, expect(c.without))
		}
		if got := kernel.run(t, c.frame); got != expect(c.with) {
			t.Errorf("%s: the kernel leaves %d octets, want %d", c.name, got, expect(c.with))
		}
	}
}

// What looks like nothing passes between high ports where the media of applications is asked for, and is cut.
func TestAppMedia(t *testing.T) {
	cfg := wide
	cfg.AppMedia = true
	p := programOf(t, cfg)
	vm, kernel := virtual(t, p), newKernel(t, p)
	long := bytes.Repeat([]byte{0xe7}, 400)
	for _, c := range []struct {
		name  string
		frame []byte
		want  int
	}{
		{"between high ports", udpOn(40_000, 50_001, long), cut},
		{"the lowest ones", udpOn(1024, 1024, long), cut},
		{"from a system port", udpOn(1023, 50_001, long), drop},
		{"to a system port", udpOn(50_001, 1023, long), drop},
		{"QUIC to the web's port", udpOn(40_000, 443, quicShort), drop},
		{"text that is no SIP", udpOn(40_000, 50_001, append([]byte("active:12|g"), long...)), cut},
		{"TCP on another port", onEther(ipv4(6, nil, make([]byte, 400))), drop},
	} {
		want := min(c.want, len(c.frame))
		if got := min(run(t, vm, c.frame), len(c.frame)); got != want {
			t.Errorf("%s: %d octets, want %d", c.name, got, want)
		}
		if got := kernel.run(t, c.frame); got != want {
			t.Errorf("%s: the kernel leaves %d octets, want %d", c.name, got, want)
		}
	}
}
