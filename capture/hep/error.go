package hep

// ParseError is why a HEP message could not be read. It is a small number, so that returning one allocates nothing.
type ParseError uint8

// Reasons to refuse a message.
const (
	ErrMagic       ParseError = iota + 1 // it does not begin with "HEP3": HEPv1, HEPv2, or something else
	ErrLength                            // the total length is less than the header, or more than the octets in hand
	ErrChunk                             // a chunk's length is less than its header, or more than what is left
	ErrChunkValue                        // the value of a chunk has another length than its type has
	ErrAddresses                         // no source or destination address, or not both of one family
	ErrPorts                             // UDP, TCP or SCTP without both ports
	ErrProtocol                          // no IP protocol
	ErrNoPayload                         // no payload
	ErrCompressed                        // the payload is compressed (chunk 0x0010)
	numParseErrors                       // one more than the highest
)

// ParseErrors is one more than the highest ParseError: the length of an array indexed by it.
const ParseErrors = int(numParseErrors)

var reasons = [numParseErrors]string{
	ErrMagic: "magic", ErrLength: "length", ErrChunk: "chunk", ErrChunkValue: "chunk_value", ErrAddresses: "addresses",
	ErrPorts: "ports", ErrProtocol: "protocol", ErrNoPayload: "no_payload", ErrCompressed: "compressed",
}

// Reason names e for a counter: snake_case.
func (e ParseError) Reason() string {
	if e == 0 || e >= numParseErrors {
		return "unknown"
	}
	return reasons[e]
}

// Error implements error. It names the element that could not be read, never what was in it.
func (e ParseError) Error() string { return "hep: missing or malformed " + e.Reason() }
