package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/monitor"
	"calltrail/cmd/calltrail/monitor/status"
	"calltrail/cmd/calltrail/print"
	"calltrail/store"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
)

// runStatus asks everybody, shows the answers and judges them.
func runStatus(cmd *cobra.Command, format string) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	r := gatherStatus(cmd.Context(), cfg)
	r.At = time.Now()
	r.Judge()
	if format == "json" {
		err = r.WriteJSON(cmd.OutOrStdout())
	} else {
		err = r.WriteTable(cmd.OutOrStdout(), print.IST)
	}
	if err == nil && len(r.Problems) > 0 {
		err = errReported
	}
	return err
}

// gatherStatus asks all parts at the same time.
func gatherStatus(ctx context.Context, cfg *config.Config) *status.Report {
	ctx, cancel := context.WithTimeout(ctx, status.Patience)
	defer cancel()
	r := &status.Report{}
	r.Sensor.Expected = len(cfg.Capture.Taps()) > 0
	r.Store.Expected = cfg.Postgres.DSN != ""
	r.Kafka.Expected = len(cfg.Kafka.Brokers) > 0
	r.Postgres.Expected = cfg.Postgres.DSN != ""
	var all sync.WaitGroup
	all.Go(func() { askProgram(ctx, &r.Sensor, cfg.Metrics.Listen) })
	all.Go(func() { askProgram(ctx, &r.Store, cfg.Metrics.StoreListen) })
	all.Go(func() { askKafka(ctx, &r.Kafka, cfg) })
	all.Go(func() { askPostgres(ctx, &r.Postgres, cfg) })
	all.Wait()
	return r
}

func askProgram[T status.Sensor | status.Store](ctx context.Context, p *status.Part[T], addr string) {
	if addr == "" {
		p.Expected = false // it was told to show nothing
		return
	}
	p.From = addr
	v, err := status.Ask[T](ctx, addr)
	if err != nil {
		p.Error = err.Error()
		return
	}
	p.Value = v
}

func askKafka(ctx context.Context, p *status.Part[status.Kafka], cfg *config.Config) {
	if !p.Expected {
		return
	}
	p.From = cfg.Kafka.RecordsTopic
	lag, err := kafka.Lag(ctx, kafkaConfig(cfg), cfg.Kafka.Group)
	if err != nil {
		p.Error = notReachable(ctx, err)
		return
	}
	p.Value = &status.Kafka{Lag: lag}
}

func askPostgres(ctx context.Context, p *status.Part[status.Postgres], cfg *config.Config) {
	if !p.Expected {
		return
	}
	pg, err := postgresConfig(cfg, zerolog.Nop())
	if err == nil {
		p.From = pg.String()
		var held postgres.Holdings
		if held, err = postgres.ReadHoldings(ctx, pg); err == nil {
			p.Value = monitor.PostgresStatus(held, nil)
			return
		}
	}
	p.Error = notReachable(ctx, err)
}

// notReachable says in one line why a server gave no answer.
func notReachable(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "not reachable: no answer within " + status.Patience.String()
	}
	// The line begins with the name of the server already.
	if own, ok := errors.AsType[*store.Error](err); ok && own.Op != "" {
		text := "not reachable: " + own.Op + ": " + own.Err.Error()
		if own.Hint != "" {
			text += ": " + own.Hint
		}
		return text
	}
	return "not reachable: " + err.Error()
}
