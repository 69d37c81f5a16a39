package dialog

import (
	"slices"

	"calltrail/cdr/media"
	"calltrail/decode/sip"
)

// talksElsewhere says that another branch of the same INVITE has answered too and goes on: a caller that hangs up this one keeps
// that one.
func (t *Table) talksElsewhere(c *Call) bool {
	return c.Forked && slices.ContainsFunc(t.calls[c.CallID], func(o *Call) bool {
		return o != c && o.Forked && o.FirstTag == c.FirstTag && o.state == answered
	})
}

// fork begins the leg of a further branch that answered (RFC 3261 section 13.2.2.4).
func (t *Table) fork(c *Call, tag string, m *Message) {
	t.Stats.Calls++
	t.Stats.Forks++
	t.orders++
	c.Forked = true
	t.keep(c)
	leg := &Call{
		CallID: c.CallID, FirstTag: c.FirstTag, FromTag: c.FromTag, ToTag: tag, Branch: tag, Forked: true,
		Started: c.Started, Ringing: c.Ringing, Answered: m.At, LastSeen: m.At, Src: c.Src, Dst: c.Dst, SrcVia: c.SrcVia,
		VLAN: c.VLAN, VLANs: c.VLANs, Tap: c.Tap, Transport: c.Transport, Tunnels: slices.Clone(c.Tunnels), Location: c.Location,
		Group: c.Group, Status: m.SIP.Status(), Q850: -1, Seen: c.Seen, Anomalies: c.Anomalies & sip.Duplicates,
		Hops: slices.Clone(c.Hops), Text: c.Text.copyOf(), state: answered, attempt: c.attempt, invited: c.invited,
		inviteSeq: c.inviteSeq, inviteVias: c.inviteVias, srcVias: c.srcVias, order: t.orders, rounds: c.rounds,
		transactions: slices.Clone(c.transactions), checkpointAt: m.Now + int64(t.cfg.Checkpoint),
	}
	if !leg.Text.has(From) { // of c, which was taken back, no more was kept than its tags
		leg.Text.redacted(From, m.SIP.Value(sip.HeaderFrom))
		leg.Text.redacted(To, m.SIP.Value(sip.HeaderTo))
	}
	t.answeredBy(leg, m)
	t.media.Inherit(&leg.Media, &c.Media, media.Caller, m.Now)
	t.insert(leg, established)
	t.established(leg, m.Now)
	leg.Media.Signalled(media.Callee, m.Src)
	if m.SDP != nil {
		t.described(leg, media.Callee, m)
	}
	t.session(leg, m)
	t.began(leg, m)
	t.schedule(leg)
}
