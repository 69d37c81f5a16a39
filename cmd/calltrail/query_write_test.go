package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"calltrail/store/postgres/question"
)

func kolkata(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// hostileAnswer has what callers can write into a call, and every form of value an answer may have.
func hostileAnswer() (*question.Question, *question.Answer) {
	const instant = "timestamp with time zone"
	q := &question.Question{Name: "calls_of_number", Columns: []question.Column{
		{Name: "started_at", Type: instant},
		{Name: "ended_at", Type: instant},
		{Name: "caller", Type: "text"},
		{Name: "remark", Type: "text"},
		{Name: "diverted", Type: "text[]"},
		{Name: "duration_ms", Type: "bigint"},
		{Name: "nothing", Type: "text"},
		{Name: "detail", Type: "jsonb"},
	}}
	a := &question.Answer{Coverage: "2026-05-28 15:30:00 to 2026-05-28 16:30:00 IST. Coverage: 60 of 60 minutes. Audit row 7", Rows: [][]byte{
		[]byte(`{"caller": "+911204100001", "remark": "=HYPERLINK(\"http://198.51.100.1/\",\"click\")", "detail": {"a": 1}, "nothing": null, "diverted": ["+911204100002", "@x"], "ended_at": "2026-05-28T18:30:00.5+00:00", "started_at": "2026-05-28T10:00:00+00:00", "duration_ms": 9007199254740993}`),
		[]byte(`{"caller": "-1+1", "remark": "\u001b[2J\u202e\t1\r\n, \"x\"", "diverted": [], "ended_at": null, "started_at": "2026-05-28T10:00:01+00:00", "duration_ms": null}`),
		[]byte(`{"caller": "\t=1+1", "remark": "\r=1+1", "diverted": ["=1", null], "ended_at": "infinity", "started_at": "2026-05-28T10:00:02+00:00", "duration_ms": -5}`),
	}}
	return q, a
}

// What a caller wrote is shown as text, in a terminal and in a spreadsheet; times stand in both zones, and the coverage behind them.
func TestAnswersAreHarmless(t *testing.T) {
	t.Parallel()
	q, a := hostileAnswer()
	var table, commas bytes.Buffer
	if err := answerTable(&table, q, a, kolkata(t)); err != nil {
		t.Fatal(err)
	}
	if err := answerCSV(&commas, q, a, kolkata(t)); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"hostile.table": table.Bytes(), "hostile.csv": commas.Bytes()} {
		path := filepath.Join("testdata", "query", name)
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v; it is now\n%s", path, err, got)
		}
	}
	rows, err := csv.NewReader(&commas).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, c := range row {
			if strings.ContainsAny(c, "\x1b\t\r\n\u202e") || c != "" && strings.Contains("=+-@", c[:1]) {
				t.Errorf("a spreadsheet would run %q", c)
			}
		}
	}
	if last := rows[len(rows)-1]; strings.Join(last, "") != a.Coverage {
		t.Errorf("the last row is %q, the coverage is wanted", last)
	}
}

// Rows of JSON are the octets that were hashed for the audit, and nothing else is on standard output.
func TestAnswerInJSONIsTheOctetsOfTheAudit(t *testing.T) {
	t.Parallel()
	q, a := hostileAnswer()
	var out, errs bytes.Buffer
	cmd := new(cobra.Command)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	if err := deliver(cmd, &queryOptions{format: "json"}, q, a, time.UTC); err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	for _, row := range a.Rows {
		sum.Write(append(bytes.Clone(row), '\n'))
	}
	if got := sha256.Sum256(out.Bytes()); !bytes.Equal(got[:], sum.Sum(nil)) || errs.String() != a.Coverage+"\n" {
		t.Errorf("gives %x and %q", got, errs.String())
	}
}

func TestParametersAreRead(t *testing.T) {
	t.Parallel()
	q := &question.Question{Name: "q", Parameters: []question.Parameter{
		{Name: "of_number", Type: "text"}, {Name: "lines", Type: "text[]", Optional: true}, {Name: "at", Type: "timestamp with time zone", Optional: true},
	}}
	for _, c := range []struct{ written, value, problem string }{
		{"at=2026-05-28", "2026-05-28T00:00:00+05:30", ""},
		{"at=2026-05-28 10:00:00.25", "2026-05-28T10:00:00.25+05:30", ""},
		{"at=2026-05-28T10:00", "2026-05-28T10:00:00+05:30", ""},
		{"at=2026-05-28T10:00:00Z", "2026-05-28T10:00:00Z", ""},
		{"at=2026-05-28 10:00:00+01:00", "2026-05-28T10:00:00+01:00", ""},
		{"at=yesterday", "", `parameter at: "yesterday" is no time; it is written 2026-11-22 10:00:00 (zone Asia/Kolkata), or with its zone, 2026-11-22T10:00:00Z`},
		{"at=2026-02-30", "", `parameter at: "2026-02-30" is no time; it is written 2026-11-22 10:00:00 (zone Asia/Kolkata), or with its zone, 2026-11-22T10:00:00Z`},
		{"at", "", `a parameter is written NAME=VALUE, not "at"`},
		{"of_number=2", "", "parameter of_number is there twice"},
		{"planet=mars", "", `q has no parameter "planet"; it has of_number, lines, at`},
	} {
		got, err := readParameters(q, []string{"of_number=+91=1", c.written}, kolkata(t))
		if c.problem != "" {
			if err == nil || err.Error() != c.problem {
				t.Errorf("%s gives %v", c.written, err)
			}
		} else if err != nil || got["at"] != c.value || got["of_number"] != "+91=1" {
			t.Errorf("%s gives %v, %v", c.written, got, err)
		}
	}
	if _, err := readParameters(q, nil, time.UTC); err == nil || err.Error() != "parameter of_number is missing; q has of_number, lines, at" {
		t.Errorf("without a parameter: %v", err)
	}
	if got, err := readParameters(q, []string{"of_number=1", "lines=a,b"}, time.UTC); err != nil || fmt.Sprint(got["lines"]) != "[a b]" {
		t.Errorf("a list: %v, %v", got, err)
	}
}
