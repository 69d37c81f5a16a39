package dialog

import "time"

// Config holds the timers and bounds. All times are packet time.
type Config struct {
	// Checkpoint is the age at which an open call gets an interim record. Default 10 s.
	Checkpoint time.Duration
	// InviteTimeout is how long an INVITE without any response is waited for: Timer B, 64*T1 (RFC 3261 section 17.1.1.2).
	// Default 32 s.
	InviteTimeout time.Duration
	// RingTimeout is how long a call may ring without a further response: Timer C (RFC 3261 section 16.6). Default 200 s.
	RingTimeout time.Duration
	// MaxAge ends an answered call that shows no sign of its end. Default 24 h.
	MaxAge time.Duration
	// MediaStop ends an answered call whose media, once seen, has been silent for so long while nobody is on hold: at its last
	// packet, or at its last message when that came later. Default 5 min.
	MediaStop time.Duration
	// Settle is how long after its end a call is held before the final record. Default 5 s.
	Settle time.Duration
	// Hold is how long after the final record the call is remembered, so that late messages open nothing new. Default 32 s.
	Hold time.Duration
	// Calls is the most calls in memory, the held ones among them. Default 100,000.
	Calls int
	// Registrations is the most address bindings remembered, to tell a refresh from a log-in. Default 200,000.
	Registrations int
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.Checkpoint, 10*time.Second)
	set(&c.InviteTimeout, 32*time.Second)
	set(&c.RingTimeout, 200*time.Second)
	set(&c.MaxAge, 24*time.Hour)
	set(&c.MediaStop, 5*time.Minute)
	set(&c.Settle, 5*time.Second)
	set(&c.Hold, 32*time.Second)
	if c.Calls == 0 {
		c.Calls = 100_000
	}
	if c.Registrations == 0 {
		c.Registrations = 200_000
	}
	return c
}
