// Package collector is the place that capture agents send their HEPv3 messages to, as one more tap beside the network
// interfaces.
//
// In: UDP datagrams and TCP connections from the allowed prefixes. Out: a capture.Tap with one capture.Live, whose packets are
// the messages as they came, of link type capture.LinkHEP. Called by calltrail capture. It reads of a message no more than its
// length and its time; decode.Walk reads the rest, and names and counts what is no HEP. It answers nobody, keeps nothing, and
// wants no right but that of its ports. HEP is neither encrypted nor authenticated: whoever can send from an allowed prefix can
// make calls up. Allow the agents and nobody else, over a network of your own.
//
// # What is lost, and when it is said
//
// Between the sockets and the worker is one queue, of 32,768 messages and 16 MiB. When it is full, a UDP
// datagram is dropped and counted; a TCP connection is not read any further, so that its agent waits. What the kernel dropped
// before it could be read from the UDP socket is counted too, when the next datagram tells of it. A connection on which
// something else than HEP comes is closed and counted, for nobody can say where the next message begins; what comes from
// elsewhere than the allowed prefixes, and connections for which there is no room, are refused and counted.
//
// # Time
//
// A message has the time that its agent says, when that is within maxSkew of its arrival; else, and when it says none, the
// time of its arrival, counted. An agent's wrong clock never moves the sensor's: no message has a time after its arrival, and
// none one more than maxBack before that of a message handed out, or of the quiet that was said, before it.
package collector
