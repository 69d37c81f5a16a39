package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Pump moves entries from a Feed to a Sink: fetch, deliver until it succeeds, acknowledge. It has one batch in hand, so
// its memory is the Feed's batch; while the Sink is away the Feed keeps what waits.
type Pump struct {
	cfg  Config
	feed Feed
	sink Sink
	log  zerolog.Logger
	wait func(context.Context, time.Duration) error // the tests' clock

	mu    sync.Mutex
	stats Stats

	turns atomic.Uint64
	since atomic.Int64 // when the step in hand began, by the monotonic clock from start; negative: a fetch
	start time.Time
}

// Stats counts what a Pump has done.
type Stats struct {
	// Batches, Items and Bytes (of bodies) were delivered and acknowledged.
	Batches, Items, Bytes uint64
	// Retries counts the steps that failed and were, or will be, tried again.
	Retries uint64
	// Failures is how many of these came in a row up to now; 0 when the last step succeeded.
	Failures int
	// LastError is the newest failure, with its time; nil and zero when there was none.
	LastError   error
	LastErrorAt time.Time
}

// New returns a Pump that does nothing until Run.
func New(cfg Config, feed Feed, sink Sink, log zerolog.Logger) (*Pump, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if feed == nil || sink == nil {
		return nil, errors.New("pump: it needs a feed and a sink")
	}
	return &Pump{
		cfg: cfg, feed: feed, sink: sink, log: log.With().Str("pump", cfg.Name).Logger(), wait: wait, start: time.Now(),
	}, nil
}

// Stats returns the counters. It may be called at any time.
func (p *Pump) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// longStep is how long one step may take, a server that does not answer included, before the pump counts as stuck;
// longFetch how long a fetch of what is there.
const (
	longStep  = 15 * time.Minute
	longFetch = time.Minute
)

// Turns grows from call to call while the pump is alive: it waits for work, for its next attempt, or for a server that has
// not been silent for longer than any time-out. For a watchdog; a server that is away is no reason to start the program anew.
func (p *Pump) Turns() uint64 {
	began := time.Duration(p.since.Load())
	switch now := time.Since(p.start); {
	case began > 0 && now-began >= longStep:
	case began < 0 && now+began >= longFetch && p.cfg.Pending != nil && p.cfg.Pending():
	default:
		return p.turns.Add(1)
	}
	return p.turns.Load()
}

// Run moves entries until the feed is at its end (nil), ctx ends (its error), or a step fails for good (see Permanent).
// What was fetched and not acknowledged comes again with the next Run.
func (p *Pump) Run(ctx context.Context) error {
	for {
		err := p.step(ctx)
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			return fmt.Errorf("pump %s: %w", p.cfg.Name, err)
		}
	}
}

// breach is the promise of a pump that is broken on purpose. Nothing in the program sets it: tests link one with
// -X calltrail/store.breach=… and hold it to the same checks, which must see what it loses.
var breach string

// acknowledgeFirst is the breach that acknowledges a batch before the sink has it.
const acknowledgeFirst = "acknowledge-first"

// unanswered is the breach of a sensor that reads what it is asked for again and sends none of it.
const unanswered = "unanswered"

// leak is the breach that keeps each batch, and a goroutine with it, for ever.
const leak = "leak"

// step moves one batch. Only what the sink holds is acknowledged.
func (p *Pump) step(ctx context.Context) error {
	var b Batch
	p.since.Store(-max(int64(time.Since(p.start)), 1))
	err := p.insist(ctx, "fetch", func() (err error) {
		b, err = p.feed.Fetch(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer p.since.Store(0)
	switch breach {
	case acknowledgeFirst:
		_ = p.feed.Ack(ctx, b)
	case leak:
		go func() { <-make(chan Batch); _ = b }()
	}
	if err := p.insist(ctx, "deliver", func() error { return p.sink.Deliver(ctx, b.Items) }); err != nil {
		return err
	}
	if err := p.insist(ctx, "acknowledge", func() error { return p.feed.Ack(ctx, b) }); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Batches++
	p.stats.Items += uint64(len(b.Items))
	for i := range b.Items {
		p.stats.Bytes += uint64(len(b.Items[i].Body))
	}
	return nil
}

// insist does one thing until it succeeds, or fails for good, or ctx ends.
func (p *Pump) insist(ctx context.Context, what string, do func() error) error {
	for failures := 1; ; failures++ {
		if what != "fetch" {
			p.since.Store(max(int64(time.Since(p.start)), 1))
		}
		err := do()
		if err == nil {
			p.recovered(what, failures-1)
			return nil
		}
		if what == "fetch" && errors.Is(err, io.EOF) {
			return io.EOF
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		permanent := Permanent(err)
		p.failed(err, failures, permanent)
		if permanent {
			return fmt.Errorf("%s: %w", what, err)
		}
		pause := p.cfg.pause(failures)
		// An outage of days is a line at its beginning and ever fewer after it.
		if failures&(failures-1) == 0 {
			p.log.Warn().Str("step", what).Int("failures", failures).Dur("wait", pause).Err(err).Msg("delivery failed, trying again")
		}
		if err := p.wait(ctx, pause); err != nil {
			return err
		}
	}
}

func (p *Pump) failed(err error, failures int, permanent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !permanent {
		p.stats.Retries++
	}
	p.stats.Failures, p.stats.LastError, p.stats.LastErrorAt = failures, err, time.Now()
}

func (p *Pump) recovered(what string, failures int) {
	if failures == 0 {
		return
	}
	p.mu.Lock()
	p.stats.Failures = 0
	p.mu.Unlock()
	p.log.Info().Str("step", what).Int("failures", failures).Msg("delivery works again")
}
