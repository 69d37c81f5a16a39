package subscriber

import (
	"cmp"
	"slices"
	"time"
)

// moment is the shortest time that a row can hold: what is left of a session of which only the end was heard.
const moment = time.Microsecond

// foldNAT is fold for translations of a NAT. They are told to the millisecond and begin anew within one second, so nothing is
// taken for a repetition that does not name the same time.
func foldNAT(stored []assignment, events []*event) []assignment {
	segments := make([]*segment, 0, len(stored)+1)
	for _, a := range stored {
		segments = append(segments, &segment{assignment: a, stored: a.id})
	}
	slices.SortStableFunc(events, func(a, b *event) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.kind, b.kind)) })
	for _, e := range events {
		switch e.kind {
		case start:
			if slices.ContainsFunc(segments, func(s *segment) bool { return s.startSeen && s.from.Equal(e.at) }) {
				continue
			}
			if s := endedBefore(segments, e.at); s != nil {
				s.from, s.startSeen = e.at, true
				s.touch(e)
				continue
			}
			segments = append(segments, e.begun(e.at, true))
		case stop:
			segments = endNAT(segments, e)
		case interim, span: // no NAT says so
		}
	}
	return superseding(segments)
}

// overtaken is by how much the end of a translation may come before its beginning: exporters send the two in different messages.
const overtaken = time.Minute

// endedBefore is the translation of which only the end was heard, soon after a beginning that came later; nil: none.
func endedBefore(segments []*segment, begin time.Time) *segment {
	for _, s := range segments {
		if d := s.until.Sub(begin); !s.open() && !s.startSeen && s.until.Sub(s.from) == moment && d > 0 && d <= overtaken {
			return s
		}
	}
	return nil
}

// endNAT ends the newest open translation. One whose beginning was lost holds for the moment before its end, unless the NAT
// says how long it was.
func endNAT(segments []*segment, e *event) []*segment {
	var open *segment
	for _, s := range segments {
		switch {
		case !s.open() && (s.until.Equal(e.at) || s.from.Equal(e.at) && s.until.Equal(e.at.Add(moment))):
			return segments // repeated
		case s.open() && !s.from.After(e.at) && (open == nil || s.from.After(open.from)):
			open = s
		}
	}
	if open == nil {
		from, seen := e.at.Add(-moment), false
		if e.elapsed > 0 {
			from, seen = e.at.Add(-e.elapsed), true
		}
		open = e.begun(from, seen)
		segments = append(segments, open)
	}
	if open.until = e.at; !open.until.After(open.from) {
		open.until = open.from.Add(moment)
	}
	open.lastSeen = open.until
	open.touch(e)
	return segments
}

// foldRADIUS is fold for accounting as it comes: a Stop of which nothing was heard before, and that does not say how long the
// session was, is not refused. It tells whose the address was at its time.
func foldRADIUS(stored []assignment, events []*event) []assignment {
	lost := map[int]bool{}
	list := fold(stored, events, func(line int, _ string) { lost[line] = true })
	if len(lost) == 0 {
		return list
	}
	all := slices.Clone(events)
	for _, e := range events {
		if lost[e.line] && e.kind == stop {
			before := *e
			before.kind, before.at = interim, e.at.Add(-time.Second)
			all = append(all, &before)
		}
	}
	return fold(stored, all, func(int, string) {})
}

// superseding makes rows of the segments that changed.
func superseding(segments []*segment) (list []assignment) {
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
