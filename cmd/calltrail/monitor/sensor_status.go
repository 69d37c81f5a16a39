package monitor

import (
	"time"

	"calltrail/cdr/pipeline"
	"calltrail/cmd/calltrail/monitor/status"
	"calltrail/store"
)

// rateSpan is the least time that packets a second are a mean of.
const rateSpan = sampleEvery

// status makes the document of /status.
func (s *sensor) status() *status.Sensor {
	live, now := s.Pipeline(), s.now()
	d := &status.Sensor{
		Sensor: s.Name, Version: s.version, At: now, Started: s.started,
		Calls: status.Calls{
			Open: live.OpenCalls, InMemory: live.Calls, Evicted: live.Dialogs.Evicted,
		},
		Taps: []status.Tap{}, Delivery: []status.Delivery{},
	}
	for _, n := range live.Records {
		d.Calls.Records += n
	}
	if live.Watermark != 0 {
		lag := behind(&live, now)
		d.LagSeconds = &lag
	}
	s.mu.Lock()
	s.statusRecent(d, &live, now)
	s.statusSpool(d, now)
	s.mu.Unlock()
	for i := range s.Delivery {
		d.Delivery = append(d.Delivery, delivery(s.Delivery[i].Name, s.Delivery[i].Stats()))
	}
	if s.Coverage != nil {
		if minute := s.Coverage(); !minute.IsZero() {
			d.CoverageMinute = &minute
		}
	}
	if s.Clock != nil {
		if c, known := s.Clock(); known {
			d.Clock = &status.Clock{
				Synced: c.Synced, Source: c.Source, Reference: c.Reference, Stratum: c.Stratum,
				OffsetSeconds: c.Offset.Seconds(), ErrorSeconds: c.MaxError.Seconds(),
			}
		}
	}
	d.Failing = d.Fails()
	if s.Health != nil && d.Failing == "" {
		if err := s.Health(); err != nil {
			d.Failing = err.Error()
		}
	}
	return d
}

// statusRecent fills in the taps, and what was lost lately. The caller holds mu.
func (s *sensor) statusRecent(d *status.Sensor, live *pipeline.LiveStats, now time.Time) {
	long, have := s.recent.before(now, recentSpan)
	short, _ := s.recent.before(now, rateSpan)
	if have {
		d.RecentSeconds = now.Sub(long.at).Seconds()
		d.Calls.RecentEvicted = live.Dialogs.Evicted - min(long.evicted, live.Dialogs.Evicted)
	}
	for i := range live.Taps {
		t := &live.Taps[i]
		seen, err := s.seen(t)
		tap := status.Tap{
			Name: t.Name, Up: t.Capture.Up, DownSeconds: t.Capture.Down.Seconds(), Reopened: t.Capture.Reopened, Total: seen,
			TCPStreams: t.Carriage.Followed,
		}
		if err != nil {
			tap.CardError = err.Error()
		}
		if before, there := long.taps[t.Name]; there {
			tap.Recent = seen.Minus(before)
		}
		if before, there := short.taps[t.Name]; there {
			if passed := now.Sub(short.at).Seconds(); passed > 0 {
				added := seen.Minus(before)
				packets, octets := float64(added.Packets)/passed, float64(added.Octets)/passed
				sip := float64(added.Carriage.SIPMessages) / passed
				tap.PacketsPerSecond, tap.OctetsPerSecond, tap.SIPPerSecond = &packets, &octets, &sip
			}
		}
		d.Taps = append(d.Taps, tap)
	}
}

// carriage adds up what a tap's packets were put together to.
func carriage(c *pipeline.CarriageStats) status.Carriage {
	return status.Carriage{
		SIPMessages: c.Messages, TCPGaps: c.Streams.Gaps, TCPEvicted: c.Streams.Evicted, TLSEvicted: c.TLS.Evicted,
		FlowsEvicted:  c.Flows.Evicted,
		PiecesEvicted: c.Streams.PushedOut + c.SCTP.Evicted + c.SCTP.Forgotten,
		Datagrams:     c.Fragments.Datagrams, DatagramsLost: c.Fragments.Expired + c.Fragments.Evicted,
	}
}

// statusSpool fills in the spool and its disk. The caller holds mu.
func (s *sensor) statusSpool(d *status.Sensor, now time.Time) {
	sp := s.Spool()
	d.Spool = &status.Spool{
		Last: sp.Last, Acked: sp.Acked, Depth: sp.Depth, DepthBytes: sp.DepthBytes, Bytes: sp.Bytes, Gaps: sp.Gaps,
		OldestSeconds: s.backlog.oldest(now, sp.Acked).Seconds(),
	}
	if sp.Failure != nil {
		d.Spool.Failure = sp.Failure.Error()
	}
	if s.Disk == nil {
		return
	}
	d.Disk = &status.Disk{}
	free, total, err := s.Disk()
	if err != nil {
		d.Disk.Error = err.Error()
		return
	}
	d.Disk.FreeBytes, d.Disk.TotalBytes = free, total
	if rate, known := s.growth.perSecond(); known {
		d.Disk.BytesPerSecond = &rate
	}
}

// delivery is the state of a pump. Its errors name systems and records' numbers on the chain, never what is in them.
func delivery(name string, s store.Stats) status.Delivery {
	d := status.Delivery{Name: name, Items: s.Items, Failures: s.Failures}
	if s.LastError != nil {
		d.LastError, d.LastErrorAt = s.LastError.Error(), &s.LastErrorAt
	}
	return d
}
