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

// silentHold is how long an answered call is remembered that our timers ended: the BYE that was not sent yet, or media, must
// find it.
const silentHold = time.Hour

// byeGrace is how long media may go on after a BYE: what is on its way, and what a telephone plays until it has the BYE.
const byeGrace = 5 * time.Second

// end ends a call; its record is final after the time to settle.
func (t *Table) end(c *Call, at, now int64, by Ender) {
	c.state, c.Ended, c.EndedBy, c.endedNow = ended, at, by, now
	c.timeoutAt, c.checkpointAt, c.mediaAt = 0, 0, 0
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
	switch {
	case c.Status == 401 || c.Status == 407:
		c.forgetAt = now + int64(challengeHold)
	case c.gaveUp():
		c.forgetAt = now + int64(silentHold)
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
	case c.state == answered && now < c.oldest(t.cfg.MaxAge):
		if c.Media.Playing() {
			c.timeoutAt = c.oldest(t.cfg.MaxAge) // the session timer has run out, and still they talk: mediaStop says when it is over
			t.keep(c)
			return
		}
		t.end(c, now, now, EndedByTimeout)
		t.doubt(c, 0)
	default:
		t.end(c, now, now, EndedByTimeout)
	}
}

// oldest is when the call reaches the highest age, whatever it says of itself.
func (c *Call) oldest(age time.Duration) int64 { return max(c.Started, c.Answered) + int64(age) }

// doubt follows the media of a call that has ended, and may not have: a packet later than after from now shows that.
func (t *Table) doubt(c *Call, after time.Duration) {
	if c.inDialog() {
		t.media.Doubt(&c.Media, c.endedNow+int64(after), c)
	}
}

// goesOn is told of media after an end that was in doubt. The call is saved with the next message or timer: this one may come
// in the middle of another call's.
func (t *Table) goesOn(owner any, now int64) {
	if c, ok := owner.(*Call); ok && !c.gone && !c.Open() {
		t.now = max(t.now, now)
		t.goOn(c, now)
	}
}

// goOn takes up a call that goes on after its end.
func (t *Table) goOn(c *Call, now int64) {
	done := c.Done
	c.Flags |= WentOn
	t.resume(c, now)
	c.state, c.byeStatus, c.byeKept, c.Q850 = answered, 0, false, -1
	c.timeoutAt = now + int64(t.cfg.MaxAge)
	t.established(c, now)
	t.keep(c)
	if done {
		t.change(c, now) // the newest record must not go on saying that it is over
	}
	t.schedule(c)
}

// established says that the call has been answered.
func (t *Table) established(c *Call, now int64) {
	t.enqueue(c, established)
	c.mediaAt = now + int64(t.cfg.MediaStop)
}

// mediaStop ends an answered call whose media has stopped, or says when to look again.
func (t *Table) mediaStop(c *Call, now int64) {
	if c.state != answered {
		return
	}
	stop := int64(t.cfg.MediaStop)
	last, ok := c.Media.Silent()
	alive := max(last, c.lifeAt)
	switch {
	case !ok || last < c.Answered:
		c.mediaAt = now + stop
	case alive+stop > now:
		c.mediaAt = alive + stop
	default:
		t.end(c, alive, now, EndedByMediaTimeout)
		t.doubt(c, 0)
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
	t.established(c, now)
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
