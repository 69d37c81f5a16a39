package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// minStep is the least jump that is told. An offset below it is slewed away by every NTP daemon (ntpd steps from 128 ms).
const minStep = 100 * time.Millisecond

// maxGap is how far apart the readings of the two clocks may be; more, and the thread was interrupted between them.
const maxGap = 5 * time.Millisecond

// stepper finds jumps of CLOCK_REALTIME. CLOCK_BOOTTIME runs at the same rate, slewed alike, and is never set, so their
// difference changes by steps alone: those of a daemon, of a person, and leap seconds. CLOCK_MONOTONIC would not do: it stands
// still while the host is suspended. What is below minStep is taken as it is, so that many small ones go unseen.
type stepper struct {
	last  time.Duration
	known bool
}

// observe takes the difference of the clocks and returns by how much it jumped since the one before, or 0.
func (s *stepper) observe(difference time.Duration) time.Duration {
	step := difference - s.last
	first := !s.known
	s.last, s.known = difference, true
	if first || step.Abs() <= minStep {
		return 0
	}
	return step
}

// clockDifference is CLOCK_REALTIME - CLOCK_BOOTTIME. It is false when the two could not be read close enough together, as
// on a host with no time to spare; the next reading finds the step.
func clockDifference() (time.Duration, bool) {
	for range 5 {
		before, real, after := read(unix.CLOCK_BOOTTIME), read(unix.CLOCK_REALTIME), read(unix.CLOCK_BOOTTIME)
		if gap := after - before; before > 0 && gap <= maxGap {
			return real - before - gap/2, true
		}
	}
	return 0, false
}

// read is a clock's time since its zero, or 0 when the kernel does not have it.
func read(clock int32) time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
