// Package stun reads STUN (RFC 8489, RFC 3489 without the cookie), TURN (RFC 8656) with its ChannelData, and what wraps them:
// the two octets of length that precede them over TCP (RFC 4571), and Microsoft's multiplexed TURN.
//
// In: the octets of one datagram. Out: a Message, whose slices alias the octets. Called by decode/app's rules and by cdr/flow.
// It keeps nothing, allocates nothing and never looks into what TURN relays.
//
// It checks neither MESSAGE-INTEGRITY, for which it has no key, nor FINGERPRINT, which says no more than the cookie does to
// who only looks on. TURN as Microsoft spoke it before there was a cookie ([MS-TURN] section 2.2.1) is refused.
package stun
