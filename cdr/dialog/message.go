package dialog

import (
	"calltrail/decode"
	"calltrail/decode/sdp"
	"calltrail/decode/sip"
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
}
