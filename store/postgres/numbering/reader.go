package numbering

import (
	"fmt"
	"io"
	"time"

	"calltrail/store/table"
)

// Bounds of a file. What is larger is refused: a country's portability table and room.
const (
	MaxOctets = 1 << 34
	MaxRows   = 100_000_000
)

// reader reads the entries of a file.
type reader struct {
	form    form
	zone    *time.Location
	prepend string

	rows    *table.Reader
	at      header
	unknown []string // columns that nothing is read from
	made    int64    // entries
	row     entry    // of which these prefixes are still to be given out
	pending []string // empty after a row that is wrong
}

// newReader reads the header. Bad lines will go to bad.
func newReader(name string, in io.Reader, o *Options, bad *Problems) (*reader, error) {
	rows, err := table.NewReader(name, in, table.Bounds{Octets: MaxOctets, Rows: MaxRows}, bad)
	if err != nil {
		return nil, err
	}
	r := &reader{rows: rows, form: forms[o.Kind], zone: o.Zone, prepend: o.Prepend}
	if r.at, r.unknown, err = r.form.find(rows.Columns); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// next returns an entry of the file, io.EOF after the last. Lines that are wrong are noted and left out; any other
// error is of the whole file. Its texts may share the memory of a row.
func (r *reader) next() (entry, error) {
	for len(r.pending) == 0 {
		line, fields, err := r.rows.Next()
		if err != nil {
			return entry{}, err
		}
		if reason := table.Wrong(r.read(fields)); reason != "" {
			r.rows.Reject(line, reason)
			continue
		}
		if err := r.parse(fields, line); err != nil {
			r.rows.Reject(line, err.Error())
		}
	}
	last := len(r.pending) - 1
	r.row.prefix, r.pending = r.pending[last], r.pending[:last]
	r.made++
	return r.row, nil
}

// read goes through the fields that something is read from, with the names of their columns.
func (r *reader) read(fields []string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for c, i := range r.at {
			if i >= 0 && !yield(columns[c][0], fields[i]) {
				return
			}
		}
	}
}
