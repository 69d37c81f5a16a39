package app

import (
	"calltrail/cdr/flow"
	"calltrail/cdr/media"
	"calltrail/decode"
	"calltrail/decode/app"
)

// Bounds of one call.
const (
	MaxFlows   = 32
	MaxStreams = 32
)

// Ender says how a call ended.
type Ender uint8

// Enders.
const (
	Open    Ender = iota
	Silent        // nothing more was sent, or no media
	Evicted       // pushed out of a full table
	Cut           // the input or the run ended
)

// Origin is the flow that a call began with. It names the call: it stays what it was when the call was told for the first time,
// even if an earlier flow turns out to belong to the call.
type Origin struct {
	Client, Server decode.Endpoint
	Scope          uint32
	TCP            bool
	// First is the time of its first packet, nanoseconds of packet time.
	First int64
}

// Call is one call in an application, made of all the flows it used, as it stood. It belongs to whoever is given it.
type Call struct {
	// Origin and Started are the same in all revisions of a call.
	Origin Origin
	// Name, Confidence and Evidence are decode/app's judgement of Marks: those of all flows and of the networks of their servers.
	Name       app.Name
	Confidence app.Confidence
	Evidence   []string
	Marks      app.Marks
	Medium     app.Medium
	// Client is the end that called the relay, or that sent first; Peer the other party, Relay the server in between, Mapped the
	// client's address outside its NAT. The zero Endpoint is none.
	Client, Peer, Relay, Mapped decode.Endpoint
	// PeerSeen says that packets of Peer were seen, or that it answered. Without, it is an address that the application sends to, by
	// the word of a STUN message.
	PeerSeen bool
	// Up is from the client, summed over the flows that have the client's IP address at one end; relay and peer media of one call
	// are not the same packets. What the same tap sees of the call behind its relay is left out: it is the same media again.
	Up, Down flow.Volume
	// Flows that were joined, in the order of their first packets; at most MaxFlows of them.
	Flows []flow.Flow
	// Streams of RTP that were seen in these flows and have been closed, in the order of their first packets; at most MaxStreams.
	Streams []media.Observed
	// Times in nanoseconds of packet time; 0 for never. End is set when the call has ended.
	Started, LastSeen, End int64
	// Media says that there was media both ways: without, it is an attempt.
	Media bool
	Ender Ender
	// Overflow says that there was more than a Call holds.
	Overflow bool
	Tap      uint16
	Revision int
}
