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
	Opened EventKind = iota + 1 // its first packet came
	Closed                      // no further packet counts in this stream
)

// Event is what a Table tells of a stream.
type Event struct {
	Kind EventKind
	ID   StreamID
	Flow Flow
	// At is the time of the event in nanoseconds of packet time: of the first packet, or of the close.
	At int64
	// Stream holds the counts: so far when opened, all when closed.
	Stream rtp.Stream
}

// Command asks a Table to close a stream: packets from At on (nanoseconds of packet time) count in a new one.
type Command struct {
	ID StreamID
	At int64
}
