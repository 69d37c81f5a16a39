package sip

import "bytes"

// NameAddr is the value of From, To, Contact, P-Asserted-Identity and others (RFC 3261 section 25.1):
//
//	( name-addr / addr-spec ) *( SEMI generic-param )
//	name-addr    =  [ display-name ] LAQUOT addr-spec RAQUOT
//	display-name =  *(token LWS)/ quoted-string
//
// Its slices are parts of the value.
type NameAddr struct {
	Display []byte // as sent, with quotes: see DisplayText; nil when there is none
	URI     []byte // addr-spec, without <>
	Params  []byte // after the first semicolon that is not part of the URI: see Param
}

// ParseNameAddr reads one value. Without <> all that follows a semicolon is a parameter of the header field, not of the
// URI (RFC 3261 section 20). A display-name of other characters than tokens is accepted. With the error ErrNameAddr it
// returns what could be read all the same: a quotation mark that is not closed does not hide who calls.
func ParseNameAddr(value []byte) (NameAddr, error) {
	var a NameAddr
	v := trim(value)
	if len(v) == 0 {
		return a, ErrNameAddr
	}
	open := 0
	if v[0] == '"' {
		end := quotedEnd(v)
		if end < 0 {
			return unclosed(v)
		}
		a.Display = v[:end]
		v = trimLeft(v[end:])
		if len(v) == 0 || v[0] != '<' {
			a, _ = a.addrSpec(v)
			return a, ErrNameAddr
		}
	} else if open = uriStart(v); open < 0 {
		return a.addrSpec(v)
	}
	if open > 0 {
		a.Display = trim(v[:open])
	}
	length := bytes.IndexByte(v[open:], '>')
	if length < 0 {
		a.URI = trim(v[open+1:])
		return a, ErrNameAddr
	}
	a.URI = trim(v[open+1 : open+length])
	v = trimLeft(v[open+length+1:])
	if len(v) > 0 {
		semicolon := indexUnquoted(v, ';')
		if semicolon >= 0 {
			a.Params = trim(v[semicolon+1:])
		}
		if semicolon != 0 {
			return a, ErrNameAddr
		}
	}
	if len(a.URI) == 0 {
		return a, ErrNameAddr
	}
	return a, nil
}

// unclosed reads a value whose quoted display-name does not end: up to its last < it is taken for that.
func unclosed(v []byte) (NameAddr, error) {
	var a NameAddr
	open := bytes.LastIndexByte(v, '<')
	if open < 0 {
		return a, ErrNameAddr
	}
	a, _ = ParseNameAddr(v[open:])
	a.Display = trim(v[:open])
	return a, ErrNameAddr
}

// uriStart returns the index of the < that begins a name-addr's URI, -1 when v is an addr-spec: a < in a parameter's quoted value
// begins none.
func uriStart(v []byte) int {
	open := indexUnquoted(v, '<')
	if open >= 0 {
		return open
	}
	open = bytes.IndexByte(v, '<')
	if open > 0 && isAddrSpec(v[:open]) {
		return -1
	}
	return open // after a lone quotation mark in a display-name without quotes
}

// isAddrSpec says that the < after b stands in a parameter's quoted value and does not begin a name-addr's URI.
func isAddrSpec(b []byte) bool {
	quote := bytes.IndexByte(b, '"')
	return quote >= 0 && bytes.IndexByte(b[:quote], ':') >= 0
}

func (a NameAddr) addrSpec(v []byte) (NameAddr, error) {
	uri, params, found := bytes.Cut(v, []byte{';'})
	a.URI = trim(uri)
	if found {
		a.Params = trim(params)
	}
	if bytes.IndexByte(a.URI, ':') <= 0 {
		return a, ErrNameAddr
	}
	return a, nil
}

// Tag returns the tag parameter (RFC 3261 section 19.3), nil when there is none.
func (a NameAddr) Tag() []byte {
	tag, _ := Param(a.Params, "tag")
	return tag
}
