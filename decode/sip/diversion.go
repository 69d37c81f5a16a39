package sip

// Diversion is one element of Diversion (RFC 5806 section 4):
//
//	diversion-params  =  name-addr *(";" (diversion-reason / diversion-counter / diversion-limit /
//	                                      diversion-privacy / diversion-screen / diversion-extension))
//	diversion-reason  =  "reason" "=" ("unknown" / "user-busy" / "no-answer" / "unavailable" /
//	                                   "unconditional" / "time-of-day" / "do-not-disturb" / "deflection" /
//	                                   "follow-me" / "out-of-service" / "away" / token / quoted-string)
//	diversion-counter =  "counter" "=" 1*2DIGIT
type Diversion struct {
	NameAddr        // who diverted the call
	Reason   []byte // as sent, without quotes; nil when there is none
	Counter  uint8  // how many diversions it stands for, 0 when it does not say
}

// ParseDiversion reads one element. The error is ErrNameAddr.
func ParseDiversion(element []byte) (Diversion, error) {
	addr, err := ParseNameAddr(element)
	if err != nil {
		return Diversion{NameAddr: addr}, err
	}
	reason, _ := Param(addr.Params, "reason")
	d := Diversion{NameAddr: addr, Reason: stripQuotes(reason)}
	counter, _ := Param(addr.Params, "counter")
	if n, ok := number(counter, 255); ok {
		d.Counter = uint8(n) // #nosec G115 -- at most 255
	}
	return d, nil
}
