package clock

import "time"

// SourceSystem is the Source of packets stamped by the kernel with the system's clock (CLOCK_REALTIME).
const SourceSystem = "system"

// unbounded is the MaxError of a clock of which nothing is known: where the kernel stops counting (NTP_PHASE_LIMIT).
const unbounded = 16 * time.Second

// State is what is known of the sensor's clock at one time.
type State struct {
	// Source is what gives the packets their time: SourceSystem.
	Source string
	// Reference is what the clock follows. From chronyd "chrony 192.0.2.1 stratum 3" (the server and this host's own
	// stratum), "chrony PPS stratum 1" for a reference clock, "chrony local stratum 5" when it follows itself. From
	// the kernel "pps", or "ntp" when its NTP loop (STA_PLL) is in use. Empty: not known, or nothing.
	Reference string
	// Stratum is this host's distance from a reference clock, 1 beside it (RFC 5905 section 7.3). 0: not known.
	Stratum int
	// Synced says that the clock follows a reference: by chronyd's word where it answers (the kernel's flag stays up
	// there without `rtcsync`), else by the kernel's (STA_UNSYNC). A clock that follows itself does not.
	Synced bool
	// Offset is how far the clock is ahead of its reference, as estimated; negative when it is behind.
	Offset time.Duration
	// MaxError bounds |clock - true time|, if the reference is right: from chronyd |offset| + root dispersion + half the
	// root delay, else the kernel's maxerror, which ends at 16 s and means nothing there.
	MaxError time.Duration
	// Steps counts the jumps of the clock that the Watcher saw since it began.
	Steps uint64
	// At is when the state was read, by this clock. Zero: never.
	At time.Time
}
