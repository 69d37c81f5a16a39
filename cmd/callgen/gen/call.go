package gen

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Shares of calls, in percent of those that a thing can happen to.
const (
	shareVLAN          = 12 // tagged with one 802.1Q id
	shareCompact       = 6  // short header names
	shareChallenged    = 20 // 407 or 401, then credentials
	shareInviteAgain   = 12 // the INVITE is sent again before anything comes back
	shareFinalAgain    = 8  // the final response is sent again because the ACK was late
	shareByeAgain      = 6  // the BYE is sent again
	shareEarlyMedia    = 25 // 183 with SDP and RTP of the callee before an answer
	shareUntagged      = 2  // a 180 without To tag comes first
	shareCancelRace    = 2  // of answered calls: CANCEL crosses the 200
	shareNothing       = 50 // of calls without final response: without any response
	shareImpaired      = 40 // of streams: loss, copies, reordering
	shareReports       = 70 // of streams: RTCP sender reports
	shareShortOvertalk = 15 // of answered calls: RTP goes on for 0.5 s after the BYE
	shareLongOvertalk  = 5  // … for 4 s
)

// call is one call with everything that it will send.
type call struct {
	r              *rand.Rand
	rtp            int // packets per second
	caller, callee party
	compact        bool   // short header names
	bare           bool   // SDP without rtpmap for static payload types
	mediaLevel     bool   // c= under m=
	session        uint32 // o= session id
	ptime          int    // ms of sound in a packet
	codec          codec
	offer, answer  []byte

	script  []message // by time
	streams []*stream
	truth   truth
	acting  int // actors that still have packets
}

// percent is true in that many of a hundred cases.
func (c *call) percent(n int) bool { return c.r.IntN(100) < n }

// between draws a time from least up to most.
func (c *call) between(least, most int64) int64 { return least + c.r.Int64N(most-least) }

// newCall plans call number index, whose INVITE is sent at start.
func newCall(cfg Config, index int, start int64) *call {
	r := source(cfg.Seed, uint64(index&math.MaxInt64))
	c := &call{r: r, rtp: cfg.RTP, session: r.Uint32()}
	v6 := r.Float64() < cfg.IPv6
	c.caller, c.callee = newParty(r, caller, index, v6), newParty(r, callee, index, v6)
	c.compact, c.bare, c.mediaLevel = c.percent(shareCompact), c.percent(20), c.percent(20)
	c.ptime = 10
	if c.rtp > 25 && c.rtp <= 50 {
		c.ptime = 20
	}
	if c.percent(shareVLAN) {
		c.truth.vlan = low16(100 + r.IntN(8))
	}
	opus := uint8(111)
	if c.percent(20) {
		opus = 107
	}
	formats := codecs(opus)
	c.codec = formats[r.IntN(len(formats))]
	c.offer, c.answer = c.sdp(c.caller.media, formats), c.sdp(c.callee.media, []codec{c.codec})

	t := &c.truth
	t.callID = fmt.Sprintf("%x-%016x", index, r.Uint64())
	if c.percent(50) {
		t.callID += "@" + hostOf(c.caller.sip.Addr())
	}
	t.fromTag, t.caller, t.callee, t.display = c.caller.tag, c.caller.user, c.callee.user, c.caller.display
	t.src, t.dst = c.caller.sip, c.callee.sip
	t.requestURI = "sip:" + c.callee.user + "@" + c.callee.sip.String()
	if c.percent(50) {
		t.requestURI += ";user=phone"
	}
	how := cfg.Mix.draw(r)
	t.disposition = how.disposition()
	c.play(cfg, how, start)
	slices.SortStableFunc(c.script, func(a, b message) int { return cmp.Compare(a.at, b.at) })
	return c
}

// send puts a message into the script, and again after each of the given delays.
func (c *call) send(at int64, by side, text []byte, again ...int64) {
	c.script = append(c.script, message{at, by, text})
	for _, delay := range again {
		c.script = append(c.script, message{at + delay, by, text})
	}
}
