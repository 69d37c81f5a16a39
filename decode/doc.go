// Package decode walks a captured packet from its link layer to UDP and names what the datagram carries.
//
// In: capture.Packet values. Out: a Frame, which aliases the packet's bytes, and one Reason for every packet, so that
// packets = decoded + ignored + dropped holds at every step (Counts). Called by the workers of cdr/pipeline for every
// packet there is: this is the fast path of the whole program. Most packets are not VoIP and are turned away here
// within some nanoseconds, so nothing here allocates, and what is turned away is not looked at further than needed to
// say why: the header of a TCP segment, for instance, is not validated.
//
// Its children read what was named: sip, sdp and rtp.
//
// It never keeps or copies a packet, puts no fragments together, opens no tunnels, and does not verify checksums: a
// tap on the sending host sees packets before the network card has filled them in, so a wrong checksum says nothing.
// It has no logger, no clock and no goroutine.
package decode
