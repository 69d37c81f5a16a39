// Package tunnel reads the headers of tunnels: where the packet inside begins, what it is, and which session it is of.
//
// In: the octets from a tunnel's header on, and how many of them there were on the wire. Out: an Inside, or an Outcome
// that says why there is none. Called by package decode for each layer of each packet that has one, so nothing here
// allocates; it keeps nothing between two calls, follows no control connection (a session that was never seen to be
// set up is opened like any other), verifies no checksum, and decrypts and decompresses nothing.
//
// One file for each protocol, with its picture.
package tunnel
