package media

import (
	"calltrail/decode"
	"calltrail/decode/rtp"
)

// Flow names a stream: one SSRC between two ends.
type Flow struct {
	Src, Dst decode.Endpoint
	// Scope tells apart networks that use the same addresses: the VLAN ids of the packet, folded; 0 without.
	Scope uint32
	SSRC  uint32
}

// Network is what Scope says of the flow: 0 when both its ends have public addresses, which are the same everywhere, though
// each direction may have come through a VLAN of its own.
func (f *Flow) Network() uint32 {
	if private(f.Src.AddrPort().Addr()) || private(f.Dst.AddrPort().Addr()) {
		return f.Scope
	}
	return 0
}

// StreamID names one stream of one worker's Table.
type StreamID struct {
	Slot       uint32
	Generation uint32 // tells apart the streams that used a slot one after the other
	Worker     uint16
}

// EventKind says what happened to a stream.
type EventKind uint8

// Kinds of stream events.
const (
	Opened    EventKind = iota + 1 // its first packet came
	Closed                         // no further packet counts in this stream
	Confirmed                      // enough packets in sequence: no chance, but media; see confirm.go
)

// Event is what a Table tells of a stream.
type Event struct {
	Kind EventKind
	ID   StreamID
	Flow Flow
	// At is the time of the event in nanoseconds of packet time: of the first packet, or of the close.
	At int64
	// Stream holds the counts: so far when opened or confirmed, all when closed.
	Stream rtp.Stream
	// CName is the canonical name that the sender's RTCP gave (RFC 3550 section 6.5.1), of a Closed stream; "" when none was
	// seen, or it is a random one (RFC 7022).
	CName string
	// Proven says that the stream has been Confirmed, or follows one that was, after a jump of its sequence numbers.
	Proven bool
	// UDPTL says that the stream is of T.38 datagrams (ITU-T T.38 annex C), not of RTP: it has SSRC and payload type 0, no
	// jitter, and Octets of whole datagrams. It is never Confirmed.
	UDPTL bool
}

// Command asks a Table to close a stream: packets from At on (nanoseconds of packet time) count in a new one.
type Command struct {
	ID StreamID
	At int64
}
