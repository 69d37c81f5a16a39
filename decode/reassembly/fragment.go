package reassembly

// Fragment is one fragment of an IPv4 datagram (RFC 791 section 3.2) or an IPv6 packet (RFC 8200 section 4.5).
type Fragment struct {
	Src, Dst [16]byte // IPv4 addresses are IPv4-mapped
	// Scope tells networks with the same addresses apart.
	Scope uint32
	// ID is the identification, 16 bits of it in IPv4.
	ID uint32
	// Proto is the protocol of what is put together: of IPv6 the Next Header of the fragment header.
	Proto uint8
	V6    bool
	// Offset of Data in the whole, in octets; More fragments follow.
	Offset int
	More   bool
	// Data is what it carries, as captured; Length how much that was on the wire.
	Data   []byte
	Length int
}
