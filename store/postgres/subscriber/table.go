package subscriber

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a file. What is larger is refused, with the advice to split it.
const (
	// MaxOctets is the most octets a file may have.
	MaxOctets = 1 << 29
	// MaxRows is the most rows the files of one import may have together: all are held in memory, with what is made of them some
	// 2.5 KiB each.
	MaxRows = 1_000_000

	maxField   = 256 // octets
	maxColumns = 256
)

// column is a column of a format.
type column struct {
	name     string // as the documentation writes it
	aliases  []string
	required bool
}

// table is a file that was read.
type table struct {
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
func read(name string, in io.Reader, f *form, zone *time.Location, room int64, problems *Problems) (*table, error) {
	t := &table{name: name}
	sum := sha256.New()
	counted := &counter{r: io.TeeReader(io.LimitReader(in, MaxOctets+1), sum)}
	c := csv.NewReader(counted)
	c.FieldsPerRecord = -1 // counted here, to go on after a row that is wrong
	header, err := c.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: the file is empty; its first line names the columns", name)
	case err != nil:
		return nil, fmt.Errorf("%s: the header cannot be read: %w", name, err)
	}
	at, err := t.columns(header, f)
	if err != nil {
		return nil, err
	}
	known := texts{}
	for {
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if counted.n > MaxOctets {
			return nil, fmt.Errorf("%s: it has more than %d octets; split it", name, MaxOctets)
		}
		t.rows++
		if t.rows > room {
			return nil, fmt.Errorf("%s: there are more than %d rows; import them in parts", name, MaxRows)
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			problems.add(name, wrong.StartLine, "no comma-separated values: "+wrong.Err.Error())
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := c.FieldPos(0)
		r := row{line, fields, at, zone}
		if reason := r.check(len(header), header); reason != "" {
			problems.add(name, line, reason)
			continue
		}
		events, err := f.parse(&r)
		if err != nil {
			problems.add(name, line, err.Error())
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
	t.octets = counted.n
	sum.Sum(t.sha256[:0])
	return t, nil
}

// columns finds the columns of the form in a header.
func (t *table) columns(header []string, f *form) (map[string]int, error) {
	if len(header) > maxColumns {
		return nil, fmt.Errorf("%s: it has %d columns, more than %d", t.name, len(header), maxColumns)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // spreadsheets write a byte order mark
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

// check says what is wrong with the text of a row, "" when nothing is.
func (r *row) check(columns int, header []string) string {
	if len(r.fields) != columns {
		return fmt.Sprintf("it has %d fields, the header %d", len(r.fields), columns)
	}
	for _, i := range r.at {
		switch s := r.fields[i]; {
		case len(s) > maxField:
			return fmt.Sprintf("%s is longer than %d octets", header[i], maxField)
		case !utf8.ValidString(s):
			return header[i] + " is not UTF-8"
		case strings.ContainsFunc(s, unicode.IsControl):
			return header[i] + " holds a control character"
		}
	}
	return ""
}

// counter counts what was read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
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
