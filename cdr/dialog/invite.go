package dialog

import (
	"bytes"
	"math"

	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

func (t *Table) invite(m *Message) {
	c, p, exact := t.find(m.SIP)
	if len(m.SIP.ToTag()) > 0 {
		t.reinvite(c, p, exact, m)
		return
	}
	begins := false
	if c == nil {
		if c = t.retagged(m); c == nil {
			c, begins = t.newCall(m), true
		}
	}
	reopened := false
	switch t.relation(c, m) {
	case anotherCall:
		c, begins = t.newCall(m), true
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
	if begins {
		t.began(c, m)
	}
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
	tx := c.transaction(branchOf(m.SIP), seq, sip.MethodINVITE)
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
	case c.foreign(m):
		return anotherCall
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

// foreign says that an INVITE comes from another host that happens to use the same Call-ID and tag, or means to: neither of its
// ends is where the call has been, and the transaction at the bottom of its Vias, its sender's, is another one.
func (c *Call) foreign(m *Message) bool {
	if !c.invited || c.met(m.Src.IP) || c.met(m.Dst.IP) || len(c.Text.vias) == 0 {
		return false
	}
	var bottom []byte
	for v := range m.SIP.Values(sip.HeaderVia) {
		bottom = v
	}
	return !bytes.Equal(viaBranch(bottom), viaBranch(c.Text.at(c.Text.vias[len(c.Text.vias)-1])))
}

func viaBranch(v []byte) []byte {
	via, _ := sip.ParseVia(v) // of a broken one what could be read
	return via.Branch
}

// met says that ip is an end of a path that the call's INVITEs or their answers took.
func (c *Call) met(ip [16]byte) bool {
	if c.Src.IP == ip || c.Dst.IP == ip || c.SrcVia.IP == ip {
		return true
	}
	for i := range c.Hops {
		if c.Hops[i].Src.IP == ip || c.Hops[i].Dst.IP == ip {
			return true
		}
	}
	return false
}

// outgoing takes in an INVITE of the call's attempt.
func (t *Table) outgoing(c *Call, m *Message) {
	seq, vias := m.SIP.CSeq(), uint16(m.SIP.ViaCount()) //nolint:gosec // at most the lines of one message
	branch := branchOf(m.SIP)
	c.attempt = max(c.attempt, 1)
	tx := c.transaction(branch, seq, sip.MethodINVITE)
	isNew := tx == nil || tx.attempt != c.attempt
	if isNew {
		tx = c.addTransaction(transaction{
			branch: branch, cseq: seq, method: sip.MethodINVITE, attempt: c.attempt, vias: vias, fromCaller: true,
			src: m.Src, dst: m.Dst,
		})
		c.hop(m.Src, m.Dst, m.At)
		t.keep(c)
	}
	if !c.invited || isNew && vias < c.inviteVias {
		// The first one of the attempt, or a hop nearer to the caller, seen after one behind it.
		c.Text.invite(m.SIP, c.attempt > 1)
		c.identified(m)
		c.place(m)
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

// hop notes a path that the INVITE took, each once. It says whether it was new.
func (c *Call) hop(src, dst decode.Endpoint, at int64) bool {
	for i := range c.Hops {
		if c.Hops[i].Src == src && c.Hops[i].Dst == dst {
			return false
		}
	}
	if len(c.Hops) >= maxHops {
		c.Flags |= Truncated
		return false
	}
	c.Hops = append(c.Hops, Hop{src, dst, at})
	return true
}

// from takes the ends of the call, and how they reach each other, from an INVITE on the first hop.
func (c *Call) from(m *Message) {
	c.Src, c.Dst, c.VLAN, c.VLANs, c.Tap = m.Src, m.Dst, m.VLAN, m.VLANs, m.Tap
	c.carriage(m)
	if via, err := sip.ParseVia(m.SIP.Value(sip.HeaderVia)); err == nil {
		c.SrcVia = viaEndpoint(via)
	}
}

// carriage keeps what the message came over and through.
func (c *Call) carriage(m *Message) {
	c.Transport = m.Transport
	if n := min(len(m.Tunnels), tunnel.MaxDepth); n > 0 || len(c.Tunnels) > 0 {
		c.Tunnels = append(c.Tunnels[:0], m.Tunnels[:n]...)
	}
}

// identified notes when the caller's PASSporT came.
func (c *Call) identified(m *Message) {
	if m.SIP.Count(sip.HeaderIdentity) > 0 {
		c.IdentityAt = m.At
	}
}

// place keeps where the INVITE says that the caller is, when it does.
func (c *Call) place(m *Message) {
	if m.Location != nil {
		l := *m.Location
		c.Location = &l
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
