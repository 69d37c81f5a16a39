// Package rtp reads the headers of RTP and RTCP packets (RFC 3550) and accumulates what a stream's headers say:
// packets, octets, losses, copies, jitter.
//
// In: the payload of one UDP datagram, and its capture time. Out: a Header or a Compound; a Stream, which is one
// SSRC of one flow. Called by decode, to tell media from other traffic, and by the decode workers in cdr/pipeline,
// which own the streams.
//
// It never looks at or keeps media, decrypts nothing (SRTP and SRTCP have the same clear headers, RFC 3711), starts
// nothing, has no clock and allocates nothing: a parsed header holds values only, so the packet's bytes may be
// overwritten as soon as a call returns.
package rtp
