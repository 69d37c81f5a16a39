package media

import (
	"calltrail/decode"
)

// A stream that is media, and that nobody has announced for Probation, is told of as Lone: no SDP to come would claim it from
// its beginning.

// NextTimer is the time of the next timer; ok is false when there is none.
func (x *Index) NextTimer() (at int64, ok bool) {
	at, _, ok = x.lone.Next()
	return at, ok
}

// Advance tells of the streams whose time has come before now.
func (x *Index) Advance(now int64) {
	for {
		at, _, ok := x.lone.Next()
		if !ok || at >= now {
			return
		}
		_, st := x.lone.Pop()
		st.waits = false
		x.Lone(st.id, st.flow, st.first, at)
	}
}

// await gives a stream that was found to be media the time to be announced.
func (x *Index) await(st *stream, now int64) {
	if x.Lone == nil || st.waits || st.foreign || len(st.claims) > 0 {
		return
	}
	st.waits = true
	x.lone.Push(max(st.first+Probation, now), st.flow.order(), st)
}

// found ends await.
func (x *Index) found(st *stream) {
	if st.waits {
		st.waits = false
		x.lone.Remove(int(st.position))
	}
}

// order is a number by which flows that are due at the same time are told of in the same order, whichever worker saw them
// (FNV-1a).
func (f *Flow) order() uint64 {
	h := uint64(14695981039346656037)
	add := func(v uint64, octets int) {
		for range octets {
			h = (h ^ v&0xff) * 1099511628211
			v >>= 8
		}
	}
	for _, e := range [...]*decode.Endpoint{&f.Src, &f.Dst} {
		for _, b := range e.IP {
			add(uint64(b), 1)
		}
		add(uint64(e.Port), 2)
	}
	add(uint64(f.Scope), 4)
	add(uint64(f.SSRC), 4)
	return h
}

// Belongs says that a conversation between a and b is a call's whose signalling was seen: one end is an address that a party
// announced, in a call that is not forgotten yet, or the call has a stream between them.
func (x *Index) Belongs(a, b decode.Endpoint, scope uint32) bool {
	ends := [...]decode.Endpoint{a, b}
	for i, e := range ends {
		at := scoped(e, scope)
		if len(x.bindings[at]) > 0 {
			return true
		}
		for _, hidden := range x.behind[at] {
			if hidden.hidden && hidden.session.signals(hidden.party.Other(), ends[1-i].IP) {
				return true
			}
		}
	}
	for _, st := range x.waiting[scoped(a, scope)] {
		if len(st.claims) > 0 && (st.flow.Src == a && st.flow.Dst == b || st.flow.Src == b && st.flow.Dst == a) {
			return true
		}
	}
	return false
}
