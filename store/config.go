package store

import (
	"errors"
	"time"
)

// Config is the retry policy of a Pump.
type Config struct {
	// Name tells several pumps of one program apart in the log: "kafka", "postgres".
	Name string
	// MinWait and MaxWait bound the pause before a failed step is tried again: it begins at MinWait, doubles with every
	// failure in a row up to MaxWait, and is shortened at random by up to half, so that many sensors do not come back
	// in step. 0 means 100 ms and 30 s.
	MinWait, MaxWait time.Duration
	// Pending says that there is something to fetch; nil: not known. A pump that fetches for more than a minute while there is
	// does not turn (see Turns).
	Pending func() bool
}

func (c Config) withDefaults() (Config, error) {
	if c.MinWait == 0 {
		c.MinWait = 100 * time.Millisecond
	}
	if c.MaxWait == 0 {
		c.MaxWait = 30 * time.Second
	}
	if c.MinWait < 0 || c.MaxWait < c.MinWait {
		return c, errors.New("pump: the shortest wait must be positive and not exceed the longest")
	}
	return c, nil
}
