package attest

import (
	"fmt"
	"time"
)

// Config says where the certificates are.
type Config struct {
	// Dir is the folder of certificates, PEM; the package comment says how it is laid out. Empty: nothing is checked.
	Dir string
	// MaxAge is how far the time of issue may be from the packet's, either way; 0 means 60 s (RFC 8224 section 6.2.2).
	MaxAge time.Duration
	// Poll is how often Run looks whether the folder has changed; 0 means one minute.
	Poll time.Duration
	// OnReload, if set, hears of each attempt to read a changed folder: nil, or what went wrong, in one line. It is called from
	// Run and Reload, one call at a time, and must not call Reload.
	OnReload func(error)
}

func (c *Config) complete() error {
	if c.MaxAge == 0 {
		c.MaxAge = time.Minute
	}
	if c.Poll == 0 {
		c.Poll = time.Minute
	}
	if c.MaxAge < 0 || c.Poll < 0 {
		return fmt.Errorf("attest: maximum age %s or poll interval %s is negative: use 0 for the default", c.MaxAge, c.Poll)
	}
	if c.MaxAge > maxMaxAge/2*time.Second {
		return fmt.Errorf("attest: maximum age %s is more than a day: a PASSporT is for one call, use a minute or so", c.MaxAge)
	}
	return nil
}

// maxMaxAge is two days, in seconds.
const maxMaxAge = 2 * 24 * 60 * 60
