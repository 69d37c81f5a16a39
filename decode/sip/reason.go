package sip

import "bytes"

// ReasonValue is one element of Reason (RFC 3326 section 2):
//
//	Reason            =  "Reason" HCOLON reason-value *(COMMA reason-value)
//	reason-value      =  protocol *(SEMI reason-params)
//	protocol          =  "SIP" / "Q.850" / token
//	reason-params     =  protocol-cause / reason-text / reason-extension
//	protocol-cause    =  "cause" EQUAL cause
//	cause             =  1*DIGIT
//	reason-text       =  "text" EQUAL quoted-string
//
// Its slices are parts of the value.
type ReasonValue struct {
	Protocol []byte // as sent; compare without case
	Cause    uint16 // 0 when there is none
	HasCause bool
	Text     []byte // with its quotes: see DisplayText; nil when there is none
}

// IsQ850 says that Cause is an ISDN cause (ITU-T Q.850). Some gateways leave the point out.
func (r ReasonValue) IsQ850() bool {
	return equalFold(r.Protocol, "q.850") || equalFold(r.Protocol, "q850")
}

// IsSIP says that Cause is a SIP status.
func (r ReasonValue) IsSIP() bool { return equalFold(r.Protocol, "sip") }

// ParseReason reads one element, also one that was unescaped from a URI of History-Info. A cause that is no number
// below 65536 is left out. The error is ErrReason.
func ParseReason(element []byte) (ReasonValue, error) {
	protocol, params, _ := bytes.Cut(element, []byte{';'})
	r := ReasonValue{Protocol: trim(protocol)}
	if !isToken(r.Protocol) {
		return ReasonValue{}, ErrReason
	}
	if cause, ok := Param(params, "cause"); ok {
		n, valid := number(stripQuotes(cause), 65535) // in quotes it is against the grammar, and seen
		r.Cause, r.HasCause = uint16(n), valid        // #nosec G115 -- at most 65535 when valid, else reset below
		if !valid {
			r.Cause = 0
		}
	}
	r.Text, _ = Param(params, "text")
	return r, nil
}
