package pipeline_test

// allowance says where the records of one case rightly differ from what tshark shows, and why.
type allowance struct {
	why string
	// branches are records beside those of tshark's calls: further legs of a Call-ID.
	branches int
	// wentOn: the end is not the first BYE.
	wentOn bool
	// relayed: some of its RTCP comes in TURN, and those packets are named STUN, or nothing.
	relayed bool
	// rtcp are RTCP packets that tshark takes for something else.
	rtcp uint64
	// unclaimed: its RTP belongs to no call.
	unclaimed bool
}

const oneRTCP = "after the call's BYE tshark does not know one of the two RTCP BYEs for what it is"

const inTURN = "RTCP in ChannelData is read, and the packet is counted as what carried it"

var allowances = map[string]allowance{
	"fork-two-200": {branches: 1, why: "two telephones answered: two legs, and tshark.json has one call for each Call-ID"},
	"bye-unanswered": {
		wentOn: true, why: "media went on after a BYE that nobody answered, and tshark.json has the first BYE",
	},
	"tls":                  {unclaimed: true, why: "the signalling is encrypted, and 0.3 s of RTP are too little for a call of media alone"},
	"sip-ice-srtp":         {rtcp: 1, why: oneRTCP},
	"sip-ice-dtls-srtp":    {rtcp: 1, why: oneRTCP},
	"webrtc-turn":          {relayed: true, why: inTURN},
	"webrtc-turn-one-side": {relayed: true, why: inTURN},
	"webrtc-relay-to-peer": {relayed: true, why: inTURN},
	"sip-turn":             {relayed: true, why: inTURN},
}
