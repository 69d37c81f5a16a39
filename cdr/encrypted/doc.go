// Package encrypted follows TCP connections whose signalling is encrypted: SIP over TLS (RFC 3261 section 26.3). Nothing is
// decrypted, and no call is claimed: what can be told is who connected to whom, when, for how long, which server was asked for
// and how much went each way.
//
// In: TCP segments, packet time. Out: Events, which become records of kind tls. Called by cdr/pipeline's workers for segments
// that no stream claimed; each worker has its own Table, for it sees both directions. It keeps no payload but the octets of an
// unfinished ClientHello.
package encrypted
