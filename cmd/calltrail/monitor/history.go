package monitor

import (
	"slices"
	"time"

	"calltrail/cmd/calltrail/monitor/status"
)

// recentSpan is what "recent" means: long enough to be read by a person, short enough that yesterday's drops are not in it.
const recentSpan = 5 * time.Minute

// moment is what had been counted at a time.
type moment struct {
	at      time.Time
	taps    map[string]status.Seen
	evicted uint64
}

// history holds the moments of the recent past, oldest first; the first may be a little older.
type history struct{ moments []moment }

func (h *history) add(m moment) {
	keep := 0
	for keep+1 < len(h.moments) && m.at.Sub(h.moments[keep+1].at) >= recentSpan {
		keep++
	}
	h.moments = append(h.moments[:0], h.moments[keep:]...)
	h.moments = append(h.moments, m)
}

// before is the newest moment that is at least span old, or the oldest there is.
func (h *history) before(now time.Time, span time.Duration) (moment, bool) {
	for i, m := range slices.Backward(h.moments) {
		if i == 0 || now.Sub(m.at) >= span {
			return m, true
		}
	}
	return moment{}, false
}

// growth measures how fast the spool is written. What trimming takes away is not counted back, and the time in which it
// did is left out.
type growth struct {
	at      time.Time
	bytes   int64
	written int64         // octets, over counted
	counted time.Duration // without the intervals of trims
	marks   []growthMark  // one a minute, of at most a day
}

type growthMark struct {
	written int64
	counted time.Duration
}

const (
	growthLeast = 10 * time.Minute // before that a rate says nothing
	growthMost  = 24 * time.Hour   // a day has a busy hour and a night
	growthEvery = time.Minute
)

func (g *growth) add(at time.Time, bytes int64) {
	if g.at.IsZero() {
		g.at, g.bytes = at, bytes
		g.marks = append(g.marks, growthMark{})
		return
	}
	if passed := at.Sub(g.at); passed > 0 && bytes >= g.bytes {
		g.written += bytes - g.bytes
		g.counted += passed
	}
	g.at, g.bytes = at, bytes
	if g.counted-g.marks[len(g.marks)-1].counted >= growthEvery {
		g.marks = append(g.marks, growthMark{g.written, g.counted})
		if len(g.marks) > int(growthMost/growthEvery) {
			g.marks = append(g.marks[:0], g.marks[1:]...)
		}
	}
}

// perSecond is the mean octets a second of at most a day; false before there are ten minutes.
func (g *growth) perSecond() (float64, bool) {
	if len(g.marks) == 0 {
		return 0, false
	}
	first := g.marks[0]
	span := g.counted - first.counted
	if span < growthLeast {
		return 0, false
	}
	return float64(g.written-first.written) / span.Seconds(), true
}

// backlog remembers when the spool reached which number, so that it can say how long the oldest waiting record has
// waited. Numbers from before the start count as of the start.
type backlog struct {
	marks []backlogMark
	apart time.Duration // marks are at least so far from each other
}

type backlogMark struct {
	last uint64
	at   time.Time
}

// backlogMarks bounds the memory: when they are full every second one goes, those to come are twice as far apart, and the
// answer is that much coarser: under three minutes after half a day.
const backlogMarks = 512

func (b *backlog) add(now time.Time, last, acked uint64) {
	done := 0
	for done < len(b.marks) && b.marks[done].last <= acked {
		done++
	}
	b.marks = append(b.marks[:0], b.marks[done:]...)
	if len(b.marks) == 0 {
		b.apart = 0
	}
	if last <= acked {
		return
	}
	if n := len(b.marks); n > 0 && (b.marks[n-1].last >= last || now.Sub(b.marks[n-1].at) < b.apart) {
		return
	}
	if len(b.marks) == backlogMarks {
		b.apart = max(2*b.apart, 2*now.Sub(b.marks[0].at)/backlogMarks)
		half := b.marks[:0]
		for i := 0; i < backlogMarks; i += 2 {
			half = append(half, b.marks[i])
		}
		b.marks = half
	}
	b.marks = append(b.marks, backlogMark{last, now})
}

// oldest is how long the first number above acked has waited at least.
func (b *backlog) oldest(now time.Time, acked uint64) time.Duration {
	for _, m := range b.marks {
		if m.last > acked {
			return max(now.Sub(m.at), 0)
		}
	}
	return 0
}
