package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"calltrail/capture"
	"calltrail/decode/tcp"
)

// How a live run differs from a replay.
//
// Every source of every tap has a worker of its own. Nobody waits: a worker goes on as packets come, takes the
// correlator's commands when it hands over a batch, and closes a stream late rather than lose packets. Its clock follows
// the packets and, when none come, the time that the idle source says; so timers go on, and a quiet tap holds nobody up for
// longer than the kernel holds back a block. When the correlator is slow, because the disk is, workers wait for a free
// batch and packets wait in the ring; what finds no room there is counted by the kernel and said in the coverage event.

// LiveTap is one tap of a live run.
type LiveTap struct {
	capture.Tap
	// Since is when its sockets were opened, nanoseconds since 1970: coverage begins there.
	Since int64
	// NIC returns the losses of its card and host; nil when they cannot be had.
	NIC func() (capture.NICStats, error)
}

const (
	// liveBatches is how many batches of a worker may be under way: a busy tap's must last until the quietest one says
	// that it is quiet.
	liveBatches = 64
	// flushEvery is how much packet time a worker may keep to itself.
	flushEvery = int64(20 * time.Millisecond)
)

// NewLive makes a Pipeline for live traffic; Restore may follow, then RunLive. cfg.Workers is not used: the taps have as
// many as they have sources.
func NewLive(cfg Config, lookups Lookups, out Output, keeper Keeper, taps []LiveTap) (*Pipeline, error) {
	cfg.Workers, cfg.FinalOnly = 0, false
	for _, t := range taps {
		cfg.Workers += len(t.Sources())
		cfg.taps = append(cfg.taps, t.Name())
	}
	if cfg.Workers == 0 || len(taps) > math.MaxUint16 {
		return nil, errors.New("pipeline: no tap, or too many")
	}
	if keeper == nil {
		return nil, errors.New("pipeline: no keeper")
	}
	cfg.live, cfg.ports = true, &atomic.Pointer[[]tcp.Ports]{}
	cfg.ports.Store(&cfg.SIPPorts)
	p, err := New(cfg, lookups, out)
	if err != nil {
		return nil, err
	}
	p.taps = taps
	p.correlator.keep(keeper, taps)
	i := 0
	for t, tap := range taps {
		for n, src := range tap.Sources() {
			w := p.workers[i]
			w.goLive(uint16(t), src, tap.Since)
			p.correlator.taps[i] = uint16(t)
			if n == 0 {
				w.nic = tap.NIC // the card's losses count once
			}
			i++
		}
	}
	return p, nil
}

// RunLive reads the taps until ctx ends, closes them, and gives out what is open: interim records with the flag shutdown.
// It returns nil then, or the error of a source or of the Output, which ends the run in the same way.
func (p *Pipeline) RunLive(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, p.closeTaps)()
	var correlating, reading errgroup.Group
	correlating.Go(func() error { return p.correlator.run(p.batches, cancel) })
	p.correlator.stopped = true // nothing but a stop ends a live run
	for _, w := range p.workers {
		reading.Go(func() error {
			err := w.follow()
			if err != nil {
				err = fmt.Errorf("tap %s: %w", p.cfg.taps[w.tap], err)
				cancel(err)
			}
			return err
		})
	}
	err := reading.Wait()
	close(p.batches)
	if rerr := correlating.Wait(); rerr != nil {
		return fmt.Errorf("write records: %w", rerr)
	}
	return err
}

// SetSIPPorts changes the TCP ports of signalling during a live run. Any goroutine may call it.
func (p *Pipeline) SetSIPPorts(ports []tcp.Ports) { p.cfg.ports.Store(&ports) }

func (p *Pipeline) closeTaps() {
	for _, t := range p.taps {
		_ = t.Close() // its sources end; there is nothing to be done about an error
	}
}
