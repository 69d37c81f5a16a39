package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Permanent says whether err, or an error it wraps, tells that trying again is no use until somebody changes something:
// a wrong password, another schema, a broken chain. Such an error has a method Permanent() bool; any other error means
// that nothing is known, and the same bytes are sent again.
func Permanent(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}

// MarkPermanent wraps err so that Permanent is true for it. A nil err stays nil.
func MarkPermanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

func (permanentError) Permanent() bool { return true }

// pause returns the wait after the given number of failures in a row, 1 or more.
func (c Config) pause(failures int) time.Duration {
	wait := c.MaxWait
	if shift := failures - 1; shift < 62 {
		if w := c.MinWait << shift; w > 0 && w>>shift == c.MinWait && w < c.MaxWait {
			wait = w
		}
	}
	return wait - rand.N(wait/2+1) //nolint:gosec // spreads load, protects nothing
}

// wait returns after d, or earlier with ctx's error.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
