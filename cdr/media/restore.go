package media

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"calltrail/decode"
)

// Restore fills in s from a state that was kept before the program was started again, and publishes its addresses, as if
// they had been announced then. Sessions may come in any order, all of them before the first event of a Table: streams that
// are open already do not find them. After an error s is unchanged and the state is damaged.
func (x *Index) Restore(s *Session, st *SessionState, more *SessionMore) error {
	r, err := st.session()
	if err != nil {
		return err
	}
	if !timely(more.Last) || !timely(more.MovedAt) || len(more.After) > maxObserved {
		return fmt.Errorf("media until %d, moved at %d, %d streams after the end", more.Last, more.MovedAt, len(more.After))
	}
	if len(more.After) > 0 && st.Ended {
		r.doubt = &doubt{from: math.MaxInt64} // until Doubt says more
		if r.doubt.observed, err = observedOfStates(more.After); err != nil {
			return err
		}
	}
	r.last, r.movedAt, r.held, r.wasHeld = more.Last, more.MovedAt, more.Held, more.WasHeld
	*s = *r
	for _, b := range s.bindings {
		b.session = s
		if !b.hidden {
			x.republish(b)
		} else if from := s.sources[b.party]; b.main && len(from) > 0 && !private(from[0].AddrPort().Addr()) {
			b.behind = &address{Endpoint: decode.Endpoint{IP: from[0].IP, Port: b.at.Port}}
			x.publishBehind(b, b.from)
		}
	}
	s.judge()
	return nil
}

// republish is publish at the time b.from.
func (x *Index) republish(b *binding) {
	list := x.bindings[b.at]
	for _, o := range list {
		if o.session != b.session {
			o.yield(b)
			b.yield(o)
		}
	}
	i, _ := slices.BinarySearchFunc(list, b.from+1, func(o *binding, from int64) int { return cmp.Compare(o.from, from) })
	x.bindings[b.at] = share(slices.Insert(list, i, b), maxSharing)
}

// yield ends a binding that had been released before next was announced: the port had a new user from then on.
func (b *binding) yield(next *binding) {
	if b.until != noCut && b.until-Linger <= next.from {
		b.until = min(b.until, next.from)
	}
}

// supersede ends a binding that holds. A restored session that has shown no sign of life since may have ended while nobody looked. When another call announces one
// of its addresses, that is the new user's, unless both were announced within Probation: legs of one call share addresses,
// and begin together.
func (x *Index) supersede(o *binding, now int64) {
	if o.session.unheard && o.from < now-Probation {
		x.release(o, now)
		o.until = now
	}
}
