// Package filter makes the program with which the kernel turns away, before a packet is copied, what cannot be VoIP: classic
// BPF, for SO_ATTACH_FILTER. What the program returns is how many octets of the frame are kept.
//
// In: a Config. Out: a Program, its instructions and its text for people. Called by cmd/calltrail when a tap is opened, when
// the configuration is read again, and for --print-filter. It opens no socket and looks at no packet itself.
//
// # Wide
//
// The rule is that nothing is turned away which decode would call SIP (or which its parser would then call malformed),
// RTP, RTCP, STUN or DTLS, or count as a protocol that it has seen and does not decode (H.323, MGCP, IAX2, Skinny,
// SIGTRAN), and nothing that can hide such a thing: fragments, tunnels, and headers nested deeper than the program
// follows. Of TCP only the ports tell: those of SIP, of SIP over TLS and over WebSocket as configured, 1720 (H.323) and
// 2000 (Skinny). SCTP passes whole. It follows 8 VLAN tags and 8 IPv6 extension headers, as decode does. Payloads are
// told by their first octets as in decode.Classify, only coarser: of a request line the method is looked at, ten octets
// of it at most, and of RTP the version and the ports. So some other text passes (SSDP; long words; of payloads at random
// behind QUIC's short header 0.9 %), and a quarter of what is encrypted from its first bit, between high ports: cut.
// Decode names it.
//
// Turned away beside other protocols: empty datagrams and keep-alives of NULs (those of CR and LF pass), STUN without the
// magic cookie, ZRTP, ICMP with what it quotes, TCP on other ports (SIP and WebSocket there too, which a capture file
// would show), ESP, RTP on the ports that decode knows to carry none, headers that go on past the end of the frame.
// Nobody counts these: decode's counts of ignored and unreadable packets begin behind the filter.
//
// # Narrow
//
// Narrow goes by ports and prefixes and not by payload. Fragments have no ports: all of the prefixes' pass. Tunnels and
// frames with more than 8 VLAN tags are turned away with all the calls in them: whom they belong to cannot be seen. A
// VXLAN, L2TP or GTP-U datagram is UDP and passes when its own addresses and ports are named, media ports say; the
// addresses inside are not looked at. SCTP is turned away, and what is only counted has no ports here.
//
// # What is cut
//
// RTP, ChannelData of TURN and application data of DTLS are cut to MediaSnapLength; all else is kept up to SnapLength. The
// headers that decode reads are never cut, however long: RTP's up to the length of its header extension. RTP with padding is
// kept whole, for the padding's count stands in its last octet, and RTCP too. Media in tunnels and in fragments is not cut.
//
// # The frame
//
// The kernel takes the outermost VLAN tag out of a frame before a filter runs. The program works on what is there: with the
// tag or without, offsets and lengths count from the start of the frame as it is then.
//
// # Cost
//
// For Ethernet, SIP port 5060 and TLS port 5061 the wide program is 560 instructions long; these are how many of them a
// frame takes, whatever its length:
//
//	ARP                                 12
//	web over TCP, IPv4                  20
//	web over TCP, IPv6                  17
//	web over TCP, IPv4 in a VLAN tag    25
//	web over TCP, IPv4, a low port      24
//	QUIC, long header                   23
//	QUIC, short header                  52
//	DNS answer                          26
//	BitTorrent DHT                      43
//	RTP, IPv4                           40
//	RTP, IPv6                           38
//	SIP, INVITE                         65
//	SIP, a response                     43
package filter
