package record

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/record.schema.json and the tables of docs/record.md")

const (
	schemaFile   = "../../docs/record.schema.json"
	documentFile = "../../docs/record.md"
)

// The documents say what the structs say.
func TestDocuments(t *testing.T) {
	s := readSources(t)
	document, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	text := string(document)
	text = replaceMarked(t, text, "values", s.valueTables())
	text = replaceMarked(t, text, "fields", s.fieldTables(t))
	for file, want := range map[string][]byte{schemaFile: s.schema(t), documentFile: []byte(text)} {
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the structs say; go test ./cdr/record -run TestDocuments -update rewrites it: -file +structs\n%s",
				file, cmp.Diff(string(got), string(want)))
		}
	}
}

// replaceMarked puts new text between <!-- name: … --> and <!-- end of name -->.
func replaceMarked(t *testing.T, text, name, with string) string {
	t.Helper()
	before, rest, ok := strings.Cut(text, "<!-- "+name+":")
	mark, rest, ok2 := strings.Cut(rest, "-->\n")
	_, after, ok3 := strings.Cut(rest, "<!-- end of "+name+" -->")
	if !ok || !ok2 || !ok3 {
		t.Fatalf("%s has no marks for %s", documentFile, name)
	}
	return before + "<!-- " + name + ":" + mark + "-->\n\n" + with + "\n<!-- end of " + name + " -->" + after
}

// valueTables lists the constants of the package's types.
func (s *sources) valueTables() string {
	var b strings.Builder
	for i, typ := range []struct{ name, member string }{
		{"Kind", "kind"}, {"Disposition", "disposition"}, {"EndedBy", "ended_by"}, {"Visibility", "visibility"},
	} {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "| `%s` | meaning |\n|---|---|\n", typ.member)
		for _, v := range s.values[typ.name] {
			fmt.Fprintf(&b, "| `%s` | %s |\n", v.text, v.comment)
		}
	}
	return b.String()
}

// fieldTables lists the members of every object.
func (s *sources) fieldTables(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i, typ := range s.structs(t) {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n\n| member | there | value | meaning |\n|---|---|---|---|\n", typ.Name(), s.types[typ.Name()])
		for _, m := range s.members(t, typ) {
			there := "always"
			switch {
			case m.nullable:
				there = "always, or null"
			case m.onlyTrue:
				there = "when true"
			case m.optional:
				there = "when known"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, there, describe(m.typ, m.words), m.comment)
		}
	}
	return b.String()
}

// describe names the values of a member for a person.
func describe(typ reflect.Type, words []string) string {
	switch typ {
	case reflect.TypeFor[Time]():
		return "time"
	case reflect.TypeFor[Methods](), reflect.TypeFor[map[string]uint64]():
		return "object of counts"
	}
	if objectType(typ) == typ {
		return fmt.Sprintf("[%s](#%s)", typ.Name(), strings.ToLower(typ.Name()))
	}
	if typ.Kind() == reflect.Slice {
		return "list: " + describe(typ.Elem(), words)
	}
	var notes []string
	for _, w := range words {
		name, arg, _ := strings.Cut(w, "=")
		switch name {
		case "const", "enum":
			return "`" + strings.ReplaceAll(arg, "|", "`, `") + "`"
		case "date":
			return "YYYY-MM-DD"
		case "e164":
			return "+CC…"
		case "country":
			return "ISO 3166-1 alpha-2"
		case "rule":
			return "application.rule"
		case "name", "base64":
			return name
		case "mcc":
			return "3 digits"
		case "mnc":
			return "2 or 3 digits"
		case "hexdigits":
			return "hexadecimal digits, 1 to 16"
		case "hex":
			return arg + " hexadecimal digits, lower case"
		case "min":
			notes = append(notes, "from "+arg)
		case "max":
			notes = append(notes, "to "+arg)
		case "maxLength":
			notes = append(notes, "at most "+arg+" octets")
		}
	}
	kind := "text"
	switch typ.Kind() {
	case reflect.Bool:
		kind = "boolean"
	case reflect.Float64:
		kind = "number"
	case reflect.String:
	case reflect.Array:
		kind = "UUID"
	case reflect.Struct:
		kind = "address"
	default:
		kind = "integer"
	}
	return strings.Join(append([]string{kind}, notes...), " ")
}
