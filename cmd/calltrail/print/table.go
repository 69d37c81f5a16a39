package print

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"calltrail/cdr/record"
)

// tablePrinter writes one line a record. What has no room in a cell is cut with an ellipsis; notes (indicators and flags)
// that have no room go on lines of their own, for they are what a reader must not miss.
type tablePrinter struct {
	w       *bufio.Writer
	zone    *time.Location
	layout  string // of times
	total   int    // columns of the terminal
	gap     int    // blanks between columns
	widths  [len(titles)]int
	started bool
}

// The table's columns; notes take what is left of the line.
const (
	colTime = iota
	colFrom
	colTo
	colOutcome
	colDuration
	colSource
)

var titles = [...]string{
	colTime: "TIME", colFrom: "FROM", colTo: "TO", colOutcome: "OUTCOME", colDuration: "DURATION", colSource: "SOURCE",
}

const (
	defaultWidth = 120
	leastWidth   = 80  // narrower terminals wrap
	narrowBelow  = 110 // shorter times, narrower gaps
	leastNotes   = 16  // of the line's end that are worth beginning notes in
)

func newTable(w io.Writer, o Options) *tablePrinter {
	p := &tablePrinter{w: bufio.NewWriterSize(w, bufferSize), zone: o.Zone, total: o.Width, gap: 2, layout: time.DateTime}
	if p.zone == nil {
		p.zone = IST
	}
	if p.total == 0 {
		p.total = defaultWidth
	}
	p.total = max(p.total, leastWidth)
	if p.total < narrowBelow {
		p.gap, p.layout = 1, "01-02 15:04:05"
	}
	p.widths = [len(titles)]int{colTime: len(p.layout), colFrom: 13, colTo: 13, colOutcome: 11, colDuration: 8}
	rest := p.total - p.gap*(len(titles)-1)
	for _, n := range p.widths {
		rest -= n
	}
	// The numbers grow to hold any E.164 number and many a user name.
	grow := min(max(rest-24, 0)/2, 4)
	p.widths[colFrom] += grow
	p.widths[colTo] += grow
	rest -= 2 * grow
	if source := min(rest*2/3, 56); source >= 32 && rest-source-p.gap >= leastNotes {
		rest = source
	}
	p.widths[colSource] = rest
	return p
}

func (p *tablePrinter) Print(body []byte) error {
	r, err := decode(body)
	if err != nil {
		return err
	}
	if !p.started {
		p.started = true
		if err := p.header(); err != nil {
			return err
		}
	}
	cells := [len(titles)]string{
		colTime:     p.time(r),
		colFrom:     number(&r.Caller),
		colTo:       r.called(),
		colOutcome:  outcome(r),
		colDuration: duration(r.DurationMS),
		colSource:   source(r),
	}
	notes := r.notes()
	if uniseg.StringWidth(Visible(cells[colSource])) > p.widths[colSource] {
		notes = append([]string{"from " + cells[colSource]}, notes...) // whole, where it has room
	}
	return p.line(cells, Visible(strings.Join(notes, " ")))
}

func (p *tablePrinter) Flush() error { return p.w.Flush() }

func (p *tablePrinter) header() error {
	cells := titles
	cells[colTime] = "TIME " + p.zone.String()
	notes := "NOTES"
	if p.room() < leastNotes {
		notes = ""
	}
	return p.line(cells, notes)
}

// room is the columns behind the last cell.
func (p *tablePrinter) room() int {
	room := p.total
	for _, w := range p.widths {
		room -= w + p.gap
	}
	return room
}

func (p *tablePrinter) line(cells [len(titles)]string, note string) error {
	blanks := strings.Repeat(" ", p.gap)
	var b strings.Builder
	for i, cell := range cells {
		b.WriteString(fit(Visible(cell), p.widths[i]))
		b.WriteString(blanks)
	}
	if uniseg.StringWidth(note) <= p.room() {
		b.WriteString(note)
		note = ""
	}
	if _, err := p.w.WriteString(strings.TrimRight(b.String(), " ") + "\n"); err != nil {
		return err
	}
	const indent = "    ! "
	for _, l := range wrap(note, p.total-len(indent)) {
		if _, err := p.w.WriteString(indent + l + "\n"); err != nil {
			return err
		}
	}
	return nil
}

func (p *tablePrinter) time(r *row) string {
	if r.StartedAt.IsZero() {
		return "-"
	}
	return r.StartedAt.Std().In(p.zone).Format(p.layout)
}

func outcome(r *row) string {
	switch {
	case r.event != "":
		return r.event
	case r.Kind == record.KindTLS || r.Kind == record.KindApp || r.Kind == record.KindMedia:
		return string(r.Visibility) // how it ended is not known; that it could not be read is
	}
	return string(r.Disposition)
}

// duration is h:mm:ss with the seconds cut, never rounded up; "-" when there is none.
func duration(ms *int64) string {
	if ms == nil {
		return "-"
	}
	s := *ms / 1000
	two := func(n int64) string {
		if n < 10 {
			return "0" + strconv.FormatInt(n, 10)
		}
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(s/3600, 10) + ":" + two(s/60%60) + ":" + two(s%60)
}

func source(r *row) string {
	if r.Src == nil {
		return "-"
	}
	parts := []string{r.Src.IP.String()}
	for _, s := range []string{place(r.Src.Location), r.Src.Network} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// maxCluster bounds one character as a person sees it, in octets: a letter with a hundred accents is an attack on the
// lines around it.
const maxCluster = 32

// fit pads or cuts s to exactly width columns.
func fit(s string, width int) string {
	var b strings.Builder
	used, cut := 0, 0 // columns written; octets written when an ellipsis still had room
	state := -1
	for rest := s; rest != ""; {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if len(cluster) > maxCluster {
			cluster, w = "\uFFFD", 1
		}
		if used+w > width {
			out := b.String()[:cut] + "…"
			return out + strings.Repeat(" ", max(width-uniseg.StringWidth(out), 0))
		}
		b.WriteString(cluster)
		if used += w; used < width {
			cut = b.Len()
		}
	}
	return b.String() + strings.Repeat(" ", width-used)
}

// wrap breaks text at blanks into lines of at most width columns; a longer word stands alone and is cut.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(s) {
		w := uniseg.StringWidth(word)
		if w > width {
			word, w = fit(word, width), width
		}
		switch {
		case line == "":
			line, used = word, w
		case used+1+w <= width:
			line, used = line+" "+word, used+1+w
		default:
			lines = append(lines, line)
			line, used = word, w
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
