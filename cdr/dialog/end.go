package dialog

import (
	"time"

	"calltrail/cdr/media"
	"calltrail/decode/sip"
)

// enders are the parties as those who end a call.
var enders = [...]Ender{media.Caller: EndedByCaller, media.Callee: EndedByCallee}

// challengeHold is how long a call that ended with a challenge is remembered: people look for their password that long.
const challengeHold = 3 * time.Minute

// end ends a call; its record is final after the time to settle.
func (t *Table) end(c *Call, at, now int64, by Ender) {
	c.state, c.Ended, c.EndedBy, c.endedNow = ended, at, by, now
	c.timeoutAt, c.checkpointAt = 0, 0
	c.finalAt = now + int64(t.cfg.Settle)
	t.media.End(&c.Media, now)
	t.keep(c)
}

// finish makes the final record.
func (t *Table) finish(c *Call, now int64) {
	t.record(c, true, now)
	c.settled(now, int64(t.cfg.Hold))
	t.enqueue(c, held)
}

// settled says that the final record was made at now.
func (c *Call) settled(now, hold int64) {
	c.Done, c.finalAt, c.keepAt = true, 0, 0
	c.forgetAt = now + hold
	if c.Status == 401 || c.Status == 407 {
		c.forgetAt = now + int64(challengeHold)
	}
}

// timeOut ends a call that nothing else has ended, at the deadline.
func (t *Table) timeOut(c *Call, now int64) {
	switch {
	case c.state == ended:
		return
	case c.cancelled != 0:
		// The 487 was not seen; the caller gave up when it sent the CANCEL.
		t.end(c, c.cancelled, now, EndedByCaller)
	case c.Answered == 0 && c.lowStatus/100 == 2:
		t.promote(c, now)
	case c.Answered == 0 && c.lowStatus >= 300:
		c.Status = int(c.lowStatus)
		c.Flags |= DownstreamState
		t.end(c, c.lowAt, now, EndedByCallee)
	default:
		t.end(c, now, now, EndedByTimeout)
	}
}

// promote answers a call by the 2xx that was seen on a hop behind the first: the caller went on as after a 2xx.
func (t *Table) promote(c *Call, now int64) {
	if c.Answered != 0 || c.lowStatus/100 != 2 || c.state == ended {
		return
	}
	c.Flags |= DownstreamState
	c.state, c.Answered, c.Status = answered, c.lowAt, int(c.lowStatus)
	c.timeoutAt = now + int64(t.cfg.MaxAge)
	t.enqueue(c, established)
	t.keep(c)
	t.change(c, now)
}

// resume takes the end of a call back. If its final record is made, a further revision will follow.
func (t *Table) resume(c *Call, now int64) {
	if c.Done {
		t.Stats.Reopened++
		c.Done, c.forgetAt, c.viewed = false, 0, true
	}
	c.Ended, c.EndedBy, c.finalAt, c.endKept = 0, EndedNot, 0, false
	if !c.viewed && c.checkpointAt == 0 {
		c.checkpointAt = max(c.Started+int64(t.cfg.Checkpoint), now)
	}
	t.media.Reopen(&c.Media)
}

// session sets the time at which an answered call without another sign of life is over: the session timer (RFC 4028) if
// the parties use one. The call is saved with it.
func (t *Table) session(c *Call, m *Message) {
	life := int64(t.cfg.MaxAge)
	if s, err := sip.ParseSessionExpires(m.SIP.Value(sip.HeaderSessionExpires)); err == nil && s.Seconds > 0 {
		life = min(life, int64(s.Seconds)*1e9)
	}
	c.extend(m.Now + life)
	t.keep(c)
}

// t1 is the round-trip time estimate of RFC 3261 section 17.1.1.1: nothing is sent again sooner.
const t1 = int64(500 * time.Millisecond)

// extend puts the time-out off. What puts it off by less than t1 is a copy, of a mirror port or on a further hop, and must
// not change when the call ends. It says whether it did.
func (c *Call) extend(at int64) bool {
	late := at - c.timeoutAt
	if late >= 0 && late < t1 {
		return false
	}
	c.timeoutAt = at
	return true
}
