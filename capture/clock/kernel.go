package clock

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// readKernel asks the kernel without changing anything (modes is 0).
func readKernel() (State, error) {
	var tx unix.Timex
	if _, err := unix.Adjtimex(&tx); err != nil {
		return State{Source: SourceSystem, MaxError: unbounded}, fmt.Errorf("adjtimex: %w", err)
	}
	return kernelState(&tx), nil
}

// kernelState reads timex, include/uapi/linux/timex.h and adjtimex(2).
func kernelState(tx *unix.Timex) State {
	s := State{
		Source:   SourceSystem,
		Synced:   tx.Status&unix.STA_UNSYNC == 0,
		MaxError: time.Duration(tx.Maxerror) * time.Microsecond,
	}
	// timex.offset is what the clock still has to be moved by: positive when it is behind.
	unit := time.Microsecond
	if tx.Status&unix.STA_NANO != 0 {
		unit = time.Nanosecond
	}
	s.Offset = -time.Duration(tx.Offset) * unit
	// A pulse steers, and is there; or the phase-locked loop, which NTP daemons use.
	const pps = unix.STA_PPSTIME | unix.STA_PPSSIGNAL
	switch {
	case !s.Synced:
	case tx.Status&pps == pps:
		s.Reference = "pps"
	case tx.Status&unix.STA_PLL != 0:
		s.Reference = "ntp"
	}
	return s
}
