// Package decode walks a captured packet from its link layer to what IP carries, through whatever tunnels there are between,
// and names it.
//
// In: capture.Packet values. Out: a Frame, which aliases the packet's bytes, and one Reason for every packet, so that
// packets = decoded + ignored + dropped holds at every step (Counts). Called by the workers of cdr/pipeline for every
// packet there is: this is the fast path of the whole program. Most packets are not VoIP and are turned away here
// within some nanoseconds, so nothing here allocates, and what is turned away is not looked at further than needed to
// say why: the header of a TCP segment, for instance, is not validated.
//
//	Walk            link.go ipv4.go ipv6.go tunnels.go hep.go: a datagram, a segment, an SCTP packet or a fragment
//	Resume          the packet that fragments were put together to
//	Classify        classify.go identify.go seen.go: what a datagram carries
//	ClassifySegment what a segment carries that no stream of signalling claimed
//	FanoutHash      which worker a packet is for
//
// Its children read what was named: tunnel the headers of tunnels; reassembly puts fragments and streams together; sip, sdp,
// pidf and rtp. What an ICMP error quotes of a packet is no packet, and is never looked into.
//
// It never keeps or copies a packet, and does not verify checksums: a tap on the sending host sees packets before the
// network card has filled them in, so a wrong checksum says nothing. It has no logger, no clock and no goroutine.
package decode
