package dialog

import (
	"math"

	"calltrail/cdr/media"
	"calltrail/decode"
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

func (t *Table) invite(m *Message) {
	c, p, exact := t.find(m.SIP)
	if len(m.SIP.ToTag()) > 0 {
		t.reinvite(c, p, exact, m)
		return
	}
	if c == nil {
		if c = t.retagged(m); c == nil {
			c = t.newCall(m)
		}
	}
	reopened := false
	switch t.relation(c, m) {
	case anotherCall:
		c = t.newCall(m)
	case lateCopy:
		if !c.Done {
			c.count(sip.MethodINVITE)
		}
		return
	case furtherAttempt:
		reopened = c.Done
		t.again(c, m)
	case sameAttempt:
	}
	t.touch(c, media.Caller, m)
	c.count(sip.MethodINVITE)
	t.outgoing(c, m)
	if reopened {
		t.change(c, m.Now) // the newest record must not go on saying that it is over
	}
	t.schedule(c)
}

// relation says what an INVITE without To tag is to the call with its Call-ID and From tag.
type relation uint8

const (
	sameAttempt    relation = iota // the call's own, again or on a further hop, or its first
	furtherAttempt                 // the call is tried again: with credentials, at another target, with other demands
	anotherCall                    // the Call-ID is used again (a program's fault: RFC 3261 section 8.1.1.4)
	lateCopy                       // of an earlier attempt, or after the record
)

func (t *Table) relation(c *Call, m *Message) relation {
	seq, retry := m.SIP.CSeq(), c.mayRetry(m.Now, int64(t.cfg.Hold), true)
	tx := c.transaction(t.branch(m.SIP), seq, sip.MethodINVITE)
	retagged := string(m.SIP.FromTag()) != c.FromTag
	switch {
	case tx != nil && tx.attempt < c.attempt:
		return lateCopy
	case retagged && string(m.SIP.FromTag()) == c.FirstTag:
		return lateCopy // its transaction is forgotten
	case retagged:
		return furtherAttempt
	case c.attempt == 0 && c.Flags&MidCall == 0:
		return sameAttempt // the first one
	case c.attempt == 0:
		return anotherCall // than one found in its middle
	case seq < c.inviteSeq:
		return lateCopy
	case seq > c.inviteSeq && (retry || c.state == calling || c.state == ringing):
		return furtherAttempt
	case seq > c.inviteSeq:
		return anotherCall
	case tx == nil && c.state == ended && c.Status >= 300 && uint16(m.SIP.ViaCount()) <= c.inviteVias && //nolint:gosec // small
		m.Now-c.Ended <= int64(t.cfg.Hold):
		return furtherAttempt // a proxy tries another target (RFC 3261 section 16.7, item 4), and the tap is behind it
	case c.Done:
		return lateCopy
	}
	return sameAttempt
}

// outgoing takes in an INVITE of the call's attempt.
func (t *Table) outgoing(c *Call, m *Message) {
	seq, vias := m.SIP.CSeq(), uint16(m.SIP.ViaCount()) //nolint:gosec // at most the lines of one message
	branch := t.branch(m.SIP)
	c.attempt = max(c.attempt, 1)
	tx := c.transaction(branch, seq, sip.MethodINVITE)
	isNew := tx == nil || tx.attempt != c.attempt
	if isNew {
		tx = c.addTransaction(transaction{
			branch: branch, cseq: seq, method: sip.MethodINVITE, attempt: c.attempt, vias: vias, fromCaller: true,
			src: m.Src, dst: m.Dst,
		})
		c.hop(m.Src, m.Dst, m.At)
	}
	if !c.invited || isNew && vias < c.inviteVias {
		// The first one of the attempt, or a hop nearer to the caller, seen after one behind it.
		c.Text.invite(m.SIP, c.attempt > 1)
		c.inviteVias = min(c.inviteVias, vias)
	}
	if vias < c.srcVias {
		c.srcVias = vias
		c.from(m)
	}
	if !c.invited {
		c.invited, c.inviteSeq, c.FromTag = true, seq, string(m.SIP.FromTag())
		if c.state == calling {
			c.timeoutAt = m.Now + int64(t.cfg.InviteTimeout)
		}
	}
	t.offer(c, media.Caller, tx, m, isNew)
}

// hop notes a path that the INVITE took, each once.
func (c *Call) hop(src, dst decode.Endpoint, at int64) {
	for i := range c.Hops {
		if c.Hops[i].Src == src && c.Hops[i].Dst == dst {
			return
		}
	}
	if len(c.Hops) >= maxHops {
		c.Flags |= Truncated
		return
	}
	c.Hops = append(c.Hops, Hop{src, dst, at})
}

// from takes the ends of the call from an INVITE on the first hop.
func (c *Call) from(m *Message) {
	c.Src, c.Dst, c.VLAN, c.VLANs, c.Tap = m.Src, m.Dst, m.VLAN, m.VLANs, m.Tap
	if via, err := sip.ParseVia(m.SIP.Value(sip.HeaderVia)); err == nil {
		c.SrcVia = viaEndpoint(via)
	}
}

// again begins a further attempt of the call.
func (t *Table) again(c *Call, m *Message) {
	if c.Status != 0 {
		if len(c.Attempts) < maxAttempts {
			c.Attempts = append(c.Attempts, Attempt{c.Status, c.Ended})
		} else {
			c.Flags |= Truncated
		}
	}
	if string(m.SIP.FromTag()) != c.FromTag {
		c.Flags |= Retagged
	}
	t.resume(c, m.Now)
	c.Status, c.Q850, c.ToTag, c.lowStatus = 0, -1, "", 0
	c.Text.clear(ReasonPhrase, ServerAgent)
	c.state, c.cancelled, c.acked, c.invited = calling, 0, false, false
	c.answers = [2]answerRound{}
	c.attempt++
	c.inviteVias = math.MaxUint16
	t.enqueue(c, early)
}

// retagged finds the call that an INVITE with a new From tag tries again: the same Call-ID from the same address, soon
// after a refusal that asks for it.
func (t *Table) retagged(m *Message) *Call {
	for _, c := range t.calls[string(m.SIP.CallID())] {
		if c.state == ended && c.Src.IP == m.Src.IP && c.mayRetry(m.Now, int64(t.cfg.Hold), false) {
			return c
		}
	}
	return nil
}

// mayRetry says that the call ended with an answer that a caller follows with another INVITE of the same call, and not
// longer ago than within. A challenge may wait for a person to type a password, as long as the dialog's tag is the same.
func (c *Call) mayRetry(now, within int64, sameTag bool) bool {
	if c.state != ended {
		return false
	}
	soon := now-c.Ended <= within
	switch c.Status {
	case 401, 407:
		return soon || sameTag
	case 415, 420, 422, 488, 503:
		return soon
	}
	return soon && c.Status/100 == 3
}

// reinvite is an INVITE inside a dialog: it changes the session, never the call.
func (t *Table) reinvite(c *Call, p media.Party, exact bool, m *Message) {
	if c == nil {
		c, p, exact = t.midCall(m), media.Caller, true
	}
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
	c.Flags |= MidCall
	c.ToTag = string(m.SIP.ToTag())
	if m.SIP.IsRequest() {
		c.Text.invite(m.SIP, false)
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
func (t *Table) within(m *Message) {
	c, p, exact := t.known(m)
	if c == nil || c.Done {
		return
	}
	if m.SIP.Method() == sip.MethodREFER && exact {
		c.Text.redirect(byRefer, m.SIP.Value(sip.HeaderReferTo), nil)
	}
	t.inside(c, p, exact, m)
}

func (t *Table) inside(c *Call, p media.Party, exact bool, m *Message) {
	if !exact && c.Established() {
		return // another dialog's, or made up
	}
	t.touch(c, p, m)
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
	c.answers[p] = answerRound{} // what the party answered before is no longer its newest word
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
	if p == media.Caller && c.invited && m.SIP.CSeq() == c.inviteSeq {
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
	tx := c.transaction(t.branch(m.SIP), m.SIP.CSeq(), sip.MethodINVITE)
	if tx == nil || tx.src.IP != m.Src.IP || p != media.Caller {
		// RFC 3261 section 9.1: a CANCEL has the branch of its INVITE and goes where that went.
		t.Stats.Unverified++
		c.Flags |= UnverifiedEnd
		return
	}
	t.touch(c, p, m)
	switch {
	case tx.vias > c.inviteVias || tx.attempt != c.attempt:
		// A proxy gives up a branch; the caller has not.
	case c.Answered != 0:
		c.Flags |= CancelRace
	case c.cancelled == 0 && c.Open():
		t.q850(c, m)
		c.cancelled = m.At
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
	if c.state == ended && (c.EndedBy != EndedByTimeout || c.Answered == 0) {
		return
	}
	t.promote(c, m.Now)
	t.q850(c, m)
	by := enders[p]
	if c.Forked && by == EndedByCaller && m.At-c.Answered < media.Linger {
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
