package print

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"calltrail/cdr/record"
)

// Case 9 of the hostile signalling: what a caller writes into a header field must not become a formula in the spreadsheet of
// whoever opens an export, nor hide there or turn round what is read beside it. Every text that comes from the wire is tried, in
// every kind of row.
func TestHostileCase9Spreadsheet(t *testing.T) {
	for _, first := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "\x00", " ", "'", `"`, ",", "＝", "＋", "－", "＠", "\u202e", "\u2066", "\u200b", "\x1b[2J", "\u0085", "\ufeff", ""} {
		text := first + "HYPERLINK(\"http://192.0.2.1\",1)\r\n=1+1\t\u202e@SUM(1)\x1b]0;x\a"
		c := hoax()
		c.Caller = record.Party{Raw: text, Display: text, User: text, Host: text}
		c.Callee, c.ReqURI = c.Caller, text
		c.SIP = &record.SIP{
			CallID: text, FromTag: text, ToTag: text, Transport: "udp", UserAgent: text, ServerAgent: text, Contact: text, Reason: text,
			InstanceID: text, Via: []string{text}, SessionID: text, ICID: text, Methods: record.Methods{{Name: text, Count: 1}},
		}
		c.Src.ASOrg, c.Src.Location.City, c.Flags = text, text, []string{text}
		tls := connection()
		tls.TLS.ServerName, tls.TLS.ALPN = text, []string{text}
		app := appCall()
		app.App.Name, app.App.Confidence, app.App.Media, app.App.Evidence, app.Media[0].CName = text, text, text, []string{text}, text
		m := messaged()
		m.Caller, m.Callee, m.CallID = c.Caller, c.Callee, text
		r := registered()
		r.AOR, r.Contact, r.CallID = c.Caller, text, text
		var out bytes.Buffer
		p := newCSV(&out)
		for _, v := range []any{c, tls, app, m, r} {
			if err := p.Print(body(t, v)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(rows) != 6 {
			t.Fatalf("%q: %d rows, want a header and 5: %v", first, len(rows), err)
		}
		tried := 0
		for _, row := range rows[1:] {
			for i, cell := range row {
				if strings.Contains(cell, "HYPERLINK") {
					tried++
				}
				checkCell(t, rows[0][i], cell)
			}
		}
		if tried < 10 {
			t.Errorf("%q: only %d cells hold text from the wire", first, tried)
		}
	}
}

// checkCell fails for a cell that a spreadsheet may take for a formula, or that holds what nobody sees.
func checkCell(t *testing.T, column, cell string) {
	t.Helper()
	for _, c := range cell {
		if unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp) {
			t.Errorf("column %s: %U is in %q", column, c, cell)
		}
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return // a number of ours: a longitude
	}
	if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) {
		t.Errorf("column %s begins like a formula: %q", column, cell)
	}
}
