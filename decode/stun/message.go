package stun

import (
	"net/netip"
	"slices"
)

// Method is a STUN method (RFC 8489 section 5; IANA's registry of STUN methods).
type Method uint16

// Methods.
const (
	Binding          Method = 0x001
	Allocate         Method = 0x003 // RFC 8656
	Refresh          Method = 0x004
	Send             Method = 0x006
	Data             Method = 0x007
	CreatePermission Method = 0x008
	ChannelBind      Method = 0x009
)

// Class is the class of a message.
type Class uint8

// Classes.
const (
	Request Class = iota
	Indication
	Success
	Failure
)

// MaxAttributes is how many attribute types of a message are kept; further ones set More.
const MaxAttributes = 24

// Message is what one STUN or TURN message shows. Its slices alias the octets that were parsed and live as long as they. The
// zero value is ready for Parse and may be used again and again.
type Message struct {
	// Type is the message type as sent; Method and Class are in it when its first two bits are 0.
	Type uint16
	// Cookie says that the magic cookie is there (RFC 8489 section 5); without it the message may be one of RFC 3489.
	Cookie      bool
	Transaction [16]byte // the last 12 octets of the header, with cookie the first 4 are 0
	// Attributes are the types of the attributes, in their order, NumAttributes of them.
	Attributes    [MaxAttributes]uint16
	NumAttributes uint8
	More          bool
	// Addresses; not valid when absent. Of several the first one counts.
	Mapped  netip.AddrPort // XOR-MAPPED-ADDRESS (0x0020, 0x8020), else MAPPED-ADDRESS (0x0001): the sender of a request, as the server sees it
	Peer    netip.AddrPort // XOR-PEER-ADDRESS (0x0012): whom TURN is to relay to, or from
	Relayed netip.AddrPort // XOR-RELAYED-ADDRESS (0x0016): the address that TURN has given
	Origin  netip.AddrPort // RESPONSE-ORIGIN (0x802b)
	Other   netip.AddrPort // OTHER-ADDRESS (0x802c)
	// Realm (0x0014), Username (0x0006), Software (0x8022) and Data (0x0013) as sent, nil when absent. Data is a packet by itself.
	Realm, Username, Software, Data []byte
	// Lifetime (0x000d) in seconds; HasLifetime says that it is there.
	Lifetime    uint32
	HasLifetime bool
	// Code of ERROR-CODE (0x0009), 300-699; 0 when absent.
	Code uint16
	// Channel of CHANNEL-NUMBER (0x000c); 0 when absent.
	Channel uint16
	// DataLen is the length of Data on the wire, more than len(Data) when the snap length cut it.
	DataLen int

	xored bool // Mapped is from an XOR-MAPPED-ADDRESS
}

// Method is the message's method.
func (m *Message) Method() Method {
	t := m.Type
	return Method(t&0x000f | t&0x00e0>>1 | t&0x3e00>>2)
}

// Class is the message's class.
func (m *Message) Class() Class {
	return Class(m.Type>>4&1 | m.Type>>7&2) // #nosec G115 -- two bits
}

// Has says that an attribute is among those kept.
func (m *Message) Has(attribute uint16) bool {
	return slices.Contains(m.Attributes[:m.NumAttributes], attribute)
}
