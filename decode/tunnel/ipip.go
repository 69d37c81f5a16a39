package tunnel

// IP protocol numbers of what is carried in IP without a header between.
const (
	protoIPv4 = 4
	protoIPv6 = 41
	protoMPLS = 137
)

// ReadIP says what an IP packet carries whose protocol is IP itself (RFC 2003, RFC 2473, RFC 4213): from its header on,
// another. v4 says that the outer packet is IPv4. An MPLS stack (RFC 4023 section 3) is read by ReadMPLS.
//
//	+---------------+-----------------------------------------------+
//	| outer header  | inner IP packet                               |  outer protocol 4: IPv4; 41: IPv6
//	+---------------+-----------------------------------------------+
func ReadIP(proto uint8, v4 bool, b []byte, wire int) (in Inside, o Outcome) {
	switch proto {
	case protoIPv4:
		in = Inside{Type: IPIP, EtherType: EtherIPv4}
	case protoIPv6:
		in = Inside{Type: IPIP, EtherType: EtherIPv6}
		if v4 {
			in.Type = SixIn4
		}
	case protoMPLS:
		return ReadMPLS(b, wire)
	default:
		return in, Closed
	}
	return in, in.open(b, wire, 0)
}
