// Package capture takes packets from where they are (a capture file here; network interfaces later) and hands
// them on unchanged, each with its own timestamp. It knows link types and lengths, never protocols.
//
// In: files, or interfaces. Out: Packet values through a Source, one at a time, in the source's order.
// Called by cdr/pipeline's workers.
package capture

// LinkType is the link-layer header type of a packet, by the numbers of the pcap registry
// (draft-ietf-opsawg-pcaplinktype). The numbers in a file are mapped to these by the file reader.
type LinkType uint16

// Link types that decode understands. Every other one is counted and left out.
const (
	LinkNull      LinkType = 0   // BSD loopback: 4 octets of address family in the writer's byte order
	LinkEthernet  LinkType = 1   // IEEE 802.3
	LinkRaw       LinkType = 101 // IPv4 or IPv6 without a link header
	LinkLoop      LinkType = 108 // OpenBSD loopback: 4 octets of address family, big-endian
	LinkLinuxSLL  LinkType = 113 // Linux cooked v1, 16 octets
	LinkIPv4      LinkType = 228 // IPv4 without a link header
	LinkIPv6      LinkType = 229 // IPv6 without a link header
	LinkLinuxSLL2 LinkType = 276 // Linux cooked v2, 20 octets

	// LinkHEP is a HEPv3 message that a capture agent sent, whole. It is in no registry and in no file: capture/hep makes it.
	LinkHEP LinkType = 0xfee3
)

// Packet is one captured packet.
type Packet struct {
	// Time is the packet's own timestamp in nanoseconds since 1970-01-01T00:00:00Z.
	Time int64
	// Data holds the captured octets, from the link header on. It belongs to the Source and is valid until its
	// next call: copy what must live longer.
	Data []byte
	// Length is the number of octets the packet had on the wire; more than len(Data) when the snap length cut it.
	Length int
	// Position is the packet's ordinal in its source, counted from 1. It breaks ties between equal times.
	Position uint64
	// Tap is the index of the interface or file that saw the packet, in the order of configuration.
	Tap uint16
	// Link is the type of the header at the start of Data.
	Link LinkType
}

// Source yields packets in its own order until it returns an error.
type Source interface {
	// Next fills p with the next packet. It returns io.EOF after the last one. An error that wraps ErrDamaged says
	// that the input ended early: what came before it is good.
	Next(p *Packet) error
	// Close frees what the source holds. Next must not be called after it.
	Close() error
}
