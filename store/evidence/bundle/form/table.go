package form

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"calltrail/store/evidence/bundle/answer"
)

// runs are the characters that make a spreadsheet take a cell for a formula, full-width ones too.
const runs = "=+-@\t\r＝＋－＠"

// CSV writes the calls as RFC 4180, in UTF-8: a header, a line for each call, lines that end in CRLF. A cell that a spreadsheet would run
// has an apostrophe before it, which means "this is text"; telephone numbers begin with '+' and get it, too.
func (t *Template) CSV(calls []*answer.Call) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	cells := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		cells[i] = safe(c.Header)
	}
	if err := w.Write(cells); err != nil {
		return nil, fmt.Errorf("write the CSV: %w", err)
	}
	for _, call := range calls {
		for i, c := range t.Columns {
			cells[i] = fields[c.Field](call)
			if _, ok := t.value(&c, cells[i]).(string); ok {
				cells[i] = safe(cells[i])
			}
		}
		if err := w.Write(cells); err != nil {
			return nil, fmt.Errorf("write the CSV: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func safe(s string) string {
	text := answer.Visible(s)
	if s == "" || !strings.ContainsRune(runs, []rune(s)[0]) {
		return text
	}
	return "'" + text
}

// value is what a cell holds: a number where the column is one of numbers and the text is one, else the text.
func (t *Template) value(c *Column, text string) any {
	if c.Number {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	return text
}

// XLSX writes the same as a workbook of two sheets: the calls, and what the form is and where it is from. Every cell but numbers is
// stored as text and marked so (format "@"): opening runs nothing, and neither does editing a cell.
func (t *Template) XLSX(a *answer.Answer, calls []*answer.Call) (data []byte, err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("write the XLSX: %w", e)
		}
	}()
	if err := t.sheets(f, a, calls); err != nil {
		return nil, fmt.Errorf("write the XLSX: %w", err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, fmt.Errorf("write the XLSX: %w", err)
	}
	if data, err = ordered(b.Bytes(), a.Meta.At); err != nil {
		return nil, fmt.Errorf("write the XLSX: %w", err)
	}
	return data, nil
}

// ordered packs the workbook's parts again in the order of their names: excelize has sheets in that of a map.
func ordered(data []byte, at time.Time) ([]byte, error) {
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(in.File, func(x, y *zip.File) int { return strings.Compare(x.Name, y.Name) })
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		if err := copyPart(out, f, at); err != nil {
			return nil, err
		}
	}
	err = out.Close()
	return b.Bytes(), err
}

func copyPart(out *zip.Writer, f *zip.File, at time.Time) (err error) {
	from, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := out.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: at.UTC().Truncate(2 * time.Second)})
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from) //nolint:gosec // what excelize wrote a moment ago
	return err
}

const (
	sheetCalls = "Calls"
	sheetAbout = "About this table"
)

func (t *Template) sheets(f *excelize.File, a *answer.Answer, calls []*answer.Call) error {
	if err := f.SetSheetName("Sheet1", sheetCalls); err != nil {
		return err
	}
	if _, err := f.NewSheet(sheetAbout); err != nil {
		return err
	}
	at := a.Meta.At.UTC().Format("2006-01-02T15:04:05Z")
	if err := f.SetDocProps(&excelize.DocProperties{Creator: "calltrail", Title: t.Title, Created: at, Modified: at, LastModifiedBy: "calltrail"}); err != nil {
		return err
	}
	rows := make([][]any, 0, len(calls)+1)
	header := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		header[i] = c.Header
	}
	rows = append(rows, header)
	for _, call := range calls {
		row := make([]any, len(t.Columns))
		for i, c := range t.Columns {
			row[i] = t.value(&c, fields[c.Field](call))
		}
		rows = append(rows, row)
	}
	if err := fill(f, sheetCalls, rows, true); err != nil {
		return err
	}
	about := [][]any{
		{"Form", t.Name()},
		{"Title", t.Title},
		{"Source of the form", t.Source},
		{"Request", a.Meta.Request.ID},
		{"Released at", answer.Both(a.Meta.At)},
		{"Coverage", a.Meta.Coverage},
		{"", ""},
		{"Column", "Meaning"},
	}
	for _, c := range t.Columns {
		mark := ""
		if c.Unverified {
			mark = "unverified"
		}
		about = append(about, []any{c.Header, c.Meaning, mark})
	}
	return fill(f, sheetAbout, about, false)
}

// fill writes rows by excelize's stream, which keeps memory flat and the octets the same.
func fill(f *excelize.File, sheet string, rows [][]any, header bool) error {
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // "@": text, also after editing
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{NumFmt: 49, Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	w, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	if err := w.SetColWidth(1, 60, 20); err != nil {
		return err
	}
	if header {
		if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
			return err
		}
	}
	for n, row := range rows {
		cells := make([]any, len(row))
		for i, v := range row {
			cells[i] = v
			if s, ok := v.(string); ok {
				style := text
				if header && n == 0 {
					style = bold
				}
				cells[i] = excelize.Cell{StyleID: style, Value: cut(answer.Visible(s))}
			}
		}
		at, err := excelize.CoordinatesToCellName(1, n+1)
		if err != nil {
			return err
		}
		if err := w.SetRow(at, cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

// cut keeps a text within what a cell of XLSX holds (32,767 characters); records.jsonl has all of it.
func cut(s string) string {
	const most = 30_000
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " …"
}
