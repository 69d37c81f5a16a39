package gen

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
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

	carriage   carriage
	connection *connection // nil: over UDP
	long       bool        // the offer has many candidates

	script  []message // by time
	streams []*stream
	truth   truth
	acting  int // actors that still have packets
}

// percent is true in that many of a hundred cases.
func (c *call) percent(n int) bool { return c.r.IntN(100) < n }

// between draws a time from least up to most. Over TCP it is the tick after that.
func (c *call) between(least, most int64) int64 { return c.ticks(least + c.r.Int64N(most-least)) }

// ticks rounds a time up, over TCP.
func (c *call) ticks(t int64) int64 {
	if c.connection == nil {
		return t
	}
	return (t + tick - 1) / tick * tick
}

// newCall plans call number index, whose INVITE is sent at start, or a little later.
func newCall(w *world, index int, start int64) *call {
	cfg := w.cfg
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
	c.carry(w, index, v6)
	start = c.ticks(start + c.lead())
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
	t.src, t.dst, t.transport, t.tunnel = c.caller.sip, c.callee.sip, "udp", c.carriage.tunnel.truth()
	if c.connection != nil {
		t.src, t.transport = c.connection.client, "tcp"
	}
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

// carry draws how the call's packets come. Its randomness is its own, so that the calls of a run are the same however they come.
func (c *call) carry(w *world, index int, v6 bool) {
	c.carriage.vlan = c.truth.vlan
	if !w.cfg.Carries() {
		return
	}
	r := source(w.cfg.Seed, streamCarriage+uint64(index&math.MaxInt64))
	if r.Float64() < w.cfg.TCP {
		trunk := w.pick(r, v6)
		c.connection, c.carriage = trunk.join(), trunk.carriage
		c.truth.vlan = trunk.carriage.vlan
		c.caller.move(netip.AddrPortFrom(trunk.client, 5060), ";transport=tcp")
		c.callee.move(trunk.server, ";transport=tcp")
		return
	}
	c.carriage = newCarriage(&w.cfg, r, c.truth.vlan, v6)
	c.long = c.carriage.mtu != 0
}

// lead is how long before the INVITE a call has to begin.
func (c *call) lead() int64 {
	if c.connection == nil {
		return 0
	}
	return ahead
}

// reliable says that nothing is sent again but a 2xx (RFC 3261 sections 17.1.1.2, 17.2.1 and 13.3.1.4).
func (c *call) reliable() bool { return c.connection != nil }

// portOf is the port that a side sends from.
func (c *call) portOf(by side) uint16 {
	if by == caller && c.connection != nil {
		return c.connection.client.Port()
	}
	return c.party(by).sip.Port()
}

// via is the transport in a Via header.
func (c *call) via() string {
	if c.connection != nil {
		return "SIP/2.0/TCP "
	}
	return "SIP/2.0/UDP "
}
