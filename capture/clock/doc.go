// Package clock says how far the sensor's clock can be trusted: packets are stamped with it, and a record's times are worth
// what it is worth.
//
// In: adjtimex(2), read only, which needs no privilege; the tracking report of chronyd over UDP on this host, where it
// runs. Out: a State, read at any time from any goroutine. Called by cmd/calltrail, which makes record.Clock and metrics of
// it. It never sets or slews a clock, never asks another host, never holds up whoever reads a State, and logs nothing:
// steps of the clock go to a function of the caller.
//
// # Limits
//
// The kernel does not say who disciplines it: a clock kept by PTP (phc2sys) is synchronised without a known reference,
// unless chronyd has the PHC as its reference clock. chronyd is asked over UDP alone (cmdport, by default 323), because its
// Unix socket answers root and chronyd's own user only; with `cmdport 0` what the kernel says must do. A chronyd
// started with -x reports of a clock it does not steer, and cannot be told from one that does. Time stamps made by the network card
// (PHC) are not looked at: Source is always "system".
//
// # Files
//
//	state.go     what is known of the clock
//	kernel.go    adjtimex(2)                 step.go      jumps of the clock
//	chrony.go    the exchange with chronyd   tracking.go  the octets of it
//	watcher.go   all of it every 10 s
package clock
