package app

// Where several rules have the same source.
const (
	srcField   = "observed: nDPI's documentation and issue threads"
	srcIANA    = "observed: nDPI's documentation and issue threads; IANA has the numbers for nobody"
	srcMSTURN  = "Microsoft [MS-TURN] section 2.2.2 and [MS-ICE2]; IANA has the numbers for nobody"
	srcMSPorts = "Microsoft, Office 365 URLs and IP address ranges; Prepare your network for Teams"
	srcMeet    = "Google Workspace, prepare your network for Meet"
	srcZoom    = "Michel et al., Enabling Passive Measurement of Zoom Performance in Production Networks, IMC 2022"
	srcDiscord = "Discord, Voice Connections, IP Discovery"
)

// table holds every mark that is known, in the order of the applications. Its order decides between applications with equally
// many certain marks. Nothing about an application is known anywhere else.
var table = [...]Rule{
	{
		Name: "whatsapp.stun_type", App: WhatsApp, Confidence: Certain, Kind: STUNMark, Attempt: true,
		What:      "STUN with a message type 0x0800-0x0805: the set-up of a relay",
		Source:    srcField + "; the methods are reserved, RFC 7983 section 3",
		stunTypes: []span{{0x0800, 0x0805}},
	},
	{
		Name: "whatsapp.stun_attribute", App: WhatsApp, Confidence: Certain, Kind: STUNMark,
		What:       "STUN with an attribute 0x4000-0x4004 or 0x4007",
		Source:     srcIANA,
		attributes: []span{{0x4000, 0x4004}, {0x4007, 0x4007}},
	},
	{
		Name: "whatsapp.audio_type", App: WhatsApp, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Audio,
		What: "RTP with payload type 120", Source: srcField, types: []uint8{120},
	},
	{
		Name: "whatsapp.video_type", App: WhatsApp, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Video,
		What: "RTP with payload type 97 or 102", Source: srcField, types: []uint8{97, 102},
	},
	{
		Name: "whatsapp.as", App: WhatsApp, Confidence: Weak, Kind: NetworkMark,
		What: "an address of AS32934 (Meta)", Source: srcField, as: []uint32{32934},
	},

	{
		Name: "messenger.realm", App: Messenger, Confidence: Certain, Kind: STUNMark,
		What: "STUN with REALM that contains `facebook`", Source: srcField, realms: []string{"facebook"},
	},
	{
		Name: "messenger.audio_type", App: Messenger, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Audio,
		What: "RTP with payload type 96, 97, 101 or 109", Source: srcField, types: []uint8{96, 97, 101, 109},
	},
	{
		Name: "messenger.video_type", App: Messenger, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Video,
		What: "RTP with payload type 127", Source: srcField, types: []uint8{127},
	},
	{
		Name: "messenger.as", App: Messenger, Confidence: Weak, Kind: NetworkMark,
		What:   "an address of AS32934, AS63293, AS54115 or AS34825 (Meta)",
		Source: srcField, as: []uint32{32934, 34825, 54115, 63293},
	},

	{
		Name: "telegram.realm", App: Telegram, Confidence: Certain, Kind: STUNMark,
		What: "STUN with REALM that contains `telegram`", Source: srcField, realms: []string{"telegram"},
	},
	{
		Name: "telegram.ones", App: Telegram, Confidence: Certain, Kind: PayloadMark,
		What:     "UDP on a port 500-600 with 40 octets or more, of which the first run of 0xff is exactly 12 long: a relay's control packet",
		Source:   srcField,
		patterns: []pattern{{on: telegramPorts, check: isTelegram}},
	},
	{
		Name: "telegram.audio_type", App: Telegram, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Audio,
		What: "RTP with payload type 111", Source: srcField, types: []uint8{111},
	},
	{
		Name: "telegram.video_type", App: Telegram, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Video,
		What: "RTP with payload type 106", Source: srcField, types: []uint8{106},
	},
	{
		Name: "telegram.network", App: Telegram, Confidence: Weak, Kind: NetworkMark,
		What: "an address of Telegram's networks: 91.108.4.0/22, 91.108.8.0/21, 91.108.16.0/21, 91.108.56.0/22, 149.154.160.0/20, " +
			"91.105.192.0/23, 95.161.64.0/20, 185.76.151.0/24",
		Source: "core.telegram.org/resources/cidr.txt and the regional registries",
		prefixes: []string{
			"91.108.4.0/22", "91.108.8.0/21", "91.108.16.0/21", "91.108.56.0/22", "149.154.160.0/20",
			"91.105.192.0/23", "95.161.64.0/20", "185.76.151.0/24",
		},
	},

	{
		Name: "signal.realm", App: Signal, Confidence: Certain, Kind: STUNMark,
		What:   "STUN with REALM that contains `signal.org` or `whispersystems.org`",
		Source: srcField, realms: []string{"signal.org", "whispersystems.org"},
	},
	{
		Name: "signal.stun_port", App: Signal, Confidence: Weak, Kind: PortMark,
		What:   "a STUN Binding, not TURN, on port 10000",
		Source: srcField + "; Jitsi uses the port too", stunPorts: []span{{10000, 10000}},
	},
	{
		Name: "signal.audio_type", App: Signal, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Audio,
		What: "RTP with payload type 102", Source: srcField, types: []uint8{102},
	},
	{
		Name: "signal.video_type", App: Signal, Confidence: Weak, Kind: TypeMark, Support: true, Medium: Video,
		What: "RTP with payload type 120", Source: srcField, types: []uint8{120},
	},

	{
		Name: "teams.stun_attribute", App: Teams, Confidence: Certain, Kind: STUNMark, old: true,
		What: "STUN with MS-CANDIDATE-IDENTIFIER (0x8054), MS-SERVICE-QUALITY (0x8055), MS-IMPLEMENTATION-VERSION (0x8070) or " +
			"MS-MULTIPLEXED-TURN-SESSION-ID (0x8095); Skype for Business and Lync send them as well",
		Source:     srcMSTURN,
		attributes: []span{{0x8054, 0x8055}, {0x8070, 0x8070}, {0x8095, 0x8095}},
	},
	{
		Name: "teams.stun_private", App: Teams, Confidence: Certain, Kind: STUNMark,
		What:       "STUN with an attribute 0x0800, 0x24df, 0x3802, 0x8006 or 0x8036",
		Source:     srcIANA + ", nor has Microsoft published them",
		attributes: []span{{0x0800, 0x0800}, {0x24df, 0x24df}, {0x3802, 0x3802}, {0x8006, 0x8006}, {0x8036, 0x8036}},
	},
	{
		Name: "teams.audio_port", App: Teams, Confidence: Weak, Kind: PortMark, Support: true, Medium: Audio,
		What:   "UDP on port 3478, 3479 or 50000-50019",
		Source: srcMSPorts + "; 3478 is registered for STUN, whose servers all use it", ports: []span{{3478, 3479}, {50000, 50019}},
	},
	{
		Name: "teams.video_port", App: Teams, Confidence: Weak, Kind: PortMark, Support: true, Medium: Video,
		What: "UDP on port 3480 or 50020-50039", Source: srcMSPorts, ports: []span{{3480, 3480}, {50020, 50039}},
	},
	{
		Name: "teams.sharing_port", App: Teams, Confidence: Weak, Kind: PortMark, Support: true, Medium: Video,
		What: "UDP on port 3481 or 50040-50059: a shared screen", Source: srcMSPorts, ports: []span{{3481, 3481}, {50040, 50059}},
	},
	{
		Name: "teams.network", App: Teams, Confidence: Weak, Kind: NetworkMark,
		What:     "an address of 52.112.0.0/14, 52.122.0.0/15 or 2603:1063::/38",
		Source:   srcMSPorts,
		prefixes: []string{"52.112.0.0/14", "52.122.0.0/15", "2603:1063::/38"},
	},

	{
		Name: "zoom.stun_setup", App: Zoom, Confidence: Certain, Kind: STUNMark, Attempt: true,
		What:       "STUN on a port 8801-8810 with an attribute 0x0101 or 0x0103: a media socket is set up",
		Source:     srcIANA,
		attributes: []span{{0x0101, 0x0101}, {0x0103, 0x0103}}, ports: []span{zoomPorts},
	},
	{
		Name: "zoom.stun_attribute", App: Zoom, Confidence: Certain, Kind: STUNMark,
		What:       "STUN with an attribute 0x0101 or 0x0103",
		Source:     srcIANA,
		attributes: []span{{0x0101, 0x0101}, {0x0103, 0x0103}},
	},
	{
		Name: "zoom.stun_port", App: Zoom, Confidence: Weak, Kind: PortMark,
		What:   "a STUN Binding with USERNAME on a port 8801-8810",
		Source: srcZoom + "; " + srcField, stunPorts: []span{zoomPorts}, username: true,
	},
	{
		Name: "zoom.stun_username", App: Zoom, Confidence: Weak, Kind: STUNMark, Support: true,
		What:   "a STUN Binding whose USERNAME is two UUIDs with a colon between",
		Source: "public captures of the Zoom client; no document says so", uuids: true,
	},
	{
		Name: "zoom.setup", App: Zoom, Confidence: Certain, Kind: PayloadMark, Attempt: true,
		What:   "UDP on a port 8801-8810 that begins 010003, 010002, 020003 or 020002: a media socket is set up",
		Source: srcZoom + "; " + srcField,
		patterns: []pattern{
			{at: 0, is: "\x01\x00\x03", on: zoomPorts},
			{at: 0, is: "\x01\x00\x02", on: zoomPorts},
			{at: 0, is: "\x02\x00\x03", on: zoomPorts},
			{at: 0, is: "\x02\x00\x02", on: zoomPorts},
		},
	},
	{
		Name: "zoom.sfu", App: Zoom, Confidence: Certain, Kind: PayloadMark,
		What:     "UDP on a port 8801-8810: the 8 octets of the SFU header, a media header of a known type, and RTP or RTCP at its place",
		Source:   srcZoom,
		patterns: []pattern{{at: 0, is: "\x05", on: zoomPorts, check: isZoomSFU}},
	},
	{
		Name: "zoom.sfu_port", App: Zoom, Confidence: Weak, Kind: PayloadMark,
		What: "UDP on a port 8801-8810 that begins with 5, the type of an SFU header", Source: srcZoom,
		patterns: []pattern{{at: 0, is: "\x05", on: zoomPorts}},
	},
	{
		Name: "zoom.p2p", App: Zoom, Confidence: Certain, Kind: PayloadMark,
		What:     "UDP that begins 1f0201: a header of 24 octets, two strings with their lengths, four octets of 0, and nothing more",
		Source:   srcField,
		patterns: []pattern{{at: 0, is: "\x1f\x02\x01", check: isZoomPeer}},
	},

	{
		Name: "meet.stun_attribute", App: Meet, Confidence: Certain, Kind: STUNMark,
		What: "STUN with an attribute 0xff03", Source: srcIANA, attributes: []span{{0xff03, 0xff03}},
	},
	{
		Name: "meet.realm", App: Meet, Confidence: Certain, Kind: STUNMark,
		What: "STUN with REALM that contains `google.com`", Source: srcField, realms: []string{"google.com"},
	},
	{
		Name: "meet.stun_port", App: Meet, Confidence: Weak, Kind: PortMark, Support: true,
		What: "a STUN Binding with USERNAME on port 3478 or 19302-19309; without USERNAME it is a question to Google's " +
			"public STUN server, which every application may use",
		Source: srcMeet, stunPorts: []span{{3478, 3478}, {19302, 19309}}, username: true,
	},
	{
		Name: "meet.audio_type", App: Meet, Confidence: None, Kind: TypeMark, Medium: Audio,
		What: "RTP with payload type 111", Source: srcField + "; it is the default of Google's WebRTC, in which many applications have it", types: []uint8{111},
	},
	{
		Name: "meet.video_type", App: Meet, Confidence: None, Kind: TypeMark, Medium: Video,
		What: "RTP with payload type 96 or 100", Source: srcField + "; defaults of Google's WebRTC as well", types: []uint8{96, 100},
	},
	{
		Name: "meet.network", App: Meet, Confidence: Weak, Kind: NetworkMark,
		What:   "an address of 74.125.250.0/24, 142.250.82.0/24, 2001:4860:4864:5::/64 or 2001:4860:4864:6::/64",
		Source: srcMeet + "; Google's public STUN server is in the first and the third",
		prefixes: []string{
			"74.125.250.0/24", "142.250.82.0/24", "2001:4860:4864:5::/64", "2001:4860:4864:6::/64",
		},
	},

	{
		Name: "viber.realm", App: Viber, Confidence: Certain, Kind: STUNMark,
		What: "STUN with REALM that contains `viber`", Source: srcField, realms: []string{"viber"},
	},
	{
		Name: "viber.payload_0300", App: Viber, Confidence: Weak, Kind: PayloadMark,
		What: "UDP with 0300 in octets 2 and 3", Source: srcField, patterns: []pattern{{at: 2, is: "\x03\x00"}},
	},
	{
		Name: "viber.payload_0900", App: Viber, Confidence: Weak, Kind: PayloadMark,
		What: "UDP of 20 octets with 0900 in octets 2 and 3", Source: srcField, patterns: []pattern{{at: 2, is: "\x09\x00", length: 20}},
	},
	{
		Name: "viber.payload_0100", App: Viber, Confidence: Weak, Kind: PayloadMark,
		What: "UDP with 01000500 in octets 2 to 5", Source: srcField, patterns: []pattern{{at: 2, is: "\x01\x00\x05\x00"}},
	},
	{
		Name: "viber.payload_1900", App: Viber, Confidence: Weak, Kind: PayloadMark,
		What: "UDP of 34 octets with 1900 or 1b00 in octets 2 and 3", Source: srcField,
		patterns: []pattern{{at: 2, is: "\x19\x00", length: 34}, {at: 2, is: "\x1b\x00", length: 34}},
	},

	{
		Name: "discord.question", App: Discord, Confidence: Weak, Kind: PayloadMark, Pair: "discord.answer",
		What: "UDP of 74 octets that begins 00010046: the client asks for its address", Source: srcDiscord,
		patterns: []pattern{{at: 0, is: "\x00\x01\x00\x46", length: 74}},
	},
	{
		Name: "discord.answer", App: Discord, Confidence: Weak, Kind: PayloadMark, Pair: "discord.question",
		What: "UDP of 74 octets that begins 00020046: the server's answer", Source: srcDiscord,
		patterns: []pattern{{at: 0, is: "\x00\x02\x00\x46", length: 74}},
	},

	{
		Name: "webrtc.ice", App: WebRTC, Confidence: Weak, Kind: STUNMark,
		What:   "a STUN Binding request with USERNAME and PRIORITY, USE-CANDIDATE, ICE-CONTROLLED or ICE-CONTROLLING",
		Source: "RFC 8445 section 7.1", ice: true,
	},
	{
		Name: "webrtc.dtls", App: WebRTC, Confidence: Weak, Kind: DTLSMark, Support: true,
		What: "DTLS was set up in the same conversation", Source: "RFC 8827 section 6.5, RFC 5763", told: true,
	},
	{
		Name: "webrtc.srtp", App: WebRTC, Confidence: Weak, Kind: RTPMark, Support: true,
		What: "RTP went on in the same conversation", Source: "RFC 8827 section 6.5, RFC 3711", told: true,
	},
}

// zoomPorts are those of Zoom's media routers, telegramPorts those of Telegram's relays.
var (
	zoomPorts     = span{8801, 8810}
	telegramPorts = span{500, 600}
)
