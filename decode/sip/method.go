package sip

// Method is a SIP method. Method names are case-sensitive (RFC 3261 section 7.1): "invite" is Other.
type Method uint8

// Methods, in the order of their RFCs. MethodOther is any token that is none of them; the token itself is kept.
const (
	MethodOther     Method = iota
	MethodINVITE           // RFC 3261
	MethodACK              // RFC 3261
	MethodBYE              // RFC 3261
	MethodCANCEL           // RFC 3261
	MethodREGISTER         // RFC 3261
	MethodOPTIONS          // RFC 3261
	MethodPRACK            // RFC 3262
	MethodUPDATE           // RFC 3311
	MethodINFO             // RFC 6086
	MethodREFER            // RFC 3515
	MethodSUBSCRIBE        // RFC 6665
	MethodNOTIFY           // RFC 6665
	MethodMESSAGE          // RFC 3428
	MethodPUBLISH          // RFC 3903
)

// Methods is the number of Method values: the length of an array indexed by one.
const Methods = int(MethodPUBLISH) + 1

var methodNames = [Methods]string{
	"OTHER", "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER",
	"SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH",
}

// String returns the method's name, "OTHER" for MethodOther.
func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return methodNames[MethodOther]
}

// MethodOf returns the Method that token names.
func MethodOf(token []byte) Method {
	// The compiler makes a search over lengths of this, without an allocation for the conversion.
	switch string(token) {
	case "INVITE":
		return MethodINVITE
	case "ACK":
		return MethodACK
	case "BYE":
		return MethodBYE
	case "CANCEL":
		return MethodCANCEL
	case "REGISTER":
		return MethodREGISTER
	case "OPTIONS":
		return MethodOPTIONS
	case "PRACK":
		return MethodPRACK
	case "UPDATE":
		return MethodUPDATE
	case "INFO":
		return MethodINFO
	case "REFER":
		return MethodREFER
	case "SUBSCRIBE":
		return MethodSUBSCRIBE
	case "NOTIFY":
		return MethodNOTIFY
	case "MESSAGE":
		return MethodMESSAGE
	case "PUBLISH":
		return MethodPUBLISH
	}
	return MethodOther
}
