package sip

import "math"

// CSeqValue is the value of CSeq (RFC 3261 section 20.16):
//
//	CSeq  =  "CSeq" HCOLON 1*DIGIT LWS Method
type CSeqValue struct {
	Number uint32
	Method []byte // part of the value
}

// ParseCSeq reads a CSeq value. Numbers from 2^31 on are no longer allowed to be sent (RFC 3261 section 8.1.1.5) but
// accepted, from 2^32 on refused. The error is ErrCSeq.
func ParseCSeq(value []byte) (CSeqValue, error) {
	v := trim(value)
	n := 0
	for n < len(v) && isDigit(v[n]) {
		n++
	}
	seq, ok := number(v[:n], math.MaxUint32)
	if !ok || n == len(v) || !isLWS(v[n]) {
		return CSeqValue{}, ErrCSeq
	}
	method := trimLeft(v[n:])
	if !isToken(method) {
		return CSeqValue{}, ErrCSeq
	}
	return CSeqValue{uint32(seq), method}, nil // #nosec G115 -- at most MaxUint32
}
