package decode

// Reason says what became of a packet. Each packet has exactly one.
type Reason uint8

// The reasons. String gives the names that summaries and metrics use.
const (
	// Datagram is Walk's success: a UDP datagram that Classify has yet to name. It is no outcome by itself.
	Datagram Reason = iota

	// Decoded: handed on to a parser.

	SIP  // a SIP request or response, or what begins like one
	RTP  // an RTP packet by its header
	RTCP // an RTCP packet by its header
	// Of a SIP stream over TCP, WebSocket or SCTP: parts of messages, acknowledgements, keep-alives; set by the worker.
	Stream
	TLS      // a segment of a TLS connection that carries SIP, counted for its record; set by the worker
	T38      // a UDPTL datagram of a fax (ITU-T T.38), counted as a stream; set by the worker
	Fragment // a fragment of an IPv4 or IPv6 packet that has not completed it; taken to be put together
	STUN     // STUN and TURN messages with the magic cookie, RFC 8489; over TCP all of a connection that began with one
	DTLS     // DTLS records, RFC 6347

	// Ignored: read well enough to know that calltrail has no use for it.

	NotIP         // ARP, LLDP, spanning tree and whatever else is not IP
	Tunnel        // a tunnel that carries no IP, or carries it encrypted or compressed
	TCP           // TCP segments without signalling
	SCTP          // SCTP packets without SIP
	ICMP          // ICMP and ICMPv6, with whatever they quote
	OtherProtocol // any other protocol above IP: ESP, OSPF …
	UDPOther      // UDP that is none of what Classify knows
	H323          // H.225.0 call signalling and RAS: seen, not decoded
	MGCP          // RFC 3435: seen, not decoded
	IAX2          // RFC 5456: seen, not decoded
	Skinny        // SCCP, the telephones' protocol of Cisco: seen, not decoded
	Sigtran       // SS7 over SCTP (RFC 4666 and its kin): seen, not decoded
	Copy          // a SIP datagram that a mirror port made twice; set by the worker
	NoLegalBasis  // SIP, RTP or REGISTER, for which no legal basis is configured; set by the worker
	KeepAlive     // an empty datagram, or one of CR, LF and NUL only: RFC 5626 section 3.5.1, RFC 6263 section 4

	// Dropped: it could not be read, or not far enough.

	LinkTypeUnknown // a link type that decode does not know
	ShortLink       // link header, VLAN tag, MPLS or PPPoE header cut; a HEP message that cannot be read
	ShortIP         // IP header, extension header or GRE header cut
	BadIPHeader     // wrong IP version, or a header length below the minimum
	BadIPLength     // the length of IP or of a tunnel is less than its headers, or more than what carries it had on the wire
	Jumbogram       // IPv6 payload length 0 with hop-by-hop options, RFC 2675
	TooManyHeaders  // more VLAN tags, IPv6 extension headers or tunnels than are followed
	ShortUDP        // UDP header cut
	BadUDPLength    // the UDP length is less than 8, or more than IP carries
	ShortPayload    // the snap length left too little of the payload to name it
	BadHEP          // a message of a capture agent that cannot be read
	BadFragment     // a fragment that fits into no packet: too long, of no length, past the end
	FragmentRefused // a fragment for which there was no room; set by the worker
	SIPMalformed    // the SIP parser refused what Classify called SIP; set by the worker

	// NumReasons is the number of reasons.
	NumReasons
)

// Class is one of the three kinds of outcome.
type Class uint8

// The classes: packets = decoded + ignored + dropped.
const (
	Decoded Class = iota // handed on
	Ignored              // no use for it
	Dropped              // unreadable: a fault in the packet, in the capture, or a limit of this program
)

// reasons holds the name of each reason and its class. A Datagram that nobody named counts as ignored.
var reasons = [NumReasons]struct {
	name  string
	class Class
}{
	Datagram:        {"datagram", Ignored},
	SIP:             {"sip", Decoded},
	RTP:             {"rtp", Decoded},
	RTCP:            {"rtcp", Decoded},
	Stream:          {"stream", Decoded},
	TLS:             {"tls", Decoded},
	T38:             {"t38", Decoded},
	Fragment:        {"fragment", Decoded},
	STUN:            {"stun", Decoded},
	DTLS:            {"dtls", Decoded},
	NotIP:           {"not_ip", Ignored},
	Tunnel:          {"tunnel", Ignored},
	TCP:             {"tcp", Ignored},
	SCTP:            {"sctp", Ignored},
	ICMP:            {"icmp", Ignored},
	OtherProtocol:   {"other_protocol", Ignored},
	UDPOther:        {"udp_other", Ignored},
	H323:            {"h323", Ignored},
	MGCP:            {"mgcp", Ignored},
	IAX2:            {"iax2", Ignored},
	Skinny:          {"skinny", Ignored},
	Sigtran:         {"sigtran", Ignored},
	Copy:            {"copy", Ignored},
	NoLegalBasis:    {"no_legal_basis", Ignored},
	KeepAlive:       {"keep_alive", Ignored},
	LinkTypeUnknown: {"link_type_unknown", Dropped},
	ShortLink:       {"short_link", Dropped},
	ShortIP:         {"short_ip", Dropped},
	BadIPHeader:     {"bad_ip_header", Dropped},
	BadIPLength:     {"bad_ip_length", Dropped},
	Jumbogram:       {"jumbogram", Dropped},
	TooManyHeaders:  {"too_many_headers", Dropped},
	ShortUDP:        {"short_udp", Dropped},
	BadUDPLength:    {"bad_udp_length", Dropped},
	ShortPayload:    {"short_payload", Dropped},
	BadHEP:          {"bad_hep", Dropped},
	BadFragment:     {"bad_fragment", Dropped},
	FragmentRefused: {"fragment_refused", Dropped},
	SIPMalformed:    {"sip_malformed", Dropped},
}

// String returns the reason's name in snake_case.
func (r Reason) String() string {
	if r >= NumReasons {
		return "unknown"
	}
	return reasons[r].name
}

// Class returns the reason's class.
func (r Reason) Class() Class {
	if r >= NumReasons {
		return Dropped
	}
	return reasons[r].class
}

// String returns the class's name.
func (c Class) String() string {
	switch c {
	case Decoded:
		return "decoded"
	case Ignored:
		return "ignored"
	case Dropped:
		return "dropped"
	}
	return "unknown"
}

// Counts counts packets by reason.
type Counts [NumReasons]uint64

// Sum returns the number of packets in a class.
func (c *Counts) Sum(class Class) (n uint64) {
	for r, count := range c {
		if reasons[r].class == class {
			n += count
		}
	}
	return n
}

// Total returns the number of packets in all classes.
func (c *Counts) Total() (n uint64) {
	for _, count := range c {
		n += count
	}
	return n
}

// Add adds the counts of another, such as those of one worker to the sum of all.
func (c *Counts) Add(other *Counts) {
	for r, count := range other {
		c[r] += count
	}
}
