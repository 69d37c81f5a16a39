package watchlist

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Write writes entries in the form that Read takes.
func Write(w io.Writer, f Format, list []Listed) error {
	rows := make([]written, len(list))
	for i := range list {
		rows[i] = list[i].written()
	}
	switch f {
	case JSON:
		out := json.NewEncoder(w)
		out.SetIndent("", " ")
		out.SetEscapeHTML(false)
		return out.Encode(rows)
	case CSV:
		out := csv.NewWriter(w)
		out.UseCRLF = true
		if err := out.Write(Columns()); err != nil {
			return err
		}
		for i := range rows {
			cells := make([]string, 0, len(Columns()))
			for _, field := range rows[i].fields() {
				cells = append(cells, *field)
			}
			if err := out.Write(cells); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	}
	return fmt.Errorf("format %q: csv or json is wanted", f)
}

func (l *Listed) written() written {
	return written{
		List: l.List, Kind: string(l.Kind), Value: l.Value, Source: l.Source, Case: l.Case, Reason: l.Reason,
		From: formatTime(l.From), Until: formatTime(l.Until), AddedBy: l.AddedBy, AddedAt: formatTime(l.AddedAt), Version: strconv.FormatInt(l.Version, 10),
	}
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
