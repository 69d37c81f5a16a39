package main

import (
	"fmt"
	"os"

	"calltrail/cdr/route"
	"calltrail/cmd/calltrail/config"
)

// newRoutes reads what belongs to the operator and how others are reached.
func newRoutes(cfg *config.Config) (*route.Table, error) {
	c := route.Config{Prefixes: cfg.Own.Prefixes, SBCs: cfg.Own.SBCs, Numbers: cfg.Own.Numbers}
	if cfg.Own.Trunks != "" {
		text, err := os.ReadFile(cfg.Own.Trunks)
		if err != nil {
			return nil, fmt.Errorf("own.trunks: %w", err)
		}
		if c.Trunks, err = route.ParseTrunks(text); err != nil {
			return nil, fmt.Errorf("own.trunks %s: %w", cfg.Own.Trunks, err)
		}
	}
	for _, s := range cfg.Own.NAT {
		tap, err := route.ParseTap(s)
		if err != nil {
			return nil, fmt.Errorf("own.nat: %w", err)
		}
		c.Taps = append(c.Taps, tap)
	}
	return route.New(c)
}
