package dialog

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"calltrail/cdr/media"
)

var (
	snapshotEncoder = must(cbor.EncOptions{}.UserBufferEncMode())
	snapshotDecoder = must(cbor.DecOptions{
		MaxArrayElements: 64, MaxNestedLevels: 8, MaxMapPairs: 16, IndefLength: cbor.IndefLengthForbidden,
		TagsMd: cbor.TagsForbidden, NaN: cbor.NaNDecodeForbidden, Inf: cbor.InfDecodeForbidden,
	}.DecMode())
)

// must is for options that are constants.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above are wrong
	}
	return v
}

// AppendSnapshot appends the call's snapshot to dst; Table.Restore reads it. A call that was answered and has its final
// record and an end that both sides agreed to leaves only enough to know its late messages by. Of a Table's calls none
// is too long.
func (c *Call) AppendSnapshot(dst []byte) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	head := c.Key().head()
	head.Order, head.Forget = c.order, c.forgetAt
	if err := snapshotEncoder.MarshalToBuffer(&head, b); err != nil {
		return dst, fmt.Errorf("write the snapshot of a call: %w", err)
	}
	state, more := c.snapshot(), c.more()
	if err := errors.Join(snapshotEncoder.MarshalToBuffer(&state, b), snapshotEncoder.MarshalToBuffer(&more, b)); err != nil {
		return dst, fmt.Errorf("write the snapshot of a call: %w", err)
	}
	if n := b.Len() - len(dst); n > maxSnapshot {
		return dst, fmt.Errorf("write the snapshot of a call: %d octets, at most %d", n, maxSnapshot)
	}
	return b.Bytes(), nil
}

// Append appends the key to dst; ParseKey reads it.
func (k Key) Append(dst []byte) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	head := k.head()
	if err := snapshotEncoder.MarshalToBuffer(&head, b); err != nil {
		return dst, fmt.Errorf("write the key of a call: %w", err)
	}
	return b.Bytes(), nil
}

// ParseKey reads what Key.Append wrote, or the key of a snapshot.
func ParseKey(body []byte) (Key, error) {
	head, _, err := readHead(body)
	return head.key(), err
}

func (k Key) head() snapshotHead {
	return snapshotHead{
		Version: Version, CallID: []byte(k.CallID), FirstTag: []byte(k.FromTag), Branch: []byte(k.Branch), Started: k.Started,
	}
}

func (h *snapshotHead) key() Key {
	return Key{string(h.CallID), string(h.FirstTag), string(h.Branch), h.Started}
}

func readHead(body []byte) (h snapshotHead, rest []byte, err error) {
	if len(body) > maxSnapshot {
		return h, nil, fmt.Errorf("snapshot of a call: %d octets, at most %d", len(body), maxSnapshot)
	}
	rest, err = snapshotDecoder.UnmarshalFirst(body, &h)
	switch {
	case err != nil:
		return h, nil, fmt.Errorf("snapshot of a call: %w", err)
	case h.Version < firstVersion || h.Version > Version:
		return h, nil, fmt.Errorf("snapshot of a call: version %d, this program reads versions %d to %d", h.Version, firstVersion, Version)
	case h.Forget < 0:
		return h, nil, errors.New("snapshot of a call: forgotten before 1970")
	}
	return h, rest, nil
}

// maxSnapshot bounds a snapshot in octets. A call at all its bounds takes about half of it.
const maxSnapshot = 96 << 10

func (c *Call) snapshot() callState {
	s := callState{
		FromTag: []byte(c.FromTag), ToTag: []byte(c.ToTag), Forked: c.Forked, Done: c.Done,
		Ringing: c.Ringing, Answered: c.Answered, Ended: c.Ended, LastSeen: c.LastSeen,
		Cancelled: c.cancelled, EndedNow: c.endedNow, LowAt: c.lowAt,
		Src: media.EndOf(c.Src), Dst: media.EndOf(c.Dst), SrcVia: media.EndOf(c.SrcVia), VLAN: c.VLAN, VLANs: c.VLANs, Tap: c.Tap,
		Status: int32(c.Status), Q850: int32(c.Q850), EndedBy: uint8(c.EndedBy), //nolint:gosec // at most 699, and 127
		Flags: uint32(c.Flags), Anomalies: uint32(c.Anomalies), Seen: c.Seen,
		Revision: uint32(c.Revision), State: uint8(c.state), ByeStatus: c.byeStatus, LowStatus: c.lowStatus, //nolint:gosec // counted from 0
		Acked: c.acked, Viewed: c.viewed, Invited: c.invited, EndKept: c.endKept,
		Attempt: c.attempt, InviteSeq: c.inviteSeq, Rounds: c.rounds, InviteVias: c.inviteVias, SrcVias: c.srcVias,
		CheckpointAt: c.checkpointAt, TimeoutAt: c.timeoutAt, FinalAt: c.finalAt, KeepAt: c.keepAt,
	}
	if c.over() {
		return s
	}
	for i, a := range c.answers {
		s.Answers[i] = answerState{CSeq: a.cseq, Round: a.round, Status: a.status, Method: uint8(a.method)}
	}
	for _, h := range c.Hops {
		s.Hops = append(s.Hops, hopState{Src: media.EndOf(h.Src), Dst: media.EndOf(h.Dst), At: h.At})
	}
	for _, a := range c.Attempts {
		s.Attempts = append(s.Attempts, attemptState{Status: int32(a.Status), At: a.At}) //nolint:gosec // at most 699
	}
	for _, m := range c.Methods {
		s.Methods = append(s.Methods, methodState{Method: uint8(m.Method), Count: uint32(m.Count)}) //nolint:gosec // of messages
	}
	for i := range c.transactions {
		t := &c.transactions[i]
		s.Transactions = append(s.Transactions, transactionState{
			Branch: t.branch, CSeq: t.cseq, Round: t.round, Attempt: t.attempt, Status: t.status, Vias: t.vias,
			Method: uint8(t.method), FromCaller: t.fromCaller, Offer: t.offer, Src: media.EndOf(t.src), Dst: media.EndOf(t.dst),
		})
	}
	s.Text = c.Text.snapshot()
	s.Media = c.Media.State()
	return s
}

func (c *Call) more() callMore {
	m := callMore{
		Transport: uint8(c.Transport), GroupMethod: []byte(c.Group.Method), GroupName: []byte(c.Group.Name),
		LifeAt: c.lifeAt, IdentityAt: c.IdentityAt, ByeKept: c.byeKept,
	}
	for i := range c.Tunnels {
		h := &c.Tunnels[i]
		m.Tunnels = append(m.Tunnels, tunnelState{Type: uint8(h.Type), HasID: h.HasID, ID: h.ID, Src: h.Src, Dst: h.Dst})
	}
	if l := c.Location; l != nil {
		m.Location = &locationState{
			HasPoint: l.HasPoint, Latitude: l.Latitude, Longitude: l.Longitude, RadiusM: l.RadiusM,
			Country: []byte(l.Country), A1: []byte(l.A1), A3: []byte(l.A3), Method: []byte(l.Method),
		}
	}
	if !c.over() {
		m.Media = c.Media.More(max(c.keepAt-int64(SaveEvery), c.LastSeen))
		if lists := c.Text.conflicts; lists != nil {
			m.Conflicts = lists[:]
		}
	}
	return m
}

func (t *Text) snapshot() textState {
	s := textState{Full: t.full, Fields: make([][]byte, numFields)}
	for f := range t.fields {
		s.Fields[f] = t.at(t.fields[f])
	}
	for _, v := range t.vias {
		s.Vias = append(s.Vias, t.at(v))
	}
	for _, r := range t.redirects {
		s.Redirects = append(s.Redirects, redirectState{Source: uint8(r.source), Value: t.at(r.value), Reason: t.at(r.reason)})
	}
	return s
}
