// Package sdp reads what a call record needs of a session description (RFC 8866, RFC 4566): where media is to be
// received (c= and m=, the candidates of ICE, the address that a bundle shares), in which formats, whether it is encrypted, and
// the identity of the session.
//
// In: the body of a SIP message (FromBody finds the session description in it). Out: a Description whose Media hold
// plain values: nothing in it aliases the body. Called by cdr/dialog for offers and answers.
//
// Session name, information, URI, e-mail, telephone number, keys (s= i= u= e= p= k=), the user name of o=, the keys of a=crypto
// and the user names and passwords of ICE are passed over and never copied. Malformed lines are passed over and named by an Anomaly. Parsing
// allocates only while a Description grows to the most media descriptions and candidates seen.
package sdp
