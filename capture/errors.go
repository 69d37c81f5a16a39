package capture

import "errors"

var (
	// ErrDamaged marks an input that is cut short or corrupt. Every packet before the damage was delivered.
	ErrDamaged = errors.New("damaged capture file")
	// ErrFormat marks an input that is no capture file this package reads: unknown first octets, a version or a
	// compression window outside what it supports. No packet was delivered.
	ErrFormat = errors.New("not a readable capture file")
)

// damage is the one-line error of a damaged input. It matches ErrDamaged and keeps what the decompressor or the
// operating system said as its cause.
type damage struct {
	text  string // file, place and what is wrong
	cause error  // nil when the octets themselves are wrong
}

func (d *damage) Error() string { return d.text }

func (d *damage) Unwrap() []error {
	if d.cause == nil {
		return []error{ErrDamaged}
	}
	return []error{ErrDamaged, d.cause}
}
