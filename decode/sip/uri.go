package sip

import "bytes"

// Scheme is what kind of URI it is.
type Scheme uint8

// Schemes.
const (
	SchemeOther Scheme = iota // an absolute URI of another scheme: only Params and Headers are empty, nothing is split
	SchemeSIP                 // RFC 3261 section 19.1
	SchemeSIPS                // RFC 3261 section 19.1
	SchemeTel                 // RFC 3966
)

// URI is a SIP, SIPS or tel URI taken apart:
//
//	SIP-URI          =  "sip:" [ userinfo ] hostport uri-parameters [ headers ]   (RFC 3261 section 25.1)
//	userinfo         =  ( user / telephone-subscriber ) [ ":" password ] "@"
//	telephone-uri    =  "tel:" telephone-subscriber                               (RFC 3966 section 3)
//	telephone-subscriber = ( global-number-digits / local-number-digits ) *par
//
// Its slices are parts of the value, escaped as sent: see AppendUnescaped.
type URI struct {
	Scheme     Scheme
	User       []byte // up to the user part's first semicolon; of a tel URI the number with its visual separators
	UserParams []byte // after that semicolon: parameters of a telephone-subscriber such as npdi, rn, phone-context
	Password   []byte // nil when there is none; never to be shown
	Host       []byte // name or address, IPv6 without brackets; nil of a tel URI
	Port       uint16 // 0 when there is none
	Params     []byte // uri-parameters after their first semicolon; of a tel URI its par: see Param
	Headers    []byte // after the question mark
}

// ParseURI reads an addr-spec or a Request-URI. The error is ErrURI.
func ParseURI(b []byte) (URI, error) {
	var u URI
	b = trim(b)
	colon := bytes.IndexByte(b, ':')
	if colon <= 0 || !isScheme(b[:colon]) || hasForbidden(b) {
		return u, ErrURI
	}
	scheme, rest := b[:colon], b[colon+1:]
	switch {
	case len(rest) == 0:
		return u, ErrURI
	case equalFold(scheme, "sip"):
		u.Scheme = SchemeSIP
	case equalFold(scheme, "sips"):
		u.Scheme = SchemeSIPS
	case equalFold(scheme, "tel"):
		u.Scheme = SchemeTel
		// RFC 3966 knows no headers. History-Info puts them there all the same (RFC 7044 section 10.2 forbids it).
		rest, u.Headers, _ = bytes.Cut(rest, []byte{'?'})
		u.User, u.Params, _ = bytes.Cut(rest, []byte{';'})
		if len(u.User) == 0 {
			return URI{}, ErrURI
		}
		return u, nil
	default:
		return u, nil
	}
	if at := bytes.IndexByte(rest, '@'); at >= 0 {
		u.userinfo(rest[:at])
		rest = rest[at+1:]
	}
	rest, u.Headers, _ = bytes.Cut(rest, []byte{'?'})
	rest, u.Params, _ = bytes.Cut(rest, []byte{';'})
	var ok bool
	u.Host, u.Port, ok = parseHostPort(rest)
	if !ok {
		return URI{}, ErrURI
	}
	return u, nil
}

func (u *URI) userinfo(b []byte) {
	user, password, found := bytes.Cut(b, []byte{':'})
	if found {
		u.Password = password
	}
	u.User, u.UserParams, _ = bytes.Cut(user, []byte{';'})
}

// PhoneContext returns the phone-context of a local number (RFC 3966 section 5.1.5), also of one in the user part of a
// SIP URI (RFC 3261 section 19.1.6); nil when there is none.
func (u URI) PhoneContext() []byte {
	params := u.UserParams
	if u.Scheme == SchemeTel {
		params = u.Params
	}
	v, _ := Param(params, "phone-context")
	return v
}

// Header returns the value of the first of the URI's headers with that name (in lower case), escaped as sent, nil when
// there is none. History-Info carries its Reason there, Refer-To its Replaces.
//
//	headers  =  "?" header *( "&" header )
//	header   =  hname "=" hvalue
func (u URI) Header(name string) []byte {
	for rest := u.Headers; len(rest) > 0; {
		var header []byte
		header, rest = nextURIHeader(rest)
		n, v, _ := bytes.Cut(header, []byte{'='})
		if equalFoldEscaped(n, name) {
			return v
		}
	}
	return nil
}

func nextURIHeader(b []byte) (header, rest []byte) {
	header, rest, _ = bytes.Cut(b, []byte{'&'})
	return header, rest
}

// isScheme follows RFC 3986 section 3.1.
func isScheme(b []byte) bool {
	for i, c := range b {
		if !isAlpha(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return len(b) > 0
}

// hasForbidden finds octets that no URI holds and that would let one value pose as two.
func hasForbidden(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c == '"' || c == '<' || c == '>' || c == 0x7f {
			return true
		}
	}
	return false
}

// parseHostPort reads hostport.
//
//	hostport  =  host [ ":" port ]
//	host      =  hostname / IPv4address / IPv6reference
func parseHostPort(b []byte) (host []byte, port uint16, ok bool) {
	var after []byte
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			return nil, 0, false
		}
		host, after = b[1:end], trimLeft(b[end+1:])
		if !isIPv6Text(host) {
			return nil, 0, false
		}
	} else {
		end := bytes.IndexByte(b, ':')
		if end < 0 {
			end = len(b)
		}
		host, after = trim(b[:end]), b[end:]
		if !isHostname(host) {
			return nil, 0, false
		}
	}
	if len(after) == 0 {
		return host, 0, true
	}
	n, ok := number(trim(after[1:]), 65535)
	if after[0] != ':' || !ok {
		return nil, 0, false
	}
	return host, uint16(n), true // #nosec G115 -- at most 65535
}

// isHostname accepts what hostnames and IPv4 addresses are made of, underscores too: they are common.
func isHostname(b []byte) bool {
	for _, c := range b {
		if !isAlpha(c) && !isDigit(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return len(b) > 0
}

// isIPv6Text accepts what IPv6 addresses are made of; whether it is one, the caller finds out when it needs to.
func isIPv6Text(b []byte) bool {
	for _, c := range b {
		if _, ok := hexValue(c); !ok && c != ':' && c != '.' {
			return false
		}
	}
	return bytes.IndexByte(b, ':') >= 0
}
