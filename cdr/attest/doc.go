// Package attest checks the signature of PASSporTs (RFC 8224, RFC 8225) off line, against certificates that the operator has put
// into a folder.
//
// In: a Passport, and whom the call's own header fields name. Out: a Result: verified, failed, or not checked, and why. cdr/pipeline
// asks when it makes a record, from all its goroutines. Nothing is ever fetched: the URL in a PASSporT is written by whoever
// sent it, and a sensor that went there would tell him that he is seen. A certificate in the folder is trusted because it is
// there; no chain and no revocation list is looked at.
//
// The folder:
//
//	certificates/lab.pem                            tried for every PASSporT, at most 8 of these: *.pem, *.crt, *.cer
//	certificates/cert.example.org/shaken/1.pem      for https://cert.example.org/shaken/1.pem, and for no other
//
// Only with the second kind a wrong signature is known to be wrong: where any signer may be unknown, a signature
// that fits none of the certificates says nothing, and the PASSporT is "not checked".
//
// The folder is looked at again now and then (Run). A change is taken up whole, or not at all.
package attest
