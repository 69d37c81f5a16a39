package sip

// tortureSemantic is RFC 4475 sections 3.2 to 3.4: transaction, application layer, RFC 2543.
var tortureSemantic = []torture{
	{
		name: "badbranch", section: "3.2.1",
		says: "The branch is the magic cookie and nothing else: the transaction has no name, RFC 2543 matching applies.",
		odd:  ViaSyntax,
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.com", cseq: "8 OPTIONS",
			callID: "badbranch.sadonfo23i420jv0as0derf3j3n",
			from:   "sip:caller@example.org", fromTag: "33242",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bK", vias: 1,
		},
	},
	{
		name: "insuf", section: "3.3.1",
		says: "No Call-ID, From or To: refused with 400, if an answer can be made at all.",
		err:  ErrCallID,
	},
	{
		name: "unkscm", section: "3.3.2",
		says: "A Request-URI of an unknown scheme: well-formed, refused with 416.",
		want: tortureKey{
			start: "OPTIONS", uri: "nobodyKnowsThisScheme:totallyopaquecontent", cseq: "3923423 OPTIONS",
			callID: "unkscm.nasdfasser0q239nwsdfasdkl34",
			from:   "sip:caller@example.net", fromTag: "384",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw39234", vias: 1,
		},
	},
	{
		name: "novelsc", section: "3.3.3",
		says: "A Request-URI of a known scheme that is not for SIP: well-formed, refused with 416.",
		want: tortureKey{
			start: "OPTIONS", uri: "soap.beep://192.0.2.103:3002", cseq: "3923423 OPTIONS",
			callID: "novelsc.asdfasser0q239nwsdfasdkl34",
			from:   "sip:caller@example.net", fromTag: "384",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw39234", vias: 1,
		},
	},
	{
		name: "unksm2", section: "3.3.4",
		says: "To and From of schemes without a meaning here: well-formed; a registrar refuses the To.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "234902 REGISTER",
			callID: "unksm2.daksdj@hyphenated-host.example.com",
			from:   "http://www.example.com", fromTag: "3234233",
			to: "isbn:2983792873", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "bext01", section: "3.3.5",
		says: "Require and Proxy-Require of extensions that nobody has: well-formed, refused with 420.",
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.com", cseq: "8 OPTIONS",
			callID: "bext01.0ha0isndaksdj",
			from:   "sip:caller@example.net", fromTag: "242etr",
			to: "sip:j_user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "invut", section: "3.3.6",
		says: "A body of an unknown type: well-formed, refused with 415. For the tap: a call without a description.",
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "235448 INVITE",
			callID: "invut.0ha0isndaksdjadsfij34n23d",
			from:   "sip:caller@example.net", fromTag: "8392034",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "regaut01", section: "3.3.7",
		says: "An unknown authentication scheme: well-formed, treated as if it were not there. Keep leaves the scheme alone of it.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "9338 REGISTER",
			callID: "regaut01.0ha0isndaksdj",
			from:   "sip:j.user@example.com", fromTag: "87321hj23128",
			to: "sip:j.user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "multi01", section: "3.3.8",
		says: "Two each of CSeq, Call-ID, From and To: refused with 400. For the tap: the first ones name the call, all are kept.",
		odd:  DuplicateCallID | DuplicateCSeq | DuplicateFrom | DuplicateTo,
		want: tortureKey{
			start: "INVITE", uri: "sip:user@company.com", cseq: "5 INVITE",
			callID: "multi01.98asdh@192.0.2.1",
			from:   "sip:caller@example.com", fromTag: "3413415",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "mcl01", section: "3.3.9",
		says: "Two Content-Lengths: refused with 400. For the tap: the first one counts.",
		odd:  DuplicateLength | BodyLonger,
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.com", cseq: "15932 OPTIONS",
			callID: "mcl01.fhn2323orihawfdoa3o4r52o3irsdf",
			from:   "sip:other@example.net", fromTag: "3923942",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bK293423", vias: 1,
		},
	},
	{
		name: "bcast", section: "3.3.10",
		says: "A response whose second Via is the broadcast address, as if to have it sent there: discarded by whom it passes through. The tap sends nothing.",
		want: tortureKey{
			start: "200", uri: "", cseq: "35 INVITE",
			callID: "bcast.0384840201234ksdfak3j2erwedfsASdf",
			from:   "sip:user@example.com", fromTag: "11141343",
			to: "sip:user@example.edu", toTag: "2229",
			branch: "z9hG4bK1324923", vias: 2,
		},
	},
	{
		name: "zeromf", section: "3.3.11",
		says: "Max-Forwards 0: well-formed; an endpoint answers it.",
		want: tortureKey{
			start: "OPTIONS", uri: "sip:user@example.com", cseq: "39234321 OPTIONS",
			callID: "zeromf.jfasdlfnm2o2l43r5u0asdfas",
			from:   "sip:caller@example.net", fromTag: "3ghsd41",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw2349i", vias: 1,
		},
	},
	{
		name: "cparam01", section: "3.3.12",
		says: "An unknown parameter after a Contact without <>: it is the header field's, not the URI's.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "2 REGISTER",
			callID: "cparam01.70710@saturn.example.com",
			from:   "sip:watson@example.com", fromTag: "DkfVgjkrtMwaerKKpe",
			to: "sip:watson@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "cparam02", section: "3.3.13",
		says: "The same within <>: it is the URI's.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "3 REGISTER",
			callID: "cparam02.70710@saturn.example.com",
			from:   "sip:watson@example.com", fromTag: "838293",
			to: "sip:watson@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "regescrt", section: "3.3.14",
		says: "Headers in a Contact URI within <>: allowed; a call to the binding would carry the Route.",
		want: tortureKey{
			start: "REGISTER", uri: "sip:example.com", cseq: "14398234 REGISTER",
			callID: "regescrt.k345asrl3fdbv@192.0.2.1",
			from:   "sip:user@example.com", fromTag: "8",
			to: "sip:user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "sdp01", section: "3.3.15",
		says: "An Accept without application/sdp: well-formed, refused with 406 by who must answer with a description.",
		want: tortureKey{
			start: "INVITE", uri: "sip:user@example.com", cseq: "8 INVITE",
			callID: "sdp01.ndaksdj9342dasdd",
			from:   "sip:caller@example.net", fromTag: "234",
			to: "sip:j_user@example.com", toTag: "",
			branch: "z9hG4bKkdjuw", vias: 1,
		},
	},
	{
		name: "inv2543", section: "3.4.1",
		says: "An INVITE of RFC 2543: no branch, no From tag, no Max-Forwards, no Content-Length. Well-formed for who still speaks it.",
		odd:  ViaSyntax,
		want: tortureKey{
			start: "INVITE", uri: "sip:UserB@example.com", cseq: "56 INVITE",
			callID: "inv2543.1717@ift.client.example.com",
			from:   "sip:+13035551111@ift.client.example.net;user=phone", fromTag: "",
			to: "sip:+16505552222@ss1.example.net", toTag: "",
			branch: "", vias: 1,
		},
	},
}
