package gen

import (
	"fmt"
	"strconv"
)

// t1 is the time between the first two transmissions of a request; it doubles (RFC 3261 section 17.1.1.1).
const t1 = 500 * ms

// finals are the responses that end an unanswered call, with the phrases and the cause that go with them.
var finals = map[outcome][]final{
	busy:       {{486, "Busy Here", 17}, {486, "Busy Here", 17}, {600, "Busy Everywhere", 17}},
	noAnswer:   {{480, "Temporarily Unavailable", 18}, {408, "Request Timeout", 102}},
	cancelled:  {{487, "Request Terminated", 0}},
	rejected:   {{403, "Forbidden", 21}, {603, "Decline", 21}},
	redirected: {{302, "Moved Temporarily", 0}},
	failed:     {{404, "Not Found", 1}, {500, "Server Internal Error", 41}, {503, "Service Unavailable", 34}},
}

type final struct {
	status int
	reason string
	cause  int // Q.850, in a Reason header (RFC 3326); 0: none
}

// play writes the script of a call that ends in the given way.
func (c *call) play(cfg Config, how outcome, start int64) {
	at, tx := c.invite(how, start)
	if tx.method == "" {
		return // not one response
	}
	var media int64 // since when the callee sends
	switch how {
	case rejected, redirected, failed:
		at += c.between(20*ms, 400*ms)
		if c.percent(20) {
			at, media = c.ring(at, tx)
		}
	default:
		at, media = c.ring(at+c.between(20*ms, 400*ms), tx)
	}
	switch how {
	case answered:
		c.converse(cfg, at, tx, media)
		return
	case noFinal:
		c.timeOut()
		return
	case cancelled:
		cancel := tx
		cancel.method = "CANCEL"
		c.send(at, caller, c.request(cancel, "", nil, nil))
		at += c.between(5*ms, 30*ms)
		c.send(at, callee, c.response(cancel, 200, "OK", c.callee.tag, nil, nil))
		at += c.between(ms, 20*ms)
		c.truth.endedBy = "caller"
	default:
		c.truth.endedBy = "callee"
	}
	choices := finals[how]
	c.refuse(at, tx, choices[c.r.IntN(len(choices))])
	if media != 0 {
		c.stream(callee, media, at+c.between(0, 40*ms))
	}
}

// invite sends the INVITE until it is heard, and once more with credentials when it is challenged. It returns the
// time of the 100 and the transaction that the other responses belong to, without a method when none will come.
func (c *call) invite(how outcome, at int64) (int64, transaction) {
	c.truth.started = at
	tx := c.newTransaction("INVITE", caller, c.truth.requestURI, 1+c.r.IntN(9000))
	if how == noFinal && c.percent(shareNothing) {
		// Seven transmissions, the last at 63 × T1; timer B ends it at 64 × T1 (section 17.1.1.2).
		again := []int64{t1, 3 * t1, 7 * t1, 15 * t1, 31 * t1, 63 * t1}
		if c.reliable() {
			again = nil
		}
		c.send(at, caller, c.request(tx, "", nil, c.offer), again...)
		c.truth.invites = 1 + len(again)
		c.timeOut()
		return at, transaction{}
	}
	at = c.sendInvite(at, tx, nil)
	if c.percent(shareChallenged) {
		at, tx = c.challenge(at, tx)
	}
	if c.percent(85) {
		c.send(at, callee, c.response(tx, 100, "Trying", "", nil, nil))
	}
	return at, tx
}

// sendInvite sends one INVITE transaction's request and returns the time of the first response.
func (c *call) sendInvite(at int64, tx transaction, extra []string) int64 {
	var again []int64
	if c.percent(shareInviteAgain) && !c.reliable() {
		again = []int64{t1, 3 * t1}[:1+c.r.IntN(2)]
	}
	c.truth.invites += 1 + len(again)
	c.send(at, caller, c.request(tx, "", extra, c.offer), again...)
	if len(again) > 0 {
		at += again[len(again)-1]
	}
	return at + c.between(4*ms, 40*ms)
}

// challenge answers 407 or 401, acknowledges it and sends the INVITE with credentials (section 22): the same Call-ID
// and From tag, the next CSeq, another branch.
func (c *call) challenge(at int64, tx transaction) (int64, transaction) {
	status, reason, ask, give := 407, "Proxy Authentication Required", "Proxy-Authenticate", "Proxy-Authorization"
	if c.percent(25) {
		status, reason, ask, give = 401, "Unauthorized", "WWW-Authenticate", "Authorization"
	}
	c.truth.attempts = strconv.Itoa(status)
	nonce := fmt.Sprintf("%016x", c.r.Uint64())
	tag := fmt.Sprintf("ch%06x", c.r.IntN(1<<24)) // the challenger's own, no dialog comes of it
	c.send(at, callee, c.response(tx, status, reason, tag,
		[]string{ask, `Digest realm="example.net", nonce="` + nonce + `", algorithm=MD5, qop="auth"`}, nil))
	at += c.between(4*ms, 30*ms)
	c.send(at, caller, c.ackFailure(tx, tag))
	again := c.newTransaction("INVITE", caller, tx.uri, tx.cseq+1)
	credentials := fmt.Sprintf(`Digest username="%s", realm="example.net", nonce="%s", uri="%s", response="%016x%016x", `+
		`algorithm=MD5, cnonce="%08x", qop=auth, nc=00000001`, c.caller.user, nonce, tx.uri, c.r.Uint64(), c.r.Uint64(), c.r.Uint32())
	return c.sendInvite(at+c.between(ms, 20*ms), again, []string{give, credentials}), again
}

// ackFailure acknowledges a response of 300 and above: it belongs to the INVITE's transaction (section 17.1.1.3).
func (c *call) ackFailure(tx transaction, toTag string) []byte {
	tx.method = "ACK"
	return c.request(tx, toTag, nil, nil)
}

// ring sends provisional responses. It returns the time at which the call goes on, and since when the callee sends
// early media, 0 for not at all.
func (c *call) ring(at int64, tx transaction) (next, media int64) {
	c.truth.toTag = c.callee.tag
	if c.percent(shareUntagged) {
		c.send(at, callee, c.response(tx, 180, "Ringing", "", nil, nil))
		at += c.between(20*ms, 200*ms)
	}
	c.truth.ringing = at
	switch n := c.r.IntN(100); {
	case n < shareEarlyMedia:
		c.send(at, callee, c.response(tx, 183, "Session Progress", c.callee.tag, nil, c.answer))
		media = max(at-c.between(0, 30*ms), c.truth.started+1) // sometimes seen before the 183
	case n < 90:
		c.send(at, callee, c.response(tx, 180, "Ringing", c.callee.tag, nil, nil))
	case n < 95:
		c.send(at, callee, c.response(tx, 182, "Queued", c.callee.tag, nil, nil))
		c.send(at+c.between(50*ms, 300*ms), callee, c.response(tx, 180, "Ringing", c.callee.tag, nil, nil))
	default:
		c.send(at, callee, c.response(tx, 181, "Call Is Being Forwarded", c.callee.tag, nil, nil))
	}
	return at + c.between(400*ms, 6*second), media
}

// timeOut marks a call that nobody ended.
func (c *call) timeOut() {
	c.truth.noFinal = true
	c.truth.endedBy = "timeout"
}

// refuse sends a final response of 300 and above and its acknowledgement.
func (c *call) refuse(at int64, tx transaction, f final) {
	c.truth.toTag = c.callee.tag
	c.truth.ended, c.truth.status = at, f.status
	var extra []string
	if f.cause != 0 && c.percent(50) {
		extra = append(extra, "Reason", "Q.850;cause="+strconv.Itoa(f.cause))
	}
	if f.status == 302 {
		extra = append(extra, "Contact", "<sip:voicemail@"+hostOf(c.callee.sip.Addr())+">;q=0.7")
	}
	text := c.response(tx, f.status, f.reason, c.callee.tag, extra, nil)
	var again []int64
	if c.percent(shareFinalAgain) && !c.reliable() {
		again = append(again, t1)
	}
	c.send(at, callee, text, again...)
	acked := at + c.between(4*ms, 40*ms)
	if len(again) > 0 {
		acked += t1
	}
	c.send(acked, caller, c.ackFailure(tx, c.callee.tag))
}
