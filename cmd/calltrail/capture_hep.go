package main

import (
	"calltrail/capture/hep/collector"
	"calltrail/cmd/calltrail/config"
)

// openHEP listens to capture agents: one more tap, named config.HEPTap.
func openHEP(cfg *config.Config) (*collector.Collector, error) {
	c := cfg.Capture
	return collector.Open(collector.Config{UDP: c.HEPUDP, TCP: c.HEPTCP, Allow: c.HEPAllow})
}
