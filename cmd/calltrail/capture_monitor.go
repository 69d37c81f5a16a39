package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"calltrail/capture"
	"calltrail/capture/clock"
	"calltrail/capture/nic"
	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/monitor"
	"calltrail/store"
)

// monitor shows the sensor to Prometheus and to `calltrail status`.
func (s *sensor) monitor() (*monitor.Monitor, error) {
	from := monitor.Sensor{
		Name: s.name, Pipeline: s.pipeline.LiveStats, NIC: cardStats, Spool: s.spool.Stats,
		Disk:  func() (free, total uint64, err error) { return diskSpace(s.cfg.Spool.Dir) },
		Clock: func() (monitor.Clock, bool) { return monitorClock(s.clock.State()) },
		Coverage: func() time.Time {
			if at := s.covered.Load(); at != 0 {
				return time.Unix(0, at)
			}
			return time.Time{}
		},
	}
	if s.agents != nil {
		from.Agents = func() monitor.Agents {
			a := s.agents.Stats()
			return monitor.Agents{Refused: a.Refused, Broken: a.Broken, Retimed: a.Retimed, Connections: a.Connections}
		}
	}
	if s.to != toSpool {
		from.Delivery = []monitor.Delivery{{Name: s.to, Stats: func() store.Stats {
			if p := s.pump.Load(); p != nil {
				return p.Stats()
			}
			return store.Stats{}
		}}}
	}
	return monitor.NewSensor(monitor.Config{Listen: s.cfg.Metrics.Listen, Version: version(), Logger: s.log}, from)
}

// cardStats are the losses of a tap's card. Capture agents have none.
func cardStats(tap string) (capture.NICStats, error) {
	if tap == config.HEPTap {
		return capture.NICStats{}, nil
	}
	return nic.Stats(tap)
}

func monitorClock(st clock.State) (monitor.Clock, bool) {
	return monitor.Clock{
		Synced: st.Synced, Source: st.Source, Reference: st.Reference, Stratum: st.Stratum, Offset: st.Offset, MaxError: st.MaxError,
		Steps: st.Steps,
	}, !st.At.IsZero()
}

// diskSpace is what an unprivileged account may still write on the file system of dir, and its size, in octets.
func diskSpace(dir string) (free, total uint64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, fmt.Errorf("disk space of %s: %w", dir, err)
	}
	size := uint64(st.Bsize) //nolint:gosec // never negative
	return st.Bavail * size, st.Blocks * size, nil
}
