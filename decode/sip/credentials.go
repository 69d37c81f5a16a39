package sip

import "bytes"

// Credentials is who an Authorization or Proxy-Authorization header field says the caller is (RFC 3261 section 25.1,
// RFC 7616):
//
//	credentials      =  ("Digest" LWS digest-response) / other-response
//	digest-response  =  dig-resp *(COMMA dig-resp)
//	username         =  "username" EQUAL username-value
//	username*        =  ext-value                           (RFC 7616 section 3.4, RFC 8187)
//
// The slices are parts of the value. Nothing but these parts is ever read: not nonce, not response, no token.
type Credentials struct {
	Scheme   []byte // Digest, Basic, Bearer …
	Username []byte // of Digest, as sent: see AppendUsername; nil when there is none. With userhash=true it is a hash of the name
	Extended bool   // Username is that of username*
	Realm    []byte // of Digest, with its quotes; nil when there is none
}

// ParseCredentials reads one value. The error is ErrCredentials.
func ParseCredentials(value []byte) (Credentials, error) {
	v := trim(value)
	n := 0
	for n < len(v) && tokenOctets[v[n]] {
		n++
	}
	if n == 0 || n < len(v) && !isLWS(v[n]) {
		return Credentials{}, ErrCredentials
	}
	c := Credentials{Scheme: v[:n]}
	if !equalFold(c.Scheme, "digest") {
		return c, nil
	}
	for rest := v[n:]; ; {
		element, after, ok := nextElement(rest)
		if !ok {
			return c, nil
		}
		rest = after
		name, v, found := bytes.Cut(element, []byte{'='})
		if !found {
			continue
		}
		switch name = trim(name); {
		case c.Username == nil && equalFold(name, "username"):
			c.Username = trim(v)
		case c.Username == nil && equalFold(name, "username*"):
			c.Username, c.Extended = trim(v), true
		case c.Realm == nil && equalFold(name, "realm"):
			c.Realm = trim(v)
		}
	}
}

// AppendUsername appends the user's name, without quotes or in the octets that its escapes stand for:
//
//	ext-value  =  charset "'" [ language ] "'" value-chars        (RFC 8187 section 3.2.1)
func (c Credentials) AppendUsername(dst []byte) []byte {
	if !c.Extended {
		return DisplayText(dst, c.Username)
	}
	v := stripQuotes(c.Username)
	if _, rest, ok := bytes.Cut(v, []byte{'\''}); ok {
		if _, name, ok := bytes.Cut(rest, []byte{'\''}); ok {
			v = name
		}
	}
	return AppendUnescaped(dst, v)
}
