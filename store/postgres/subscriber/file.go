package subscriber

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"calltrail/store/table"
)

// Bounds of a file. What is larger is refused, with the advice to split it.
const (
	// MaxOctets is the most octets a file may have.
	MaxOctets = 1 << 29
	// MaxRows is the most rows the files of one import may have together: all are held in memory, with what is made of them some
	// 2.5 KiB each.
	MaxRows = 1_000_000
)

// column is a column of a format.
type column struct {
	name     string // as the documentation writes it
	aliases  []string
	required bool
}

// file is a file that was read.
type file struct {
	name    string // of the file
	sha256  [sha256.Size]byte
	octets  int64
	rows    int64
	ignored int64 // rows that tell of no address
	events  []*event
	unknown []string // columns that nothing was read from
}

// row is one row of a file: its fields by the column's name.
type row struct {
	line   int
	fields []string
	at     map[string]int
	zone   *time.Location
}

func (r *row) get(name string) string {
	if i, ok := r.at[name]; ok {
		return strings.TrimSpace(r.fields[i])
	}
	return ""
}

// canonical is how names of columns are compared: without regard to case, and "-", "_" and a space are the same.
func canonical(name string) string {
	return hyphens.Replace(strings.ToLower(strings.TrimSpace(name)))
}

var hyphens = strings.NewReplacer("_", "-", " ", "-")

// read reads a file of comma-separated values (RFC 4180) with a header and at most room rows. Bad lines go to problems, and
// reading goes on; the error is of the whole file.
func read(name string, in io.Reader, f *form, zone *time.Location, room int64, problems *Problems) (*file, error) {
	t := &file{name: name}
	rows, err := table.NewReader(name, in, table.Bounds{Octets: MaxOctets, Rows: room, Most: MaxRows}, problems)
	if err != nil {
		return nil, err
	}
	at, err := t.columns(rows.Columns, f)
	if err != nil {
		return nil, err
	}
	known := texts{}
	for {
		line, fields, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		r := row{line, fields, at, zone}
		if reason := table.Wrong(r.read(rows.Columns)); reason != "" {
			rows.Reject(line, reason)
			continue
		}
		events, err := f.parse(&r)
		if err != nil {
			rows.Reject(line, err.Error())
			continue
		}
		if len(events) == 0 {
			t.ignored++
		}
		for i := range events {
			events[i].line = line
			known.all(&events[i])
			t.events = append(t.events, &events[i])
		}
	}
	t.rows, t.octets, t.sha256 = rows.Rows(), rows.Octets(), rows.SHA256()
	return t, nil
}

// columns finds the columns of the form in a header.
func (t *file) columns(header []string, f *form) (map[string]int, error) {
	at := map[string]int{}
	for i, h := range header {
		k := slices.IndexFunc(f.columns, func(c column) bool {
			return canonical(h) == canonical(c.name) || slices.ContainsFunc(c.aliases, func(a string) bool { return canonical(h) == canonical(a) })
		})
		if k < 0 {
			t.unknown = append(t.unknown, strings.TrimSpace(h))
			continue
		}
		if _, twice := at[f.columns[k].name]; twice {
			return nil, fmt.Errorf("%s: the column %s is there twice", t.name, f.columns[k].name)
		}
		at[f.columns[k].name] = i
	}
	for _, c := range f.columns {
		if _, there := at[c.name]; c.required && !there {
			return nil, fmt.Errorf("%s: the column %s is missing; the first line names the columns", t.name, c.name)
		}
	}
	if f.check != nil {
		if err := f.check(at); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return at, nil
}

// read goes through the fields that something is read from, with the names of their columns.
func (r *row) read(header []string) func(func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for _, i := range r.at {
			if !yield(header[i], r.fields[i]) {
				return
			}
		}
	}
}

// texts holds each text of a file once. The rows of a session repeat theirs, and a text cut out of a row would keep all of it.
type texts map[string]string

func (t texts) all(e *event) {
	for _, s := range []*string{&e.session, &e.subscriber, &e.circuit, &e.mac, &e.client} {
		one, ok := t[*s]
		if !ok {
			one = strings.Clone(*s)
			t[one] = one
		}
		*s = one
	}
}
