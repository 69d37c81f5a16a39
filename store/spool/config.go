package spool

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits of the format and of the queue.
const (
	// MaxBody is the largest body in octets: twice the largest record, so that a record's own limit is met first.
	MaxBody = 128 << 10
	// MaxSensor is the longest name of a sensor in octets.
	MaxSensor = 255

	defaultSegmentBytes = 64 << 20
	defaultQueueBytes   = 64 << 20
	defaultWindow       = 100 * time.Millisecond
	// retryAfter is how long a failed commit waits before it is tried again unasked.
	retryAfter = time.Second
)

// Errors a caller may branch on.
var (
	// ErrFull means that the disk has no room. What was numbered stays queued and is written as soon as there is
	// room again; nothing is deleted to make it.
	ErrFull = errors.New("no space left for the spool")
	// ErrLocked means that another process, or another Spool of this one, has the directory.
	ErrLocked = errors.New("spool is in use")
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("spool is closed")
	// ErrTooLarge means that a body exceeds MaxBody; nothing was numbered.
	ErrTooLarge = errors.New("body is larger than the spool takes")
)

// Config says where a spool lives and how it behaves.
type Config struct {
	// Dir is the spool's directory; it is made if need be, readable for its owner only.
	Dir string
	// Sensor names the chain's owner, 1 to MaxSensor octets without NUL. A directory belongs to one sensor.
	Sensor string
	// PublicKey is the sensor's Ed25519 key or empty. It is bound by the chain's first entry, so it is used only when a
	// chain begins.
	PublicKey []byte
	// SegmentBytes is the size at which a segment is closed and the next begun; 0 means 64 MiB.
	SegmentBytes int64
	// QueueBytes bounds the memory for what is numbered and not yet durable; 0 means 64 MiB.
	QueueBytes int
	// Window is how long what Write took may wait for company before it is committed; 0 means 100 ms. Who waits for
	// durability (Append, WaitDurable, Sync) never waits for the window.
	Window time.Duration
	// Recent is how much of the log, in time before its newest entry, Trim leaves for the method of that name, whatever the
	// limits say; 0 leaves nothing for it.
	Recent time.Duration
	// KeepDamage is how long Trim leaves the copies of damaged octets in quarantine/, which may hold records; 0 means for ever.
	KeepDamage time.Duration
	// FS is the file system; nil means the operating system's.
	FS FS
	// Now is the wall clock, for the epoch, the age of segments and nothing else; nil means time.Now.
	Now func() time.Time

	breach breach // by tests alone
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Dir == "":
		return c, errors.New("spool: no directory given")
	case c.Sensor == "" || len(c.Sensor) > MaxSensor || strings.ContainsRune(c.Sensor, 0):
		return c, fmt.Errorf("spool: sensor name must have 1 to %d octets and no NUL, not %q", MaxSensor, c.Sensor)
	case c.SegmentBytes < 0 || c.QueueBytes < 0 || c.Window < 0 || c.Recent < 0 || c.KeepDamage < 0:
		return c, errors.New("spool: segment size, queue size, window and times must not be negative")
	}
	if c.SegmentBytes == 0 {
		c.SegmentBytes = defaultSegmentBytes
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = defaultQueueBytes
	}
	if c.Window == 0 {
		c.Window = defaultWindow
	}
	if c.FS == nil {
		c.FS = osFS{}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
