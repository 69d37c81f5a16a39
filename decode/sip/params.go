package sip

// Parameters of header fields and URIs (RFC 3261 section 25.1):
//
//	generic-param  =  token [ EQUAL gen-value ]
//	gen-value      =  token / host / quoted-string
//	uri-parameters =  *( ";" uri-parameter)

// Param returns the value of the first parameter of that name (in lower case) in params, which is what follows the
// first semicolon, and whether it is there at all: a parameter may have no value. A quoted value keeps its quotes.
func Param(params []byte, name string) (value []byte, ok bool) {
	for len(params) > 0 {
		var n, v []byte
		n, v, params = nextParam(params)
		if equalFold(n, name) {
			return v, true
		}
	}
	return nil, false
}

// nextParam cuts the first parameter off params.
func nextParam(params []byte) (name, value, rest []byte) {
	end := indexUnquoted(params, ';')
	if end < 0 {
		end = len(params)
	} else {
		rest = params[end+1:]
	}
	p := params[:end]
	for i, c := range p {
		if c == '=' {
			return trim(p[:i]), trim(p[i+1:]), rest
		}
	}
	return trim(p), nil, rest
}
