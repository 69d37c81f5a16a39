package watchlist

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Format is the form of a file.
type Format string

// Formats.
const (
	CSV  Format = "csv"  // RFC 4180, with a header; see Columns
	JSON Format = "json" // an array of objects whose names are those of Columns
)

const (
	// MaxEntries is how many entries a file may have, and one Add.
	MaxEntries = 100_000
	// MaxOctets is how long a file may be.
	MaxOctets = 64 << 20
)

// BadLine is an entry of a file that cannot be taken.
type BadLine struct {
	Line int   // where it begins in the file, from 1
	Err  error // why; it does not quote the value
}

// BadLines is the error of a file with bad lines: all of them, in order. Nothing of the file is to be used.
type BadLines []BadLine

// Error has one line for each bad line of the file, and one that says what that means.
func (b BadLines) Error() string {
	var s strings.Builder
	for _, l := range b {
		_, _ = fmt.Fprintf(&s, "line %d: %v\n", l.Line, l.Err) // a Builder never fails
	}
	_, _ = fmt.Fprintf(&s, "%d bad lines, so nothing was imported", len(b))
	return s.String()
}

// Read reads a file of entries and normalises them. list is the list of lines that name none. The error is a BadLines
// when the file could be read but must not be used.
func Read(r io.Reader, f Format, list string, numbers Numbers) ([]Entry, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxOctets+1))
	if err != nil {
		return nil, fmt.Errorf("read the entries: %w", err)
	}
	if len(raw) > MaxOctets {
		return nil, fmt.Errorf("the file is longer than %d octets; import it in parts", MaxOctets)
	}
	in := reading{list: list, numbers: numbers}
	text := strings.TrimPrefix(string(raw), "\ufeff") // spreadsheets begin CSV with it
	switch f {
	case CSV:
		err = in.csv(text)
	case JSON:
		err = in.json(text)
	default:
		err = fmt.Errorf("format %q: csv or json is wanted", f)
	}
	if err != nil {
		return nil, err
	}
	if len(in.bad) > 0 {
		return nil, in.bad
	}
	return in.entries, nil
}

// reading is a file on its way in.
type reading struct {
	list    string
	numbers Numbers
	entries []Entry
	bad     BadLines
}

func (in *reading) refuse(line int, err error) { in.bad = append(in.bad, BadLine{line, err}) }

// written is an entry as a file has it; the names are the columns.
type written struct {
	List    string `json:"list,omitempty"`
	Kind    string `json:"kind"`
	Value   string `json:"value"`
	Source  string `json:"source"`
	Case    string `json:"case,omitempty"`
	Reason  string `json:"reason"`
	From    string `json:"from,omitempty"`
	Until   string `json:"until,omitempty"`
	AddedBy string `json:"added_by,omitempty"`
	AddedAt string `json:"added_at,omitempty"`
	Version string `json:"version,omitempty"`
}

// Columns are those of a CSV file, and the names in JSON. kind, value, source and reason are required; added_by, added_at
// and version are written by an export and not read by an import, which says itself who added what and when.
func Columns() []string {
	return []string{"list", "kind", "value", "source", "case", "reason", "from", "until", "added_by", "added_at", "version"}
}

func (w *written) fields() []*string {
	return []*string{&w.List, &w.Kind, &w.Value, &w.Source, &w.Case, &w.Reason, &w.From, &w.Until, &w.AddedBy, &w.AddedAt, &w.Version}
}

// take normalises one entry. It says whether there is room for more.
func (in *reading) take(line int, w written) bool {
	if len(in.entries)+len(in.bad) >= MaxEntries {
		in.refuse(line, fmt.Errorf("a file may have %d entries; import it in parts", MaxEntries))
		return false
	}
	e := Entry{List: w.List, Kind: Kind(w.Kind), Value: w.Value, Source: w.Source, Case: w.Case, Reason: w.Reason}
	if e.List == "" {
		e.List = in.list
	}
	var err error
	if e.From, err = ParseTime(w.From); err != nil {
		in.refuse(line, fmt.Errorf("from: %w", err))
		return true
	}
	if e.Until, err = ParseTime(w.Until); err != nil {
		in.refuse(line, fmt.Errorf("until: %w", err))
		return true
	}
	if e, err = e.Normalise(in.numbers); err != nil {
		in.refuse(line, err)
		return true
	}
	in.entries = append(in.entries, e)
	return true
}

// ParseTime reads RFC 3339 or a date, which begins at midnight UTC. "" is the zero time.
func ParseTime(s string) (time.Time, error) {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("no time; write it like 2026-11-22T10:00:00+05:30 or 2026-11-22")
}
