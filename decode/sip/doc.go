// Package sip reads SIP messages (RFC 3261 and the extensions whose headers a call record needs).
//
// In: the octets of one whole message, a UDP datagram's payload or what a stream's framing cut out. Out: a Message,
// which is a set of spans into those octets, and small values (NameAddr, URI, Via, Reason …) that are sub-slices of
// them. Called by decode for what looks like SIP, and by cdr/dialog for the values of the headers.
//
// Nothing here allocates, logs, reads a clock or keeps state between messages. A Message aliases the packet until Keep
// copies what outlives it, and Keep copies by allow-list: no body, no Subject, no header field that is not a HeaderID,
// of credentials only user name and realm, of a challenge only whether its nonce was too old, of the headers inside a URI
// only Reason and Replaces.
//
// A tap is no party to the call: it must tell what the parties may have understood. So malformed parts are kept as
// sent and named by an Anomaly, and a message is refused (ParseError) only if no call could be found for it.
// Values are returned as sent, folded lines included (RFC 3261 section 7.3.1): see AppendUnfolded and DisplayText.
package sip
