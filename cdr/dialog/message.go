package dialog

import (
	"calltrail/decode"
	"calltrail/decode/pidf"
	"calltrail/decode/sdp"
	"calltrail/decode/sip"
	"calltrail/decode/tunnel"
)

// Carriage is a set of things that befell a message on its way here.
type Carriage uint8

// Carriage flags; each becomes a flag of the call.
const (
	FragmentOverlap Carriage = 1 << iota // fragments of it overlapped with different octets; the first ones were taken
	StreamOverlap                        // so did segments of its stream
	StreamGap                            // octets of its stream before it were never seen
)

// Message is one SIP message as it was seen.
type Message struct {
	SIP *sip.Message
	// SDP is the session description in its body, nil without.
	SDP *sdp.Description
	// At is the packet's own timestamp, nanoseconds since 1970-01-01T00:00:00Z.
	At int64
	// Now is packet time: At, or later when packets came out of order. It never goes back.
	Now      int64
	Src, Dst decode.Endpoint
	// VLAN are the frame's 802.1Q ids, VLANs how many of them there are.
	VLAN  [2]uint16
	VLANs uint8
	// Scope tells networks with the same addresses apart (media.Flow).
	Scope uint32
	Tap   uint16
	// Transport carried it. Tunnels are what it came through, outermost first; they are valid during Handle.
	Transport sip.Transport
	Tunnels   []tunnel.Header
	Carriage  Carriage
	// Stale says that it is a challenge with stale=true (RFC 7616 section 3.3): the credentials were right, the nonce was too old.
	Stale bool
	// Location is the place that its body names for the caller (RFC 6442), nil without. It is valid during Handle.
	Location *pidf.Location
}

// Names yields the names of the flags that c gives a call.
func (c Carriage) Names(yield func(string) bool) { carried(c).Names(yield) }
