package main

import (
	"context"
	"sync"

	"github.com/rs/zerolog"

	"calltrail/cmd/calltrail/config"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
	"calltrail/store/postgres/watchlist"
)

// tellAlerts publishes hits of watchlists beside the store, when the configuration names a topic for them; otherwise it sees
// that none are queued. stop ends it and waits.
func tellAlerts(ctx context.Context, cfg *config.Config, log zerolog.Logger) (stop func(), err error) {
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return nil, err
	}
	if cfg.Watchlist.AlertsTopic == "" {
		if err := keepQuiet(ctx, pg, log); err != nil {
			log.Warn().Err(err).Msg("alerts of watchlists could not be switched off: does the account have UPDATE on calltrail.setting and SELECT on calltrail.watchlist_alert?")
		}
		return func() {}, nil
	}
	relay, err := alertRelay(cfg, pg, log)
	if err != nil {
		return nil, err
	}
	log.Info().Str("topic", cfg.Watchlist.AlertsTopic).Bool("values", cfg.Watchlist.AlertsValues).Msg("publishing alerts of watchlists")
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { relay.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}, nil
}

// alertRelay joins the queue in the database to the topic.
func alertRelay(cfg *config.Config, pg postgres.Config, log zerolog.Logger) (*watchlist.Relay, error) {
	topic, err := kafka.NewAlerts(kafkaConfig(cfg), cfg.Watchlist.AlertsTopic, kafka.Topics{Replication: cfg.Kafka.Replication, Retention: cfg.Kafka.Retention.Std()})
	if err != nil {
		return nil, err
	}
	send := func(ctx context.Context, alerts []watchlist.Alert) error {
		messages := make([]kafka.Alert, len(alerts))
		for i := range alerts {
			body, err := alerts[i].JSON()
			if err != nil {
				return err
			}
			messages[i] = kafka.Alert{ID: alerts[i].ID, List: alerts[i].List, Body: body}
		}
		return topic.Publish(ctx, messages)
	}
	return &watchlist.Relay{Postgres: pg, Values: cfg.Watchlist.AlertsValues, Send: send, Logger: log}, nil
}

// keepQuiet ends the queueing of alerts that nobody would publish.
func keepQuiet(ctx context.Context, pg postgres.Config, log zerolog.Logger) error {
	conn, err := postgres.Connect(ctx, pg)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // what was done is committed
	waiting, err := watchlist.SetAlerts(ctx, conn, false)
	if err == nil && waiting > 0 {
		log.Warn().Int64("alerts", waiting).Msg("alerts of watchlists wait in the database and are not published: watchlist.alerts_topic is empty")
	}
	return err
}
