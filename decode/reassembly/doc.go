// Package reassembly puts together what arrives in pieces: IP fragments, TCP streams with the SIP messages and WebSocket
// frames in them, SCTP user messages.
//
// In: fragments, segments and packets as their headers name them (Fragment, Flow and the octets from the TCP or SCTP
// header on), with their packet time. Out: whole datagrams (Fragments.Add) and whole SIP messages (Message). Called by
// cdr/pipeline's workers; each has its own Fragments, streams and Associations, since the packets between two hosts go
// to one worker. Nothing here may be used by two goroutines at a time.
//
// A tap is no party to what it sees: it cannot ask for what was lost, and different receivers make different things of
// the same pieces. So of octets that come twice the first ones count, and the result says when the second ones differed
// (RFC 5722 has a receiver drop such IPv6 packets; a sensor that did would let a sender hide a call). What is left out
// for want of room or time has a counter.
//
// Every table is bounded, in entries and in octets, and no memory is set aside for a length that only a header claims:
// it grows with the octets in hand. What is kept may be message text or sound, so it is wiped as soon as it is let go.
// Packet time is the clock: the same capture gives the same results. No checksum is verified, since a tap on the sending
// host sees packets before the network card has filled them in. The package has no logger, no clock and no goroutine,
// and decides nothing about a call.
package reassembly
