package reassembly

import "calltrail/decode/sip"

// Flow is one direction of a TCP connection or an SCTP association, without pointers, comparable.
type Flow struct {
	Src, Dst         [16]byte // IPv4 addresses are IPv4-mapped
	SrcPort, DstPort uint16
	// Scope tells networks with the same addresses apart (VLANs, VNIs).
	Scope uint32
}

// Reverse is the other direction.
func (f Flow) Reverse() Flow {
	return Flow{Src: f.Dst, Dst: f.Src, SrcPort: f.DstPort, DstPort: f.SrcPort, Scope: f.Scope}
}

// Message is one whole SIP message that was cut out of a stream.
type Message struct {
	Flow      Flow
	Transport sip.Transport
	// Octets are the message. They are valid until the next call of what made it.
	Octets []byte
	// At is the time of the packet that completed it; Now the packet time at which that was known, which is later when a
	// gap before it had to be given up first. Nanoseconds since 1970-01-01T00:00:00Z.
	At, Now int64
	// Overlap: octets of it came twice and differed; the first ones were taken. Gap: octets before it, or of the end of its body, were
	// never seen.
	Overlap, Gap bool
}

// Verdict says what a segment or a packet was.
type Verdict uint8

// Verdicts.
const (
	NotFollowed Verdict = iota // no signalling, as far as can be told
	Held                       // of a stream that is followed; it completed no message
	Completed                  // it completed one message or more
	Sigtran                    // SS7 over IP (RFC 4666 and its kin): seen, not decoded
)
