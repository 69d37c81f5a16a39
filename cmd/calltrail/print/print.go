// Package print writes records for people and programs: JSON lines, CSV or a table; and what a run of the program has
// to say about itself: the summary of a replay and its progress.
//
// In: the exact JSON bytes of records and events, one object a call; the figures of a run. Out: text on standard
// output (records) and standard error (everything else). Called by the commands of cmd/calltrail. It never changes a
// record: jsonl is the bytes themselves; csv and table are renderings, in which whatever a caller could have put on
// the wire is made harmless (see Visible).
package print

import (
	"fmt"
	"io"
	"time"

	"golang.org/x/term"
)

// Format is an output format.
type Format string

// Formats.
const (
	// Auto is Table on a terminal and JSONL otherwise.
	Auto Format = "auto"
	// Table is for people: one line a record, as wide as the terminal.
	Table Format = "table"
	// JSONL is the exact bytes of each record and a line feed.
	JSONL Format = "jsonl"
	// CSV is RFC 4180 with a header line; Columns documents it.
	CSV Format = "csv"
)

// Formats lists every format, for help and completion.
var Formats = []Format{Auto, Table, JSONL, CSV}

// IST is Indian Standard Time, UTC+05:30 all year, the zone of Asia/Kolkata.
var IST = time.FixedZone("IST", 5*3600+30*60)

// Printer writes records in one format.
type Printer interface {
	// Print writes one record or event: the bytes of one JSON object without line end, which it does not keep.
	Print(body []byte) error
	// Flush writes out what is buffered. Nothing is certain to be out before it.
	Flush() error
}

// Options are what a Printer must know of its output.
type Options struct {
	// Terminal says that w is a terminal.
	Terminal bool
	// Width is the number of columns of a terminal. 0: 120.
	Width int
	// Zone is the time zone of the table. nil: IST.
	Zone *time.Location
}

// File is what the Options would ask of an output file.
type File interface {
	io.Writer
	Fd() uintptr
}

// OptionsFor looks at f: whether it is a terminal, and how wide.
func OptionsFor(f File) Options {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return Options{}
	}
	o := Options{Terminal: true}
	if width, _, err := term.GetSize(fd); err == nil {
		o.Width = width
	}
	return o
}

// New makes a Printer that writes to w in format f.
func New(f Format, w io.Writer, o Options) (Printer, error) {
	if f == Auto {
		f = JSONL
		if o.Terminal {
			f = Table
		}
	}
	switch f {
	case JSONL:
		return newJSONL(w), nil
	case CSV:
		return newCSV(w), nil
	case Table:
		return newTable(w, o), nil
	case Auto:
	}
	return nil, fmt.Errorf("unknown format %q; choose one of auto, table, jsonl, csv", f)
}
