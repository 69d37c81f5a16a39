package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/store"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
	"calltrail/store/spool"
)

// runStore pumps a feed into Postgres: Kafka's records topic until it is told to stop, or up to the head; or a spool up
// to its end.
func runStore(cmd *cobra.Command, o storeOptions) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	loader, err := postgres.Open(ctx, pg)
	if err != nil {
		return err
	}
	defer loader.Close()

	if o.fromSpool {
		err = storeFromSpool(ctx, cfg, o.sensor, loader, log)
	} else {
		err = storeFromKafka(ctx, cfg, o.once, loader, log)
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		if o.once || o.fromSpool {
			return errors.New("store: interrupted before everything was in; run it again to go on")
		}
		return nil // told to stop: the regular end
	}
	return err
}

func storeFromKafka(ctx context.Context, cfg *config.Config, once bool, sink *postgres.Loader, log zerolog.Logger) (err error) {
	feed, err := kafka.NewConsumer(ctx, kafka.ConsumerConfig{
		Config:    kafkaConfig(cfg),
		Group:     cfg.Kafka.Group,
		UntilHead: once,
		Logger:    log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, feed.Close()) }()
	log.Info().Str("topic", cfg.Kafka.RecordsTopic).Str("group", cfg.Kafka.Group).Bool("once", once).Msg("storing from kafka")
	p, err := store.New(store.Config{Name: "postgres"}, feed, sink, log)
	if err != nil {
		return err
	}
	if !once {
		defer beside(ctx, cfg, p, sink, log)()
		tell, err := tellAlerts(ctx, cfg, log)
		if err != nil {
			return err
		}
		defer tell()
	}
	return pump(ctx, p, sink, log)
}

// storeFromSpool reads a spool that no other program has open, so there is nothing to wait for behind its end.
func storeFromSpool(ctx context.Context, cfg *config.Config, sensor string, sink *postgres.Loader, log zerolog.Logger) (err error) {
	if _, err := os.Stat(cfg.Spool.Dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("spool %s: there is no such directory: name one that records were spooled to (spool.dir)", cfg.Spool.Dir) // Open would make it
	}
	if sensor == "" {
		if sensor, err = spool.Owner(cfg.Spool.Dir); err != nil {
			return err
		}
	}
	if sensor == "" {
		return fmt.Errorf("spool %s: there is nothing in it (spool.dir)", cfg.Spool.Dir)
	}
	sp, err := openSpool(runSpool(cfg, sensor), inUse)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sp.Close()) }()
	log.Info().Str("spool", cfg.Spool.Dir).Str("sensor", sp.Sensor()).Msg("storing from spool")
	if err := drain(ctx, store.SpoolFeed(sp, 0, false), sink, log); err != nil {
		return err
	}
	if gaps := sp.Gaps(); len(gaps) > 0 {
		log.Warn().Int("gaps", len(gaps)).Msg("the spool has damaged places; their octets are in its quarantine folder")
	}
	_, err = sp.Trim(int64(cfg.Spool.KeepBytes), cfg.Spool.KeepAge.Std())
	return err
}

// drain pumps a feed to its end.
func drain(ctx context.Context, feed store.Feed, sink *postgres.Loader, log zerolog.Logger) error {
	p, err := store.New(store.Config{Name: "postgres"}, feed, sink, log)
	if err != nil {
		return err
	}
	return pump(ctx, p, sink, log)
}

// pump runs to the feed's end and says what came of it.
func pump(ctx context.Context, p *store.Pump, sink *postgres.Loader, log zerolog.Logger) error {
	err := p.Run(ctx)
	logStored(log, sink.Counts())
	return err
}

// runSpool is the configuration of a spool for one run.
func runSpool(cfg *config.Config, sensor string) spool.Config {
	return spool.Config{Dir: cfg.Spool.Dir, Sensor: sensor, SegmentBytes: int64(cfg.Spool.SegmentBytes), KeepDamage: cfg.Retention.Period.Std()}
}

// openSpool opens a spool. locked says what to do when another program has it.
func openSpool(c spool.Config, locked string) (*spool.Spool, error) {
	sp, err := spool.Open(c)
	_, path := errors.AsType[*fs.PathError](err)
	switch {
	case errors.Is(err, spool.ErrLocked):
		return nil, fmt.Errorf("%w: %s (spool.dir)", err, locked)
	case path:
		return nil, fmt.Errorf("%w: name a directory that this account can write (spool.dir)", err)
	}
	return sp, err
}

// inUse is what to do about a spool that another run has.
const inUse = "wait for it to end, or name another directory"

func logStored(log zerolog.Logger, c postgres.Counts) {
	log.Info().
		Uint64("stored", c.Stored).
		Uint64("duplicates", c.Duplicates).
		Uint64("redelivered", c.Redelivered).
		Uint64("quarantined", c.Quarantined).
		Uint64("alarms", c.Alarms).
		Msg("store ended")
}
