package bundle

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"calltrail/store/evidence/bundle/form"
)

// A form of the operator's own: other columns in another order, and another wording of the certificate.
const letter = `{"id": "letter-4471", "version": 3, "title": "Calls as the letter wants them", "source": "letter 4471", "unverified": [],
	"columns": [{"header": "B Party", "field": "callee", "unverified": false, "meaning": "called"},
		{"header": "A Party", "field": "caller", "unverified": false, "meaning": "calling"},
		{"header": "Date of Call", "field": "start.date.ist", "unverified": false, "meaning": "IST"}],
	"certificate": {"id": "schedule", "version": 1, "source": "the Gazette", "unverified": [], "title": "Certificate of the Schedule",
		"declaration": "I, {officer}, declare & say:", "statements": [{"text": "The log ran from {from}.", "device": true}], "expert": ["Name of the expert"]}}`

func TestOwnForm(t *testing.T) {
	k := newKeys(t)
	f, err := form.Parse([]byte(letter))
	if err != nil {
		t.Fatal(err)
	}
	a := newAnswer(t, k, bodies(t))
	if _, _, err := Make(a, f, k.evidence, "Example Broadband"); err == nil {
		t.Error("a bundle was made in another form than its answer names")
	}
	a.Meta.Template = f.ID
	data, _, err := Make(a, f, k.evidence, "Example Broadband")
	if err != nil {
		t.Fatal(err)
	}
	files := mustUnpack(t, data)
	if table := string(content(files, "records.csv")); table != "B Party,A Party,Date of Call\r\n'+912225550101,'+442079460101,2026-11-22\r\n'+442079460101,'+912225550101,2026-11-22\r\n'+911205550170,'+912225550100,2026-11-22\r\n" {
		t.Errorf("the table is\n%s", table)
	}
	certificate := string(content(files, "certificate-63-4.html"))
	for _, want := range []string{"Certificate of the Schedule", "I, S. Rao, declare &amp; say:", "IST", "SYS-510P", "<b>schedule, version 1</b>. What", "Name of the expert"} {
		if !strings.Contains(certificate, want) {
			t.Errorf("the certificate does not say %q", want)
		}
	}
	if strings.Contains(certificate, "nverified") {
		t.Error("the certificate marks what the operator's form does not")
	}

	// Whoever verifies it has no file of the operator's form but the bundle.
	r := Verify(data, k.own, program)
	if !r.Good() || len(r.Remarks) != 1 || !strings.Contains(r.Remarks[0], "letter-4471, version 3") {
		t.Fatalf("%+v", r)
	}
	at := bytes.Index(data, []byte("B Party,"))
	data[at] ^= 1
	if r := Verify(data, k.own, program); r.Good() || !named(r, "bundle") {
		t.Errorf("one changed octet: %+v", r.Faults)
	}
	data[at] ^= 1

	// The holder of the evidence key alone cannot put another table beside the form, nor another form beside the table.
	for _, name := range []string{"records.csv", "template.json"} {
		spoilt := resealed(t, k, a, f, map[string]func([]byte) []byte{name: swap("A Party", "C Party")})
		if r := Verify(spoilt, k.own, program); r.Good() {
			t.Errorf("another %s holds", name)
		}
	}
	// Nobody's form is followed.
	if r := Verify(data, newKeys(t).own, program); r.Good() || len(r.Remarks) != 1 || !strings.Contains(r.Remarks[0], "no file was made again") {
		t.Errorf("signed by a stranger: %+v", r)
	}
	change := map[string]func([]byte) []byte{"template.json": swap(`"callee"`, `"calee"`)}
	bad := resealed(t, k, a, f, change)
	if r := Verify(bad, k.own, program); r.Good() || !named(r, "template.json") {
		t.Errorf("a form with a field that is none: %+v", r.Faults)
	}
	if r := Verify(bad, k.own, "calltrail later"); !r.Good() || len(r.Remarks) != 1 || !strings.Contains(r.Remarks[0], "which is none") {
		t.Errorf("the same of another version: %+v", r)
	}
	// What every version writes alike is compared all the same.
	same, err := alike(a, walk(a.Rows))
	if err != nil || !maps.EqualFunc(same, exact, func([]byte, bool) bool { return true }) {
		t.Errorf("alike makes %q, and %v is compared: %v", slices.Sorted(maps.Keys(same)), exact, err)
	}
	for _, name := range []string{"records.jsonl", "chain.jsonl"} {
		clear(change)
		change["template.json"], change[name] = swap(`"callee"`, `"calee"`), swap("5", "6")
		if r := Verify(resealed(t, k, a, f, change), k.own, "calltrail later"); r.Good() || !named(r, name) {
			t.Errorf("another %s with a form that cannot be read: %+v", name, r)
		}
	}
}
