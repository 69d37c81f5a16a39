package sip

// ParseError is why a message or a value could not be read. It is a small number, so that returning one allocates
// nothing and counters can be an array indexed by it.
type ParseError uint8

// Reasons to refuse a message (Message.Parse).
const (
	ErrEmpty     ParseError = iota + 1 // no octet but line ends: a keep-alive (RFC 5626 section 3.5.1)
	ErrTooLong                         // more than MaxMessage octets
	ErrStartLine                       // neither Request-Line nor Status-Line
	ErrVersion                         // a start line of another version than SIP/2.0
	ErrStatus                          // a Status-Code outside 100-699
	ErrCallID                          // no Call-ID, or an empty one
	ErrCSeq                            // no CSeq, or one that is not a number below 2^32 and a method
	ErrFrom                            // no From, or an empty one
	ErrTo                              // no To, or an empty one
)

// Reasons to refuse a value.
const (
	ErrNameAddr       ParseError = iota + 32 // not (name-addr / addr-spec) with parameters
	ErrURI                                   // not a SIP, SIPS, tel or absolute URI
	ErrVia                                   // not a via-parm
	ErrCredentials                           // not credentials
	ErrReason                                // not a reason-value (RFC 3326)
	ErrSessionID                             // not a session-ID of 32 hexadecimal digits (RFC 7989)
	ErrChargingVector                        // a P-Charging-Vector without icid-value (RFC 7315)
	ErrDeltaSeconds                          // not delta-seconds
	ErrReplaces                              // not a Call-ID with to-tag and from-tag (RFC 3891)
	ErrAccessNetwork                         // not an access-net-spec (RFC 7315)
	ErrGeolocation                           // not a locationValue (RFC 6442)
	ErrDate                                  // not a SIP-date (RFC 3261 section 20.17)
)

// ParseErrors is one more than the highest ParseError: the length of an array indexed by it.
const ParseErrors = int(ErrDate) + 1

// Reason names e for a counter: one word in snake_case.
func (e ParseError) Reason() string {
	switch e {
	case ErrEmpty:
		return "empty"
	case ErrTooLong:
		return "too_long"
	case ErrStartLine:
		return "start_line"
	case ErrVersion:
		return "version"
	case ErrStatus:
		return "status"
	case ErrCallID:
		return "call_id"
	case ErrCSeq:
		return "cseq"
	case ErrFrom:
		return "from"
	case ErrTo:
		return "to"
	case ErrNameAddr:
		return "name_addr"
	case ErrURI:
		return "uri"
	case ErrVia:
		return "via"
	case ErrCredentials:
		return "credentials"
	case ErrReason:
		return "reason"
	case ErrSessionID:
		return "session_id"
	case ErrChargingVector:
		return "charging_vector"
	case ErrDeltaSeconds:
		return "delta_seconds"
	case ErrReplaces:
		return "replaces"
	case ErrAccessNetwork:
		return "access_network"
	case ErrGeolocation:
		return "geolocation"
	case ErrDate:
		return "date"
	}
	return "unknown"
}

// Error implements error. It names the element that could not be read, never what was in it.
func (e ParseError) Error() string { return "sip: missing or malformed " + e.Reason() }
