package clock

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
)

// Defaults of Config.
const (
	defaultInterval = 10 * time.Second
	defaultChrony   = "127.0.0.1:323"
)

// Config says how the clock is watched.
type Config struct {
	// Interval between two looks; 0 means 10 s.
	Interval time.Duration
	// Chrony is the address and port of chronyd on this host, not a name; "" means 127.0.0.1:323.
	Chrony string
	// OnStep, if not nil, is told of each jump of the clock by more than 100 ms, once: positive when it was set forward. It
	// runs in Poll.
	OnStep func(by time.Duration)
}

// Watcher keeps the State of the clock up to date.
type Watcher struct {
	cfg    Config
	chrony netip.AddrPort
	state  atomic.Pointer[State]

	// Of Poll.
	steps      stepper
	stepped    uint64
	difference func() (time.Duration, bool) // a seam: no test may set the clock
}

// New returns a Watcher that has not looked yet: its State has a Source, the largest MaxError and nothing else.
func New(cfg Config) (*Watcher, error) {
	if cfg.Interval < 0 {
		return nil, errors.New("clock: interval must not be negative")
	}
	if cfg.Interval == 0 {
		cfg.Interval = defaultInterval
	}
	if cfg.Chrony == "" {
		cfg.Chrony = defaultChrony
	}
	address, err := netip.ParseAddrPort(cfg.Chrony)
	if err != nil {
		return nil, fmt.Errorf("clock: address of chronyd: %w", err)
	}
	w := &Watcher{cfg: cfg, chrony: address, difference: clockDifference}
	w.state.Store(&State{Source: SourceSystem, MaxError: unbounded})
	return w, nil
}

// State returns the newest state. It never waits.
func (w *Watcher) State() State { return *w.state.Load() }

// Run looks at once and then at every interval, until ctx ends; it returns nil.
func (w *Watcher) Run(ctx context.Context) error {
	ticker := time.NewTicker(w.cfg.Interval)
	defer ticker.Stop()
	for {
		_, _ = w.Poll(ctx) // most often no more than that this host has no chronyd; the State says what is known
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Poll looks once, within about 100 ms, and returns the state it has also made the newest. The error says why chronyd or the
// kernel could not be asked; the state is then what the other one says. Not from two goroutines at a time, nor beside Run:
// before it, for a State from the first packet on.
func (w *Watcher) Poll(ctx context.Context) (State, error) {
	s, kernel := readKernel()
	t, chrony := askChrony(ctx, w.chrony)
	if chrony == nil {
		t.over(&s)
	}
	if difference, ok := w.difference(); ok {
		if by := w.steps.observe(difference); by != 0 {
			w.stepped++
			if w.cfg.OnStep != nil {
				w.cfg.OnStep(by)
			}
		}
	}
	s.Steps, s.At = w.stepped, time.Now()
	w.state.Store(&s)
	return s, errors.Join(kernel, chrony)
}
