// Package evidence makes a sensor's log attributable: it keeps the sensor's Ed25519 key (RFC 8032) in a file and signs
// with it.
//
// In: the path of a key file, the head of a chain. Out: signatures, and the public half of the key. Called by
// cmd/calltrail (`key init`, `key show`, `capture`); whoever has the public key checks with VerifyHead and needs nothing
// else of ours. docs/record.md has the signed octets for those who check with other programs.
//
// It never hands out the private key, nor writes it anywhere but into the one file: no error, no log and no verb of fmt
// shows it. It imports nothing of ours, knows no spool, opens no connection and logs nothing.
//
// # Files
//
//	keyfile.go   the key's two files: made once, never replaced
//	load.go      the private key from its file, and why it is refused
//	signer.go    who signs, and the name of a key
//	head.go      what is signed of a chain's head
package evidence
