package main

var cases = []carriage{
	{
		name: "carry-vlan", from: "auth-407", title: "In a VLAN",
		about:  "Every frame has a tag: VLAN 100.",
		layers: []layer{vlan(etherVLAN, 0, 100)},
	},
	{
		name: "carry-qinq", from: "answered", title: "In two VLANs",
		about:  "Every frame has two tags: 802.1ad's with VLAN 200 outside, 802.1Q's with VLAN 20 inside.",
		layers: []layer{vlan(etherVLAN, 5, 20), vlan(etherQinQ, 5, 200)},
	},
	{
		name: "carry-mpls", from: "answered", title: "In MPLS",
		about:  "Two labels, other ones in each direction: 16001 and 24005 from the caller, 16002 and 24006 to it. Nothing says what they carry.",
		layers: []layer{mpls([2]uint32{16001, 24005}, [2]uint32{16002, 24006})},
	},
	{
		name: "carry-pseudowire", from: "answered", title: "In an MPLS pseudowire",
		about:  "Two labels and a control word, and then the Ethernet frame of a customer, in its VLAN 300.",
		layers: []layer{vlan(etherVLAN, 0, 300), ethernet(1), mpls([2]uint32{16001, 30001}, [2]uint32{16002, 30002})},
	},
	{
		name: "carry-pppoe", from: "answered", title: "In PPPoE",
		about:  "PPPoE session 4660, between an access line and its concentrator.",
		layers: []layer{pppoe(4660)},
	},
	{
		name: "carry-pppoe-ipv6", from: "ipv6", title: "IPv6 in PPPoE",
		about:  "PPPoE session 4661 that carries IPv6.",
		layers: []layer{pppoe(4661)},
	},
	{
		name: "carry-dslite", from: "answered", title: "IPv4 in IPv6 in PPPoE",
		about:  "How DS-Lite (RFC 6333) carries IPv4 on an access line: PPPoE session 4662 has IPv6, and that IPv4.",
		layers: []layer{inIP(outer6), pppoe(4662)},
	},
	{
		name: "carry-gre", from: "answered", title: "In GRE",
		about:  "GRE with key (0xca110001 from the caller, 0xca110002 to it), checksum and sequence number.",
		layers: []layer{gre(outer, 0xca110001, 0xca110002, true)},
	},
	{
		name: "carry-erspan-1", from: "answered", title: "Mirrored by ERSPAN type I",
		about:  "A switch mirrors the call to a collector: GRE without key or sequence number, then the frame.",
		layers: []layer{ethernet(1), erspan(1)},
	},
	{
		name: "carry-erspan-2", from: "answered", title: "Mirrored by ERSPAN type II",
		about:  "A switch mirrors the call to a collector, in session 77.",
		layers: []layer{ethernet(1), erspan(2)},
	},
	{
		name: "carry-erspan-3", from: "answered", title: "Mirrored by ERSPAN type III",
		about:  "A switch mirrors the call to a collector, in session 77, with the platform-specific sub-header.",
		layers: []layer{ethernet(1), erspan(3)},
	},
	{
		name: "carry-vxlan", from: "answered", title: "In VXLAN",
		about:  "VXLAN with VNI 5001 around frames; the outer source port is another one in each direction.",
		layers: []layer{ethernet(1), vxlan(outer, 5001)},
	},
	{
		name: "carry-geneve", from: "auth-407", title: "In Geneve",
		about:  "Geneve with VNI 5002 and an option around frames, over IPv6.",
		layers: []layer{ethernet(1), geneve(outer6, 5002)},
	},
	{
		name: "carry-ipip", from: "answered", title: "IPv4 in IPv4",
		about:  "One IPv4 packet in another.",
		layers: []layer{inIP(outer)},
	},
	{
		name: "carry-6in4", from: "ipv6", title: "IPv6 in IPv4",
		about:  "IPv6 packets in IPv4 ones.",
		layers: []layer{inIP(outer)},
	},
	{
		name: "carry-l2tp", from: "answered", title: "In L2TPv2",
		about: "PPP in L2TP data messages with length and sequence numbers: tunnel 17, session 1001 from the caller; tunnel 4, session 2002 to it. " +
			"Only the far end has port 1701. How the tunnel was set up is not in the capture.",
		layers: []layer{l2tp(outer, [2]uint16{17, 1001}, [2]uint16{4, 2002})},
	},
	{
		name: "carry-gtpu", from: "answered", title: "In GTP-U",
		about: "GTP-U version 1 between a base station and a core: TEID 0x01020304 from the caller, 0x0a0b0c0d to it, " +
			"with the extension header of a 5G session.",
		layers: []layer{gtpu(outer, 0x01020304, 0x0a0b0c0d)},
	},
	{
		name: "carry-nested", from: "answered", title: "Four tunnels deep",
		about: "VLAN 400, two MPLS labels, GRE with a key, VXLAN with VNI 5003 around frames of VLAN 40, GTP-U, and in that the call.",
		layers: []layer{
			gtpu(inner, 0x11, 0x22), vlan(etherVLAN, 0, 40), ethernet(1), vxlan(middle, 5003), gre(outer, 31, 32, false),
			mpls([2]uint32{16001, 24005}, [2]uint32{16002, 24006}), vlan(etherVLAN, 0, 400),
		},
	},
	{
		name: "carry-fragments", from: "ipv4-fragments", title: "A tunnel in fragments",
		about: "VXLAN with VNI 5004, whose packets are fragments where they are larger than an MTU of 400; of every other one the last comes first. " +
			"The INVITE inside was in two fragments already.",
		layers: []layer{ethernet(1), vxlan(outer, 5004)}, mtu: 400,
	},
	{
		name: "carry-sctp", from: "auth-407", title: "SIP over SCTP",
		about: "Both hops over SCTP, an association each, from the handshake on: acknowledgements and messages share packets, two messages share one, " +
			"large ones take several DATA chunks, the second INVITE in two packets, and TSNs come round to 0. " +
			"The first hop's messages are unordered (RFC 4168 section 5.1), the second one's ordered. Every Via says SCTP.",
		change: overSCTP,
	},
	{
		name: "carry-icmp", from: "answered", title: "ICMP errors that quote SIP",
		about: "The call, and beside it ICMP and ICMPv6 errors that quote its INVITE, its BYE (before there is one), and INVITEs of four calls that " +
			"do not exist, one of them in GRE. None of them counts: one call, one INVITE, ended by its own BYE.",
		change: besideErrors,
	},
}
