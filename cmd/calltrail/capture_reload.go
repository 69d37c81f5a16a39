package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"calltrail/capture"
	"calltrail/capture/hep/collector"
	"calltrail/cdr/geo"
	"calltrail/cdr/pipeline"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/service"
)

// reloader takes a changed configuration over while packets flow.
type reloader struct {
	*sensor
	cmd    *cobra.Command
	places *geo.DB
	taps   []pipeline.LiveTap
	hup    <-chan os.Signal
}

// hangups are the SIGHUPs from now on: before there is something to reload, one must not end the program.
func hangups() <-chan os.Signal {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	return hup
}

// run reloads at every SIGHUP until ctx ends.
func (r *reloader) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.hup:
			r.told(service.Reloading())
			r.reload()
			r.told(service.Ready())
		}
	}
}

// reload reads the configuration. With an error in it, everything stays as it is.
func (r *reloader) reload() {
	next, err := loadConfig(r.cmd)
	if err != nil {
		r.log.Error().Err(err).Msg("configuration not reloaded; the old one stays")
		return
	}
	effective, waiting := r.inForce.Load().cfg.Reload(next)
	for _, t := range r.taps {
		if err := retune(t.Tap, effective); err != nil {
			r.log.Error().Str("tap", t.Name()).Err(err).Msg("filter not replaced, configuration not reloaded; the old one stays there")
			return
		}
	}
	r.pipeline.SetSIPPorts(signallingPorts(effective))
	if err := r.places.Reload(); err != nil {
		r.log.Error().Err(err).Msg("location databases not reloaded; the old ones stay")
	}
	setLevel(effective.Log.Level)
	r.enforce(effective)
	if len(waiting) > 0 {
		r.log.Warn().Strs("keys", waiting).Msg("changed keys that wait for a restart")
	}
	r.log.Info().Str("config_hash", r.inForce.Load().hash).Msg("configuration reloaded")
}

// retune gives a tap what is new to it.
func retune(t capture.Tap, cfg *config.Config) error {
	switch t := t.(type) {
	case *networkTap:
		raw, err := rawFilter(cfg, t.link)
		if err != nil {
			return err
		}
		return t.SetFilter(raw)
	case *collector.Collector:
		t.SetAllow(cfg.Capture.HEPAllow)
	}
	return nil
}

// setLevel is the least that is logged by every logger of the program.
func setLevel(name string) {
	if level, err := zerolog.ParseLevel(name); err == nil { // validated
		zerolog.SetGlobalLevel(level)
	}
}
