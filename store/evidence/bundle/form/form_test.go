package form

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// letter is a form of an operator, as JSON.
func letter(t testing.TB, change func(map[string]any)) []byte {
	t.Helper()
	m := map[string]any{
		"id": "letter-4471", "version": 1, "title": "Calls as the letter wants them", "source": "letter 4471", "unverified": []any{},
		"columns": []any{
			map[string]any{"header": "B Party", "field": "callee", "unverified": false, "meaning": "called"},
			map[string]any{"header": "A Party", "field": "caller", "unverified": false, "meaning": "calling"},
		},
		"certificate": map[string]any{
			"id": "schedule", "version": 1, "source": "the Gazette", "unverified": []any{}, "title": "Certificate",
			"declaration": "I, {officer}, say:", "statements": []any{map[string]any{"text": "It is so from {from} to {to}.", "device": true}}, "expert": []any{"Name"},
		},
	}
	if change != nil {
		change(m)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The forms that the program has are such as it would take from an operator.
func TestEmbedded(t *testing.T) {
	for _, name := range Names() {
		f, err := Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if f.ID != name || len(f.Unverified) == 0 {
			t.Errorf("%s: id %s, unverified %q", name, f.ID, f.Unverified)
		}
		f.ID = "own-" + f.ID
		if f.Certificate, err = f.Wording(); err != nil {
			t.Fatal(err)
		}
		data, err := f.File()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := again.File(); err != nil || !bytes.Equal(twice, data) {
			t.Errorf("%s is another after it was read: %v", name, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	if _, err := Parse(letter(t, nil)); err != nil {
		t.Fatal(err)
	}
	column := func(field string) any { return map[string]any{"header": "x", "field": field, "meaning": ""} }
	certificate := func(m map[string]any) map[string]any {
		c, ok := m["certificate"].(map[string]any)
		if !ok {
			t.Fatal("the form has no certificate")
		}
		return c
	}
	for want, change := range map[string]func(map[string]any){
		"one of the program's": func(m map[string]any) { m["id"] = "dot-ipdr" },
		"its id is":            func(m map[string]any) { m["id"] = "../x" },
		"unknown field":        func(m map[string]any) { m["colums"] = 1 },
		"columns are needed":   func(m map[string]any) { m["columns"] = []any{} },
		"which is none":        func(m map[string]any) { m["columns"] = []any{column("callr")} },
		"more than 4 columns": func(m map[string]any) {
			m["columns"] = []any{column("place"), column("place"), column("place"), column("place"), column("place")}
		},
		"cannot be printed":             func(m map[string]any) { m["title"] = "a\u202eb" },
		"longer than 2000":              func(m map[string]any) { m["source"] = strings.Repeat("a", 2001) },
		"more than 262144 octets":       func(m map[string]any) { m["source"] = strings.Repeat("a", MaxSize) },
		"there is no \"{offcer}\"":      func(m map[string]any) { certificate(m)["declaration"] = "I, {offcer}" },
		"declaration are needed":        func(m map[string]any) { delete(certificate(m), "declaration") },
		"1 to 50 statements are needed": func(m map[string]any) { certificate(m)["statements"] = []any{} },
	} {
		if _, err := Parse(letter(t, change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if _, err := Parse(append(letter(t, nil), "{}"...)); err == nil || !strings.Contains(err.Error(), "behind its end") {
		t.Errorf("two forms in one file: %v", err)
	}
	if f, err := Parse([]byte("null")); err == nil {
		t.Errorf("nothing is a form: %+v", f)
	}
}

// FuzzParse holds that what is read is written as it can be read again.
func FuzzParse(f *testing.F) {
	f.Add(letter(f, nil))
	f.Add([]byte(`{"id":"x"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		a, err := Parse(in)
		if err != nil {
			return
		}
		data, err := a.File()
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > MaxSize { // only its indentation is more than what was read
			return
		}
		b, err := Parse(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if again, err := b.File(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("written twice, it is two: %v", err)
		}
	})
}
