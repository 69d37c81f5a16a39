package sdp

import (
	"iter"
	"net/netip"
)

// Candidate is an address at which a party may receive a media description's packets (ICE, RFC 8445), as a=candidate says it.
type Candidate struct {
	Addr    netip.AddrPort
	Related netip.AddrPort // raddr and rport: what the address was made from, seen from nearer to the party; not valid when absent
	Type    CandidateType
	// Component is 1 for RTP, and for RTCP with a=rtcp-mux, and 2 for RTCP.
	Component uint8
}

// CandidateType is how a party came by a candidate (RFC 8445 section 5.1.1).
type CandidateType uint8

// Candidate types.
const (
	Host            CandidateType = iota + 1 // an address of the party's own interface
	ServerReflexive                          // the outside of its NAT, as a STUN server saw it
	PeerReflexive                            // the outside of its NAT, as the peer saw it
	Relayed                                  // an address of a TURN server
)

var candidateTypeNames = [...]string{"", "host", "srflx", "prflx", "relay"}

// String returns the name as in a=candidate; "" for none of them.
func (t CandidateType) String() string {
	if int(t) < len(candidateTypeNames) {
		return candidateTypeNames[t]
	}
	return ""
}

// Candidates yields the candidates of media description i, in their order.
func (d *Description) Candidates(i int) iter.Seq[*Candidate] {
	return func(yield func(*Candidate) bool) {
		m := &d.Media[i]
		for k := range d.candidates[m.firstCandidate:][:m.NumCandidates] {
			if !yield(&d.candidates[int(m.firstCandidate)+k]) {
				return
			}
		}
	}
}

// candidate reads a=candidate of media description m, which is the last one. Candidates over TCP (RFC 6544), of other
// components than RTP's and RTCP's, and names in place of an address (such as mDNS's, ".local") are passed over: none of these
// says where a datagram may come.
//
//	candidate-attribute = "candidate" ":" foundation SP component-id SP transport SP priority SP
//	                      connection-address SP port SP cand-type [SP rel-addr] [SP rel-port] *(SP …)
//	cand-type           = "typ" SP candidate-types        rel-addr = "raddr" SP connection-address
//	                                                      rel-port = "rport" SP port     (RFC 8839 section 5.1)
func (d *Description) candidate(m *Media, value []byte) {
	_, rest := cutField(value) // foundation
	field, rest := cutField(rest)
	component, ok := number(field, 256)
	transport, rest := cutField(rest)
	if !ok || component == 0 || component > 2 || !equalFold(transport, "udp") {
		return
	}
	_, rest = cutField(rest) // priority
	address, rest := cutField(rest)
	port, rest := cutField(rest)
	key, rest := cutField(rest)
	name, rest := cutField(rest)
	kind := candidateTypeOf(name)
	c := Candidate{Addr: addrPort(address, port), Type: kind, Component: uint8(component)} // #nosec G115 -- 1 or 2
	if !equalFold(key, "typ") || kind == 0 || !c.Addr.IsValid() {
		return
	}
	if m.NumCandidates == MaxCandidates || len(d.candidates) == maxAllCandidates {
		d.Anomalies |= MoreCandidates
		return
	}
	if key, rest = cutField(rest); equalFold(key, "raddr") {
		address, rest = cutField(rest)
		key, rest = cutField(rest)
		port, _ = cutField(rest)
		if equalFold(key, "rport") {
			c.Related = addrPort(address, port)
		}
	}
	d.candidates = append(d.candidates, c)
	m.NumCandidates++
}

// addrPort reads an address that something can come from; the result is not valid when b is none, or port is 0.
func addrPort(address, port []byte) netip.AddrPort {
	ip, ok := parseAddr(address)
	n, valid := number(port, 65535)
	if !ok || !valid || n == 0 || ip.IsUnspecified() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)) // #nosec G115 -- at most 65535
}

func candidateTypeOf(b []byte) CandidateType {
	for i, name := range candidateTypeNames {
		if i > 0 && equalFold(b, name) {
			return CandidateType(i) // #nosec G115 -- an index of candidateTypeNames
		}
	}
	return 0
}
