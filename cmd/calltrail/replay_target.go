package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"calltrail/cdr/pipeline"
	"calltrail/cdr/record"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
	"calltrail/store/spool"
)

// target is where the records of a replay go.
type target interface {
	pipeline.Output
	// finish returns when all records have arrived.
	finish(context.Context) error
	// close frees what is held, whether or not finish was called.
	close() error
}

func openTarget(cmd *cobra.Command, cfg *config.Config, o replayOptions, log zerolog.Logger) (target, error) {
	if o.to == toStdout {
		return newPrintTarget(cmd.OutOrStdout(), o)
	}
	return newSpoolTarget(cmd.Context(), cfg, o.to, log)
}

// printTarget writes records to standard output.
type printTarget struct {
	printer print.Printer
	events  bool
	// prompt: somebody is watching, or the input is a pipe that may stay open for long.
	prompt bool
}

func newPrintTarget(w io.Writer, o replayOptions) (*printTarget, error) {
	var opts print.Options
	if f, ok := w.(print.File); ok {
		opts = print.OptionsFor(f)
	}
	p, err := print.New(o.format, w, opts)
	if err != nil {
		return nil, err
	}
	return &printTarget{p, o.events, opts.Terminal || slices.Contains(o.inputs, "-")}, nil
}

func (t *printTarget) Put(m pipeline.Meta, body []byte) error {
	switch m.Kind {
	case record.KindRegistration, record.KindMessage, record.KindCoverage:
		if !t.events {
			return nil
		}
	default: // calls, and connections whose calls cannot be seen
	}
	if err := t.printer.Print(body); err != nil || !t.prompt {
		return err
	}
	return t.printer.Flush()
}

func (t *printTarget) finish(context.Context) error { return nil }

// close writes out what is buffered: after an interruption too, no record is cut.
func (t *printTarget) close() error { return t.printer.Flush() }

// spoolTarget puts records on the spool and, when there is a sink, pumps them on from there while the replay goes on.
type spoolTarget struct {
	spool *spool.Spool
	sink  store.Sink // nil: the spool is the end of the way
	free  func()     // of the sink
	log   zerolog.Logger

	enough  context.CancelFunc // ends the pump that follows the spool, after the batch it has in hand
	stop    context.CancelFunc // ends it at once
	pumping chan error         // its result
	failed  error              // that result, once it has been read
}

func newSpoolTarget(ctx context.Context, cfg *config.Config, to string, log zerolog.Logger) (_ *spoolTarget, err error) {
	t := &spoolTarget{free: func() {}, log: log}
	defer func() {
		if err != nil {
			t.free()
		}
	}()
	switch to {
	case toKafka:
		p, err := kafka.NewPublisher(ctx, kafkaConfig(cfg))
		if err != nil {
			return nil, err
		}
		t.sink, t.free = p, p.Close
	case toPostgres:
		pg, err := postgresConfig(cfg, log)
		if err != nil {
			return nil, err
		}
		l, err := postgres.Open(ctx, pg)
		if err != nil {
			return nil, err
		}
		t.sink, t.free = l, func() { logStored(log, l.Counts()); l.Close() }
	}
	if t.spool, err = openSpool(runSpool(cfg, cfg.Replay.Sensor), inUse); err != nil {
		return nil, err
	}
	if t.sink != nil {
		// What an earlier run left on the spool goes first: the pump begins behind the last acknowledged entry.
		ctx, t.stop = context.WithCancel(ctx)
		until, enough := context.WithCancel(ctx)
		t.enough = enough
		t.pumping = make(chan error, 1)
		feed := following{store.SpoolFeed(t.spool, 0, true), until}
		go func() { t.pumping <- t.pump(ctx, feed) }()
	}
	return t, nil
}

func (t *spoolTarget) pump(ctx context.Context, feed store.Feed) error {
	p, err := store.New(store.Config{Name: "spool"}, feed, t.sink, t.log)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// following is a feed that ends with a context of its own. The pump's context would cut a delivery short, and what was
// delivered would go out once more.
type following struct {
	store.Feed
	until context.Context
}

// Fetch waits until there is something, or there was enough.
func (f following) Fetch(ctx context.Context) (store.Batch, error) {
	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.until, cancel)()
	b, err := f.Feed.Fetch(wait)
	if err != nil && ctx.Err() == nil && f.until.Err() != nil {
		return store.Batch{}, io.EOF
	}
	return b, err
}

func (t *spoolTarget) Put(_ pipeline.Meta, body []byte) error {
	select {
	case t.failed = <-t.pumping: // nil channel without a sink: never
		t.pumping = nil
	default:
	}
	if t.failed != nil {
		return t.failed
	}
	if _, err := t.spool.Write(body); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// finish makes the spool durable and then delivers what is left on it.
func (t *spoolTarget) finish(ctx context.Context) error {
	if err := t.spool.Sync(ctx); err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	if t.sink == nil {
		return nil
	}
	t.enough()
	if t.pumping != nil {
		t.failed = <-t.pumping
		t.pumping = nil
	}
	if t.failed != nil {
		return t.failed
	}
	return t.pump(ctx, store.SpoolFeed(t.spool, 0, false))
}

func (t *spoolTarget) close() error {
	if t.sink != nil {
		t.stop()
	}
	if t.pumping != nil {
		t.failed = <-t.pumping // the run has failed already, for a reason of its own
	}
	err := t.spool.Close()
	t.free()
	return err
}
