package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres/question"
)

// moments is how times of an answer are shown; digits of a second that are zero are left out.
const moments = "2006-01-02 15:04:05.999999"

// zoneName is how a zone is named at the head of a column.
func zoneName(zone *time.Location) string {
	if zone.String() == "Asia/Kolkata" {
		return "IST"
	}
	return zone.String()
}

// heads are the names of an answer's columns: of times two each.
func heads(q *question.Question, zone *time.Location) (list []string) {
	for _, c := range q.Columns {
		if c.Time() {
			list = append(list, c.Name+" "+zoneName(zone), c.Name+" UTC")
		} else {
			list = append(list, c.Name)
		}
	}
	return list
}

// cells are one row's values in the order of heads; what is not known is empty.
func cells(q *question.Question, row []byte, zone *time.Location) ([]string, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(row, &values); err != nil {
		return nil, fmt.Errorf("a row of the answer cannot be read: %w", err)
	}
	var list []string
	for _, c := range q.Columns {
		text, err := cell(values[c.Name])
		if err != nil {
			return nil, fmt.Errorf("column %s of the answer cannot be read: %w", c.Name, err)
		}
		if !c.Time() {
			list = append(list, text)
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil { // NULL, or infinity
			list = append(list, text, text)
			continue
		}
		list = append(list, t.In(zone).Format(moments), t.UTC().Format(moments))
	}
	return list, nil
}

// cell is one value as text: of a list its values with "; " between, of an object its JSON.
func cell(value json.RawMessage) (string, error) {
	value = bytes.TrimSpace(value)
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", nil
	case value[0] == '"':
		var text string
		err := json.Unmarshal(value, &text)
		return text, err
	case value[0] == '[':
		var items []json.RawMessage
		if err := json.Unmarshal(value, &items); err != nil {
			return "", err
		}
		list := make([]string, len(items))
		for i, item := range items {
			var err error
			if list[i], err = cell(item); err != nil {
				return "", err
			}
		}
		return strings.Join(list, "; "), nil
	}
	return string(value), nil
}

// answerCSV writes the rows, and behind them one that has nothing but the last column: the coverage.
func answerCSV(w io.Writer, q *question.Question, a *question.Answer, zone *time.Location) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	names := heads(q, zone)
	if err := out.Write(append(names, "coverage")); err != nil {
		return err
	}
	for _, row := range a.Rows {
		list, err := cells(q, row, zone)
		if err != nil {
			return err
		}
		for i := range list {
			list[i] = print.SpreadsheetText(list[i])
		}
		if err := out.Write(append(list, "")); err != nil {
			return err
		}
	}
	last := make([]string, len(names)+1)
	last[len(names)] = print.SpreadsheetText(a.Coverage)
	if err := out.Write(last); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// answerTable writes the columns that have something in some row, and the coverage below them.
func answerTable(w io.Writer, q *question.Question, a *question.Answer, zone *time.Location) error {
	names := heads(q, zone)
	used := make([]bool, len(names))
	var rows [][]string
	for _, row := range a.Rows {
		list, err := cells(q, row, zone)
		if err != nil {
			return err
		}
		for i, text := range list {
			used[i] = used[i] || text != ""
		}
		rows = append(rows, list)
	}
	if len(rows) > 0 {
		out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.StripEscape)
		for _, list := range append([][]string{names}, rows...) {
			var shown []string
			for i, text := range list {
				if !used[i] {
					continue
				}
				if text == "" {
					text = "-"
				}
				shown = append(shown, print.Visible(text))
			}
			_, _ = fmt.Fprintln(out, strings.Join(shown, "\t")) // kept until Flush, which has the error
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	rowsWord := "rows"
	if len(rows) == 1 {
		rowsWord = "row"
	}
	_, err := fmt.Fprintf(w, "%d %s. %s\n", len(rows), rowsWord, print.Visible(a.Coverage))
	return err
}
