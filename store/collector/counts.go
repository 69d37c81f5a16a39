package collector

import (
	"context"
	"time"

	"calltrail/store/postgres/subscriber"
)

// Counts is what became of everything that came, since the start. All only grow, but for Waiting and Away.
type Counts struct {
	Listeners []ListenerCounts
	// Rows is how many rows of calltrail.assignment were made; Superseding of them replace one that was there.
	Rows, Superseding uint64
	// Unstorable are events that Postgres does not take, Lost those that were still queued when the program ended.
	Unstorable, Lost uint64
	// Attempts counts the transactions that were tried.
	Attempts uint64
	// Waiting are the events that are not kept yet.
	Waiting int
	// Away says that the last attempt to store failed.
	Away bool
}

// ListenerCounts are those of one protocol.
type ListenerCounts struct {
	Via subscriber.Via
	// Received are datagrams; Refused of them came from elsewhere than the allowed prefixes. Overflown were dropped by the kernel
	// before they could be read.
	Received, Refused, Overflown uint64
	// Events is what was understood; Dropped of these found no room in the queue. Ignored records or lines tell of no address, Malformed
	// could not be understood, or not be verified.
	Events, Dropped, Ignored, Malformed uint64
	// Answered are accounting requests that were answered, Unsent those whose answer the socket did not take.
	Answered, Unsent uint64
}

// Counts may be called from any goroutine.
func (c *Collector) Counts() Counts {
	w := c.writer
	s := Counts{
		Rows: w.stored.Load(), Superseding: w.superseding.Load(), Unstorable: w.unstorable.Load(), Lost: w.lost.Load(),
		Attempts: w.tries.Load(), Waiting: w.waiting(), Away: w.away.Load(),
	}
	for _, l := range c.listeners {
		n := &l.counts
		s.Listeners = append(s.Listeners, ListenerCounts{
			Via: l.via, Received: n.received.Load(), Refused: n.refused.Load(), Overflown: n.overflown.Load(),
			Events: n.events.Load(), Dropped: n.dropped.Load(), Ignored: n.ignored.Load(), Malformed: n.malformed.Load(),
			Answered: n.answered.Load(), Unsent: n.unsent.Load(),
		})
	}
	return s
}

// reportEvery is how often losses are logged, while there are any.
const reportEvery = time.Minute

// report logs what was lost since the last time, a line for each protocol, until ctx ends.
func (c *Collector) report(ctx context.Context) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	last := c.Counts()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := c.Counts()
		for i, l := range now.Listeners {
			was := last.Listeners[i]
			if l.Dropped+l.Overflown+l.Malformed+l.Refused == was.Dropped+was.Overflown+was.Malformed+was.Refused {
				continue
			}
			c.cfg.Logger.Warn().Str("via", string(l.Via)).Uint64("dropped", l.Dropped-was.Dropped).Uint64("dropped_by_kernel", l.Overflown-was.Overflown).
				Uint64("malformed", l.Malformed-was.Malformed).Uint64("refused", l.Refused-was.Refused).Msg("some of what came was not kept")
		}
		last = now
	}
}
