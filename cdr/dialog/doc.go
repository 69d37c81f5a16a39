// Package dialog follows calls through their SIP signalling (RFC 3261 sections 12 to 17).
//
// In: parsed messages, in the order of packet time. Out: a Call at each moment that makes a record (Emit): an interim
// state, the end, or the end of the input. Called by the correlator of cdr/pipeline, in one goroutine. It never reads a
// clock: timers fire when the owner says that packet time has passed them, and act at their deadline.
//
// The files: table.go finds the call of a message and keeps the timers; invite.go begins calls and tries them again;
// request.go and response.go change their state, fork.go and end.go with them; call.go is that state; text.go what a call
// keeps of its headers; outcome.go what it means; evict.go what goes when the table is full; group.go tells of calls to who finds
// those that belong together; registration.go is REGISTER, messages.go is MESSAGE.
// keep.go says what is kept for the next start of the program, format.go and snapshot.go write it down; saved.go collects it
// then, restore.go takes it back.
//
// State is kept per transaction (branch, CSeq, method) under the dialog, because a tap may see one transaction on several
// hops: only the hop with the fewest Via headers, the one nearest to the caller, changes the call.
package dialog
