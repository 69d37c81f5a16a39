package pipeline_test

// allowance says where the records of one case rightly differ from what tshark shows, and why.
type allowance struct {
	why string
	// branches are records beside those of tshark's calls: further legs of a Call-ID.
	branches int
	// wentOn: the end is not the first BYE.
	wentOn bool
	// unclaimed: its RTP belongs to no call.
	unclaimed bool
	// seams are packets of its first stream that were lost where that was closed, and another begun for what came after.
	seams int
}

var allowances = map[string]allowance{
	"fork-two-200": {branches: 1, why: "two telephones answered: two legs, and tshark.json has one call for each Call-ID"},
	"bye-unanswered": {
		wentOn: true, seams: 6,
		why: "media went on after a BYE that nobody answered, and tshark.json has the first BYE; meanwhile its stream, of which three " +
			"packets in four are missing, was closed twice to see that",
	},
	"tls": {unclaimed: true, why: "the signalling is encrypted: its RTP belongs to no call that can be seen"},
}
