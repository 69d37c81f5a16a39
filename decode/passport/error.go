package passport

// ParseError is why a value could not be read. It is a small number, so that counters can be an array indexed by it.
type ParseError uint8

// Reasons.
const (
	ErrTooLong   ParseError = iota + 1 // more than MaxIdentity octets
	ErrIdentity                        // no signed-identity-digest with parameters (RFC 8224 section 4)
	ErrToken                           // neither header.payload.signature nor ..signature (RFC 8225 sections 3 and 7)
	ErrBase64                          // a part that is no base64url
	ErrHeader                          // no JSON object with alg ES256 and typ passport (RFC 8225 section 4)
	ErrClaims                          // no JSON object with orig, dest (64 at most) and iat (RFC 8225 section 5), or of more than 8 levels
	ErrSignature                       // not the 64 octets of ES256 (RFC 7518 section 3.4)
	ErrCompact                         // the compact form: its claims must be rebuilt, and cannot be here
)

// ParseErrors is one more than the highest ParseError: the length of an array indexed by it.
const ParseErrors = int(ErrCompact) + 1

var reasons = [ParseErrors]string{
	ErrTooLong: "too_long", ErrIdentity: "identity", ErrToken: "token", ErrBase64: "base64", ErrHeader: "header",
	ErrClaims: "claims", ErrSignature: "signature", ErrCompact: "compact",
}

// Reason names e for a counter: one word in snake_case.
func (e ParseError) Reason() string {
	if int(e) >= len(reasons) {
		return ""
	}
	return reasons[e]
}

// Error implements error. It names the part that could not be read, never what was in it.
func (e ParseError) Error() string { return "passport: missing or malformed " + e.Reason() }
