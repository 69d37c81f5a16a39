package sip

// ChargingVector is the value of P-Charging-Vector (RFC 7315 section 5.6):
//
//	P-Charging-Vector     =  "P-Charging-Vector" HCOLON icid-value *(SEMI charge-params)
//	icid-value            =  "icid-value" EQUAL gen-value
//	orig-ioi              =  "orig-ioi" EQUAL gen-value
//	term-ioi              =  "term-ioi" EQUAL gen-value
//
// The slices are parts of the value, without quotes.
type ChargingVector struct {
	ICID    []byte // IMS charging identity: the same on all legs of a call within one network
	OrigIOI []byte // originating operator; nil when there is none
	TermIOI []byte // terminating operator; nil when there is none
}

// ParseChargingVector reads one value; the icid-value may stand anywhere. The error is ErrChargingVector.
func ParseChargingVector(value []byte) (ChargingVector, error) {
	icid, _ := Param(value, "icid-value")
	c := ChargingVector{ICID: stripQuotes(icid)}
	if len(c.ICID) == 0 {
		return ChargingVector{}, ErrChargingVector
	}
	orig, _ := Param(value, "orig-ioi")
	term, _ := Param(value, "term-ioi")
	c.OrigIOI, c.TermIOI = stripQuotes(orig), stripQuotes(term)
	return c, nil
}
