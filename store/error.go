package store

import "strings"

// Error is what a Feed or Sink returns: where it happened, what was tried, why it failed, and whether trying again can
// help. It is one line, without passwords.
type Error struct {
	// System is the other side: "kafka", "postgres".
	System string
	// Op is what was tried: "publish to calltrail.records.v1"; may be empty.
	Op string
	// Hint says what to do about it; may be empty.
	Hint string
	Err  error
	// Lasting is set when the same attempt will fail again until somebody changes something.
	Lasting bool
}

// Error implements error.
func (e *Error) Error() string {
	var s strings.Builder
	s.WriteString(e.System + ": ")
	if e.Op != "" {
		s.WriteString(e.Op + ": ")
	}
	s.WriteString(e.Err.Error())
	if e.Hint != "" {
		s.WriteString(": " + e.Hint)
	}
	return s.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Permanent says that trying again is no use: see the function Permanent.
func (e *Error) Permanent() bool { return e.Lasting }
