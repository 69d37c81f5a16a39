package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"calltrail/capture"
	"calltrail/cdr/app"
	"calltrail/cdr/attest"
	"calltrail/cdr/dialog"
	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/cdr/geo"
	"calltrail/cdr/mediaonly"
	"calltrail/cdr/number"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/spoof"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/decode/reassembly"
	"calltrail/decode/tcp"
)

// runReplay reads the inputs and sends their records where o says.
func runReplay(cmd *cobra.Command, o replayOptions) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	if slices.Contains(o.inputs, "-") {
		if err := interruptibleStdin(cmd.Context()); err != nil {
			return err
		}
	}
	paths, err := capture.Expand(o.inputs)
	if err != nil {
		return err
	}
	src, err := capture.OpenFiles(paths)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }() // read only
	started := time.Now()
	out, err := openTarget(cmd, cfg, o, log)
	if err != nil {
		return err
	}
	p, err := newPipeline(cmd.Context(), cfg, log, o, paths, out)
	if err != nil {
		return errors.Join(err, out.close())
	}
	bar := &print.Progress{}
	// Records that appear on a terminal show the progress themselves; a bar would be drawn between them.
	if watched := o.to == toStdout && print.OptionsFor(os.Stdout).Terminal; !o.quiet && !watched {
		bar = print.NewProgress(os.Stderr, src.Size())
	}
	err = p.Run(cmd.Context(), &metered{Merge: src, bar: bar})
	bar.Close()
	if err == nil {
		err = out.finish(cmd.Context())
	}
	err = errors.Join(err, out.close())
	if !o.quiet {
		s := summary(p.Stats(), len(paths), len(src.Damage()), time.Since(started))
		err = errors.Join(err, s.Write(cmd.ErrOrStderr()))
	}
	return withDamage(err, src.Damage())
}

// withDamage joins what went wrong with what was damaged. Beside a failure the exit status is not that of damage, which
// says that all that could be read has been dealt with.
func withDamage(err error, damage []error) error {
	all := errors.Join(append([]error{err}, damage...)...)
	if err != nil && len(damage) > 0 {
		return failure{all}
	}
	return all
}

// failure is an error whose causes are only to be read.
type failure struct{ cause error }

func (f failure) Error() string { return f.cause.Error() }

// newPipeline makes the pipeline of a replay.
func newPipeline(ctx context.Context, cfg *config.Config, log zerolog.Logger, o replayOptions, paths []string, out pipeline.Output) (*pipeline.Pipeline, error) {
	lookups, _, err := newLookups(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	pc := basePipeline(cfg)
	pc.Workers, pc.Sensor, pc.FinalOnly = cfg.Replay.Workers, cfg.Replay.Sensor, o.final
	if pc.Workers == 0 {
		pc.Workers = runtime.GOMAXPROCS(0)
	}
	if len(paths) == 1 && paths[0] != "-" {
		pc.File = fileName(paths[0])
	}
	return pipeline.New(pc, lookups, out)
}

// basePipeline is what replay and capture have in common.
func basePipeline(cfg *config.Config) pipeline.Config {
	return pipeline.Config{
		Version: version(), ConfigHash: cfg.Hash(),
		Dialog: dialog.Config{
			Checkpoint:    time.Duration(cfg.Timers.Checkpoint),
			InviteTimeout: time.Duration(cfg.Timers.InviteTimeout),
			RingTimeout:   time.Duration(cfg.Timers.RingTimeout),
			MaxAge:        time.Duration(cfg.Timers.MaxCallAge),
			Settle:        time.Duration(cfg.Timers.Settle),
			Hold:          time.Duration(cfg.Timers.Hold),
			MediaStop:     mediaStop(cfg),
			Calls:         cfg.Limits.Calls,
			Registrations: cfg.Limits.Registrations,
		},
		Streams: cfg.Limits.Streams, StreamIdle: time.Duration(cfg.Timers.StreamIdle),
		Fragments: reassembly.FragmentConfig{Datagrams: cfg.Limits.Fragments},
		TCP:       reassembly.StreamConfig{Streams: cfg.Limits.TCPStreams},
		TLS:       encrypted.Config{Ports: ports[tcp.Ports](cfg.Capture.TLSPorts), Connections: cfg.Limits.TLSConnections, Checkpoint: time.Duration(cfg.Timers.Checkpoint)},
		Flows:     flow.Config{Flows: cfg.Limits.Flows},
		Apps:      app.Config{Sessions: cfg.Limits.Flows, Checkpoint: time.Duration(cfg.Timers.Checkpoint)},
		MediaOnly: mediaonly.Config{Calls: cfg.Limits.Calls},
		SIPPorts:  ports[tcp.Ports](cfg.Capture.SIPPorts, cfg.Capture.WebSocketPorts),
		Messages:  cfg.Events.Messages,
	}
}

// mediaStop is timers.media_stop. Never is longer than a call may last.
func mediaStop(cfg *config.Config) time.Duration {
	if d := time.Duration(cfg.Timers.MediaStop); d > 0 {
		return d
	}
	return time.Duration(cfg.Timers.MaxCallAge) + 24*time.Hour
}

// newLookups opens what the records are enriched with. Until ctx ends, databases are read again when their files change.
func newLookups(ctx context.Context, cfg *config.Config, log zerolog.Logger) (pipeline.Lookups, *geo.DB, error) {
	numbers, err := number.New(number.Config{DefaultRegion: cfg.Home.Region})
	if err != nil {
		return pipeline.Lookups{}, nil, err
	}
	sources := geoConfig(cfg)
	sources.OnReload = func(err error) {
		if err != nil {
			log.Warn().Err(err).Msg("location databases not reloaded")
			return
		}
		log.Info().Msg("location databases reloaded")
	}
	places, err := geo.New(sources)
	if err != nil {
		return pipeline.Lookups{}, nil, err
	}
	go func() { _ = places.Run(ctx) }() // always nil
	rules, err := spoof.New(spoof.Config{
		HomeCountry: cfg.HomeCountry(), OwnNumbers: cfg.Own.Numbers, OwnPrefixes: cfg.Own.Prefixes,
		BarredPrefixes: cfg.Spoof.BarredPrefixes, BarredFromAbroad: orNil(cfg.Spoof.BarredFromAbroad),
		ScannerAgents: orNil(cfg.Spoof.ScannerAgents), RequireAttestation: cfg.Spoof.RequireAttestation,
	})
	if err != nil {
		return pipeline.Lookups{}, nil, err
	}
	certificates, err := attest.New(attest.Config{Dir: cfg.Spoof.Certificates, OnReload: func(err error) {
		if err != nil {
			log.Warn().Err(err).Msg("certificates not reloaded")
			return
		}
		log.Info().Msg("certificates reloaded")
	}})
	if err != nil {
		return pipeline.Lookups{}, nil, err
	}
	go func() { _ = certificates.Run(ctx) }() // always nil
	routes, err := newRoutes(cfg)
	if err != nil {
		return pipeline.Lookups{}, nil, err
	}
	return pipeline.Lookups{Numbers: numbers, Places: places, Rules: rules, Certificates: certificates, Routes: routes}, places, nil
}

// orNil is list, or nil for an empty one: the rules then use their built-in list.
func orNil(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

// metered is a source that tells how far it is.
type metered struct {
	*capture.Merge
	bar  *print.Progress
	last int64
	n    int
}

func (m *metered) Next(p *capture.Packet) error {
	if m.n++; m.n&4095 == 0 {
		at := m.Offset()
		m.bar.Add(at - m.last)
		m.last = at
	}
	return m.Merge.Next(p)
}
