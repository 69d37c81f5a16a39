package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/monitor"
	"calltrail/cmd/calltrail/service"
	"calltrail/store/collector"
	"calltrail/store/postgres"
	"calltrail/store/postgres/subscriber"
)

// correctEvery is how often the calls that were stored already are joined with what was heard meanwhile.
const correctEvery = 10 * time.Second

func newAssignmentsListen() *cobra.Command {
	return &cobra.Command{
		Use:   "listen",
		Short: "Hear live which subscriber has which address: RADIUS, IPFIX, syslog",
		Long: `Listens to what the section "assignments" of the configuration names, until it is
told to stop, and keeps it in Postgres within a second:

  radius  accounting requests (RFC 2866). The shared secret is verified, and a
          request is answered once it is committed: what is lost is sent again
  ipfix   NAT events (RFC 7011, RFC 8158): sessions and blocks of ports
  syslog  log lines of a NAT; docs/subscribers.md lists whose are understood

While Postgres is away 65,536 events wait. When there are more, RADIUS gets no
answer and sends again; what the others send is dropped and counted.

Exit status: 0 told to stop, 1 error, 2 wrong command line.`,
		Example: `  calltrail assignments listen --config /etc/calltrail/calltrail.yaml`,
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runAssignmentsListen(cmd) },
	}
}

func runAssignmentsListen(cmd *cobra.Command) (err error) {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	if cfg.Postgres.DSN == "" {
		return errors.New("no database is named: set postgres.dsn")
	}
	if !cfg.Assignments.Listens() {
		return errors.New("there is nothing to listen to: set assignments.radius_listen, assignments.ipfix_listen or assignments.syslog_listen")
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	settings, err := collectorConfig(cfg, log)
	if err != nil {
		return err
	}
	live := subscriber.NewLive(pg)
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), time.Second)
		defer cancel()
		err = errors.Join(err, live.Close(ctx))
	}()
	c, err := collector.New(settings, live)
	if err != nil {
		return err
	}
	if err := c.Open(); err != nil {
		return err
	}
	defer besideCollector(cmd.Context(), cfg, pg, c, log)()
	for _, via := range []subscriber.Via{subscriber.ByRADIUS, subscriber.ByIPFIX, subscriber.BySyslog} {
		if a := c.Addr(via); a != nil {
			log.Info().Str("via", string(via)).Stringer("address", a).Msg("listening for assignments")
		}
	}
	err = c.Run(cmd.Context())
	n := c.Counts()
	log.Info().Uint64("rows", n.Rows).Uint64("superseding", n.Superseding).Uint64("unstorable", n.Unstorable).Uint64("lost", n.Lost).Msg("listening ended")
	return err
}

// collectorConfig is what the collector must know.
func collectorConfig(cfg *config.Config, log zerolog.Logger) (collector.Config, error) {
	a := cfg.Assignments
	secret, err := a.RADIUSSecret()
	if err != nil {
		return collector.Config{}, err
	}
	zone, err := time.LoadLocation(a.SyslogZone)
	if err != nil {
		return collector.Config{}, err
	}
	return collector.Config{
		RADIUS:  collector.RADIUS{Listen: a.RADIUSListen, Secret: secret, Allow: a.RADIUSAllow},
		IPFIX:   collector.IPFIX{Listen: a.IPFIXListen, Allow: a.IPFIXAllow},
		Syslog:  collector.Syslog{Listen: a.SyslogListen, Allow: a.SyslogAllow, Zone: zone},
		MaxLate: a.MaxLate.Std(),
		Logger:  log,
	}, nil
}

// besideCollector runs what goes on beside the collector: metrics, the watchdog, and the correction of calls that were stored
// before it was heard whose their addresses were. None is a reason to end it.
func besideCollector(ctx context.Context, cfg *config.Config, pg postgres.Config, c *collector.Collector, log zerolog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var g errgroup.Group
	m, err := monitor.NewCollector(monitor.Config{Listen: cfg.Metrics.AssignmentsListen, Version: version(), Logger: log}, c.Counts)
	if err == nil {
		g.Go(func() error {
			if err := m.Run(ctx); err != nil {
				log.Error().Err(err).Msg("no metrics")
			}
			return nil
		})
	}
	var parts []service.Part
	for name, turns := range c.Parts() {
		parts = append(parts, service.Part{Name: name, Turns: turns})
	}
	g.Go(func() error { return service.Watchdog(ctx, log, service.Turning(parts...)) })
	g.Go(func() error {
		subscriber.KeepCorrected(ctx, pg, correctEvery, func(_ subscriber.Corrected, err error) {
			if err != nil {
				log.Warn().Err(err).Msg("stored calls were not corrected; it is tried again")
			}
		})
		return nil
	})
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
