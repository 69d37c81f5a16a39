// Package radius reads RADIUS accounting requests (RFC 2866, with RFC 2869, RFC 3162, RFC 4818 and RFC 6911): which subscriber
// was given which address, from when until when.
//
// What enters is a datagram and the secret shared with its sender; what leaves is an Accounting, or the octets of the answer. The
// packet itself is taken apart by layeh.com/radius. store/collector calls it. A request whose Request Authenticator was not made
// with the secret gives nothing at all. It never answers by itself, and keeps neither passwords nor attributes that it has no
// field for; nothing that leaves it points into the datagram.
package radius
