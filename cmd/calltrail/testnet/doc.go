// Package testnet makes networks for the live tests: hosts in network namespaces on one Ethernet segment, real SIP
// programs on them, and mirror ports that carry copies of the frames to a sensor, as a tap at the edge does.
//
//	 alice        proxy         bob            hosts: one namespace and one card (eth0) each
//	   |            |            |
//	===+============+============+===          the segment: a bridge in a namespace of its own
//	   :  nft dup   :            :
//	   +------------+------------+----- tap0   a namespace for the sensor and its witnesses
//
// In: a test, and what it wants to happen on the network. Out: processes and connections in these namespaces, counters
// of what was mirrored, and what other programs say of it: tshark of the packets, kamailio of the calls. Only tests
// call it. It shares no code with what it tests, sends nothing outside of its namespaces, and leaves nothing behind:
// processes and namespaces end with the test, and those of a test that was killed when the next one begins.
//
// Two hosts may have tunnels to each other over the segment, with addresses of their own inside, so that a mirror port carries
// what a tap below a tunnel sees.
//
// Neighbours and the bridge's forwarding table are static and IPv6 is off but where it is asked for, so that a mirror
// port carries what the hosts' programs send and nothing else.
package testnet
