package dialog

import (
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
	tx := c.transaction(branchOf(m.SIP), m.SIP.CSeq(), method)
	repeated := tx != nil && tx.status != 0 // the final response is known
	if tx != nil && tx.status == 0 && m.SIP.Status() >= 200 {
		tx.status = uint16(m.SIP.Status()) //nolint:gosec // 200-699
	}
	switch {
	case method == sip.MethodINVITE && c.initial(p, tx, m):
		t.inviteAnswer(c, p, tx, m)
	case c.Done || !exact && c.Established():
	case method == sip.MethodBYE:
		t.byeAnswer(c, p, exact, tx, m)
	case method == sip.MethodINVITE || method == sip.MethodUPDATE || method == sip.MethodPRACK:
		if !repeated && (tx == nil || tx.attempt == 0) {
			t.answer(c, p, tx, m) // 491 and other refusals of a re-INVITE change no state
		}
	default:
	}
	t.schedule(c)
}

// initial says that a response to an INVITE is one to the caller's newest attempt.
func (c *Call) initial(p media.Party, tx *transaction, m *Message) bool {
	if p != media.Callee || c.attempt == 0 {
		return false
	}
	if tx != nil {
		return tx.attempt == c.attempt
	}
	return m.SIP.CSeq() == c.inviteSeq
}

// byeAnswer takes in the response to a BYE. A challenge or another refusal leaves it open whether the call is over. After a 481
// it is over for the one who sent the BYE; what the other side does shows in its media.
func (t *Table) byeAnswer(c *Call, p media.Party, exact bool, tx *transaction, m *Message) {
	switch s := m.SIP.Status(); {
	case s/100 != 2 && s != 481:
	case tx != nil && int(c.byeStatus) == s:
		// A copy.
	case tx != nil:
		if c.byeStatus == 0 && c.Flags&MidCall != 0 {
			t.keep(c) // it says that the call was answered
		}
		c.byeStatus = uint16(s) //nolint:gosec // 200-299, 481
		if s != 481 {
			t.media.Believe(&c.Media)
		}
		switch {
		case c.byeKept || s == 481 && c.state == ended:
			t.keep(c) // it was saved otherwise
		case c.state == ended && c.keepAt != 0:
			c.keepAt = t.now + int64(SaveEvery)
		}
		if c.state == ended && c.finalAt != 0 {
			c.finalAt = min(c.finalAt, max(m.Now, c.endedNow+int64(t.cfg.Settle)))
		}
	case exact && c.Open() && c.participant(m.Dst.IP):
		// The BYE itself was not seen.
		c.byeStatus = uint16(s) //nolint:gosec // 200-299, 481
		t.promote(c, m.Now)
		t.end(c, m.At, m.Now, enders[p.Other()])
		if s == 481 {
			t.doubt(c, byeGrace)
		}
	}
}

// unseen begins the record of a call of which only answers are seen.
func (t *Table) unseen(m *Message) (*Call, media.Party) {
	s := m.SIP.Status()
	if m.SIP.CSeqMethod() != sip.MethodINVITE || s == 100 {
		t.Stats.Orphans++
		return nil, 0
	}
	c := t.midCall(m)
	c.attempt, c.inviteSeq = 1, m.SIP.CSeq()
	c.state = calling
	c.timeoutAt = m.Now + int64(t.cfg.RingTimeout)
	c.mediaAt = 0
	t.enqueue(c, early)
	if s >= 300 && len(m.SIP.ToTag()) == 0 {
		c.ToTag = ""
	}
	return c, media.Callee
}

// inviteAnswer takes in a response to the INVITE that began the call or its newest attempt.
func (t *Table) inviteAnswer(c *Call, p media.Party, tx *transaction, m *Message) {
	status, vias := m.SIP.Status(), uint16(m.SIP.ViaCount()) //nolint:gosec // small
	if tx != nil {
		vias = tx.vias
	} else if !c.invited && vias < c.inviteVias {
		c.inviteVias = vias
		c.Src, c.Dst = m.Dst, m.Src
		t.keep(c)
	}
	if !c.invited && c.hop(m.Dst, m.Src, m.At) { // the way that the INVITE must have taken
		t.keep(c)
	}
	first := vias <= c.inviteVias // the hop nearest to the caller
	switch {
	case status < 200:
		t.provisional(c, p, first, m)
	case status < 300:
		t.success(c, p, first, tx, m)
	case c.Answered != 0 || c.Done:
		// The 2xx has decided; another branch's refusal says nothing.
	case first:
		t.refused(c, m, status)
	case c.lowStatus/100 != 2 && int(c.lowStatus) != status:
		c.lowStatus, c.lowAt = uint16(status), m.At //nolint:gosec // 300-699
		t.keep(c)
	}
}

func (t *Table) provisional(c *Call, p media.Party, first bool, m *Message) {
	if c.state == answered {
		// A proxy of several processes may send on the 180 after the 200; it rang all the same.
		if first && c.Ringing == 0 && m.At-c.Answered < t1 && string(m.SIP.ToTag()) == c.ToTag && rings(m.SIP.Status()) {
			c.Ringing = m.At
			t.keep(c)
		}
		return
	}
	if c.state == ended {
		return
	}
	c.state = ringing
	if c.cancelled == 0 && c.extend(m.Now+int64(t.cfg.RingTimeout)) && c.Ringing != 0 {
		t.refresh(c)
	}
	status := m.SIP.Status()
	if tag := m.SIP.ToTag(); len(tag) > 0 && first {
		if c.ToTag == "" {
			c.ToTag = string(tag)
			t.keep(c)
		}
		if c.Ringing == 0 && rings(status) {
			c.Ringing = m.At
			t.keep(c)
		}
	}
	if m.SDP != nil {
		t.described(c, p, m)
	}
}

// rings says that a provisional response tells of a telephone that rings, or of progress that takes its place.
func rings(status int) bool { return status >= 180 && status <= 183 }

// described takes in a session description of an answer: its addresses may carry media from now on (early media).
func (t *Table) described(c *Call, p media.Party, m *Message) {
	a := &c.answers[p]
	if !a.is(m.SIP) {
		c.rounds++
		*a = answerRound{
			cseq: m.SIP.CSeq(), round: c.rounds, status: uint16(m.SIP.Status()), method: m.SIP.Method(), //nolint:gosec // 0-699
		}
	}
	if p == media.Caller {
		c.Text.origin(m.SDP)
	}
	if t.media.Describe(&c.Media, p, m.SDP, m.Src, m.Scope, a.round, m.Now) {
		t.keep(c)
	}
}

func (t *Table) success(c *Call, p media.Party, first bool, tx *transaction, m *Message) {
	tag := string(m.SIP.ToTag())
	switch {
	case c.Answered != 0 && tag != c.ToTag:
		if first && tag != "" {
			t.fork(c, tag, m)
		}
		return
	case c.Answered != 0:
		// A copy, or the same answer on a further hop, where a relay may have put its own addresses.
		if m.SDP != nil && !c.Done && c.answers[p].is(m.SIP) {
			t.described(c, p, m)
		}
		return
	case !first:
		if c.lowStatus/100 != 2 {
			c.lowStatus, c.lowAt = uint16(m.SIP.Status()), m.At //nolint:gosec // 2xx
			t.keep(c)
		}
		if c.ToTag == "" {
			c.ToTag = tag
			t.keep(c)
		}
		if m.SDP != nil && !c.Done {
			t.described(c, p, m)
		}
		return
	}
	if c.state == ended {
		// A 2xx after 64*T1 or after the 487: the callee did answer.
		c.Flags |= LateAnswer
		t.resume(c, m.Now)
	}
	if c.cancelled != 0 {
		c.Flags |= CancelRace
	}
	c.state, c.Answered, c.Status, c.Q850, c.ToTag = answered, m.At, m.SIP.Status(), -1, tag
	t.answeredBy(c, m)
	t.established(c, m.Now)
	if m.SDP != nil {
		t.described(c, p, m)
		t.media.Commit(&c.Media, p, m.Now)
	}
	if tx != nil && tx.offer {
		t.media.Commit(&c.Media, p.Other(), m.Now)
	}
	c.Media.Moved = false
	t.session(c, m)
	t.change(c, m.Now)
}

// answeredBy keeps what the 2xx says of who answered.
func (t *Table) answeredBy(c *Call, m *Message) {
	c.Text.clear(ReasonPhrase, Connected, ServerAgent, RemoteTarget)
	c.Text.verbatim(ReasonPhrase, m.SIP.ReasonPhrase())
	c.Text.redacted(Connected, m.SIP.Value(sip.HeaderPAssertedIdentity))
	c.Text.redacted(RemoteTarget, m.SIP.Value(sip.HeaderContact))
	t.serverAgent(c, m)
}

func (t *Table) serverAgent(c *Call, m *Message) {
	if v := m.SIP.Value(sip.HeaderServer); v != nil {
		c.Text.verbatim(ServerAgent, v)
	} else {
		c.Text.verbatim(ServerAgent, m.SIP.Value(sip.HeaderUserAgent))
	}
}

// refused takes in a final response that is no 2xx on the first hop.
func (t *Table) refused(c *Call, m *Message, status int) {
	over := c.state == ended
	if over && c.Status != 0 {
		return // a copy
	}
	t.keep(c)
	c.Status = status
	c.Text.clear(ReasonPhrase, ServerAgent)
	c.Text.verbatim(ReasonPhrase, m.SIP.ReasonPhrase())
	if c.ToTag == "" {
		c.ToTag = string(m.SIP.ToTag())
	}
	t.q850(c, m)
	t.serverAgent(c, m)
	if status/100 == 3 {
		for v := range m.SIP.Values(sip.HeaderContact) {
			c.Text.redirect(byAnswer, v, nil)
		}
		for v := range m.SIP.Values(sip.HeaderDiversion) {
			d, _ := sip.ParseDiversion(v) // what could be read of a broken one is kept
			c.Text.redirect(byAnswerDiversion, v, d.Reason)
		}
		t.redirected(c)
	}
	if over {
		return // hung up or given up before, and then refused
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
		t.moved(c, m.Now)
	case tx != nil && tx.offer:
		t.keep(c)
		t.media.Rollback(&c.Media, p.Other(), tx.round, m.Now)
	}
}

// moved makes a record of media that went to another address.
func (t *Table) moved(c *Call, now int64) {
	if c.Media.Moved {
		c.Media.Moved = false
		t.change(c, now)
	}
}

// viaEndpoint is the sent-by of a Via when it is an address.
func viaEndpoint(v sip.Via) decode.Endpoint {
	port := v.Port
	if port == 0 {
		port = 5060
	}
	return endpointOf(v.Host, port)
}
