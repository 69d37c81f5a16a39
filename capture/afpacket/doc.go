// Package afpacket takes packets from a Linux network interface through AF_PACKET sockets with TPACKET_V3 rings.
//
// In: a capture.TapConfig. Out: a capture.Tap with one capture.Live for each worker. Called by calltrail capture. It never
// looks beyond the link header, keeps no packet, and starts one goroutine for each tap: the one that watches the
// interface. It wants CAP_NET_RAW, at Open and whenever an interface comes back.
//
// github.com/google/gopacket/afpacket makes the socket and its ring; the ring is read here (ring.go says why). The
// packets of an interface are spread over the workers by PACKET_FANOUT_HASH: both directions of a flow to the same one.
// The kernel puts IPv4 fragments together before it spreads them, to one worker too, so that a datagram arrives whole,
// and one of which a fragment is missing does not arrive. Fragments of IPv6 stay what they are and are spread by addresses
// alone.
//
// What is taken: both directions of the interface's traffic, as on a wire. On the loopback, where each packet is sent
// and received, it is taken once, when received. A VLAN tag that the kernel took off is put back into Data.
//
// Where capture begins. The library's socket takes packets from the moment it is bound, before its filter and its fellow
// workers stand. So each is told first to take nothing; when all stand they are told to take what the filter lets through,
// and what lies in the rings with a time before that is left out. From then on, just before Open returns, each packet that
// the filter lets through is handed out, or counted as dropped.
package afpacket
