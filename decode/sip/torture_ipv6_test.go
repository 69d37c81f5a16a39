package sip

// tortureIPv6 is RFC 5118 section 4. The messages are as they travel: the files of the RFC's own archive end their lines with LF
// alone, which TestTortureIPv6Archive reads.
var tortureIPv6 = []torture{
	{
		name: "ipv6-good", section: "4.1",
		says: "IPv6 references in Request-URI, Via and Contact. Well-formed.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:[2001:db8::10]", cseq: "98176 REGISTER",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "ipv6-bad", section: "4.2",
		says: "A Request-URI with an IPv6 address without []: refused with 400. For the tap: the address cannot be told from a port.",
		odd:  StartLineSyntax,
		want: tortureKey{
			start: "REGISTER", uri: "sip:2001:db8::10", cseq: "98176 REGISTER",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "port-ambiguous", section: "4.3",
		says: "[2001:db8::10:5070] is an address without a port, whatever was meant. Well-formed.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:[2001:db8::10:5070]", cseq: "98176 REGISTER",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "port-unambiguous", section: "4.4",
		says: "[2001:db8::10]:5070 is an address and a port. Well-formed.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:[2001:db8::10]:5070", cseq: "98176 REGISTER",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "via-received-param-with-delim", section: "4.5",
		says: "received with [], which the grammar does not have and many send: to be accepted.",
		want: tortureKey{
			start: "BYE", uri: "sip:[2001:db8::10]", cseq: "321 BYE",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@example.com", toTag: "bd76ya",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "via-received-param-no-delim", section: "4.5",
		says: "received without []: the grammar's form, to be accepted too.",
		want: tortureKey{
			start: "OPTIONS", uri: "sip:[2001:db8::10]", cseq: "921 OPTIONS",
			callID: "SSG95523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKas3", vias: 1,
		},
	},
	{
		name: "ipv6-in-sdp", section: "4.6",
		says: "IPv6 addresses in the description. Its Content-Length of 268 is the RFC's; the body it prints is shorter.",
		odd:  BodyShorter,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@[2001:db8::10]", cseq: "8612 INVITE",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@[2001:db8::10]", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "mult-ip-in-header", section: "4.7",
		says: "IPv4 and IPv6 in one list of Vias. Well-formed.",
		want: tortureKey{
			start: "BYE", uri: "sip:user@host.example.net", cseq: "89187 BYE",
			callID: "997077@lau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@example.net", toTag: "9817--94",
			branch: "z9hG4bKas3-111", vias: 3,
		},
	},
	{
		name: "mult-ip-in-sdp", section: "4.8",
		says: "IPv4 for one media, IPv6 for the other. Its Content-Length of 181 is the RFC's; with CRLF the body is longer.",
		odd:  BodyLonger,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@[2001:db8::10]", cseq: "8912 INVITE",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "81x2",
			to: "sip:user@[2001:db8::10]", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "ipv4-mapped-ipv6", section: "4.9",
		says: "IPv4-mapped addresses in Via, Contact and description. Its Content-Length of 236 is right for lines that end with LF.",
		odd:  BodyLonger,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "612 INVITE",
			callID: "SSG9559905523997077@hlau_4100",
			from:   "sip:user@east.example.com", fromTag: "81x2",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKbh19", vias: 2,
		},
	},
	{
		name: "ipv6-bug-abnf-3-colons", section: "4.10",
		says: "Three colons, as the grammar of RFC 3261 wrongly has it: to be tolerated.",
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@[2001:db8:::192.0.2.1]", cseq: "689 OPTIONS",
			callID: "G9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "810x2",
			to: "sip:user@[2001:db8:::192.0.2.1]", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
	{
		name: "ipv6-correct-abnf-2-colons", section: "4.10",
		says: "Two colons, as RFC 4291 has it. Well-formed.",
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@[2001:db8::192.0.2.1]", cseq: "689 OPTIONS",
			callID: "G9559905523997077@hlau_4100",
			from:   "sip:user@example.com", fromTag: "810x2",
			to: "sip:user@[2001:db8::192.0.2.1]", toTag: "",
			branch: "z9hG4bKas3-111", vias: 1,
		},
	},
}
