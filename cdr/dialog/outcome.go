package dialog

import (
	"net/netip"

	"calltrail/decode"
)

// Outcome is how a call ended.
type Outcome uint8

// Outcomes.
const (
	OutcomeUnknown Outcome = iota
	OutcomeInProgress
	OutcomeAnswered
	OutcomeBusy
	OutcomeNoAnswer
	OutcomeCancelled
	OutcomeRejected
	OutcomeRedirected
	OutcomeFailed
	// NumOutcomes is the number of outcomes.
	NumOutcomes
)

// Outcome is the call's outcome as it stands.
func (c *Call) Outcome() Outcome {
	switch {
	case c.state != ended:
		return OutcomeInProgress
	case c.Established():
		return OutcomeAnswered
	case c.cancelled != 0 || c.Status == 487:
		return OutcomeCancelled
	}
	switch c.Status {
	case 0:
		if c.Flags&MidCall != 0 || c.EndedBy != EndedByTimeout {
			return OutcomeUnknown // hung up, and how far it had come was not seen
		}
		return OutcomeNoAnswer
	case 486, 600:
		return OutcomeBusy
	case 408, 480:
		return OutcomeNoAnswer
	case 403, 603:
		return OutcomeRejected
	}
	if c.Status/100 == 3 {
		return OutcomeRedirected
	}
	return OutcomeFailed
}

// endpointOf reads an address as text; the zero Endpoint when it is a name.
func endpointOf(host []byte, port uint16) decode.Endpoint {
	ip, err := netip.ParseAddr(string(host))
	if err != nil {
		return decode.Endpoint{}
	}
	return decode.EndpointOf(netip.AddrPortFrom(ip, port))
}
