package main

import (
	"context"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/monitor"
	"calltrail/cmd/calltrail/service"
	"calltrail/store"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
)

// beside runs what goes on beside a pump that follows Kafka: metrics and the watchdog. Neither is a reason to end it.
func beside(ctx context.Context, cfg *config.Config, p *store.Pump, sink *postgres.Loader, log zerolog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var g errgroup.Group
	m, err := monitor.NewStore(monitor.Config{Listen: cfg.Metrics.StoreListen, Version: version(), Logger: log}, monitor.Store{
		Counts: sink.Counts, Delivery: p.Stats, Newest: sink.Holdings,
		Lag: func(ctx context.Context) (uint64, error) { return kafka.Lag(ctx, kafkaConfig(cfg), cfg.Kafka.Group) },
	})
	if err == nil {
		g.Go(func() error {
			if err := m.Run(ctx); err != nil {
				log.Error().Err(err).Msg("no metrics")
			}
			return nil
		})
	}
	g.Go(func() error {
		return service.Watchdog(ctx, log, service.Turning(service.Part{Name: "pump", Turns: p.Turns}))
	})
	q := store.Inquiry{Missing: sink.Missing, Log: log, Ask: func(ctx context.Context, r []store.Request) error {
		return kafka.Ask(ctx, kafkaConfig(cfg), r)
	}}
	g.Go(func() error { return q.Run(ctx) })
	if err := service.Ready(); err != nil {
		log.Warn().Err(err).Msg("systemd could not be told")
	}
	return func() {
		if err := service.Stopping(); err != nil {
			log.Warn().Err(err).Msg("systemd could not be told")
		}
		cancel()
		if gerr := g.Wait(); gerr != nil || err != nil {
			log.Error().AnErr("metrics", err).AnErr("run", gerr).Msg("metrics or watchdog failed")
		}
	}
}
