package mediaonly

import (
	"time"

	"calltrail/cdr/media"
)

// Config bounds a Table. All times are packet time; zero values stand for the defaults.
type Config struct {
	// Calls is the most that are in memory at a time. Default 65,536.
	Calls int
	// Checkpoint is the age at which a call that goes on has its interim record. Default 15 s: media.Probation, after which its
	// streams are known, and 5 s more, within which the other direction must have begun to be joined. Not to be less.
	Checkpoint time.Duration
	// Linger is how long a call whose streams have all closed waits for further ones. Default 15 s: a stream is known to be
	// without signalling media.Probation after its first packet, so this is 5 s between one stream and the next.
	Linger time.Duration
	// Idle is the silence after which the media.Tables close a stream. Default 30 s. A call that ended less than this before the
	// end of the input may have gone on.
	Idle time.Duration
	// MinPackets and MinLength are what one stream of a short call must have, of those that closed before it was known whether
	// anything would claim them. Default 20 packets over 1 s.
	MinPackets uint64
	MinLength  time.Duration
}

func (c Config) withDefaults() Config {
	if c.Calls == 0 {
		c.Calls = 65_536
	}
	if c.MinPackets == 0 {
		c.MinPackets = 20
	}
	for _, d := range [...]struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&c.Checkpoint, time.Duration(media.Probation + joinWindow)},
		{&c.Linger, time.Duration(media.Probation + joinWindow)},
		{&c.Idle, 30 * time.Second},
		{&c.MinLength, time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return c
}

// joinWindow is how far apart, in nanoseconds, two directions on different ports may begin and still be one call.
const joinWindow = int64(5e9)
