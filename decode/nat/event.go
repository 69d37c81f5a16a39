// Package nat names what a carrier's NAT says of its translations, by whatever protocol it says it: decode/natlog and decode/ipfix
// make an Event of it, and store/collector keeps that. It is a value, and imports nothing of ours.
package nat

import (
	"net/netip"
	"time"
)

// Event is one translation, or one block of ports, that began or ended.
type Event struct {
	// Ended is set when it ended; else it began.
	Ended bool
	// Time is when, by the NAT's clock; zero: it did not say.
	Time time.Time
	// Elapsed is for how long it had been at Time; 0: not said.
	Elapsed time.Duration
	// Protocol is that of IP (6 TCP, 17 UDP); 0: any, or not said.
	Protocol uint8
	// Inside is the address behind the NAT, and its port; 0: any.
	Inside netip.AddrPort
	// Public is the address before it. First and Last are its ports, both included, when Ports is set; else all.
	Public      netip.Addr
	Ports       bool
	First, Last uint16
	// Remote is the far end, of a NAT that names it; the invalid one: not said.
	Remote netip.AddrPort
}

// Valid says whether e tells who had which address: both are there, and of one subscriber at most.
func (e *Event) Valid() bool {
	return usable(e.Inside.Addr()) && usable(e.Public) && (!e.Ports || e.First <= e.Last) && e.Elapsed >= 0
}

func usable(a netip.Addr) bool {
	return a.IsValid() && a.Zone() == "" && !a.Is4In6() && !a.IsUnspecified() && !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
