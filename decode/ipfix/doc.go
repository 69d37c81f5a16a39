// Package ipfix reads NAT events from IPFIX messages (RFC 7011): the records of RFC 8158 that say which inside address and port
// got which public one.
//
// What enters is a message as it came in a datagram, and who sent it; what leaves is nat.Event values, and the counts of what was none.
// store/collector calls it. A Decoder remembers templates, a bounded number of them, and nothing else. It reads the elements it
// needs and skips all others by their length. It knows neither SCTP nor TCP, nor NetFlow version 9, and has no clock.
package ipfix
