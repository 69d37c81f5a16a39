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
	for _, name := range s.cfg.Capture.Interfaces {
		tap, err := s.openInterface(name)
		if err != nil {
			return nil, errors.Join(err, closeTaps(taps))
		}
		since := time.Now().UnixNano() // its sockets have begun by now
		taps = append(taps, pipeline.LiveTap{
			Tap: tap, Since: since, NIC: func() (capture.NICStats, error) { return nic.Stats(name) },
		})
	}
	if s.cfg.Capture.HEP() {
		tap, err := openHEP(s.cfg)
		if err != nil {
			return nil, errors.Join(err, closeTaps(taps))
		}
		s.agents = tap
		taps = append(taps, pipeline.LiveTap{Tap: tap, Since: time.Now().UnixNano()}) // it has no card
	}
	return taps, nil
}

// networkTap is a network interface, and what its packets begin with: the kernel's filter must be made for that.
type networkTap struct {
	capture.Tap
	link capture.LinkType
}

func (s *sensor) openInterface(name string) (*networkTap, error) {
	engine := s.cfg.Capture.Engine
	link, err := linkType(engine, name)
	if err != nil {
		return nil, err
	}
	raw, err := rawFilter(s.cfg, link)
	if err != nil {
		return nil, fmt.Errorf("tap %s: %w", name, err)
	}
	c := tapConfig(s.cfg, name, raw)
	for _, w := range nic.Check(c) {
		s.log.Warn().Str("tap", name).Msg(w)
	}
	tap, err := openTap(engine, c)
	if err != nil {
		return nil, err
	}
	return &networkTap{tap, link}, nil
}

func linkType(engine, name string) (capture.LinkType, error) {
	if engine == engineLibpcap {
		return libpcap.LinkType(name)
	}
	return afpacket.LinkType(name)
}

const engineLibpcap = "libpcap"

func openTap(engine string, c capture.TapConfig) (capture.Tap, error) {
	if engine == engineLibpcap {
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

// filterProgram makes the kernel's filter from the configuration, for packets that begin with link.
func filterProgram(cfg *config.Config, link capture.LinkType) (*filter.Program, error) {
	c := cfg.Capture
	mode, err := filter.ParseMode(c.Filter)
	if err != nil {
		return nil, err
	}
	return filter.New(filter.Config{
		Mode: mode, Link: link, SIPPorts: ports[filter.Ports](c.SIPPorts), TCPPorts: ports[filter.Ports](c.TLSPorts, c.WebSocketPorts),
		MediaPorts: ports[filter.Ports](c.MediaPorts), Prefixes: c.Prefixes, Apps: cfg.LegalBasis.App != "",
		AppMedia:   c.AppMedia,
		SnapLength: c.SnapLength, MediaSnapLength: c.MediaSnapLength,
	})
}

func rawFilter(cfg *config.Config, link capture.LinkType) ([]bpf.RawInstruction, error) {
	p, err := filterProgram(cfg, link)
	if err != nil {
		return nil, err
	}
	return p.Raw(), nil
}

// printFilter shows the filter for Ethernet; a tap of raw IP has the same one behind another beginning.
func printFilter(w io.Writer, cfg *config.Config) error {
	p, err := filterProgram(cfg, capture.LinkEthernet)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(w, p)
	return err
}

// ports are lists of the configuration in the form of another package.
func ports[P ~struct{ First, Last uint16 }](lists ...[]string) (out []P) {
	for _, list := range lists {
		for _, p := range config.ParsePortList(list) {
			out = append(out, P(p))
		}
	}
	return out
}

// signallingPorts are the TCP ports of which a live run estimates what was not seen.
func signallingPorts(cfg *config.Config) []tcp.Ports {
	c := cfg.Capture
	return ports[tcp.Ports](c.SIPPorts, c.TLSPorts, c.WebSocketPorts)
}

// pipelineConfig is the pipeline of a sensor.
func (s *sensor) pipelineConfig() pipeline.Config {
	pc := basePipeline(s.cfg)
	pc.Sensor = s.name
	pc.LegalBasisSIP, pc.LegalBasisMedia = s.cfg.LegalBasis.SIP, s.cfg.LegalBasis.Media
	pc.LegalBasisRegistration, pc.LegalBasisApp = s.cfg.LegalBasis.Registration, s.cfg.LegalBasis.App
	pc.SIPPorts = signallingPorts(s.cfg)
	return pc
}
