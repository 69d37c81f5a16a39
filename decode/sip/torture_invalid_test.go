package sip

// tortureInvalid is RFC 4475 section 3.1.2: messages that whoever takes part may or must refuse. A tap keeps what the parties may
// have understood and names what is wrong; it refuses what has no method, no version 2.0, no number or no identity.
var tortureInvalid = []torture{
	{
		name: "badinv01", section: "3.1.2.1",
		says: "Separators without anything between them in Via and Contact. To be refused with 400. For the tap: who calls is clear, a transaction has no name.",
		odd:  ViaSyntax,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "8 INVITE",
			callID: "badinv01.0ha0isndaksdjasdf3234nas",
			from:   "sip:caller@example.net", fromTag: "134161461246",
			to: "sip:j.user@example.com", toTag: "",
			branch: "", vias: 2,
		},
	},
	{
		name: "clerr", section: "3.1.2.2",
		says: "Content-Length is larger than the datagram: to be refused with 400 over UDP; on a stream, more is waited for. For the tap: the body is what there is.",
		odd:  BodyShorter,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "8 INVITE",
			callID: "clerr.0ha0isndaksdjweiafasdk3",
			from:   "sip:caller@example.net", fromTag: "93942939o2",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bK-39234-23523", vias: 1,
		},
	},
	{
		name: "ncl", section: "3.1.2.3",
		says: "A negative Content-Length: refused, and a stream has no frame any more. For the tap: the body is the rest of the datagram.",
		odd:  ContentLengthInvalid,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "0 INVITE",
			callID: "ncl.0ha0isndaksdj2193423r542w35",
			from:   "sip:caller@example.net", fromTag: "32394234",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "scalar02", section: "3.1.2.4",
		says: "CSeq, Expires and expires beyond any width. Refused with 400 for its CSeq. For the tap too: the transaction has no number.",
		err:  ErrCSeq,
	},
	{
		name: "scalarlg", section: "3.1.2.5",
		says: "A response with a CSeq beyond 2^32: it is discarded.",
		err:  ErrCSeq,
	},
	{
		name: "quotbal", section: "3.1.2.6",
		says: "A quotation mark in To is not closed: refused with 400. For the tap: what follows the last < is the address.",
		odd:  AddressSyntax,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "8 INVITE",
			callID: "quotbal.aksdj",
			from:   "sip:caller@example.net", fromTag: "93334",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw39234", vias: 1,
		},
	},
	{
		name: "ltgtruri", section: "3.1.2.7",
		says: "<> around the Request-URI, which a lenient element takes off, a strict one refuses with 400. The Via has no branch either.",
		odd:  StartLineSyntax | ViaSyntax,
		want: tortureKey{
			start: "INVITE", uri: "<sip:user@example.com>", cseq: "1 INVITE",
			callID: "ltgtruri.1@192.0.2.5",
			from:   "sip:caller@example.net", fromTag: "39291",
			to: "sip:user@example.com", toTag: "",
			branch: "", vias: 1,
		},
	},
	{
		name: "lwsruri", section: "3.1.2.8",
		says: "White space within the Request-URI: refused with 400. For the tap: version and method are clear, so the rest is the URI.",
		odd:  StartLineSyntax,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com; lr", cseq: "2130706432 INVITE",
			callID: "lwsruri.asdfasdoeoi2323-asdfwrn23-asd834rk423",
			from:   "sip:caller@example.net", fromTag: "231413434",
			to: "sip:user@example.com", toTag: "3xfe-9921883-z9f",
			branch: "z9hG4bKkdjuw2395", vias: 1,
		},
	},
	{
		name: "lwsstart", section: "3.1.2.9",
		says: "Several spaces between the parts of the Request-Line: an element may be lenient or refuse with 400.",
		odd:  StartLineSyntax,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "1893884 INVITE",
			callID: "lwsstart.dfknq234oi243099adsdfnawe3@example.com",
			from:   "sip:caller@example.net", fromTag: "8814",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw3923", vias: 1,
		},
	},
	{
		name: "trws", section: "3.1.2.10",
		says: "Spaces after the SIP-Version: an element may be lenient or refuse with 400.",
		odd:  StartLineSyntax,
		want: tortureKey{
			start: "OPTIONS", uri: "sip:remote-target@example.com", cseq: "238923 OPTIONS",
			callID: "trws.oicu34958239neffasdhr2345r",
			from:   "sip:local-resource@example.com", fromTag: "329429089",
			to: "sip:remote-target@example.com", toTag: "",
			branch: "z9hG4bK299342093", vias: 1,
		},
	},
	{
		name: "escruri", section: "3.1.2.11",
		says: "Headers in the Request-URI, which RFC 3261 section 19.1.1 forbids: refused with 400, or taken without them.",
		odd:  StartLineSyntax,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com?Route=%3Csip:example.com%3E", cseq: "149209342 INVITE",
			callID: "escruri.23940-asdfhj-aje3br-234q098w-fawerh2q-h4n5",
			from:   "sip:caller@example.net", fromTag: "341518",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "baddate", section: "3.1.2.12",
		says: "A Date of another time zone than GMT: an element may refuse with 400 or go without the Date. ParseDate refuses the value.",
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "1392934 INVITE",
			callID: "baddate.239423mnsadf3j23lj42--sedfnm234",
			from:   "sip:caller@example.net", fromTag: "2234923",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "regbadct", section: "3.1.2.13",
		says: "A Contact URI with headers and without <>: refused with 400. For the tap: ParseContact reads it as it was sent; Keep takes the headers out.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "1 REGISTER",
			callID: "regbadct.k345asrl3fdbv@10.0.0.1",
			from:   "sip:user@example.com", fromTag: "998332",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "badaspec", section: "3.1.2.14",
		says: "Spaces between <> and the addr-spec of To: an element may be lenient or refuse with 400.",
		odd:  AddressSyntax,
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.org", cseq: "3923239 OPTIONS",
			callID: "badaspec.sdf0234n2nds0a099u23h3hnnw009cdkne3",
			from:   "sip:a.g.bell@example.com", fromTag: "433423",
			to: "sip:t.watson@example.org", toTag: "",
			branch: "z9hG4bKkdju43234", vias: 1,
		},
	},
	{
		name: "baddn", section: "3.1.2.15",
		says: "A comma in a display-name without quotes: an element may be lenient or refuse with 400. The archive has no empty line at the end of this one.",
		odd:  AddressSyntax | Unterminated,
		want: tortureKey{
			start: "OPTIONS", uri: "sip:t.watson@example.org", cseq: "3923239 OPTIONS",
			callID: "baddn.31415@c.example.com",
			from:   "sip:a.g.bell@example.com", fromTag: "43",
			to: "sip:t.watson@example.org", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "badvers", section: "3.1.2.16",
		says: "SIP/7.0: refused with 505.",
		err:  ErrVersion,
	},
	{
		name: "mismatch01", section: "3.1.2.17",
		says: "CSeq names another method than the Request-Line: refused with 400.",
		odd:  CSeqMethod,
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.com", cseq: "8 INVITE",
			callID: "mismatch01.dj0234sxdfl3",
			from:   "sip:caller@example.net", fromTag: "34525",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "mismatch02", section: "3.1.2.18",
		says: "So, with an unknown method: refused with 501 or 400. Its description has no s= and t=.",
		odd:  CSeqMethod,
		want: tortureKey{
			start: "NEWMETHOD", uri: "sip:user@example.com", cseq: "8 INVITE",
			callID: "mismatch02.dj0234sxdfl3",
			from:   "sip:caller@example.net", fromTag: "34525",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "bigcode", section: "3.1.2.19",
		says: "A Status-Code of 4294967301, which is 5 in 32 bits: the response is discarded.",
		err:  ErrStatus,
	},
}
