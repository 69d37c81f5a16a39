package sip

// tortureValid is RFC 4475 section 3.1.1: messages that every parser must accept.
var tortureValid = []torture{
	{
		name: "wsinv", section: "3.1.1.1",
		says: "Folding and white space wherever the grammar has it, escapes in quoted-strings, an empty Subject, compact and long names mixed, leading zeros. All elements treat it as well-formed.",
		odd:  Folded,
		want: tortureKey{
			start: "INVITE", uri: "sip:vivekg@chair-dnrc.example.com;unknownparam", cseq: "9 INVITE",
			callID: "wsinv.ndaksdj@192.0.2.1",
			from:   "sip:jdrosen@example.com", fromTag: "98asjd8",
			to: "sip:vivekg@chair-dnrc.example.com", toTag: "1918181833n",
			branch: "390skdjuw", vias: 3,
		},
	},
	{
		name: "intmeth", section: "3.1.1.2",
		says: "Every octet that a token, a URI, a quoted-string and a Call-ID may hold, quoted BEL, NUL and DEL and UTF-8 among them. Well-formed; the method is unknown, and %49 in it would be no escape.",
		odd:  NUL,
		want: tortureKey{
			start: "!interesting-Method0123456789_*+`.%indeed'~", uri: "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com", cseq: "139122385 !interesting-Method0123456789_*+`.%indeed'~",
			callID: "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
			from:   "sip:mundane@example.com", fromTag: "_token~1'+`*%!-.",
			to: "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com", toTag: "",
			branch: "z9hG4bK-.!%66*_+`'~", vias: 1,
		},
	},
	{
		name: "esc01", section: "3.1.1.3",
		says: "Escapes where URIs allow them. The Request-URI is a SIP URI with the user sips:user@example.com, not a SIPS URI.",
		odd:  Folded,
		want: tortureKey{
			start: "INVITE", uri: "sip:sips%3Auser%40example.com@example.net", cseq: "234234 INVITE",
			callID: "esc01.239409asdfakjkn23onasd0-3234",
			from:   "sip:I%20have%20spaces@example.net", fromTag: "938",
			to: "sip:%75se%72@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "escnull", section: "3.1.1.4",
		says: "%00 in user parts: parsers must accept it and not cut the user there. Two Contacts are registered.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "14398234 REGISTER",
			callID: "escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd",
			from:   "sip:null-%00-null@example.com", fromTag: "839923423",
			to: "sip:null-%00-null@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "esc02", section: "3.1.1.5",
		says: "% where it is no escape: the method is not REGISTER, C%6Fntact is not Contact. Well-formed.",
		want: tortureKey{
			start: "RE%47IST%45R", uri: "sip:registrar.example.com", cseq: "29344 RE%47IST%45R",
			callID: "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf",
			from:   "sip:resource@example.com", fromTag: "f232jadfj23",
			to: "sip:resource@example.com", toTag: "",
			branch: "z9hG4bK209%fzsnel234", vias: 1,
		},
	},
	{
		name: "lwsdisp", section: "3.1.1.6",
		says: "No white space between display-name and <. Well-formed.",
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.com", cseq: "60 OPTIONS",
			callID: "lwsdisp.1234abcd@funky.example.com",
			from:   "sip:caller@example.com", fromTag: "323",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "longreq", section: "3.1.1.7",
		says: "Long values, 34 Vias in every spelling of the name, and a top Via of RFC 2543 without a branch. Well-formed; must not be cut at a fixed buffer.",
		odd:  ViaSyntax,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "3882340 INVITE",
			callID: "longreq.onereallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallylongcallid",
			from:   "sip:amazinglylongcallernameamazinglylongcallernameamazinglylongcallernameamazinglylongcallernameamazinglylongcallername@example.net", fromTag: "12982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982982424",
			to: "sip:user@example.com:6000;unknownparam1=verylonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglongvalue;longparamnamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamenamename=shortvalue;verylonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglonglongParameterNameWithNoValue", toTag: "",
			branch: "", vias: 34,
		},
	},
	{
		name: "dblreq", section: "3.1.1.8",
		says: "A second request after the body of Content-Length 0 in one datagram. The extra octets must be left out of account; on a stream they are the next message.",
		odd:  BodyLonger,
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "8 REGISTER",
			callID: "dblreq.0ha0isndaksdj99sdfafnl3lk233412",
			from:   "sip:j.user@example.com", fromTag: "43251j3j324",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw23492", vias: 1,
		},
	},
	{
		name: "semiuri", section: "3.1.1.9",
		says: "A semicolon in the user part: the user is user;par=u@example.net, the URI has no parameter.",
		odd:  Folded,
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user;par=u%40example.net@example.com", cseq: "8 OPTIONS",
			callID: "semiuri.0ha0isndaksdj",
			from:   "sip:caller@example.org", fromTag: "33242",
			to: "sip:j_user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "transports", section: "3.1.1.10",
		says: "Vias of UDP, SCTP, TLS, UNKNOWN and TCP. Well-formed: the transport of a Via is any token.",
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.com", cseq: "60 OPTIONS",
			callID: "transports.kijh4akdnaqjkwendsasfdj",
			from:   "sip:caller@example.com", fromTag: "323",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 5,
		},
	},
	{
		name: "mpart01", section: "3.1.1.11",
		says: "A multipart body with octets of every value, NUL and LF among them. Content-Length frames it, never a line.",
		want: tortureKey{
			start: "MESSAGE", uri: "sip:kumiko@example.org", cseq: "1 MESSAGE",
			callID: "3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..",
			from:   "sip:fluffy@example.com", fromTag: "2fb0dcc9",
			to: "sip:kumiko@example.org", toTag: "",
			branch: "z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-", vias: 1,
		},
	},
	{
		name: "unreason", section: "3.1.1.12",
		says: "A Reason-Phrase that is not English and not ASCII. Well-formed.",
		want: tortureKey{
			start: "200", uri: "", cseq: "35 INVITE",
			callID: "unreason.1234ksdfak3j2erwedfsASdf",
			from:   "sip:user@example.com", fromTag: "11141343",
			to: "sip:user@example.edu", toTag: "2229",
			branch: "z9hG4bK1324923", vias: 1,
		},
	},
	{
		name: "noreason", section: "3.1.1.13",
		says: "An empty Reason-Phrase, the space before it in its place. Well-formed.",
		want: tortureKey{
			start: "100", uri: "", cseq: "35 INVITE",
			callID: "noreason.asndj203insdf99223ndf",
			from:   "sip:user@example.com", fromTag: "39ansfi3",
			to: "sip:user@example.edu", toTag: "902jndnke3",
			branch: "z9hG4bK2398ndaoe", vias: 1,
		},
	},
}
