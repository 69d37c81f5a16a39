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
		if c, p, ok := t.known(m); ok {
			t.ack(c, p, m)
		}
	case sip.MethodCANCEL:
		t.cancel(m)
	case sip.MethodBYE:
		t.bye(m)
	case sip.MethodPRACK, sip.MethodUPDATE, sip.MethodINFO, sip.MethodREFER:
		if c, p, ok := t.known(m); ok {
			t.within(c, p, m)
		}
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

// known finds the call of a request inside a dialog.
func (t *Table) known(m *Message) (*Call, media.Party, bool) {
	c, p, _ := t.find(m.SIP)
	if c == nil {
		t.Stats.Orphans++
		return nil, 0, false
	}
	t.touch(c, p, m)
	c.count(m.SIP.Method())
	return c, p, true
}

func (t *Table) invite(m *Message) {
	c, p, _ := t.find(m.SIP)
	if len(m.SIP.ToTag()) > 0 {
		t.reinvite(c, p, m)
		return
	}
	switch {
	case c == nil:
		c = t.retagged(m)
		if c == nil {
			c = t.newCall(m)
		}
	case c.state == ended && m.SIP.CSeq() > c.inviteSeq && !c.mayRetry(m.Now, int64(t.cfg.Hold), true):
		// The Call-ID is used again for another call (a program's fault: RFC 3261 section 8.1.1.4).
		c = t.newCall(m)
	case c.Done && m.SIP.CSeq() <= c.inviteSeq:
		return // a late copy: the record is made
	}
	t.touch(c, media.Caller, m)
	c.count(sip.MethodINVITE)
	t.outgoing(c, m)
	t.schedule(c)
}

// outgoing takes in an INVITE of the caller that begins the call or tries it again.
func (t *Table) outgoing(c *Call, m *Message) {
	seq, vias := m.SIP.CSeq(), uint16(m.SIP.ViaCount()) //nolint:gosec // at most the lines of one message
	branch := t.branch(m.SIP)
	tx := c.transaction(branch, seq, sip.MethodINVITE)
	isNew := tx == nil
	newest := seq > c.inviteSeq || len(c.transactions) == 0
	if newest && c.inviteSeq != 0 {
		t.again(c, m)
	}
	if isNew {
		tx = c.addTransaction(transaction{
			branch: branch, cseq: seq, method: sip.MethodINVITE, vias: vias, fromCaller: true, src: m.Src, dst: m.Dst,
		})
		c.hop(m)
	}
	switch {
	case newest:
		first := c.inviteSeq == 0
		c.inviteSeq, c.inviteVias = seq, vias
		c.FromTag = string(m.SIP.FromTag())
		c.Text.invite(m.SIP)
		if first {
			c.from(m)
		}
	case isNew && vias < c.inviteVias && seq == c.inviteSeq:
		// A hop nearer to the caller was seen after one behind it.
		c.inviteVias = vias
		c.Text.invite(m.SIP)
		c.from(m)
	}
	if c.state == calling {
		c.timeoutAt = m.Now + int64(t.cfg.InviteTimeout)
	}
	t.offer(c, media.Caller, tx, m, isNew)
}

// hop notes a path that the INVITE took, each once.
func (c *Call) hop(m *Message) {
	for i := range c.Hops {
		if c.Hops[i].Src == m.Src && c.Hops[i].Dst == m.Dst {
			return
		}
	}
	if len(c.Hops) >= maxHops {
		c.Flags |= Truncated
		return
	}
	c.Hops = append(c.Hops, Hop{m.Src, m.Dst, m.At})
}

// from takes the ends of the call from an INVITE on the first hop.
func (c *Call) from(m *Message) {
	c.Src, c.Dst, c.VLAN, c.VLANs, c.Tap = m.Src, m.Dst, m.VLAN, m.VLANs, m.Tap
	if via, err := sip.ParseVia(m.SIP.Value(sip.HeaderVia)); err == nil {
		c.SrcVia = viaEndpoint(via)
	}
}

// again notes that the caller tries the call once more: with credentials, at another target, with other demands.
func (t *Table) again(c *Call, m *Message) {
	if c.Status != 0 {
		if len(c.Attempts) < maxAttempts {
			c.Attempts = append(c.Attempts, Attempt{c.Status, c.Ended})
		} else {
			c.Flags |= Truncated
		}
	}
	if c.Done {
		t.reopen(c)
	}
	c.Status, c.Q850, c.Ended, c.EndedBy, c.lowStatus = 0, -1, 0, EndedNot, 0
	c.Text.fields[ReasonPhrase] = extent{}
	c.state, c.finalAt, c.cancelled = calling, 0, 0
	c.timeoutAt = m.Now + int64(t.cfg.InviteTimeout)
	c.ToTag = ""
	t.media.Reopen(&c.Media)
	t.enqueue(c, early)
}

// retagged finds the call that an INVITE with a new From tag tries again: the same Call-ID from the same address, soon
// after a refusal that asks for it.
func (t *Table) retagged(m *Message) *Call {
	for _, c := range t.calls[string(m.SIP.CallID())] {
		if c.state == ended && c.Src.IP == m.Src.IP && c.mayRetry(m.Now, int64(t.cfg.Hold), false) && m.SIP.CSeq() >= c.inviteSeq {
			c.Flags |= Retagged
			c.inviteSeq = min(c.inviteSeq, m.SIP.CSeq()-1) // the number may be the same, the transaction is not
			return c
		}
	}
	return nil
}

// mayRetry says that the call ended with an answer that a caller follows with another INVITE of the same call, and not
// long ago. A challenge may wait for a person to type a password, as long as the dialog's tag is the same.
func (c *Call) mayRetry(now, within int64, sameTag bool) bool {
	if c.Ended == 0 {
		return false
	}
	switch c.Status {
	case 401, 407:
		return sameTag || now-c.Ended <= within
	case 415, 420, 422, 488, 503:
		return now-c.Ended <= within
	}
	return c.Status/100 == 3 && now-c.Ended <= within
}

// reinvite is an INVITE inside a dialog: it changes the session, never the call.
func (t *Table) reinvite(c *Call, p media.Party, m *Message) {
	if c == nil {
		c, p = t.midCall(m), media.Caller
	}
	if c.Done {
		return
	}
	t.touch(c, p, m)
	c.count(sip.MethodINVITE)
	t.inside(c, p, m)
	t.schedule(c)
}

// midCall begins the record of a call whose beginning was not seen.
func (t *Table) midCall(m *Message) *Call {
	c := t.newCall(m)
	t.Stats.MidCall++
	c.Flags |= MidCall
	c.ToTag = string(m.SIP.ToTag())
	c.inviteSeq = m.SIP.CSeq()
	if m.SIP.IsRequest() {
		c.Text.invite(m.SIP)
		c.from(m)
	} else {
		// Only the answer is seen: it goes from the callee to the caller.
		c.Text.redacted(From, m.SIP.Value(sip.HeaderFrom))
		c.Text.redacted(To, m.SIP.Value(sip.HeaderTo))
		c.Src, c.Dst = m.Dst, m.Src
	}
	c.state = answered
	c.timeoutAt = m.Now + int64(t.cfg.MaxAge)
	t.enqueue(c, established)
	t.schedule(c)
	return c
}

// within takes in any other request inside the dialog.
func (t *Table) within(c *Call, p media.Party, m *Message) {
	if m.SIP.Method() == sip.MethodREFER {
		c.Text.redirect("refer", m.SIP.Value(sip.HeaderReferTo), nil)
	}
	t.inside(c, p, m)
}

func (t *Table) inside(c *Call, p media.Party, m *Message) {
	branch, seq, method := t.branch(m.SIP), m.SIP.CSeq(), m.SIP.Method()
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
	tx.offer = true
	tx.round = t.round(c, tx)
	t.media.Describe(&c.Media, p, m.SDP, m.Src, m.Scope, tx.round, m.Now)
}

// round numbers the offers of a call; the hops of one request share the number.
func (t *Table) round(c *Call, tx *transaction) uint32 {
	for i := range c.transactions {
		if o := &c.transactions[i]; o != tx && o.round != 0 && o.cseq == tx.cseq && o.method == tx.method && o.fromCaller == tx.fromCaller {
			return o.round
		}
	}
	c.rounds++
	return c.rounds
}

func (t *Table) ack(c *Call, p media.Party, m *Message) {
	if m.SIP.CSeq() == c.inviteSeq {
		c.acked = true
	}
	if m.SDP != nil && !c.Done {
		// The offer was in the 2xx: this is the answer.
		c.rounds++
		t.media.Describe(&c.Media, p, m.SDP, m.Src, m.Scope, c.rounds, m.Now)
		t.media.Commit(&c.Media, p, m.Now)
	}
}

func (t *Table) cancel(m *Message) {
	c, p, ok := t.known(m)
	if !ok || c.Done {
		return
	}
	tx := c.transaction(t.branch(m.SIP), m.SIP.CSeq(), sip.MethodINVITE)
	switch {
	case tx == nil || tx.src.IP != m.Src.IP || p != media.Caller:
		// RFC 3261 section 9.1: a CANCEL has the branch of its INVITE and goes where that went.
		t.Stats.Unverified++
		c.Flags |= UnverifiedEnd
	case tx.vias > c.inviteVias || tx.cseq != c.inviteSeq:
		// A proxy gives up a branch; the caller has not.
	default:
		t.q850(c, m)
		if c.Answered != 0 {
			c.Flags |= CancelRace
			return
		}
		if c.cancelled == 0 && c.Open() {
			c.cancelled = m.At
			c.timeoutAt = m.Now + int64(t.cfg.InviteTimeout)
			t.schedule(c)
		}
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
	if c.Done {
		return
	}
	if !exact || !c.participant(m.Src.IP) {
		t.Stats.Unverified++
		c.Flags |= UnverifiedEnd
		return
	}
	t.touch(c, p, m)
	branch := t.branch(m.SIP)
	if c.transaction(branch, m.SIP.CSeq(), sip.MethodBYE) == nil {
		c.addTransaction(transaction{
			branch: branch, cseq: m.SIP.CSeq(), method: sip.MethodBYE, vias: uint16(m.SIP.ViaCount()), //nolint:gosec // small
			fromCaller: p == media.Caller, src: m.Src, dst: m.Dst,
		})
	}
	if c.state == ended {
		return
	}
	t.q850(c, m)
	by := EndedByCaller
	if p == media.Callee {
		by = EndedByCallee
	}
	if c.branchLeg && by == EndedByCaller && m.At-c.Answered < media.Linger {
		c.Flags |= ForkDropped
	}
	t.end(c, m.At, m.Now, by)
	c.finalAt = m.Now + int64(t.cfg.InviteTimeout) // sooner once the BYE is answered
	t.schedule(c)
}

// q850 keeps the cause of a Reason header (RFC 3326).
func (t *Table) q850(c *Call, m *Message) {
	for v := range m.SIP.Values(sip.HeaderReason) {
		if r, err := sip.ParseReason(v); err == nil && r.IsQ850() && r.HasCause {
			c.Q850 = int(r.Cause)
		}
	}
}
