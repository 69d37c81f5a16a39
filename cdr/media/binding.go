package media

import (
	"net/netip"

	"calltrail/decode"
)

// Party is a side of a call.
type Party uint8

// The two sides.
const (
	Caller Party = iota
	Callee
)

// Other is the other side.
func (p Party) Other() Party { return p ^ 1 }

// Times of the rules of attribution, in nanoseconds of packet time.
const (
	// Linger is how long an address stays a call's after the call, or the offer that named it, has ended. It is also the
	// notice a Command gives: a Table may be this far ahead of the Index, and no further.
	Linger = int64(2e9)
	// Probation is how long before its SDP a stream may have begun and still be counted from its first packet.
	Probation = int64(10e9)
)

// Bounds of one Session.
const (
	maxBindings   = 32 // addresses announced by c= and m=
	maxCandidates = 96 // by a=candidate alone
	maxObserved   = 32
	maxClaimed    = 64 // streams at a time
	maxForeign    = 8  // of each of these two that are foreign
	maxSources    = 4  // of each party
	maxLines      = 8  // of one address
)

// Bounds of one address, so that nobody makes a search of it long.
const (
	maxSharing = 64  // announcements of it that are found
	maxWaiting = 256 // open streams that are found by it; further ones find their calls when they begin, or not
)

// address is an announced address in its network.
type address struct {
	decode.Endpoint
	scope uint32
}

// binding is one address that one party of one call announced for its reception.
type binding struct {
	session *Session
	lines   *lines // at least one
	// behind is where a hidden address may be met: at the host that its party's signalling comes from, with the port that was
	// announced, as a NAT that keeps ports leaves it. nil for none.
	behind *address
	from   int64
	until  int64 // noCut while it holds
	at     address
	born   uint32 // round that named it first
	round  uint32 // round that named it last
	party  Party
	main   bool // named by c= and m=, and not by a=candidate alone
	relay  bool // of a TURN server, which sends on to the party what comes there
	hidden bool // not to be found by address: a private one behind a NAT, or one that too many share
}

// holds says that a stream that began at first may belong to the binding.
func (b *binding) holds(first int64) bool {
	return first >= b.from-Probation && first < b.until
}

// private says that the address may stand in many networks at once: RFC 1918, RFC 6598, unique local, link local.
func private(ip netip.Addr) bool {
	if ip.Is4() {
		a := ip.As4()
		if a[0] == 100 && a[1]&0xc0 == 64 {
			return true
		}
	}
	return ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsLoopback()
}

// scoped puts an endpoint into its network: public addresses are the same everywhere.
func scoped(e decode.Endpoint, scope uint32) address {
	if !private(e.AddrPort().Addr()) {
		scope = 0
	}
	return address{e, scope}
}
