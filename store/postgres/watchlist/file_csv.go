package watchlist

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// csv reads RFC 4180 with a header.
func (in *reading) csv(text string) error {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("line 1: no header; it names the columns: %s", strings.Join(Columns(), ","))
	}
	places, err := place(header)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			in.refuse(wrong.StartLine, wrong.Err)
			if len(in.bad) >= MaxEntries {
				return nil
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("read the entries: %w", err)
		}
		line, _ := r.FieldPos(0)
		if len(row) != len(header) {
			in.refuse(line, fmt.Errorf("%d columns, the header has %d", len(row), len(header)))
			continue
		}
		var w written
		fields := w.fields()
		for i, cell := range row {
			*fields[places[i]] = cell
		}
		if !in.take(line, w) {
			return nil
		}
	}
}

// place finds for each column of a header its field.
func place(header []string) ([]int, error) {
	names := Columns()
	places := make([]int, len(header))
	for i, name := range header {
		places[i] = slices.Index(names, strings.ToLower(strings.TrimSpace(name)))
		if places[i] < 0 {
			return nil, fmt.Errorf("column %d has no known name; the columns are %s", i+1, strings.Join(names, ","))
		}
		if slices.Contains(places[:i], places[i]) {
			return nil, fmt.Errorf("column %s is there twice", names[places[i]])
		}
	}
	for _, name := range []string{"kind", "value", "source", "reason"} {
		if !slices.Contains(places, slices.Index(names, name)) {
			return nil, fmt.Errorf("column %s is missing", name)
		}
	}
	return places, nil
}

// json reads an array of objects. What is no JSON ends it: nobody knows where the next entry begins.
func (in *reading) json(text string) error {
	d := json.NewDecoder(strings.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errors.New("line 1: no JSON array; write [{\"list\": …, \"kind\": …}, …]")
	}
	line, counted := 1, 0
	for d.More() {
		// More has stopped before the entry; the comma and the spaces before it are its own.
		start := int(d.InputOffset())
		for start < len(text) && strings.IndexByte(", \t\r\n", text[start]) >= 0 {
			start++
		}
		line += strings.Count(text[counted:start], "\n")
		counted = start
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			in.refuse(line, errors.New("no JSON; nothing after it was read"))
			return nil
		}
		var w written
		one := json.NewDecoder(strings.NewReader(string(raw)))
		one.DisallowUnknownFields()
		if err := one.Decode(&w); err != nil {
			in.refuse(line, fmt.Errorf("no entry: its names are %s, and all values are strings", strings.Join(Columns(), ", ")))
			continue
		}
		if !in.take(line, w) {
			return nil
		}
	}
	if _, err := d.Token(); err != nil {
		in.refuse(line+strings.Count(text[counted:], "\n"), errors.New("the array does not end"))
	}
	return nil
}
