package postgres

import "sync/atomic"

// Counts is what a loader has done since it was opened. Every item delivered is in exactly one of the first four.
type Counts struct {
	Stored      uint64 // new records
	Duplicates  uint64 // new entries whose record was there already
	Redelivered uint64 // entries that were there already
	Quarantined uint64 // items put into quarantine, alarms among them
	// Alarms are items whose bytes or place on the chain do not agree with their hashes.
	Alarms uint64
}

type counters struct {
	stored, duplicates, redelivered, quarantined, alarms atomic.Uint64
}

// Counts reads the counters. It may be called at any time.
func (l *Loader) Counts() Counts {
	return Counts{
		Stored:      l.counts.stored.Load(),
		Duplicates:  l.counts.duplicates.Load(),
		Redelivered: l.counts.redelivered.Load(),
		Quarantined: l.counts.quarantined.Load(),
		Alarms:      l.counts.alarms.Load(),
	}
}

func (c *counters) add(n Counts) {
	c.stored.Add(n.Stored)
	c.duplicates.Add(n.Duplicates)
	c.redelivered.Add(n.Redelivered)
	c.quarantined.Add(n.Quarantined)
	c.alarms.Add(n.Alarms)
}
