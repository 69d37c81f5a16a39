package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"calltrail/capture/clock"
	"calltrail/cdr/pipeline"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/service"
	"calltrail/store/evidence"
	"calltrail/store/spool"
)

// runCapture is the life of a sensor: from its key and its spool to the last record.
func runCapture(cmd *cobra.Command, o captureOptions) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	if o.printFilter {
		return printFilter(cmd.OutOrStdout(), cfg)
	}
	if err := permitted(cfg); err != nil {
		return err
	}
	hup := hangups()
	// A reload may raise or lower the level.
	log = log.Level(zerolog.TraceLevel)
	setLevel(cfg.Log.Level)
	name, err := sensorName(cfg)
	if err != nil {
		return err
	}
	signer, err := evidence.Load(cfg.Sensor.KeyFile)
	if err != nil {
		return err
	}
	c := runSpool(cfg, name)
	c.PublicKey, c.Recent = signer.PublicKey(), restoreBack
	sp, err := openSpool(c, "another sensor runs on this host; end it first")
	if err != nil {
		return err
	}
	s := &sensor{cfg: cfg, log: log, name: name, spool: sp, signer: signer, to: o.target(cfg)}
	s.enforce(cfg)
	err = s.run(cmd.Context(), &reloader{sensor: s, cmd: cmd, hup: hup})
	if cerr := sp.Close(); cerr != nil {
		err = errors.Join(err, cerr)
	}
	return err
}

// permitted refuses to capture what nobody has given a reason for.
func permitted(cfg *config.Config) error {
	switch b := cfg.LegalBasis; {
	case len(cfg.Capture.Taps()) == 0:
		return errors.New("capture: no interface: name the taps in capture.interfaces, or with --interfaces; or listen to capture agents with capture.hep_udp or capture.hep_tcp")
	case b.SIP == "" && b.Media == "" && b.Registration == "" && b.App == "":
		return errors.New("capture: no legal basis is configured, so nothing may be captured: name it in legal_basis.sip, .media, .registration and .app")
	}
	return nil
}

// sensorName is the configured name, or the host's.
func sensorName(cfg *config.Config) (string, error) {
	if cfg.Sensor.Name != "" {
		return cfg.Sensor.Name, nil
	}
	name, err := os.Hostname()
	if err != nil || name == "" || name == cfg.Replay.Sensor {
		return "", errors.New("capture: this host's name cannot be the sensor's: set sensor.name")
	}
	return name, nil
}

// target is where the spool is emptied to.
func (o captureOptions) target(cfg *config.Config) string {
	switch {
	case o.to != toAuto:
		return o.to
	case len(cfg.Kafka.Brokers) > 0:
		return toKafka
	case cfg.Postgres.DSN != "":
		return toPostgres
	}
	return toSpool
}

// run is the sensor's life after its spool was opened.
func (s *sensor) run(ctx context.Context, reload *reloader) error {
	lookups, places, err := newLookups(ctx, s.cfg, s.log)
	if err != nil {
		return err
	}
	watch, err := clock.New(clock.Config{OnStep: func(by time.Duration) {
		s.log.Warn().Dur("by", by).Msg("the clock was set: times before and after do not compare")
	}})
	if err != nil {
		return err
	}
	_, _ = watch.Poll(ctx) // most often no more than that no chronyd runs here
	s.clock = watch
	lookups.Clock = clockRecord(watch)
	lookups.ConfigHash = func() string { return s.inForce.Load().hash }
	taps, err := s.openTaps()
	if err != nil {
		return err
	}
	s.pipeline, err = pipeline.NewLive(s.pipelineConfig(), lookups, s, s, taps)
	if err != nil {
		return errors.Join(err, closeTaps(taps))
	}
	s.stop = ctx.Done()
	if err := s.restore(ctx); err != nil {
		return errors.Join(err, closeTaps(taps))
	}
	reload.places, reload.taps = places, taps
	return s.serve(ctx, reload)
}

// serve runs the pipeline until ctx ends, with all that goes on beside it. What delivers records, shows metrics or
// watches the clock may fail; the capture goes on.
func (s *sensor) serve(ctx context.Context, reload *reloader) error {
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var g errgroup.Group
	g.Go(func() error { return s.clock.Run(beside) })
	g.Go(func() error { return s.trim(beside) })
	g.Go(func() error { return reload.run(beside) })
	if s.to != toSpool {
		g.Go(func() error { return s.deliver(beside) })
	}
	if s.to == toKafka {
		g.Go(func() error { return s.answer(beside) })
	}
	if m, err := s.monitor(); err != nil {
		s.log.Error().Err(err).Msg("no metrics")
	} else {
		g.Go(func() error {
			if err := m.Run(beside); err != nil {
				s.log.Error().Err(err).Msg("no metrics")
			}
			return nil
		})
	}
	g.Go(func() error { return s.watchdog(beside) })

	s.log.Info().Str("sensor", s.name).Strs("taps", s.cfg.Capture.Taps()).Str("to", s.to).
		Str("key", s.signer.KeyID()).Int("restored", s.restored).Msg("capturing")
	s.told(service.Ready())
	s.told(service.Status(fmt.Sprintf("capturing on %d taps", len(s.cfg.Capture.Taps()))))
	err := s.pipeline.RunLive(ctx)
	s.told(service.Stopping())
	if err == nil || errors.Is(err, context.Canceled) {
		err = nil
		s.log.Info().Msg("stopped")
	}
	syncing, cancel := context.WithTimeout(beside, 5*time.Second)
	defer cancel()
	if serr := s.spool.Sync(syncing); serr != nil {
		err = errors.Join(err, fmt.Errorf("make the spool durable: %w", serr))
	}
	stop()
	return errors.Join(err, g.Wait())
}

// told logs that systemd could not be told something.
func (s *sensor) told(err error) {
	if err != nil {
		s.log.Warn().Err(err).Msg("systemd could not be told")
	}
}

// watchdog lets systemd know that every part turns. A full disk is no stall: a restart would not make room.
func (s *sensor) watchdog(ctx context.Context) error {
	var parts []service.Part
	for i := range s.pipeline.Progress() {
		name := fmt.Sprintf("worker %d", i)
		if i == len(s.pipeline.Progress())-1 {
			name = "correlator"
		}
		parts = append(parts, service.Part{Name: name, Turns: func() uint64 {
			return s.pipeline.Progress()[i] + s.waits.Load()
		}})
	}
	if s.to != toSpool {
		parts = append(parts, service.Part{Name: "delivery", Turns: s.deliveryTurns})
	}
	if err := service.Watchdog(ctx, s.log, service.Turning(parts...)); err != nil {
		s.log.Error().Err(err).Msg("no watchdog")
	}
	return nil
}

// trim keeps the spool within its bounds.
func (s *sensor) trim(ctx context.Context) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if _, err := s.spool.Trim(int64(s.cfg.Spool.KeepBytes), s.cfg.Spool.KeepAge.Std()); err != nil && !errors.Is(err, spool.ErrClosed) {
			s.log.Error().Err(err).Msg("spool not trimmed")
		}
	}
}
