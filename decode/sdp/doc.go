// Package sdp reads what a call record needs of a session description (RFC 8866, RFC 4566): where media is to be
// received, in which formats, whether it is encrypted, and the identity of the session.
//
// In: the body of a SIP message (FromBody finds the session description in it). Out: a Description whose Media hold
// plain values: nothing in it aliases the body. Called by cdr/dialog for offers and answers.
//
// Session name, information, URI, e-mail, telephone number, keys (s= i= u= e= p= k=), the user name of o= and the keys
// of a=crypto are passed over and never copied. Malformed lines are passed over and named by an Anomaly. Parsing
// allocates only while Description.Media grows to the most media descriptions seen.
package sdp
