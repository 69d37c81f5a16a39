package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"calltrail/capture"
	"calltrail/cmd/calltrail/print"
)

// Exit statuses, as the help says them.
const (
	exitOK       = 0
	exitError    = 1 // something failed; the message says what
	exitUsage    = 2 // the command line is wrong
	exitDamaged  = 3 // an input was damaged and read as far as it went; coverage: not all of the time asked for is covered
	exitEvidence = 4 // verify: something does not hold
	exitRefused  = 5 // query: the request does not allow it; nothing was released
)

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// errReported ends the program with status 1 after the command has said everything itself.
var errReported = errors.New("reported already")

// errIncomplete ends the program with status 3 after the answer has said the rest.
var errIncomplete = fmt.Errorf("not everything was seen: %w", errReported)

// errEvidence ends the program with status 4 after the report has said what does not hold.
var errEvidence = fmt.Errorf("the evidence does not hold: %w", errReported)

// refusedError is what the database's gate does not allow.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if _, refused := errors.AsType[*refusedError](err); refused {
		return exitRefused
	}
	_, usage := errors.AsType[*usageError](err)
	switch {
	case usage:
		return exitUsage
	case errors.Is(err, capture.ErrDamaged), errors.Is(err, errIncomplete):
		return exitDamaged
	case errors.Is(err, errEvidence):
		return exitEvidence
	}
	return exitError
}

// report writes err for people, each line with the program's name before it.
func report(w io.Writer, command string, err error) {
	if errors.Is(err, errReported) {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_, _ = fmt.Fprintln(w, "calltrail:", print.Visible(line)) // nowhere left to say that standard error is closed
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		_, _ = fmt.Fprintf(w, "Run '%s --help' for the way to write it.\n", command)
	}
}
