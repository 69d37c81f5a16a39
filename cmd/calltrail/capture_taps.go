package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/net/bpf"

	"calltrail/capture"
	"calltrail/capture/afpacket"
	"calltrail/capture/filter"
	"calltrail/capture/libpcap"
	"calltrail/capture/nic"
	"calltrail/cdr/pipeline"
	"calltrail/cmd/calltrail/config"
	"calltrail/decode/tcp"
)

// openTaps opens every tap, or none.
func (s *sensor) openTaps() (taps []pipeline.LiveTap, err error) {
	raw, err := rawFilter(s.cfg)
	if err != nil {
		return nil, err
	}
	for _, name := range s.cfg.Capture.Interfaces {
		c := tapConfig(s.cfg, name, raw)
		for _, w := range nic.Check(c) {
			s.log.Warn().Str("tap", name).Msg(w)
		}
		tap, err := openTap(s.cfg.Capture.Engine, c)
		if err != nil {
			return nil, errors.Join(err, closeTaps(taps))
		}
		since := time.Now().UnixNano() // its sockets have begun by now
		taps = append(taps, pipeline.LiveTap{
			Tap: tap, Since: since, NIC: func() (capture.NICStats, error) { return nic.Stats(name) },
		})
	}
	return taps, nil
}

func openTap(engine string, c capture.TapConfig) (capture.Tap, error) {
	if engine == "libpcap" {
		return libpcap.Open(c)
	}
	return afpacket.Open(c)
}

func closeTaps(taps []pipeline.LiveTap) error {
	var failed []error
	for _, t := range taps {
		failed = append(failed, t.Close())
	}
	return errors.Join(failed...)
}

func tapConfig(cfg *config.Config, name string, raw []bpf.RawInstruction) capture.TapConfig {
	c := cfg.Capture
	return capture.TapConfig{
		Interface: name, Workers: c.Workers, RingBytes: int(c.RingBytes), BlockTimeout: c.BlockTimeout.Std(),
		Promiscuous: c.Promiscuous, SnapLength: c.SnapLength, Filter: raw,
	}
}

// filterProgram makes the kernel's filter from the configuration.
func filterProgram(cfg *config.Config) (*filter.Program, error) {
	c := cfg.Capture
	mode := filter.Wide
	if c.Filter == "narrow" {
		mode = filter.Narrow
	}
	return filter.New(filter.Config{
		Mode: mode, Link: capture.LinkEthernet, SIPPorts: filterPorts(c.SIPPorts), MediaPorts: filterPorts(c.MediaPorts),
		Prefixes: c.Prefixes, SnapLength: c.SnapLength, MediaSnapLength: c.MediaSnapLength,
	})
}

func rawFilter(cfg *config.Config) ([]bpf.RawInstruction, error) {
	p, err := filterProgram(cfg)
	if err != nil {
		return nil, err
	}
	return p.Raw(), nil
}

func printFilter(w io.Writer, cfg *config.Config) error {
	p, err := filterProgram(cfg)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(w, p)
	return err
}

func filterPorts(list []string) (out []filter.Ports) {
	for _, p := range config.ParsePortList(list) {
		out = append(out, filter.Ports{First: p.First, Last: p.Last})
	}
	return out
}

func tcpPorts(list []string) (out []tcp.Ports) {
	for _, p := range config.ParsePortList(list) {
		out = append(out, tcp.Ports{First: p.First, Last: p.Last})
	}
	return out
}

// pipelineConfig is the pipeline of a sensor.
func (s *sensor) pipelineConfig() pipeline.Config {
	pc := basePipeline(s.cfg)
	pc.Sensor = s.name
	pc.LegalBasisSIP, pc.LegalBasisMedia = s.cfg.LegalBasis.SIP, s.cfg.LegalBasis.Media
	pc.LegalBasisRegistration = s.cfg.LegalBasis.Registration
	pc.SIPPorts = tcpPorts(s.cfg.Capture.SIPPorts)
	return pc
}
