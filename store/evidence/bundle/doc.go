// Package bundle makes evidence bundles, and checks them on a machine that has nothing but the bundle and a file of keys.
//
// In: an answer (bundle/answer) and the evidence key; to verify, the octets of a zip file and the operator's statements about keys. Out: a
// zip file that is the same, to the octet, for the same answer; a Report. Called by cmd/calltrail (`export`, `verify FILE`).
//
// Nothing in a bundle is trusted because it stands there: whose key signed is the operator's word, in his own file. It opens no
// connection, asks no clock and logs nothing. docs/evidence.md has every format.
//
// # Files
//
//	make.go      the files of a bundle, from an answer
//	manifest.go  the list of them with their hashes, and what is signed
//	chain.go     records on their sensors' chains, up to the next signed head
//	container.go the zip file: written in one way only, so that any other octet shows
//	verify.go    what holds, and what does not
package bundle
