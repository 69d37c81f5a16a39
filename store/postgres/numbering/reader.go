package numbering

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a file. What is larger is refused.
const (
	// MaxOctets is the most octets a file may have, MaxRows the most rows: a country's portability table and room.
	MaxOctets = 1 << 34
	MaxRows   = 100_000_000

	maxRow     = 64 << 10 // octets; a quotation mark that is never closed makes all that follows one row
	maxField   = 256      // octets
	maxColumns = 256
)

// reader reads a file row by row, in the memory of one.
type reader struct {
	name    string // of the file
	form    form
	zone    *time.Location
	prepend string

	csv     *csv.Reader
	in      bounded
	at      header
	first   []string // the header's fields
	unknown []string // columns that nothing is read from
	rows    int64
	made    int64    // entries
	row     entry    // of which these prefixes are still to be given out
	pending []string // empty after a row that is wrong
	bad     *Problems
}

// bounded counts and hashes what is read, and ends a row that is too long before it is all in memory.
type bounded struct {
	r    io.Reader
	sum  hash.Hash
	n    int64 // octets
	room int   // for the row that is being read
	over error // the bound it ran into
}

var (
	errLongRow  = fmt.Errorf("a row is longer than %d octets: is a quotation mark not closed?", maxRow)
	errLongFile = fmt.Errorf("it has more than %d octets; split it", int64(MaxOctets))
)

func (b *bounded) Read(p []byte) (int, error) {
	switch {
	case b.over != nil:
	case b.room <= 0:
		b.over = errLongRow
	case b.n >= MaxOctets:
		b.over = errLongFile
	}
	if b.over != nil {
		return 0, b.over
	}
	n, err := b.r.Read(p[:min(len(p), b.room)])
	b.n += int64(n)
	b.room -= n
	b.sum.Write(p[:n])
	return n, err
}

// newReader reads the header. Bad lines will go to bad.
func newReader(name string, in io.Reader, o *Options, bad *Problems) (*reader, error) {
	r := &reader{name: name, form: forms[o.Kind], zone: o.Zone, prepend: o.Prepend, bad: bad, in: bounded{r: in, sum: sha256.New(), room: maxRow}}
	r.csv = csv.NewReader(&r.in)
	r.csv.FieldsPerRecord = -1 // counted here, to go on after a row that is wrong
	fields, err := r.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: the file is empty; its first line names the columns", name)
	case err != nil:
		return nil, fmt.Errorf("%s: the header cannot be read: %w", name, err)
	case len(fields) > maxColumns:
		return nil, fmt.Errorf("%s: it has %d columns, more than %d", name, len(fields), maxColumns)
	}
	fields[0] = strings.TrimPrefix(fields[0], "\ufeff") // spreadsheets write a byte order mark
	if r.at, r.unknown, err = r.form.find(fields); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.first = fields
	r.csv.ReuseRecord = true
	return r, nil
}

// next returns an entry of the file, io.EOF after the last. Lines that are wrong are noted in bad and left out; any other
// error is of the whole file. Its texts may share the memory of a row.
func (r *reader) next() (entry, error) {
	for len(r.pending) == 0 {
		r.in.room = maxRow
		fields, err := r.csv.Read()
		if errors.Is(err, io.EOF) && r.in.over == nil {
			return entry{}, io.EOF
		}
		r.rows++
		if r.rows > MaxRows {
			return entry{}, fmt.Errorf("%s: there are more than %d rows; import them in parts", r.name, MaxRows)
		}
		if r.in.over != nil { // encoding/csv may take it for the end of a line
			return entry{}, fmt.Errorf("%s: row %d: %w", r.name, r.rows, r.in.over)
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			r.bad.add(r.name, wrong.StartLine, "no comma-separated values: "+wrong.Err.Error())
			continue
		}
		if err != nil {
			return entry{}, fmt.Errorf("%s: row %d: %w", r.name, r.rows, err)
		}
		line, _ := r.csv.FieldPos(0)
		if line > math.MaxInt32 {
			return entry{}, fmt.Errorf("%s: there are more than %d lines; import them in parts", r.name, math.MaxInt32)
		}
		if reason := r.check(fields); reason != "" {
			r.bad.add(r.name, line, reason)
			continue
		}
		if err := r.parse(fields, line); err != nil {
			r.bad.add(r.name, line, err.Error())
		}
	}
	last := len(r.pending) - 1
	r.row.prefix, r.pending = r.pending[last], r.pending[:last]
	r.made++
	return r.row, nil
}

// check says what is wrong with the text of a row, "" when nothing is.
func (r *reader) check(fields []string) string {
	if len(fields) != len(r.first) {
		return fmt.Sprintf("it has %d fields, the header %d", len(fields), len(r.first))
	}
	for c, i := range r.at {
		if i < 0 {
			continue
		}
		switch s := fields[i]; {
		case len(s) > maxField:
			return fmt.Sprintf("%s is longer than %d octets", columns[c][0], maxField)
		case !utf8.ValidString(s):
			return columns[c][0] + " is not UTF-8"
		case strings.ContainsFunc(s, unicode.IsControl):
			return columns[c][0] + " holds a control character"
		}
	}
	return ""
}
