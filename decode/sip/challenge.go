package sip

import "bytes"

// StaleChallenge says that the message has a WWW-Authenticate or Proxy-Authenticate header field with a Digest challenge
// whose stale is true: the credentials were right, and only the nonce they were made with was too old (RFC 3261 section
// 22.4, RFC 7616 section 3.3). It stays so after Keep. Nothing else is ever known of a challenge: not nonce, opaque, realm.
func (m *Message) StaleChallenge() bool { return m.stale }

// staleChallenge reads the value of one header field:
//
//	challenge   =  ("Digest" LWS digest-cln *(COMMA digest-cln)) / other-challenge
//	digest-cln  =  realm / domain / nonce / opaque / stale / algorithm / qop-options / auth-param
//	stale       =  "stale" EQUAL ( "true" / "false" )
//
// Servers that offer several algorithms may write several challenges into one header field, as HTTP does: a name after a
// scheme begins the next. The value may stand in quotes, which the syntax does not have and some servers send.
func staleChallenge(value []byte) bool {
	digest := false
	for rest := value; ; {
		element, after, ok := nextElement(rest)
		if !ok {
			return false
		}
		rest = after
		name, v, _ := bytes.Cut(element, []byte{'='})
		name = trim(name)
		if n := bytes.IndexAny(name, " \t\r\n"); n >= 0 {
			digest = equalFold(name[:n], "digest")
			name = trimLeft(name[n:])
		}
		if digest && equalFold(name, "stale") && equalFold(stripQuotes(trim(v)), "true") {
			return true
		}
	}
}
