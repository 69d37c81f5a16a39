package dialog

import (
	"time"

	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/sip"
)

func (t *Table) response(m *Message) {
	method := m.SIP.CSeqMethod()
	c, p, exact := t.find(m.SIP)
	if c == nil {
		c, p = t.unseen(m)
		if c == nil {
			return
		}
	}
	if c.Done && (method != sip.MethodINVITE || m.SIP.Status()/100 != 2) {
		return // late copies, and the answer to a BYE whose record is made
	}
	if !c.Done {
		t.touch(c, p, m)
	}
	tx := c.transaction(t.branch(m.SIP), m.SIP.CSeq(), method)
	switch method {
	case sip.MethodINVITE:
		t.inviteAnswer(c, p, exact, tx, m)
	case sip.MethodBYE:
		if s := m.SIP.Status(); s/100 == 2 || s == 481 {
			c.byeConfirmed = true
			if c.state == ended && c.finalAt != 0 {
				c.finalAt = min(c.finalAt, max(m.Now, c.endedNow+int64(t.cfg.Settle)))
			}
		}
	case sip.MethodUPDATE, sip.MethodPRACK:
		t.answer(c, p, tx, m)
	default:
	}
	t.schedule(c)
}

// unseen begins the record of a call of which only answers are seen.
func (t *Table) unseen(m *Message) (*Call, media.Party) {
	s := m.SIP.Status()
	if m.SIP.CSeqMethod() != sip.MethodINVITE || s == 100 {
		t.Stats.Orphans++
		return nil, 0
	}
	c := t.midCall(m)
	c.inviteVias = uint16(m.SIP.ViaCount()) //nolint:gosec // small
	c.state = calling
	if s >= 300 && len(m.SIP.ToTag()) == 0 {
		c.ToTag = ""
	}
	return c, media.Callee
}

// inviteAnswer takes in a response to an INVITE.
func (t *Table) inviteAnswer(c *Call, p media.Party, exact bool, tx *transaction, m *Message) {
	status, seq := m.SIP.Status(), m.SIP.CSeq()
	if tx != nil && status >= 200 {
		tx.status = uint16(status) //nolint:gosec // 200-699
	}
	initial := seq == c.inviteSeq && p == media.Callee && (tx == nil || tx.fromCaller)
	if !initial {
		if seq >= c.inviteSeq && !c.Done {
			t.answer(c, p, tx, m) // of a re-INVITE: 491 and other refusals change no state
		}
		return
	}
	first := tx == nil || tx.vias <= c.inviteVias // the hop nearest to the caller
	switch {
	case status < 200:
		t.provisional(c, p, first, m)
	case status < 300:
		t.success(c, p, exact, first, tx, m)
	case c.Answered != 0 || c.Done:
		// The 2xx has decided; another branch's refusal says nothing.
	case !first:
		c.lowStatus, c.lowAt = uint16(status), m.At //nolint:gosec // 300-699
	default:
		t.refused(c, m, status)
	}
}

func (t *Table) provisional(c *Call, p media.Party, first bool, m *Message) {
	if c.state == ended || c.state == answered {
		return
	}
	c.state = ringing
	if c.cancelled == 0 {
		c.timeoutAt = m.Now + int64(t.cfg.RingTimeout)
	}
	status := m.SIP.Status()
	if tag := m.SIP.ToTag(); len(tag) > 0 && first {
		if c.ToTag == "" {
			c.ToTag = string(tag)
		}
		if c.Ringing == 0 && status >= 180 && status <= 183 {
			c.Ringing = m.At
		}
	}
	if m.SDP != nil {
		t.described(c, p, m)
	}
}

// described takes in a session description of a response: its addresses may carry media from now on (early media).
func (t *Table) described(c *Call, p media.Party, m *Message) {
	c.rounds++
	t.media.Describe(&c.Media, p, m.SDP, m.Src, m.Scope, c.rounds, m.Now)
}

func (t *Table) success(c *Call, p media.Party, exact, first bool, tx *transaction, m *Message) {
	tag := string(m.SIP.ToTag())
	switch {
	case c.Answered != 0 && tag != c.ToTag:
		if first {
			t.fork(c, tag, m)
		}
		return
	case c.Answered != 0:
		if m.SDP != nil && !c.Done && !exact {
			t.described(c, p, m)
		}
		return // a copy, or the same answer on a further hop
	case !first:
		c.lowStatus, c.lowAt = uint16(m.SIP.Status()), m.At //nolint:gosec // 2xx
		if m.SDP != nil && !c.Done {
			t.described(c, p, m)
		}
		return
	}
	if c.state == ended || c.Done {
		// A 2xx after 64*T1 or after the 487: the callee did answer.
		c.Flags |= LateAnswer
		if c.Done {
			t.reopen(c)
		}
		c.Ended, c.EndedBy, c.finalAt = 0, EndedNot, 0
		t.media.Reopen(&c.Media)
	}
	if c.cancelled != 0 {
		c.Flags |= CancelRace
	}
	c.state, c.Answered, c.Status, c.ToTag = answered, m.At, m.SIP.Status(), tag
	c.Text.fields[ReasonPhrase] = extent{}
	c.Text.verbatim(ReasonPhrase, m.SIP.ReasonPhrase())
	c.Text.redacted(Connected, m.SIP.Value(sip.HeaderPAssertedIdentity))
	t.serverAgent(c, m)
	t.enqueue(c, established)
	if m.SDP != nil {
		t.described(c, p, m)
		t.media.Commit(&c.Media, p, m.Now)
	}
	if tx != nil && tx.offer {
		t.media.Commit(&c.Media, p.Other(), m.Now)
	}
	t.session(c, m)
	t.change(c, m.Now)
}

func (t *Table) serverAgent(c *Call, m *Message) {
	if v := m.SIP.Value(sip.HeaderServer); v != nil {
		c.Text.verbatim(ServerAgent, v)
	} else {
		c.Text.verbatim(ServerAgent, m.SIP.Value(sip.HeaderUserAgent))
	}
}

// session sets the time at which an answered call without another sign of life is over: the session timer (RFC 4028) if
// the parties use one.
func (t *Table) session(c *Call, m *Message) {
	c.timeoutAt = m.Now + int64(t.cfg.MaxAge)
	if s, err := sip.ParseSessionExpires(m.SIP.Value(sip.HeaderSessionExpires)); err == nil && s.Seconds > 0 {
		c.timeoutAt = min(c.timeoutAt, m.Now+int64(s.Seconds)*1e9)
	}
}

// refused takes in a final response that is no 2xx on the first hop.
func (t *Table) refused(c *Call, m *Message, status int) {
	if c.state == ended {
		return // a copy
	}
	c.Status = status
	c.Text.fields[ReasonPhrase] = extent{}
	c.Text.verbatim(ReasonPhrase, m.SIP.ReasonPhrase())
	if c.ToTag == "" {
		c.ToTag = string(m.SIP.ToTag())
	}
	t.q850(c, m)
	t.serverAgent(c, m)
	if status/100 == 3 {
		for v := range m.SIP.Values(sip.HeaderContact) {
			c.Text.redirect("3xx", v, nil)
		}
	}
	by := EndedByCallee
	if status == 487 || c.cancelled != 0 {
		by = EndedByCaller
	}
	t.end(c, m.At, m.Now, by)
}

// answer takes in the response to a request inside the dialog: a 2xx commits what both sides offered, a refusal takes the
// offer back.
func (t *Table) answer(c *Call, p media.Party, tx *transaction, m *Message) {
	status := m.SIP.Status()
	switch {
	case status < 200:
		if m.SDP != nil {
			t.described(c, p, m)
		}
	case status < 300:
		if m.SDP != nil {
			t.described(c, p, m)
			t.media.Commit(&c.Media, p, m.Now)
		}
		if tx != nil && tx.offer {
			t.media.Commit(&c.Media, p.Other(), m.Now)
		}
		if c.state == answered {
			t.session(c, m)
			if c.Status == 0 && c.Flags&MidCall != 0 {
				c.Status = status
			}
		}
		if c.Media.Moved {
			c.Media.Moved = false
			t.change(c, m.Now)
		}
	case tx != nil && tx.offer:
		t.media.Rollback(&c.Media, p.Other(), tx.round, m.Now)
	}
}

// fork begins the leg of a further branch that answered (RFC 3261 section 13.2.2.4).
func (t *Table) fork(c *Call, tag string, m *Message) {
	if t.size >= t.cfg.Calls {
		t.evict()
	}
	t.Stats.Calls++
	t.Stats.Forks++
	t.orders++
	c.Forked = true
	leg := &Call{
		CallID: c.CallID, FirstTag: c.FirstTag, FromTag: c.FromTag, ToTag: tag, Branch: tag, Forked: true, branchLeg: true,
		Started: c.Started, Ringing: c.Ringing, Answered: m.At, LastSeen: m.At, Src: c.Src, Dst: c.Dst, SrcVia: c.SrcVia,
		VLAN: c.VLAN, VLANs: c.VLANs, Tap: c.Tap, Status: m.SIP.Status(), Q850: -1, Seen: c.Seen,
		Hops: append([]Hop(nil), c.Hops...), Text: c.Text.copyOf(), state: answered,
		inviteSeq: c.inviteSeq, inviteVias: c.inviteVias, order: t.orders,
		transactions: append([]transaction(nil), c.transactions...),
	}
	leg.Text.redacted(Connected, m.SIP.Value(sip.HeaderPAssertedIdentity))
	leg.checkpointAt = m.Now + int64(t.cfg.Checkpoint)
	t.insert(leg)
	t.enqueue(leg, established)
	if m.SDP != nil {
		t.described(leg, media.Callee, m)
	}
	t.session(leg, m)
	t.schedule(leg)
}

// end ends a call; its record is final after the time to settle.
func (t *Table) end(c *Call, at, now int64, by Ender) {
	c.state, c.Ended, c.EndedBy, c.endedNow = ended, at, by, now
	c.timeoutAt, c.checkpointAt = 0, 0
	c.finalAt = now + int64(t.cfg.Settle)
	t.media.End(&c.Media, now)
}

// challengeHold is how long a call that ended with a challenge is remembered: people look for their password that long.
const challengeHold = 3 * time.Minute

// finish makes the final record.
func (t *Table) finish(c *Call, now int64) {
	if c.Answered != 0 && !c.acked && c.Seen[media.Caller] {
		c.Flags |= AckMissing
	}
	if (c.EndedBy == EndedByCaller || c.EndedBy == EndedByCallee) && c.Answered != 0 && !c.byeConfirmed {
		c.Flags |= ByeUnanswered
	}
	t.record(c, true, now)
	c.Done = true
	c.forgetAt = now + int64(t.cfg.Hold)
	if c.Status == 401 || c.Status == 407 {
		c.forgetAt = now + int64(challengeHold)
	}
	t.enqueue(c, held)
}

// timeOut ends a call that nothing else has ended, at the deadline.
func (t *Table) timeOut(c *Call, now int64) {
	switch {
	case c.state == ended:
		return
	case c.cancelled != 0:
		// The 487 was not seen; the caller gave up when it sent the CANCEL.
		t.end(c, c.cancelled, now, EndedByCaller)
	case c.Answered == 0 && c.lowStatus >= 300:
		c.Status = int(c.lowStatus)
		c.Flags |= DownstreamState
		t.end(c, c.lowAt, now, EndedByCallee)
	default:
		t.end(c, now, now, EndedByTimeout)
	}
}

// reopen takes a call up again after its final record: a further revision will follow.
func (t *Table) reopen(c *Call) {
	t.Stats.Reopened++
	c.Done, c.forgetAt = false, 0
	c.viewed = true
	t.enqueue(c, early)
}

// viaEndpoint is the sent-by of a Via when it is an address.
func viaEndpoint(v sip.Via) decode.Endpoint {
	port := v.Port
	if port == 0 {
		port = 5060
	}
	return endpointOf(v.Host, port)
}
