package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"calltrail/capture"
)

// Pipeline turns the packets of one source into records. It is used for one Run.
type Pipeline struct {
	cfg        Config
	progress   *progress
	batches    chan *batch
	free       []chan *batch
	workers    []*worker
	correlator *correlator
	packets    uint64
	taps       []LiveTap // of a live run
}

// batchesPerWorker is how many batches of a worker may be under way.
const batchesPerWorker = 4

// New makes a Pipeline; nothing runs yet. The error names what is missing.
func New(cfg Config, lookups Lookups, out Output) (*Pipeline, error) {
	cfg = cfg.withDefaults()
	switch {
	case cfg.Sensor == "":
		return nil, errors.New("pipeline: no sensor name")
	case lookups.Numbers == nil || lookups.Rules == nil:
		return nil, errors.New("pipeline: no number book or no spoofing rules")
	case out == nil:
		return nil, errors.New("pipeline: no output")
	}
	each := batchesPerWorker
	if cfg.live {
		each = liveBatches
	}
	p := &Pipeline{cfg: cfg, progress: newProgress(cfg.Workers), batches: make(chan *batch, cfg.Workers*each)}
	for i := range cfg.Workers {
		free := make(chan *batch, each)
		for range each {
			free <- newBatch()
		}
		p.free = append(p.free, free)
		p.workers = append(p.workers, newWorker(i, &p.cfg, p.progress, p.batches, free))
	}
	p.correlator = newCorrelator(&p.cfg, p.progress, p.free, newRecorder(&p.cfg, lookups, out))
	return p, nil
}

// Run reads src to its end and gives out all records. It returns the error of the Output or of ctx, or one of src that is
// not io.EOF: then all that came before it has been given out. src is the caller's to close.
func (p *Pipeline) Run(ctx context.Context, src capture.Source) error {
	var g errgroup.Group
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g.Go(func() error { return p.correlator.run(p.batches, cancel) })
	err := p.read(ctx, src)
	if ctx.Err() != nil {
		p.correlator.stopped, err = true, context.Cause(ctx)
	}
	close(p.batches)
	if rerr := g.Wait(); rerr != nil {
		return fmt.Errorf("write records: %w", rerr)
	}
	return err
}

// read gives the packets of src to the workers until its end.
func (p *Pipeline) read(ctx context.Context, src capture.Source) error {
	// Whoever waits for the correlator is let go when the run is cancelled.
	defer context.AfterFunc(ctx, p.progress.stop)()
	if len(p.workers) > 1 {
		return p.distribute(ctx, src)
	}
	w := p.workers[0]
	var packet capture.Packet
	now := noTime
	for {
		if p.packets&1023 == 0 && ctx.Err() != nil {
			w.finish(w.clock)
			return context.Cause(ctx)
		}
		if err := src.Next(&packet); err != nil {
			w.finish(now)
			return notEOF(err)
		}
		p.packets++
		now = max(now, packet.Time)
		w.packet(&packet, now)
	}
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
