package flow

import (
	"bytes"
	"net/netip"

	"calltrail/decode"
	"calltrail/decode/app"
	"calltrail/decode/stun"
)

// stun takes from a STUN message what it says of the flow. depth is 1 for a message that TURN carries: it says nothing of who asks
// whom between the flow's own ends.
func (t *Table) stun(e *entry, m *stun.Message, depth int) (what kind, inner []byte, innerLen int) {
	method, class := m.Method(), m.Class()
	src, dst := t.src, t.dst
	if depth > 0 {
		src, dst = 0, 0 // its ports are others
	} else {
		t.ask(e, class)
	}
	e.learnMarks(app.STUN(m, src, dst))
	if method == stun.Binding && class == stun.Request && isICE(m) {
		e.Facts |= ICE
		e.mark(app.WebRTCICE)
		e.credential(m)
	}
	if class == stun.Success {
		t.learn(e, Mapped, m.Mapped)
	}
	switch method {
	case stun.Allocate, stun.Refresh, stun.Send, stun.Data, stun.CreatePermission, stun.ChannelBind:
		if depth > 0 {
			break
		}
		e.Facts |= TURN
		if method == stun.Allocate && class == stun.Success {
			e.Facts |= Allocated
			if t.side == down && e.sides[up].asked { // the server's answer: whoever asks may say anything
				t.learn(e, Relayed, m.Relayed)
			}
		}
		t.learn(e, Peer, m.Peer)
		if class == stun.Indication && m.Data != nil {
			return t.carried(e, m.Data, m.DataLen)
		}
	default:
	}
	return kindNone, nil, 0
}

// ask notes a request or the answer to one.
func (t *Table) ask(e *entry, class stun.Class) {
	switch class {
	case stun.Request:
		if !e.fixed {
			e.fixed = true
			if t.side == down && !e.everTold {
				e.turn()
				t.side = up
			}
		}
		e.Facts |= Asked
		e.sides[t.side].asked = true
	case stun.Success, stun.Failure:
		if e.sides[up+down-t.side].asked {
			e.Facts |= Answered
		}
	case stun.Indication:
	}
}

// isICE says that a Binding request is a connectivity check (RFC 8445 section 7.1).
func isICE(m *stun.Message) bool {
	return m.Username != nil && (m.Has(stun.AttrPriority) || m.Has(stun.AttrUseCandidate) || m.Has(stun.AttrICEControlled) ||
		m.Has(stun.AttrICEControlling))
}

// credential keeps a hash of an ICE session's two user name fragments. After a restart of ICE it is that of the new ones.
func (e *entry) credential(m *stun.Message) {
	local, remote, ok := m.Credentials()
	if !ok {
		return
	}
	if bytes.Compare(local, remote) > 0 {
		local, remote = remote, local
	}
	if h := fnv(fnv(fnvOffset, local), remote); h != e.Credential {
		e.Credential, e.news = h, true
	}
}

// FNV-1a, 64 bits. Each part ends with an octet that is in no fragment.
const (
	fnvOffset = 0xcbf29ce484222325
	fnvPrime  = 0x100000001b3
)

func fnv(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return (h ^ ':') * fnvPrime
}

// learnMarks adds marks.
func (e *entry) learnMarks(m app.Marks) {
	before := e.Marks
	if e.Marks.Join(m); e.Marks != before {
		e.news = true
	}
}

// learn keeps an address that a message named. When there is no room, one that says more of the client itself takes the place
// of the newest peer's.
func (t *Table) learn(e *entry, role Role, address netip.AddrPort) {
	a := address.Addr()
	if !address.IsValid() || address.Port() == 0 || a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() {
		return
	}
	end := decode.EndpointOf(address)
	if end == e.Client || end == e.Server {
		return
	}
	known := e.Learned[:e.NumLearned]
	for i := range known {
		if known[i].End == end {
			return
		}
	}
	if e.NumLearned < MaxLearned {
		e.Learned[e.NumLearned] = Learned{role, end}
		e.NumLearned++
		e.news = true
		return
	}
	if role != Peer {
		for i := len(known) - 1; i >= 0; i-- {
			if known[i].Role == Peer {
				known[i] = Learned{role, end}
				e.news = true
				return
			}
		}
	}
	t.Stats.Unlearned++
}
