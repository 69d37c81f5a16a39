package dialog

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/pidf"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// Restore takes a call back from its snapshot, with the flag SensorRestart, at the time now of the start, before the first
// message. Deadlines that have passed meanwhile fire at their times with the first Advance. A call with the same Key that is
// there already is replaced. The result is nil without an error when the call is over and forgotten.
//
// It trusts nothing in body, which may come from a damaged disk: what is accepted is within the bounds of the table, and
// has an end.
func (t *Table) Restore(body []byte, now int64) (*Call, error) {
	head, rest, err := readHead(body)
	if err != nil {
		return nil, err
	}
	if head.Forget != 0 && head.Forget <= now {
		return nil, nil //nolint:nilnil // as the comment says
	}
	var state callState
	var more callMore
	rest, err = snapshotDecoder.UnmarshalFirst(rest, &state)
	if err == nil && head.Version > firstVersion {
		rest, err = snapshotDecoder.UnmarshalFirst(rest, &more)
	}
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d octets behind it", len(rest))
	}
	c := &Call{}
	if err == nil {
		err = state.fill(c, &head)
	}
	if err == nil {
		err = more.fill(c)
	}
	if err != nil {
		return nil, fmt.Errorf("snapshot of a call: %w", err)
	}
	stopped := c.Flags&Shutdown != 0 // and not killed: all is known
	if err := t.resumeTimers(c, now); err != nil {
		return nil, fmt.Errorf("snapshot of a call: %w", err)
	}
	if err := t.media.Restore(&c.Media, &state.Media, &more.Media); err != nil {
		return nil, fmt.Errorf("snapshot of a call: media: %w", err)
	}
	for _, old := range t.calls[c.CallID] {
		if old.Key() == c.Key() {
			t.drop(old)
			break
		}
	}
	switch {
	case c.state == answered:
		c.mediaAt = now + int64(t.cfg.MediaStop)
	case c.gaveUp() && (c.EndedBy == EndedByMediaTimeout || c.Ended < c.oldest(t.cfg.MaxAge)):
		t.doubt(c, 0)
	case c.hungUp() && (stopped || c.byeKept || c.byeStatus == 481):
		c.byeKept = true
		t.doubt(c, byeGrace)
	}
	t.now = max(t.now, now)
	t.orders = max(t.orders, c.order)
	t.Stats.Restored++
	t.insert(c, c.queue())
	t.schedule(c)
	return c, nil
}

// Recorded says that the log holds a record of a restored call, of this revision, behind its snapshot: numbers go on from there,
// and what is final is not made again.
func (t *Table) Recorded(c *Call, revision int, final bool) {
	if c.gone || revision <= c.Revision {
		return
	}
	c.Revision = revision
	switch {
	case !final:
		c.viewed, c.checkpointAt = true, 0
	case c.Open():
		t.drop(c) // it is not known when it ended; the record has it
		return
	case !c.Done:
		c.settled(c.finalAt, int64(t.cfg.Hold))
		t.enqueue(c, held)
	}
	t.schedule(c)
}

// queue is the line in which the call waits to be pushed out.
func (c *Call) queue() lineName {
	switch {
	case c.Done:
		return held
	case c.inDialog():
		return established
	}
	return early
}

// resumeTimers brings the deadlines of a snapshot into what this table's configuration can set, so that every call ends, and
// takes into account what may have come unseen.
func (t *Table) resumeTimers(c *Call, now int64) error {
	restored := c.Flags&SensorRestart != 0 // before: once is enough
	c.Flags = c.Flags&^Shutdown | SensorRestart
	if c.state == calling && c.cancelled == 0 && c.timeoutAt != 0 && !restored {
		c.timeoutAt += max(int64(t.cfg.RingTimeout-t.cfg.InviteTimeout), 0)
	}
	c.acked = c.acked || c.Answered != 0
	if c.state == ended && c.finalAt != 0 {
		c.endKept = true
		c.finalAt = min(c.finalAt, c.endedNow+int64(t.cfg.Settle)) // the response to a BYE may have been seen
	}
	within := func(at *int64, life ...int64) {
		if *at != 0 {
			*at = min(*at, now+slices.Max(life))
		}
	}
	within(&c.checkpointAt, int64(t.cfg.Checkpoint))
	within(&c.timeoutAt, int64(t.cfg.MaxAge), int64(t.cfg.RingTimeout), int64(t.cfg.InviteTimeout))
	within(&c.finalAt, int64(t.cfg.InviteTimeout), int64(t.cfg.Settle))
	within(&c.forgetAt, int64(t.cfg.Hold), int64(challengeHold), int64(silentHold))
	within(&c.keepAt, int64(SaveEvery))
	if t.Save == nil {
		c.keepAt = 0
	}
	switch {
	case c.Done:
		c.checkpointAt, c.timeoutAt, c.finalAt, c.keepAt = 0, 0, 0, 0
		if c.Open() || c.forgetAt == 0 {
			return errors.New("final, and still open or never forgotten")
		}
	case c.forgetAt != 0:
		return errors.New("forgotten before its final record")
	case c.Open() && (c.timeoutAt == 0 || c.finalAt != 0), !c.Open() && c.finalAt == 0:
		return errors.New("a call without an end")
	}
	return nil
}

// fill sets all of c that does not depend on the table.
func (s *callState) fill(c *Call, h *snapshotHead) error {
	for _, at := range [...]int64{
		h.Started, s.Ringing, s.Answered, s.Ended, s.LastSeen, s.Cancelled, s.EndedNow, s.LowAt, s.CheckpointAt, s.TimeoutAt,
		s.FinalAt, s.KeepAt,
	} {
		if !timely(at) {
			return fmt.Errorf("time %d", at)
		}
	}
	if s.State > uint8(ended) || s.EndedBy > uint8(EndedByMediaTimeout) || s.Status < 0 || s.Q850 < -1 || s.Flags >= 1<<len(flagNames) ||
		h.Order > math.MaxInt64 || !timely(h.Forget) || s.Revision > math.MaxInt32 {
		return fmt.Errorf("state %d, ended by %d, status %d, cause %d, flags %x", s.State, s.EndedBy, s.Status, s.Q850, s.Flags)
	}
	ends := ends{}
	*c = Call{
		CallID: string(h.CallID), FirstTag: string(h.FirstTag), Branch: string(h.Branch), Started: h.Started, order: h.Order,
		forgetAt: h.Forget,
		FromTag:  string(s.FromTag), ToTag: string(s.ToTag), Forked: s.Forked, Done: s.Done,
		Ringing: s.Ringing, Answered: s.Answered, Ended: s.Ended, LastSeen: s.LastSeen,
		Src: ends.read(s.Src), Dst: ends.read(s.Dst), SrcVia: ends.read(s.SrcVia), VLAN: s.VLAN, VLANs: s.VLANs, Tap: s.Tap,
		Status: int(s.Status), Q850: int(s.Q850), EndedBy: Ender(s.EndedBy), Flags: Flag(s.Flags),
		Anomalies: sip.Anomaly(s.Anomalies), Seen: s.Seen, Revision: int(s.Revision),
		state: state(s.State), cancelled: s.Cancelled, endedNow: s.EndedNow, byeStatus: s.ByeStatus,
		acked: s.Acked, viewed: s.Viewed, invited: s.Invited, endKept: s.EndKept,
		attempt: s.Attempt, inviteSeq: s.InviteSeq, inviteVias: s.InviteVias, srcVias: s.SrcVias,
		lowStatus: s.LowStatus, lowAt: s.LowAt, rounds: s.Rounds,
		checkpointAt: s.CheckpointAt, timeoutAt: s.TimeoutAt, finalAt: s.FinalAt, keepAt: s.KeepAt,
	}
	if err := s.lists(c, &ends); err != nil {
		return err
	}
	if ends.bad {
		return errors.New("an address of another length")
	}
	return s.Text.fill(&c.Text)
}

// maxTime is after any packet (in 2116), and far from where sums of times overflow.
const maxTime = int64(1) << 62

func timely(at int64) bool { return at >= 0 && at <= maxTime }

// ends reads addresses and notes when one was none.
type ends struct{ bad bool }

func (e *ends) read(b media.End) decode.Endpoint {
	end, ok := b.Endpoint()
	e.bad = e.bad || !ok
	return end
}

func (s *callState) lists(c *Call, ends *ends) error {
	if len(s.Hops) > maxHops || len(s.Attempts) > maxAttempts || len(s.Methods) > sip.Methods || len(s.Transactions) > maxTransactions {
		return fmt.Errorf("%d hops, %d attempts, %d methods, %d transactions", len(s.Hops), len(s.Attempts), len(s.Methods), len(s.Transactions))
	}
	methods := true
	method := func(m uint8) sip.Method {
		methods = methods && int(m) < sip.Methods
		return sip.Method(m)
	}
	for i, a := range s.Answers {
		c.answers[i] = answerRound{cseq: a.CSeq, round: a.Round, status: a.Status, method: method(a.Method)}
	}
	times := true
	for _, h := range s.Hops {
		times = times && timely(h.At)
		c.Hops = append(c.Hops, Hop{ends.read(h.Src), ends.read(h.Dst), h.At})
	}
	for _, a := range s.Attempts {
		times = times && timely(a.At)
		c.Attempts = append(c.Attempts, Attempt{int(a.Status), a.At})
	}
	for _, m := range s.Methods {
		c.Methods = append(c.Methods, MethodCount{method(m.Method), int(m.Count)})
	}
	for _, t := range s.Transactions {
		c.transactions = append(c.transactions, transaction{
			branch: t.Branch, cseq: t.CSeq, round: t.Round, attempt: t.Attempt, status: t.Status, vias: t.Vias,
			method: method(t.Method), fromCaller: t.FromCaller, offer: t.Offer, src: ends.read(t.Src), dst: ends.read(t.Dst),
		})
	}
	if !methods || !times {
		return errors.New("a method or a time that there is not")
	}
	return nil
}

// fill sets what version 1 did not have.
func (s *callMore) fill(c *Call) error {
	c.Transport, c.Group = sip.Transport(s.Transport), Group{string(s.GroupMethod), string(s.GroupName)}
	c.lifeAt, c.IdentityAt, c.byeKept = s.LifeAt, s.IdentityAt, s.ByeKept
	if !timely(s.LifeAt) || !timely(s.IdentityAt) || c.Transport.String() == "" || len(s.Tunnels) > tunnel.MaxDepth || len(s.GroupMethod)+len(s.GroupName) > sip.MaxValue {
		return fmt.Errorf("transport %d, %d tunnels, a group of %d octets", s.Transport, len(s.Tunnels), len(s.GroupName))
	}
	if !c.Text.fillConflicts(s.Conflicts) {
		return errors.New("more values of a header field than a call keeps")
	}
	for i := range s.Tunnels {
		t := &s.Tunnels[i]
		c.Tunnels = append(c.Tunnels, tunnel.Header{Type: tunnel.Type(t.Type), HasID: t.HasID, ID: t.ID, Src: t.Src, Dst: t.Dst})
		if c.Tunnels[i].Type.String() == "" {
			return fmt.Errorf("a tunnel of type %d", t.Type)
		}
	}
	if l := s.Location; l != nil {
		const most = 256 // of a text of pidf.Location
		if len(l.Country) > most || len(l.A1) > most || len(l.A3) > most || len(l.Method) > most {
			return errors.New("a place with too long a name")
		}
		c.Location = &pidf.Location{
			HasPoint: l.HasPoint, Latitude: l.Latitude, Longitude: l.Longitude, RadiusM: l.RadiusM,
			Country: string(l.Country), A1: string(l.A1), A3: string(l.A3), Method: string(l.Method),
		}
	}
	return nil
}

// fill puts the values into a slab of their own.
func (s *textState) fill(t *Text) error {
	if len(s.Fields) > int(numFields) || len(s.Vias) > maxVias || len(s.Redirects) > maxRedirects {
		return fmt.Errorf("%d header fields, %d Vias, %d redirections", len(s.Fields), len(s.Vias), len(s.Redirects))
	}
	size := 0
	for _, list := range [...][][]byte{s.Fields, s.Vias} {
		for _, v := range list {
			size += len(v)
		}
	}
	for _, r := range s.Redirects {
		size += len(r.Value) + len(r.Reason)
	}
	if size > maxSlab {
		return fmt.Errorf("%d octets of text, at most %d", size, maxSlab)
	}
	t.slab = make([]byte, 0, size)
	put := func(v []byte) (e extent) {
		t.put(&e, func(dst []byte) []byte { return append(dst, v...) })
		return e
	}
	for f, v := range s.Fields {
		t.fields[f] = put(v)
	}
	for _, v := range s.Vias {
		t.vias = append(t.vias, put(v))
	}
	for _, r := range s.Redirects {
		if r.Source >= uint8(numSources) {
			return fmt.Errorf("redirection by %d", r.Source)
		}
		t.redirects = append(t.redirects, redirection{source(r.Source), put(r.Value), put(r.Reason)})
	}
	t.full = s.Full
	return nil
}
