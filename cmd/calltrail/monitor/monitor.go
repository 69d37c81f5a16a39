package monitor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
)

// Config says where a Monitor listens.
type Config struct {
	// Listen is host:port; port 0 takes a free one. Empty: nothing is served, and Run waits for its end.
	Listen string
	// Listening, if not nil, is called once with the address, when connections are taken.
	Listening func(net.Addr)
	// Version of the program.
	Version string
	Logger  zerolog.Logger
}

// Monitor serves one program. It does nothing until Run.
type Monitor struct {
	cfg      Config
	registry *prometheus.Registry
	// status makes the document of /status, health says why the program cannot do its work or "".
	status func() any
	health func() string
	sample func(now time.Time)       // every sampleEvery; nil: nothing to sample
	ask    func(ctx context.Context) // every askEvery, bounded by it; nil: nothing to ask
}

const (
	sampleEvery = 10 * time.Second
	// askEvery is how often Kafka and Postgres are asked, askPatience how long each question may take.
	askEvery    = 15 * time.Second
	askPatience = 10 * time.Second
)

// goCollector tells of the Go runtime what it does by default, and go_gc_heap_live_bytes: what the last collection found in use. Of
// all its numbers that is the one that shows whether a program keeps more and more; the others count what is about to be collected,
// or what the runtime has set aside.
func goCollector() prometheus.Collector {
	return collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(
		collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile("^/gc/heap/live:bytes$")}))
}

func newMonitor(cfg Config, c prometheus.Collector) (*Monitor, error) {
	m := &Monitor{cfg: cfg, registry: prometheus.NewPedanticRegistry()}
	for _, c := range []prometheus.Collector{
		c, goCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(cfg.Version),
	} {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("monitor: %w", err)
		}
	}
	return m, nil
}

// Run serves until ctx ends, and then returns nil. An error means that it cannot listen.
func (m *Monitor) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if m.cfg.Listen != "" {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", m.cfg.Listen)
		if err != nil {
			return fmt.Errorf("listen for metrics on %s: %w: choose another address (metrics.listen, metrics.store_listen)", m.cfg.Listen, cause(err))
		}
		g.Go(func() error { return m.serve(ctx, listener) })
		m.cfg.Logger.Info().Stringer("address", listener.Addr()).Msg("metrics are served")
		if m.cfg.Listening != nil {
			m.cfg.Listening(listener.Addr())
		}
	}
	if m.sample != nil {
		g.Go(func() error { m.every(ctx, sampleEvery, func() { m.sample(time.Now()) }); return nil })
	}
	if m.ask != nil {
		g.Go(func() error { m.every(ctx, askEvery, func() { m.ask(ctx) }); return nil })
	}
	g.Go(func() error { <-ctx.Done(); return nil })
	return g.Wait()
}

// every does something now, and again after each pause.
func (m *Monitor) every(ctx context.Context, pause time.Duration, do func()) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// cause is the innermost error: "address already in use".
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
