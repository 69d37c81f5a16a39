package pipeline

import "calltrail/cdr/record"

// Keeper takes what only a live sensor makes, in the order in which it was made, between the records of Output.
type Keeper interface {
	// Coverage takes what the taps saw in one minute, an event for each tap, without records and head: the keeper knows the
	// chain and fills these in. The events are the keeper's.
	Coverage(events []*record.Coverage) error
	// Local keeps the state of a call for the next start: LocalCall with a snapshot, or LocalGone with the key of a call
	// that needs none any more. body is valid until it returns.
	Local(kind byte, body []byte) error
}

// Kinds of local entries.
const (
	LocalCall byte = 'c' // dialog.Table.Restore reads it
	LocalGone byte = 'g'
)
