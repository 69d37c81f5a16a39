// Package collector listens to what tells live which subscriber has which address: RADIUS accounting (RFC 2866), NAT events in
// IPFIX (RFC 7011, RFC 8158) and log lines of a NAT (RFC 5424, RFC 3164).
//
// In: UDP datagrams from the allowed prefixes. Out: events for a Sink, which is store/postgres/subscriber, and the answers to RADIUS.
// Called by calltrail assignments listen. It is no proxy: it forwards nothing, and answers nobody but senders of accounting
// requests who know the secret. Names of people are in all that it touches: none is ever logged.
//
// # What is lost, and when it is said
//
// Between the sockets and the one goroutine that writes is one queue of 65,536 events. It holds them while Postgres is away; the
// same events are tried again until they are in. When the queue is full, an accounting request gets no answer, so that its sender
// keeps it and sends it again (RFC 2866 section 2); a datagram of the other two is dropped and counted, for nobody sends it again.
// A RADIUS request is answered when its rows are committed and not before, so that a crash at any moment loses none. What the kernel
// dropped before it was read is counted too. A log line or record that cannot be understood is counted and never guessed at.
//
// At the end what is queued is still written, for ten seconds; the rest is dropped and counted.
package collector
