package collector

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store/postgres/subscriber"
)

const (
	// batchEvents is the most that one transaction keeps, but for one datagram more. gather is how long the first waits for company.
	batchEvents = 2000
	gather      = 100 * time.Millisecond
	// attempt bounds one try to store, so that the writer's rounds go on while Postgres does not answer; pause is before the next.
	attempt = 15 * time.Second
	pause   = time.Second
	// farewell is how long what is queued is still written at the end.
	farewell = 10 * time.Second
)

// item is what one datagram said. kept is called once it is committed.
type item struct {
	events []subscriber.Event
	kept   func()
}

// writer is the queue, and the goroutine behind it. Any goroutine may put.
type writer struct {
	sink Sink
	log  zerolog.Logger
	most int // events in the queue

	mu     sync.Mutex // guards what follows
	queue  []item
	queued int // events in queue, and in the batch that is being stored
	closed bool
	wake   chan struct{} // holds one token when something was put, or it was closed

	turns                                        atomic.Uint64
	stored, superseding, unstorable, lost, tries atomic.Uint64
	away                                         atomic.Bool // the last attempt failed
}

func newWriter(sink Sink, most int, log zerolog.Logger) *writer {
	return &writer{sink: sink, most: most, log: log, wake: make(chan struct{}, 1)}
}

// put queues an item, unless there is no room.
func (w *writer) put(i item) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.queued+len(i.events) > w.most {
		return false
	}
	w.queue, w.queued = append(w.queue, i), w.queued+len(i.events)
	w.ring()
	return true
}

func (w *writer) ring() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// close lets run end when the queue is empty.
func (w *writer) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.ring()
}

// waiting is how many events are not kept yet.
func (w *writer) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.queued
}

// take gives the next batch; done says that there will be none.
func (w *writer) take() (batch []item, done bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, events := 0, 0
	for n < len(w.queue) && events < batchEvents {
		events += len(w.queue[n].events)
		n++
	}
	batch = append(batch, w.queue[:n]...)
	clear(w.queue[:n])
	if w.queue = w.queue[n:]; len(w.queue) == 0 {
		w.queue = nil // lets go of the array
	}
	return batch, w.closed && n == 0
}

// run stores until the queue is closed and empty. After ctx has ended it has farewell for what is left.
func (w *writer) run(ctx context.Context) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, cancel) })
	defer stop()
	tick := time.NewTicker(readPatience)
	defer tick.Stop()
	for {
		w.turns.Add(1)
		batch, done := w.take()
		switch {
		case done:
			return
		case len(batch) == 0:
			select {
			case <-w.wake:
				if ctx.Err() == nil {
					rest(ctx, gather)
				}
			case <-tick.C:
			}
			continue
		}
		w.keep(last, batch)
	}
}

// keep stores a batch, again and again until it is in, or time is up.
func (w *writer) keep(ctx context.Context, batch []item) {
	events := make([]subscriber.Event, 0, batchEvents)
	for _, i := range batch {
		events = append(events, i.events...)
	}
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.queued -= len(events)
	}()
	for ctx.Err() == nil {
		w.turns.Add(1)
		w.tries.Add(1)
		within, cancel := context.WithTimeout(ctx, attempt)
		s, err := w.sink.Store(within, events)
		cancel()
		if err == nil {
			w.kept(batch, s)
			return
		}
		if subscriber.Unstorable(err) {
			w.split(ctx, batch, err)
			return
		}
		if !w.away.Swap(true) {
			w.log.Error().Err(err).Msg("assignments cannot be stored; they are kept and tried again")
		}
		rest(ctx, pause)
	}
	w.lost.Add(uint64(len(events)))
}

func (w *writer) kept(batch []item, s subscriber.Stored) {
	if w.away.Swap(false) {
		w.log.Info().Msg("assignments are stored again")
	}
	w.stored.Add(uint64(s.Added))            //nolint:gosec // a count
	w.superseding.Add(uint64(s.Superseding)) //nolint:gosec // a count
	for _, i := range batch {
		i.kept()
	}
}

// split stores halves of a batch that Postgres refuses, down to the one datagram that it does not take.
func (w *writer) split(ctx context.Context, batch []item, err error) {
	if len(batch) == 1 {
		w.unstorable.Add(uint64(len(batch[0].events)))
		w.log.Error().Err(err).Int("events", len(batch[0].events)).Msg("postgres does not take an assignment; it is dropped, and counted")
		return
	}
	for _, half := range [][]item{batch[:len(batch)/2], batch[len(batch)/2:]} {
		w.keepPart(ctx, half)
	}
}

// keepPart is keep for a part of a batch, whose events keep itself takes out of the sum.
func (w *writer) keepPart(ctx context.Context, part []item) {
	n := 0
	for _, i := range part {
		n += len(i.events)
	}
	w.mu.Lock()
	w.queued += n
	w.mu.Unlock()
	w.keep(ctx, part)
}

// rest waits, or until ctx ends.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
