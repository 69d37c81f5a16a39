// Package mediaonly makes calls of RTP whose signalling was not seen: calls of which nothing is known but who sent media to whom,
// how much of it, and when.
//
// In: streams that a media.Table has confirmed and that neither a SIP call nor a call in an application has claimed, in the order
// of packet time: Lone while they are open, Closed at their end. Out: Calls, which become records of kind media. Called by
// cdr/pipeline's correlator; one goroutine uses a Table. It sees no packet, and it never guesses a telephone number.
//
// # Which streams are one call
//
// All streams between the same two endpoints, address and port on both sides, in both directions and of any SSRC: RTP goes back
// where it comes from (RFC 4961), an SSRC may change (RFC 3550 section 8.2), and audio and video may share a port (RFC 9143).
//
// Two calls in one direction each, between the same two hosts on other ports, are joined when they go in opposite directions,
// began within 5 s of each other, and neither could be joined with anything else: that is a call whose parties do not send from
// the port they listen on. When there are several, as between two gateways, nothing tells which belongs to which, and each stays
// a call of one direction. Audio and video on ports of their own are two calls for the same reason.
//
// What is made of streams does not depend on their StreamIDs, which are others with each number of workers.
package mediaonly
