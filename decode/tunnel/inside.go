package tunnel

// Inside is what a tunnel's header says of what it carries.
type Inside struct {
	Type  Type
	HasID bool
	ID    uint32
	// EtherType names what it is, by IANA's "IEEE 802 Numbers"; EtherBridged for an Ethernet frame.
	EtherType uint16
	// Offset is where it begins, in octets from the start of the tunnel's header; never more than were captured.
	Offset int
	// Length is how many octets of it there were on the wire: by the tunnel's own length field, when it has one, else all
	// there are. Those captured may be fewer.
	Length int
}

// EtherTypes of what is opened.
const (
	EtherIPv4      = 0x0800
	EtherIPv6      = 0x86dd
	EtherVLAN      = 0x8100 // IEEE 802.1Q customer tag
	EtherQinQ      = 0x88a8 // IEEE 802.1ad service tag
	EtherQinQOld   = 0x9100 // service tag before 802.1ad
	EtherMPLS      = 0x8847
	EtherMPLSMulti = 0x8848
	EtherPPPoE     = 0x8864
	EtherBridged   = 0x6558 // Transparent Ethernet Bridging, RFC 1701: an Ethernet frame from its destination on
)

// Outcome says what became of a header.
type Outcome uint8

// Outcomes.
const (
	Opened Outcome = iota
	Closed         // it carries no packet that could be read: control messages, encrypted, compressed, or no such header
	Short          // captured in part only
	Broken         // what it says of its length does not fit into what carries it
)

// need says whether the first n octets of a header are there. b holds the captured ones of wire octets.
func need(b []byte, wire, n int) Outcome {
	switch {
	case n > wire:
		return Broken
	case n > len(b):
		return Short
	}
	return Opened
}

// open fills in where the inside begins: it is all the rest of wire octets.
func (in *Inside) open(b []byte, wire, offset int) Outcome {
	if o := need(b, wire, offset); o != Opened {
		return o
	}
	in.Offset, in.Length = offset, wire-offset
	return Opened
}
