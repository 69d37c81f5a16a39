package print

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"calltrail/cdr/record"
)

// csvPrinter writes RFC 4180: a header line, lines that end in CRLF, cells quoted where needed.
type csvPrinter struct {
	out     *bufio.Writer
	w       *csv.Writer
	cells   []string
	started bool
}

func newCSV(w io.Writer) *csvPrinter {
	out := bufio.NewWriterSize(w, bufferSize)
	p := &csvPrinter{out: out, w: csv.NewWriter(out), cells: make([]string, len(columns))}
	p.w.UseCRLF = true
	return p
}

func (p *csvPrinter) header() error {
	p.started = true
	for i, c := range columns {
		p.cells[i] = c.name
	}
	return p.w.Write(p.cells)
}

func (p *csvPrinter) Print(body []byte) error {
	r, err := decode(body)
	if err != nil {
		return err
	}
	if !p.started {
		if err := p.header(); err != nil {
			return err
		}
	}
	for i, c := range columns {
		cell := c.cell(r)
		if !c.ours {
			cell = SpreadsheetText(cell)
		}
		p.cells[i] = cell
	}
	return p.w.Write(p.cells)
}

// Flush writes the header even when there was no record: a table without rows is an answer too.
func (p *csvPrinter) Flush() error {
	if !p.started {
		if err := p.header(); err != nil {
			return err
		}
	}
	p.w.Flush()
	if err := p.w.Error(); err != nil {
		return err
	}
	return p.out.Flush()
}

// SpreadsheetText makes a cell harmless: what Visible escapes, and a cell that a spreadsheet would take for a formula
// gets an apostrophe before it, which spreadsheets read as "this is text". Telephone numbers begin with '+' and get it
// too; a program that reads the CSV takes one leading apostrophe off, or reads jsonl instead.
func SpreadsheetText(s string) string {
	text := Visible(s)
	if s == "" || !strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return text
	}
	return "'" + text
}

// Column documents one CSV column.
type Column struct{ Name, Meaning string }

// Columns is the CSV's columns in their order.
func Columns() []Column {
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = Column{c.name, c.meaning}
	}
	return out
}

type column struct {
	name, meaning string
	ours          bool // made of numbers, times and words of ours: cannot be a formula
	cell          func(*row) string
}

// Times stand in both zones, each as a date and a time of its own.
func timeColumns(name, meaning string, at func(*row) record.Time) []column {
	part := func(suffix, what string, zone *time.Location, layout string) column {
		return column{
			name: name + suffix, meaning: meaning + ", " + what, ours: true,
			cell: func(r *row) string {
				t := at(r)
				if t.IsZero() {
					return ""
				}
				return t.Std().In(zone).Format(layout)
			},
		}
	}
	const clock = "15:04:05.000000"
	return []column{
		part("_date_utc", "date in UTC", time.UTC, time.DateOnly),
		part("_time_utc", "time in UTC", time.UTC, clock),
		part("_date_ist", "date in IST (UTC+05:30)", IST, time.DateOnly),
		part("_time_ist", "time in IST (UTC+05:30)", IST, clock),
	}
}

func endColumns(name, meaning string, end func(*row) *record.End) []column {
	ifEnd := func(f func(*record.End) string) func(*row) string {
		return func(r *row) string {
			if e := end(r); e != nil {
				return f(e)
			}
			return ""
		}
	}
	ifPlace := func(f func(*record.Location) string) func(*row) string {
		return ifEnd(func(e *record.End) string {
			if e.Location != nil {
				return f(e.Location)
			}
			return ""
		})
	}
	return []column{
		{name + "_ip", meaning + ": IP address", true, ifEnd(func(e *record.End) string { return e.IP.String() })},
		{name + "_port", meaning + ": port", true, ifEnd(func(e *record.End) string { return strconv.Itoa(int(e.Port)) })},
		{name + "_country", meaning + ": country, ISO 3166-1", false, ifPlace(func(l *record.Location) string { return l.Country })},
		{name + "_city", meaning + ": city", false, ifPlace(func(l *record.Location) string { return l.City })},
		{name + "_latitude", meaning + ": degrees, WGS84", true, ifPlace(func(l *record.Location) string { return decimal(l.Latitude) })},
		{name + "_longitude", meaning + ": degrees, WGS84", true, ifPlace(func(l *record.Location) string { return decimal(l.Longitude) })},
		{name + "_location_method", meaning + ": how the place was found", false, ifPlace(func(l *record.Location) string { return l.Method })},
		{name + "_location_of", meaning + ": whose place it is: the end's, or the last server's before the tap", false, ifPlace(func(l *record.Location) string { return l.Of })},
		{name + "_location_dated", meaning + ": day of the list's row it was found in", true, ifPlace(func(l *record.Location) string { return l.Dated })},
		{name + "_location_said_by", meaning + ": who said it: caller or network", false, ifPlace(func(l *record.Location) string { return l.SaidBy })},
		{name + "_as_number", meaning + ": autonomous system", true, ifEnd(func(e *record.End) string { return positive(uint64(e.ASNumber)) })},
		{name + "_as_org", meaning + ": who runs it", false, ifEnd(func(e *record.End) string { return e.ASOrg })},
		{name + "_network", meaning + ": kind of network", false, ifEnd(func(e *record.End) string { return e.Network })},
	}
}

func decimal(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

func positive(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

func integer[T int | int64](n *T) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(int64(*n), 10)
}
