package sip

import (
	"bytes"
	"math"
)

// ParseDeltaSeconds reads Expires (RFC 3261 section 20.19), RSeq and other plain numbers:
//
//	delta-seconds  =  1*DIGIT
//
// What is 2^32 or more becomes 2^32-1, as section 20.10 asks. The error is ErrDeltaSeconds.
func ParseDeltaSeconds(value []byte) (uint32, error) {
	v := trim(value)
	n, ok := number(v, math.MaxUint32)
	if !ok {
		if allDigits(v) {
			return math.MaxUint32, nil
		}
		return 0, ErrDeltaSeconds
	}
	return uint32(n), nil // #nosec G115 -- at most MaxUint32
}

// SessionExpires is the value of Session-Expires (RFC 4028 section 4):
//
//	Session-Expires  = ("Session-Expires" / "x") HCOLON delta-seconds *(SEMI se-params)
//	refresher-param  = "refresher" EQUAL  ("uas" / "uac")
type SessionExpires struct {
	Seconds   uint32
	Refresher []byte // part of the value; nil when there is none
}

// ParseSessionExpires reads one value. The error is ErrDeltaSeconds.
func ParseSessionExpires(value []byte) (SessionExpires, error) {
	delta, params, _ := bytes.Cut(value, []byte{';'})
	n, err := ParseDeltaSeconds(delta)
	if err != nil {
		return SessionExpires{}, err
	}
	refresher, _ := Param(params, "refresher")
	return SessionExpires{Seconds: n, Refresher: refresher}, nil
}
