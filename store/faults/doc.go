// Package faults is the list of what calltrail survives, and the proof of it: each fault with what must hold, the tests that make
// it on real parts and look, and the controls that break the promise on purpose and must see that. Read takes what `go test
// -json` said, Check says what of the list it does not prove, Document writes docs/reliability.md. The command in suite runs it:
// `make faults`, and `make faults LONG=1` at the length that the list names. It never makes a fault itself, and no program of
// ours knows it.
package faults
