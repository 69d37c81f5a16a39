package config

import "slices"

// Reloadable are the keys that a running `capture` takes over without a restart.
var Reloadable = []string{
	"capture.filter", "capture.sip_ports", "capture.tls_ports", "capture.websocket_ports", "capture.media_ports", "capture.prefixes",
	"capture.media_snap_length", "capture.hep_allow", "log.level",
}

// Reload returns c with the reloadable keys of next, and the keys in which next differs besides: they wait for a restart.
func (c *Config) Reload(next *Config) (effective *Config, waiting []string) {
	e := *c
	for _, k := range keys {
		switch {
		case string(c.canonical(k)) == string(next.canonical(k)):
		case slices.Contains(Reloadable, k.path):
			e.field(k).Set(next.field(k))
		default:
			waiting = append(waiting, k.path)
		}
	}
	return &e, waiting
}
