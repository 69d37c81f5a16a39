package app

import "time"

// Config says what belongs together, and bounds it. All times are packet time.
type Config struct {
	// Sessions is the most calls, and conversations that may become calls, that are kept at a time. Default 16,384.
	Sessions int
	// Flows is the most flows that are kept in all of them. Default 131,072.
	Flows int
	// Learned is the most addresses kept that STUN messages named and by which flows are joined. Default 131,072.
	Learned int
	// Together is how far apart the beginnings of two flows of one host and one named application may be that nothing else joins.
	// Two subscribers behind one address who call within that time are one record. Default 3 s.
	Together time.Duration
	// SetUp is how long before its first media a call may have begun: what went on earlier is the application waiting. Default 60 s.
	SetUp time.Duration
	// Checkpoint is the age at which an open call is told for the first time. Default 10 s.
	Checkpoint time.Duration
	// Linger is how long after its last flow has closed a call waits for a flow that goes on with it. Default 10 s.
	Linger time.Duration
	// Streams is how long after its last media a call with RTP waits for its streams to be closed, once it takes no further flow:
	// longer than a silent stream is kept open by the tables that count it. Default 35 s.
	Streams time.Duration
	// Quiet is how long after its last flow with media has closed a call waits for its other flows, which may be kept open for as
	// long as the application runs. Default 90 s.
	Quiet time.Duration
	// Idle is how long the media must have stopped for the call to have ended with it, whatever else is sent: what begins then is
	// the next call. Default 30 s.
	Idle time.Duration
	// Packets of RTP in all flows of a call of a certain application, EachWay of them at least in either direction, over Span between
	// the first and the newest one are media both ways, even if no flow plays by flow.Config. Default 30, 5 and 0.5 s.
	Packets, EachWay uint64
	Span             time.Duration
}

func (c Config) withDefaults() Config {
	if c.Sessions <= 0 {
		c.Sessions = 16_384
	}
	if c.Flows <= 0 {
		c.Flows = 131_072
	}
	if c.Learned <= 0 {
		c.Learned = 131_072
	}
	if c.Packets == 0 {
		c.Packets = 30
	}
	if c.EachWay == 0 {
		c.EachWay = 5
	}
	for _, d := range [...]struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&c.Together, 3 * time.Second},
		{&c.SetUp, time.Minute},
		{&c.Checkpoint, 10 * time.Second},
		{&c.Linger, 10 * time.Second},
		{&c.Streams, 35 * time.Second},
		{&c.Quiet, 90 * time.Second},
		{&c.Idle, 30 * time.Second},
		{&c.Span, 500 * time.Millisecond},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return c
}
