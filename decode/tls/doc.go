// Package tls reads what a TLS connection says of itself before it is encrypted: the record headers and the ClientHello
// (RFC 8446, RFC 5246).
//
// In: octets from the beginning of a connection's payload, or of any segment. Out: small values; slices alias the octets.
// Called by cdr/encrypted, which counts connections that carry SIP. It decrypts nothing, keeps nothing and allocates nothing.
package tls
