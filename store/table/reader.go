// Package table reads the files that people hand in: comma-separated values (RFC 4180) whose first line names the columns, as
// address servers, number registries and spreadsheets write them. In: a file. Out: its rows, one by one, in the memory of one, and every
// line that is wrong. store/postgres/subscriber and numbering use it, and say what the columns mean; it knows no column.
package table

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a row. What is larger is refused.
const (
	MaxField = 256 // octets

	maxRow     = 64 << 10 // octets; a quotation mark that is never closed makes all that follows one row
	maxColumns = 256
)

// Bounds are how large a file may be.
type Bounds struct {
	Octets int64
	Rows   int64 // without the header; 0: none
	// Most is the number of rows that an error tells, when it is not Rows: several files may share a bound.
	Most int64
}

// Reader reads a file row by row.
type Reader struct {
	// Columns are the fields of the first line.
	Columns []string

	name   string
	bounds Bounds
	csv    *csv.Reader
	in     bounded
	rows   int64
	bad    *Problems
}

// bounded counts and hashes what is read, and ends a row that is too long before it is all in memory.
type bounded struct {
	r    io.Reader
	sum  hash.Hash
	n    int64 // octets
	most int64
	room int   // for the row that is being read
	over error // the bound it ran into
}

var errLongRow = fmt.Errorf("a row is longer than %d octets: is a quotation mark not closed?", maxRow)

func (b *bounded) Read(p []byte) (int, error) {
	switch {
	case b.over != nil:
	case b.room <= 0:
		b.over = errLongRow
	case b.n > b.most:
		b.over = fmt.Errorf("it has more than %d octets; split it", b.most)
	}
	if b.over != nil {
		return 0, b.over
	}
	n, err := b.r.Read(p[:min(int64(len(p)), int64(b.room), b.most+1-b.n)])
	b.n += int64(n)
	b.room -= n
	b.sum.Write(p[:n])
	return n, err
}

// NewReader reads the first line of a file; name is for errors. Bad lines will go to bad.
func NewReader(name string, in io.Reader, b Bounds, bad *Problems) (*Reader, error) {
	r := &Reader{name: name, bounds: b, bad: bad, in: bounded{r: in, sum: sha256.New(), most: b.Octets, room: maxRow}}
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
	r.Columns = fields
	r.csv.ReuseRecord = true
	return r, nil
}

// Next returns a row with as many fields as there are columns, and its line, from 1; io.EOF after the last. What is no row is noted
// as bad and passed over; any other error is of the whole file. The slice is good until the next call, its texts share the memory of
// their row.
func (r *Reader) Next() (line int, fields []string, err error) {
	for {
		r.in.room = maxRow
		fields, err = r.csv.Read()
		if errors.Is(err, io.EOF) && r.in.over == nil {
			return 0, nil, io.EOF
		}
		r.rows++
		if r.bounds.Rows > 0 && r.rows > r.bounds.Rows {
			most := r.bounds.Most
			if most == 0 {
				most = r.bounds.Rows
			}
			return 0, nil, fmt.Errorf("%s: there are more than %d rows; import them in parts", r.name, most)
		}
		if r.in.over != nil { // encoding/csv may take it for the end of a line
			return 0, nil, fmt.Errorf("%s: row %d: %w", r.name, r.rows, r.in.over)
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			r.bad.Add(r.name, wrong.StartLine, "no comma-separated values: "+wrong.Err.Error())
			continue
		}
		if err != nil {
			return 0, nil, fmt.Errorf("%s: row %d: %w", r.name, r.rows, err)
		}
		line, _ = r.csv.FieldPos(0)
		if line > math.MaxInt32 {
			return 0, nil, fmt.Errorf("%s: there are more than %d lines; import them in parts", r.name, math.MaxInt32)
		}
		if len(fields) != len(r.Columns) {
			r.Reject(line, fmt.Sprintf("it has %d fields, the header %d", len(fields), len(r.Columns)))
			continue
		}
		return line, fields, nil
	}
}

// Reject notes a line as bad.
func (r *Reader) Reject(line int, reason string) { r.bad.Add(r.name, line, reason) }

// Rows is how many rows were read, bad ones too; Octets how many octets.
func (r *Reader) Rows() int64 { return r.rows }

// Octets is how many were read.
func (r *Reader) Octets() int64 { return r.in.n }

// SHA256 is that of the octets read.
func (r *Reader) SHA256() (sum [sha256.Size]byte) {
	r.in.sum.Sum(sum[:0])
	return sum
}

// Wrong says what is wrong with the text of fields, given with the names of their columns; "" when nothing is: longer than
// MaxField, no UTF-8, or with control characters.
func Wrong(fields iter.Seq2[string, string]) string {
	for name, s := range fields {
		switch {
		case len(s) > MaxField:
			return fmt.Sprintf("%s is longer than %d octets", name, MaxField)
		case !utf8.ValidString(s):
			return name + " is not UTF-8"
		case strings.ContainsFunc(s, unicode.IsControl):
			return name + " holds a control character"
		}
	}
	return ""
}
