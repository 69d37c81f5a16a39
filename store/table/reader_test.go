package table

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
)

// lines reads a file and writes down what its rows are, and how it ended.
func lines(text string, b Bounds) (rows []string, bad *Problems, err error) {
	bad = new(Problems)
	r, err := NewReader("f.csv", strings.NewReader(text), b, bad)
	if err != nil {
		return nil, bad, err
	}
	for {
		line, fields, err := r.Next()
		if errors.Is(err, io.EOF) {
			if want := sha256.Sum256([]byte(text)); r.SHA256() != want || r.Octets() != int64(len(text)) {
				return rows, bad, fmt.Errorf("%d octets with %x", r.Octets(), r.SHA256())
			}
			return rows, bad, nil
		}
		if err != nil {
			return rows, bad, err
		}
		rows = append(rows, fmt.Sprint(line, " ", strings.Join(fields, "|")))
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	wide := Bounds{Octets: 1 << 30, Rows: 10}
	for _, tt := range []struct {
		name, text string
		bounds     Bounds
		rows, bad  string
		err        string
	}{
		{"rows, quoted and over lines", "\ufeffa,b\n1,2\r\n\"x,\ny\",3\n4,5\n", wide, "2 1|2; 3 x,\ny|3; 5 4|5", "", ""},
		{"bad rows are passed over", "a,b\n1\n1,2,3\n4,\"5\"6\n7,8\n", wide, "5 7|8", "f.csv:2: it has 1 fields, the header 2; f.csv:3: it has 3 fields, the header 2; f.csv:4: no comma-separated values: extraneous or missing \" in quoted-field", ""},
		{"empty", "", wide, "", "", "f.csv: the file is empty; its first line names the columns"},
		{"header", "a,\"b\"c\n", wide, "", "", `f.csv: the header cannot be read: parse error on line 1, column 5: extraneous or missing " in quoted-field`},
		{"columns", strings.Repeat(",", 256) + "\n", wide, "", "", "f.csv: it has 257 columns, more than 256"},
		{"rows", "a\n1\n2\n3\n", Bounds{Octets: 100, Rows: 2}, "2 1; 3 2", "", "f.csv: there are more than 2 rows; import them in parts"},
		{"rows of several files", "a\n1\n2\n", Bounds{Octets: 100, Rows: 1, Most: 7}, "2 1", "", "f.csv: there are more than 7 rows; import them in parts"},
		{"as many octets as may be", "a\n1\n2\n", Bounds{Octets: 6}, "2 1; 3 2", "", ""},
		{"one octet more", "a\n1\n2\n\n", Bounds{Octets: 6}, "", "", "it has more than 6 octets; split it"},
		{"a quotation mark that is not closed", "a\n1\n\"" + strings.Repeat("x\n", maxRow), wide, "2 1", "", "f.csv: row 2: a row is longer than 65536 octets: is a quotation mark not closed?"},
	} {
		rows, bad, err := lines(tt.text, tt.bounds)
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.err)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
		if got := strings.Join(rows, "; "); tt.rows != "" && got != tt.rows {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.rows)
		}
		var said []string
		for _, p := range bad.List {
			said = append(said, fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason))
		}
		if got := strings.Join(said, "; "); got != tt.bad {
			t.Errorf("%s: bad lines %q, want %q", tt.name, got, tt.bad)
		}
	}
}

func TestWrong(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"": "", "+91 22": "", strings.Repeat("x", MaxField): "", strings.Repeat("x", MaxField+1): "number is longer than 256 octets",
		"a\xff": "number is not UTF-8", "a\x00": "number holds a control character", "a\nb": "number holds a control character",
	} {
		if got := Wrong(maps.All(map[string]string{"number": s})); got != want {
			t.Errorf("%.20q: %q, want %q", s, got, want)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	p := new(Problems)
	if p.Err() != nil {
		t.Error("an error without a problem")
	}
	p.Add("f.csv", 2, "wrong")
	if got, want := p.Err().Error(), "f.csv:2: wrong\n1 line is wrong: nothing was imported"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for i := range maxProblems + 1 {
		p.Add("f.csv", i+3, "wrong")
	}
	if got, want := p.Error(), "f.csv:1001: wrong\nand 2 lines more\n1002 lines are wrong: nothing was imported"; !strings.HasSuffix(got, want) {
		t.Errorf("ends with %q", got[len(got)-100:])
	}
}
