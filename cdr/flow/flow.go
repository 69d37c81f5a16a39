package flow

import (
	"calltrail/decode"
	"calltrail/decode/app"
	"calltrail/decode/tunnel"
)

// Volume is what went one way.
type Volume struct {
	// Packets and Octets of payload, of any kind; copies that a mirror port made count once.
	Packets, Octets uint64
	// RTP is how many of the packets looked like RTP, in TURN or an application's own header too; RTCP likewise.
	RTP, RTCP uint64
	// Sealed is how many were DTLS application data; Other how many were neither STUN, DTLS, RTP nor RTCP, nor a keep-alive.
	Sealed, Other uint64
	// RTPOctets, SealedOctets and OtherOctets are theirs.
	RTPOctets, SealedOctets, OtherOctets uint64
}

// Role is what a learned address is to the flow that named it.
type Role uint8

// Roles.
const (
	Mapped  Role = iota + 1 // the client's address as the server sees it: XOR-MAPPED-ADDRESS
	Peer                    // whom the client sends to through TURN: XOR-PEER-ADDRESS
	Relayed                 // the address that TURN gave the client: XOR-RELAYED-ADDRESS
)

// Learned is an address that a STUN message of the flow named. One that is an end of the flow is not kept.
type Learned struct {
	Role Role
	End  decode.Endpoint
}

// MaxLearned bounds the addresses kept of one flow; MaxTypes the payload types of one direction.
const (
	MaxLearned = 8
	MaxTypes   = 4
)

// PayloadType counts the RTP packets of one payload type.
type PayloadType struct {
	Type    uint8
	Packets uint32
	// SSRC is the synchronisation source of the first of them (RFC 3550 section 5.1).
	SSRC uint32
}

// Proved says that there were enough packets to believe in the type.
func (p *PayloadType) Proved() bool { return p.Packets >= typeProof }

// Facts is a set of things that were seen in a flow.
type Facts uint16

// Facts.
const (
	Asked       Facts = 1 << iota // a STUN request
	Answered                      // a STUN success or error response to one, from the other end
	ICE                           // a Binding request with USERNAME and one of PRIORITY, USE-CANDIDATE, ICE-CONTROLLED, ICE-CONTROLLING
	TURN                          // a message of a method of TURN: what follows may be a channel
	Allocated                     // an Allocate success
	Hello                         // a DTLS ClientHello
	HelloBack                     // a DTLS ServerHello
	Established                   // DTLS records under keys, of epoch 1 or later, both ways
	Relaying                      // media in Send or Data indications, in a channel, or in Microsoft's multiplexing
)

// Flow is what is known of one conversation between two endpoints in which something of a real-time application was seen. It
// holds no pointer into a packet. What every packet changes stands first.
type Flow struct {
	// Client sent the first STUN request, or else the first packet; Server is the other end: a relay, or the peer itself.
	Client, Server decode.Endpoint
	// Scope tells apart networks that use the same addresses, as in media.Flow.
	Scope uint32
	TCP   bool
	// First and Last are the times of the first and the newest packet; FirstMedia and LastMedia those of RTP, and of Sealed and
	// Other packets that follow one another at Config.Pace; nanoseconds of packet time, 0 for never. First does not change.
	First, Last, FirstMedia, LastMedia int64
	// Up is from client to server.
	Up, Down Volume
	// Types are the payload types of RTP in each direction, up first, in the order in which they came; of more than there is room
	// for, those that came three times.
	Types [2][MaxTypes]PayloadType
	Marks app.Marks
	Facts Facts
	// Credential is a hash of the two ICE user name fragments in whichever order (RFC 8445 section 7.2.2), 0 for none: the same
	// in all flows of one ICE session. It is made with a fixed function, so that it does not depend on the worker.
	Credential uint64
	// PlayingRTP, PlayingOther and PlayingSealed say that there was media of a kind both ways: see Config. Each one has its
	// Playing event. What is sealed may be a data channel of WebRTC, and what is unknown anything.
	PlayingRTP, PlayingOther, PlayingSealed bool
	// Serial tells apart what followed one another between the same two endpoints: 0, 1, 2 …, from 0 again when they had been
	// forgotten in between. Together with First it names a flow.
	Serial uint32
	// Learned addresses, NumLearned of them.
	Learned    [MaxLearned]Learned
	NumLearned uint8
	// VLAN, VLANs and Tunnels are what its first packet came through, as in a decode.Frame.
	VLAN    [2]uint16
	VLANs   uint8
	Tunnels []tunnel.Header
}

// EventKind says what happened to a flow.
type EventKind uint8

// Kinds of flow events, in the order in which they come. A flow of which nothing worth telling was seen has none.
const (
	// Noticed: a STUN request was answered, a certain mark was seen, there is RTP both ways; or such a flow has learned
	// something by which it could be joined or named. That is told at most 8 times.
	Noticed EventKind = iota + 1
	Playing           // there is media both ways, of a further kind: see Config
	Closed            // silence, no media for long, or the end of the input
)

// Event is a flow as it stood at Now, nanoseconds of packet time.
type Event struct {
	Flow
	Kind EventKind
	Now  int64
	// Evicted says that a Closed flow was pushed out of a full table, Ended that it was open when the input ended.
	Evicted, Ended bool
}
