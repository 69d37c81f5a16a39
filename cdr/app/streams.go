package app

import (
	"bytes"
	"cmp"
	"slices"

	"calltrail/cdr/media"
	"calltrail/decode"
)

// Owns says that RTP between two ends is media of a call that is told of here, or of one that signalling announced: it is no call
// of its own. Media in a conversation that shows no call yet, such as that of one side alone, is not owned: it would be lost.
func (t *Sessions) Owns(src, dst decode.Endpoint, scope uint32) bool {
	for _, m := range t.index.pairs[pairOf(src, dst, scope)] {
		if m.session.media || m.session.signalled {
			return true
		}
	}
	return false
}

// Stream takes in a stream of RTP that has been closed, and says whether it is media of a call that Owns. It keeps no pointer to it.
func (t *Sessions) Stream(o *media.Observed) bool {
	var of *session
	for _, m := range t.index.pairs[pairOf(o.Flow.Src, o.Flow.Dst, o.Flow.Scope)] {
		// Of conversations that followed one another between the same ends the newest that is not later than the stream.
		if (m.session.media || m.session.signalled) && (of == nil || m.flow.First <= o.Last) {
			of = m.session
		}
	}
	if of == nil {
		return false
	}
	t.Stats.Streams++
	t.keep(of, o)
	return true
}

// keep sums a stream into those of a session.
func (t *Sessions) keep(s *session, o *media.Observed) {
	for i := range s.streams {
		if st := &s.streams[i]; st.Flow == o.Flow {
			st.Sum(o)
			return
		}
	}
	if len(s.streams) >= MaxStreams {
		s.overflow = true
		t.Stats.Unkept++
		return
	}
	s.streams = append(s.streams, *o)
}

func compareStreams(a, b media.Observed) int {
	return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Flow.SSRC, b.Flow.SSRC),
		bytes.Compare(a.Flow.Src.IP[:], b.Flow.Src.IP[:]), cmp.Compare(a.Flow.Src.Port, b.Flow.Src.Port),
		bytes.Compare(a.Flow.Dst.IP[:], b.Flow.Dst.IP[:]), cmp.Compare(a.Flow.Dst.Port, b.Flow.Dst.Port))
}

// streamsOf returns a copy of a session's streams in order.
func (s *session) streamsOf() []media.Observed {
	list := slices.Clone(s.streams)
	slices.SortFunc(list, compareStreams)
	return list
}
