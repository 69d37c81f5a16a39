package dialog

import (
	"calltrail/cdr/media"
	"calltrail/decode/sip"
)

func (t *Table) request(m *Message) {
	switch m.SIP.Method() {
	case sip.MethodINVITE:
		t.invite(m)
	case sip.MethodACK:
		t.ack(m)
	case sip.MethodCANCEL:
		t.cancel(m)
	case sip.MethodBYE:
		t.bye(m)
	case sip.MethodPRACK, sip.MethodUPDATE, sip.MethodINFO, sip.MethodREFER:
		t.within(m)
	default:
		// OPTIONS, SUBSCRIBE, NOTIFY, MESSAGE and others may stand in a call's dialog; they change nothing.
		if c, p, exact := t.find(m.SIP); exact && len(m.SIP.ToTag()) > 0 {
			t.touch(c, p, m)
			c.count(m.SIP.Method())
			return
		}
		t.Stats.OtherDialog++
	}
}

// known finds the call of a request that belongs to one.
func (t *Table) known(m *Message) (c *Call, p media.Party, exact bool) {
	c, p, exact = t.find(m.SIP)
	if c == nil {
		t.Stats.Orphans++
		return nil, 0, false
	}
	c.count(m.SIP.Method())
	return c, p, exact
}

// reinvite is an INVITE inside a dialog: it changes the session, never the call.
func (t *Table) reinvite(c *Call, p media.Party, exact bool, m *Message) {
	if c == nil {
		c, p, exact = t.midCall(m), media.Caller, true
	}
	t.revive(c, exact, m)
	if c.Done {
		return
	}
	c.count(sip.MethodINVITE)
	t.inside(c, p, exact, m)
	t.schedule(c)
}

// midCall begins the record of a call whose beginning was not seen.
func (t *Table) midCall(m *Message) *Call {
	c := t.newCall(m)
	t.Stats.MidCall++
	t.keep(c)
	c.Flags |= MidCall
	c.ToTag = string(m.SIP.ToTag())
	if m.SIP.IsRequest() {
		c.Text.invite(m.SIP, false)
		c.identified(m)
		c.place(m)
		c.from(m)
		if m.SDP != nil {
			c.Text.origin(m.SDP)
		}
	} else {
		// Only the answer is seen: it goes from the callee to the caller.
		c.Text.redacted(From, m.SIP.Value(sip.HeaderFrom))
		c.Text.redacted(To, m.SIP.Value(sip.HeaderTo))
		c.Src, c.Dst = m.Dst, m.Src
		c.carriage(m)
	}
	c.state = answered
	c.timeoutAt = m.Now + int64(t.cfg.MaxAge)
	t.established(c, m.Now)
	t.schedule(c)
	t.began(c, m)
	return c
}

// within takes in any other request inside the dialog.
func (t *Table) within(m *Message) {
	c, p, exact := t.known(m)
	if c == nil {
		return
	}
	t.revive(c, exact, m)
	if c.Done {
		return
	}
	if m.SIP.Method() == sip.MethodREFER && exact {
		if c.Text.referred(m.SIP) {
			t.keep(c)
			t.redirected(c)
		}
	}
	t.inside(c, p, exact, m)
}

// revive takes up a call that our timers ended and that a party now sends a request in.
func (t *Table) revive(c *Call, exact bool, m *Message) {
	if exact && c.gaveUp() && c.participant(m.Src.IP) {
		t.goOn(c, m.Now)
	}
}

func (t *Table) inside(c *Call, p media.Party, exact bool, m *Message) {
	if !exact && c.Established() {
		return // another dialog's, or made up
	}
	t.touch(c, p, m)
	branch, seq, method := branchOf(m.SIP), m.SIP.CSeq(), m.SIP.Method()
	tx := c.transaction(branch, seq, method)
	isNew := tx == nil
	if isNew {
		tx = c.addTransaction(transaction{
			branch: branch, cseq: seq, method: method, vias: uint16(m.SIP.ViaCount()), //nolint:gosec // small
			fromCaller: p == media.Caller, src: m.Src, dst: m.Dst,
		})
	}
	t.offer(c, p, tx, m, isNew)
}

// offer takes in the session description of a request.
func (t *Table) offer(c *Call, p media.Party, tx *transaction, m *Message, isNew bool) {
	if m.SDP == nil || !isNew {
		return
	}
	t.keep(c)
	tx.offer = true
	tx.round = t.round(c, tx)
	c.answers[p] = answerRound{} // what the party answered before is no longer its newest word
	if p == media.Caller {
		c.Text.origin(m.SDP)
	}
	t.media.Describe(&c.Media, p, m.SDP, m.Src, m.Scope, tx.round, m.Now)
}

// round numbers the offers of a call; the hops of one request share the number.
func (t *Table) round(c *Call, tx *transaction) uint32 {
	for i := range c.transactions {
		if o := &c.transactions[i]; o != tx && o.round != 0 && o.cseq == tx.cseq && o.method == tx.method &&
			o.fromCaller == tx.fromCaller && o.attempt == tx.attempt {
			return o.round
		}
	}
	c.rounds++
	return c.rounds
}

func (t *Table) ack(m *Message) {
	c, p, exact := t.known(m)
	if c == nil || !exact && c.Established() {
		return // none, or that of a branch that was refused
	}
	t.touch(c, p, m)
	if p == media.Caller && (!c.invited || m.SIP.CSeq() == c.inviteSeq) { // without its INVITE: of the answer that was seen
		c.acked = true
		t.promote(c, m.Now)
	}
	if old := c.answers[p]; m.SDP == nil || c.Done || old.method == sip.MethodACK && m.SIP.CSeq() < old.cseq {
		return
	}
	// The offer was in the 2xx: this is the answer.
	t.described(c, p, m)
	t.media.Commit(&c.Media, p, m.Now)
	t.moved(c, m.Now)
}

func (t *Table) cancel(m *Message) {
	c, p, _ := t.known(m)
	if c == nil || c.Done {
		return
	}
	tx := c.transaction(branchOf(m.SIP), m.SIP.CSeq(), sip.MethodINVITE)
	if tx != nil && tx.attempt == 0 && tx.src.IP == m.Src.IP {
		t.touch(c, p, m) // of an INVITE inside the dialog: its 487 takes the offer back
		return
	}
	if tx == nil || tx.src.IP != m.Src.IP || p != media.Caller {
		// RFC 3261 section 9.1: a CANCEL has the branch of its INVITE and goes where that went.
		t.unverified(c)
		return
	}
	t.touch(c, p, m)
	switch {
	case tx.vias > c.inviteVias || tx.attempt != c.attempt:
		// A proxy gives up a branch; the caller has not.
	case c.Answered != 0:
		t.flag(c, CancelRace)
	case c.cancelled == 0 && c.Open():
		t.q850(c, m)
		c.cancelled = m.At
		t.keep(c)
		c.timeoutAt = m.Now + int64(t.cfg.InviteTimeout)
		t.schedule(c)
	}
}

func (t *Table) bye(m *Message) {
	c, p, exact := t.find(m.SIP)
	if c == nil {
		if len(m.SIP.ToTag()) == 0 {
			t.Stats.Orphans++
			return
		}
		c, p, exact = t.midCall(m), media.Caller, true
	}
	c.count(sip.MethodBYE)
	if c.Done && !c.gaveUp() {
		return
	}
	if !exact || !c.participant(m.Src.IP) {
		t.unverified(c)
		return
	}
	t.touch(c, p, m)
	branch := branchOf(m.SIP)
	again := c.transaction(branch, m.SIP.CSeq(), sip.MethodBYE) != nil
	if !again {
		c.addTransaction(transaction{
			branch: branch, cseq: m.SIP.CSeq(), method: sip.MethodBYE, vias: uint16(m.SIP.ViaCount()), //nolint:gosec // small
			fromCaller: p == media.Caller, src: m.Src, dst: m.Dst,
		})
	}
	switch {
	case again && c.state == answered && c.Flags&WentOn != 0:
		return // sent again, and the call has gone on after it
	case c.gaveUp():
		t.resume(c, m.Now)
		t.enqueue(c, established)
	case c.state == ended:
		return
	}
	t.promote(c, m.Now)
	t.q850(c, m)
	by := enders[p]
	if by == EndedByCaller && m.At-c.Answered < media.Linger && t.talksElsewhere(c) {
		c.Flags |= ForkDropped
	}
	c.byeStatus, c.byeKept = 0, false
	t.end(c, m.At, m.Now, by)
	t.doubt(c, byeGrace)
	c.finalAt = m.Now + int64(t.cfg.InviteTimeout) // sooner once the BYE is answered
	t.schedule(c)
}

// unverified notes an end that is none.
func (t *Table) unverified(c *Call) {
	t.Stats.Unverified++
	t.flag(c, UnverifiedEnd)
}

// q850 keeps the cause of a Reason header (RFC 3326).
func (t *Table) q850(c *Call, m *Message) {
	for v := range m.SIP.Values(sip.HeaderReason) {
		if r, err := sip.ParseReason(v); err == nil && r.IsQ850() && r.HasCause {
			c.Q850 = int(r.Cause)
		}
	}
}
