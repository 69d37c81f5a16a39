package sip

import "bytes"

// Via is one via-parm (RFC 3261 section 20.42):
//
//	via-parm         =  sent-protocol LWS sent-by *( SEMI via-params )
//	sent-protocol    =  protocol-name SLASH protocol-version SLASH transport
//	sent-by          =  host [ COLON port ]
//	via-params       =  via-ttl / via-maddr / via-received / via-branch / response-port / via-extension
//	SLASH            =  SWS "/" SWS
//
// Its slices are parts of the value.
type Via struct {
	Transport []byte // UDP, TCP, TLS, SCTP, WS, WSS or another token, as sent
	Host      []byte // sent-by, IPv6 without brackets
	Port      uint16 // of sent-by, 0 when there is none
	Branch    []byte
	Received  []byte // the address the request came from, IPv6 without brackets (RFC 3261 section 18.2.1, RFC 5118 section 4.5)
	RPort     uint16 // the port it came from (RFC 3581), 0 when there is none or only asked for
	HasRPort  bool   // rport is there, with or without value
	Params    []byte // all of them: see Param
}

// ParseVia reads one element of a Via list. The error is ErrVia.
func ParseVia(element []byte) (Via, error) {
	var v Via
	rest := trim(element)
	for range 2 { // protocol-name and protocol-version
		slash := bytes.IndexByte(rest, '/')
		if slash < 0 || !isToken(trim(rest[:slash])) {
			return Via{}, ErrVia
		}
		rest = trimLeft(rest[slash+1:])
	}
	n := 0
	for n < len(rest) && tokenOctets[rest[n]] {
		n++
	}
	if n == 0 || n == len(rest) || !isLWS(rest[n]) {
		return Via{}, ErrVia
	}
	v.Transport = rest[:n]
	sentBy, params, _ := bytes.Cut(rest[n:], []byte{';'})
	var ok bool
	v.Host, v.Port, ok = parseHostPort(trim(sentBy))
	if !ok {
		return Via{}, ErrVia
	}
	v.Params = trim(params)
	v.Branch, _ = Param(params, "branch")
	v.Received, _ = Param(params, "received")
	if l := len(v.Received); l > 2 && v.Received[0] == '[' && v.Received[l-1] == ']' {
		v.Received = v.Received[1 : l-1]
	}
	rport, has := Param(params, "rport")
	if has {
		v.HasRPort = true
		if port, ok := number(rport, 65535); ok {
			v.RPort = uint16(port) // #nosec G115 -- at most 65535
		}
	}
	return v, nil
}
