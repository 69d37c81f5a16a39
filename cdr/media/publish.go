package media

import "slices"

// publish lets a binding be found by its address, or where it may be met behind its NAT, and looks for the streams that are
// there already.
func (x *Index) publish(b *binding, now int64) {
	if b.hidden {
		x.publishBehind(b, now)
		return
	}
	list := x.bindings[b.at]
	for _, o := range list {
		switch {
		case o.session == b.session:
		case o.until != noCut:
			o.until = min(o.until, now) // the port has a new user: what begins now is not the old one's
		default:
			x.supersede(o, now)
		}
	}
	x.bindings[b.at] = append(share(list, maxSharing-1), b)
	for _, st := range x.waiting[b.at] {
		switch {
		case st.over() && !st.leaveAll():
			// The media of a call before this one: what comes after its last 2 s is counted anew.
		case st.first < now-Probation:
			// Too old to have begun for this call: what comes from now on may be its media, counted anew.
			x.Commands = append(x.Commands, Command{st.id, now + Linger})
		default:
			x.match(st, now)
		}
	}
}

// share leaves the newest ones, at most n, of those who announced one address.
func share(list []*binding, n int) []*binding {
	if len(list) <= n {
		return list
	}
	list[0].hidden, list[0].session.Overflow = true, true
	return slices.Delete(list, 0, 1)
}

// over says that the stream belonged to calls, and that all of them have ended.
func (st *stream) over() bool {
	return len(st.claims) > 0 && !slices.ContainsFunc(st.claims, func(c claim) bool { return !c.session.ended })
}

func (x *Index) unpublish(b *binding) {
	if !b.hidden {
		without(x.bindings, b.at, b)
	}
	if b.behind != nil {
		without(x.behind, *b.behind, b)
		b.behind = nil
	}
}

func (x *Index) release(b *binding, now int64) {
	b.until = now + Linger
	for _, st := range b.session.claimed {
		for i := range st.claims {
			if c := &st.claims[i]; c.receiver == b || c.receiver == nil && c.source == b {
				x.Commands = append(x.Commands, Command{st.id, b.until})
			}
		}
	}
}

// without takes v out of m[k]; the key goes with its last value.
func without[K, V comparable](m map[K][]V, k K, v V) {
	list := m[k]
	i := slices.Index(list, v)
	switch {
	case i < 0:
	case len(list) == 1:
		delete(m, k)
	default:
		m[k] = slices.Delete(list, i, i+1)
	}
}
