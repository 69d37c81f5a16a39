package capture

import (
	"errors"
	"time"

	"golang.org/x/net/bpf"
)

// ErrIdle says that a live source had no packet for its wait; it is not the end. Packet.Time is then a time up to which
// the source has handed out everything: the capture's clock, less what the kernel may still hold back.
var ErrIdle = errors.New("no packet")

// Live is one worker's part of a Tap. One goroutine calls Next, which returns ErrIdle within a fraction of a second when
// nothing comes, also while the interface is down; LiveStats may be called from any goroutine.
//
// Packet.Position counts from 1 in each Live. Packet.Tap is 0: who runs several taps numbers them.
type Live interface {
	Source
	// LiveStats returns the counts since the source was opened. They only grow, also over a reopened socket.
	LiveStats() LiveStats
}

// LiveStats counts what a Live took, and what was lost on the way to it.
type LiveStats struct {
	// Packets the kernel's filter let through, those dropped for lack of room in the ring among them.
	Packets uint64
	// Drops are packets for which the ring had no room (tp_drops).
	Drops uint64
	// Freezes is how often the ring was full (tp_freeze_q_cnt); 0 where the engine does not say.
	Freezes uint64
	// Reopened is how often an outage of the interface ended: it came up again, or the socket was made again. Down is for
	// how long there was no socket or the interface was down, and Up whether packets can come now.
	Reopened uint64
	Down     time.Duration
	Up       bool
}

// Tap is a network interface under observation, by one engine.
type Tap interface {
	// Name of the interface.
	Name() string
	// Sources are the workers' parts; each packet comes in one of them, those of a flow, both directions, in the same.
	Sources() []Live
	// SetFilter replaces the kernel's filter while packets flow: none is lost or seen twice by it.
	SetFilter(filter []bpf.RawInstruction) error
	// Close ends the sources: their Next returns io.EOF after what is in the ring. It waits for nobody.
	Close() error
}

// TapConfig says how to open a Tap.
type TapConfig struct {
	Interface string
	// Workers is how many Sources there are; at least 1.
	Workers int
	// RingBytes is the memory of each worker's ring, BlockTimeout how long a block that is not full is kept back.
	RingBytes    int
	BlockTimeout time.Duration
	// Promiscuous takes what is not addressed to this host.
	Promiscuous bool
	// SnapLength is the most octets of a packet that are kept.
	SnapLength int
	// Filter is the kernel's filter; empty lets everything through.
	Filter []bpf.RawInstruction
}

// NICStats are losses of the card and the host, outside of any socket, since the host began.
type NICStats struct {
	// Missed (rx_missed_errors): no room in the card's ring. Dropped (rx_dropped) and Errors (rx_errors) as the kernel
	// counts them.
	Missed, Dropped, Errors uint64
	// SoftnetDropped and SoftnetSqueezed are the sums over all CPUs of the host (/proc/net/softnet_stat).
	SoftnetDropped, SoftnetSqueezed uint64
}
