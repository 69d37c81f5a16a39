package subscriber

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"
)

// slack is by how much two ways to tell one time may differ: Acct-Session-Time and Event-Timestamp are whole seconds.
const slack = 2 * time.Second

// key names the rows and events that tell of one address of one session.
type key struct {
	session string
	address netip.Prefix
}

// alive is how often it is kept that a session was heard of.
const alive = time.Hour

func (a *assignment) key() key { return key{a.session, a.address} }

// segment is an assignment while events are folded into it.
type segment struct {
	assignment
	stored  uuid.UUID // row it stands for; zero: none yet
	changed bool
}

// fold makes rows of the events of one key, given the rows that hold in the database. A session that the events say nothing
// new of makes none; one that they say more of makes a row that supersedes the stored one. wrong gets events that cannot be
// understood.
func fold(stored []assignment, events []*event, wrong func(line int, reason string)) []assignment {
	segments := make([]*segment, 0, len(stored)+1)
	for _, a := range stored {
		segments = append(segments, &segment{assignment: a, stored: a.id})
	}
	slices.SortStableFunc(events, func(a, b *event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.kind, b.kind)) })
	for _, e := range events {
		var fresh *segment
		switch e.kind {
		case start:
			fresh = foldStart(segments, e)
		case interim:
			fresh = foldInterim(segments, e)
		case stop:
			var ok bool
			if fresh, ok = foldStop(segments, e); !ok {
				wrong(e.line, "Stop of a session of which no Start was imported, here or before; add the column Acct-Session-Time, or import the earlier file first")
			}
		case span:
			fresh = foldSpan(segments, e)
		}
		if fresh != nil {
			segments = append(segments, fresh)
		}
	}
	var list []assignment
	for _, s := range segments {
		if !s.changed {
			continue
		}
		s.supersedes = s.stored
		s.identify()
		list = append(list, s.assignment)
	}
	return list
}

// touch notes that e says something new of s.
func (s *segment) touch(e *event) {
	s.changed = true
	s.line = e.line
	s.fill(e.holder)
}

// begun is a new segment that begins at from.
func (e *event) begun(from time.Time, seen bool) *segment {
	s := &segment{assignment: e.assignment, changed: true}
	s.from, s.until, s.startSeen, s.lastSeen = from, time.Time{}, seen, e.at
	return s
}

// foldStart opens a session, unless it is known: a Start may be repeated, or come after what it began.
func foldStart(segments []*segment, e *event) *segment {
	var next *segment // the first that was heard of after the Start
	for _, s := range segments {
		switch {
		case s.from.Sub(e.at).Abs() <= slack:
			if !s.startSeen {
				s.startSeen = true
				s.touch(e)
			}
			return nil
		case !s.open() && s.holds(e.at):
			return nil
		case s.from.After(e.at) && (next == nil || s.from.Before(next.from)):
			next = s
		}
	}
	if next != nil && !next.startSeen {
		next.from, next.startSeen = e.at, true
		next.touch(e)
		return nil
	}
	return e.begun(e.at, true)
}

// foldInterim says that a session is alive, and begins one whose Start was not seen.
func foldInterim(segments []*segment, e *event) *segment {
	if s := at(segments, e.at); s != nil {
		// Each row is one more to look at for all who ask, and updates come every few minutes: that a session is alive is kept hourly.
		before := s.holder
		if s.fill(e.holder); s.holder != before || s.changed && e.at.After(s.lastSeen) || e.at.Sub(s.lastSeen) >= alive {
			s.lastSeen = e.at
			s.touch(e)
		}
		return nil
	}
	if e.elapsed >= 0 {
		return e.begun(e.at.Add(-e.elapsed), true)
	}
	return e.begun(e.at, false)
}

// foldStop ends a session. A session of no whole second is one second long, or nobody would ever have had the address.
func foldStop(segments []*segment, e *event) (*segment, bool) {
	var found *segment
	for _, s := range segments {
		switch {
		case !s.open() && s.until.Sub(e.at).Abs() <= slack:
			return nil, true // repeated
		case s.open() && !s.from.After(e.at.Add(slack)) && (found == nil || s.from.After(found.from)):
			found = s
		case !s.open() && s.holds(e.at):
			return nil, true // it went on after this, as another Stop says
		}
	}
	fresh := (*segment)(nil)
	if found == nil {
		if e.elapsed < 0 {
			return nil, false
		}
		fresh = e.begun(e.at.Add(-e.elapsed), true)
		found = fresh
	}
	found.until = e.at
	if !found.until.After(found.from) {
		found.until = found.from.Add(time.Second)
	}
	found.lastSeen = found.until
	found.touch(e)
	return fresh, true
}

// foldSpan takes a row with beginning and end. Of two that differ in the end the later one holds, but an end that is known
// is not forgotten for one that is not.
func foldSpan(segments []*segment, e *event) *segment {
	for _, s := range segments {
		// Two subscribers are two rows: who_used shows both, with a remark.
		if !s.from.Equal(e.from) || s.ports != e.ports || s.subscriber != "" && e.subscriber != "" && s.subscriber != e.subscriber {
			continue
		}
		if !e.open() && !s.until.Equal(e.until) {
			s.until, s.lastSeen = e.until, e.until
			s.touch(e)
		}
		before := s.holder
		if s.fill(e.holder); s.holder != before {
			s.touch(e)
		}
		return nil
	}
	return &segment{assignment: e.assignment, changed: true}
}

// at is the segment that holds at t, of several the one that began last; nil: none.
func at(segments []*segment, t time.Time) *segment {
	var found *segment
	for _, s := range segments {
		if s.holds(t) && (found == nil || s.from.After(found.from)) {
			found = s
		}
	}
	return found
}
