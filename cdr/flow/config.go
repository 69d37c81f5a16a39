package flow

import "time"

// Config bounds a Table and says when there is media. All times are packet time; a zero takes the default.
type Config struct {
	// Flows is the most that are followed at a time. Default 65,536.
	Flows int
	// Idle ends a flow in which nothing was sent for so long. Default 10 s: consent to send is asked for every 5 s and lost
	// after 30 (RFC 7675), and the clients of all applications keep their way through a NAT open more often than that.
	Idle time.Duration
	// TURNIdle is Idle of a flow in which TURN and no media was seen: what a client holds ready; and of one that has ended, so that
	// what keeps its way open is no news. Default 60 s.
	TURNIdle time.Duration
	// MediaIdle ends a flow that had media, has none for so long, and is kept open by something else. Default 30 s.
	MediaIdle time.Duration
	// Linger is how long after FIN or RST a TCP flow waits for what is late. Default 5 s.
	Linger time.Duration
	// There is media both ways after Packets of one kind in all, EachWay of them in either direction, over Span between the
	// first and the newest one. Default 30, 5 and 1 s. RTCP counts for its direction, and for the span, as RTP does: it answers it.
	Packets, EachWay int
	Span             time.Duration
	// Pace is how soon sealed and unknown packets follow one another in one direction to be media; slower ones are what keeps a
	// way open. Default 2 s.
	Pace time.Duration
}

func (c Config) withDefaults() Config {
	for _, n := range [...]struct {
		value    *int
		standard int
	}{{&c.Flows, 65_536}, {&c.Packets, 30}, {&c.EachWay, 5}} {
		if *n.value <= 0 {
			*n.value = n.standard
		}
	}
	for _, d := range [...]struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&c.Idle, 10 * time.Second},
		{&c.TURNIdle, time.Minute},
		{&c.MediaIdle, 30 * time.Second},
		{&c.Linger, 5 * time.Second},
		{&c.Span, time.Second},
		{&c.Pace, 2 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	return c
}
