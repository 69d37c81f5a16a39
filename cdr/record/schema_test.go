package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// The JSON Schema of the package's structs is made by reflection. What the Go type of a field does not tell, its tag
// "schema" does, in words separated by spaces:
//
//	const=X  enum=X|Y|Z           the only values
//	min=N  max=N  maxLength=N     bounds
//	date  e164  country  name  rule  base64  mcc  mnc  hexdigits   a form of text
//	hex=N                               N lower-case hexadecimal digits
//
// A tag on a list is for its entries.

// ordered is a JSON object whose members stay in order.
type ordered []member

type member struct {
	name  string
	value any
}

func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		v, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", m.name, v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// field is a member of an object of the record.
type field struct {
	name     string
	comment  string
	typ      reflect.Type // without the pointer
	words    []string     // of the tag "schema"
	optional bool         // absent when not known
	nullable bool         // there, and null when not known
	onlyTrue bool         // absent when false
}

// members lists the members of a struct, those of embedded ones among them.
func (s *sources) members(t *testing.T, typ reflect.Type) (list []field) {
	t.Helper()
	for f := range typ.Fields() {
		if f.Anonymous {
			list = append(list, s.members(t, f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		m := field{
			name: name, typ: f.Type, comment: s.fields[typ.Name()+"."+f.Name], words: strings.Fields(f.Tag.Get("schema")),
			optional: strings.HasPrefix(options, "omit"),
		}
		m.onlyTrue = m.optional && f.Type.Kind() == reflect.Bool
		if m.comment == "" || name == "" {
			t.Errorf("%s.%s has no comment above it, or no JSON name", typ.Name(), f.Name)
		}
		m.nullable = !m.optional && (f.Type.Kind() == reflect.Pointer || f.Type == reflect.TypeFor[Time]())
		if f.Type.Kind() == reflect.Pointer {
			m.typ = f.Type.Elem()
		}
		if vs := s.values[m.typ.Name()]; len(vs) > 0 && len(m.words) == 0 {
			m.words = []string{"enum=" + joinValues(vs)}
		}
		list = append(list, m)
	}
	return list
}

func joinValues(vs []value) string {
	texts := make([]string, len(vs))
	for i, v := range vs {
		texts[i] = v.text
	}
	return strings.Join(texts, "|")
}

// structs lists the types that a record is made of, each once, in the order in which they are met.
func (s *sources) structs(t *testing.T) []reflect.Type {
	t.Helper()
	list := []reflect.Type{reflect.TypeFor[Call](), reflect.TypeFor[Registration](), reflect.TypeFor[Message](), reflect.TypeFor[Coverage]()}
	for i := 0; i < len(list); i++ {
		for _, m := range s.members(t, list[i]) {
			if typ := objectType(m.typ); typ != nil && !slices.Contains(list, typ) {
				list = append(list, typ)
			}
		}
	}
	return list
}

// objectType is the struct that typ is or is a list of, nil when there is none.
func objectType(typ reflect.Type) reflect.Type {
	if typ.Kind() == reflect.Slice && typ != reflect.TypeFor[Methods]() {
		typ = typ.Elem()
	}
	if typ.Kind() == reflect.Struct && typ.PkgPath() == reflect.TypeFor[Call]().PkgPath() {
		return typ
	}
	return nil
}

const uuidPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

// forms are the words that name a form of text.
var forms = map[string]ordered{
	"date":      {{"format", "date"}},
	"e164":      {{"pattern", `^\+[1-9][0-9]{1,17}$`}}, // some plans, Germany's for one, have numbers past E.164's 15 digits
	"country":   {{"pattern", "^[A-Z]{2}$"}},
	"name":      {{"pattern", "^[a-z][a-z0-9_]*$"}, {"maxLength", maxName}},
	"rule":      {{"pattern", `^[a-z][a-z0-9_]*\.[a-z0-9_]+$`}, {"maxLength", maxName}},
	"mcc":       {{"pattern", "^[0-9]{3}$"}},
	"mnc":       {{"pattern", "^[0-9]{2,3}$"}},
	"hexdigits": {{"pattern", "^[0-9A-Fa-f]{1,16}$"}},
	"base64":    {{"contentEncoding", "base64"}, {"pattern", "^[A-Za-z0-9+/]+={0,2}$"}, {"maxLength", (MaxValue + 2) / 3 * 4}},
}

// maxText is the longest text: every octet of a value escaped.
const maxText = len(`\xHH`) * MaxValue

// jsonSchema describes a value of type typ.
func jsonSchema(t *testing.T, typ reflect.Type, words []string) ordered {
	t.Helper()
	switch typ {
	case reflect.TypeFor[uuid.UUID]():
		return ordered{{"type", "string"}, {"format", "uuid"}, {"pattern", uuidPattern}}
	case reflect.TypeFor[Time]():
		return ordered{
			{"type", "string"}, {"format", "date-time"}, {"pattern", `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$`},
		}
	case reflect.TypeFor[netip.Addr]():
		return ordered{{"type", "string"}, {"anyOf", []ordered{{{"format", "ipv4"}}, {{"format", "ipv6"}}}}}
	case reflect.TypeFor[Methods]():
		return ordered{
			{"type", "object"},
			{"minProperties", 1},
			{"maxProperties", MaxList},
			{"propertyNames", ordered{{"pattern", "^[A-Z]+$"}}},
			{"additionalProperties", ordered{{"type", "integer"}, {"minimum", 1}}},
		}
	case reflect.TypeFor[map[string]uint64]():
		return ordered{
			{"type", "object"},
			{"minProperties", 1},
			{"maxProperties", MaxList},
			{"propertyNames", forms["name"]},
			{"additionalProperties", ordered{{"type", "integer"}, {"minimum", 0}}},
		}
	}
	if objectType(typ) == typ {
		return ordered{{"$ref", "#/$defs/" + typ.Name()}}
	}
	var out ordered
	lower, upper := "", ""
	switch typ.Kind() {
	case reflect.Slice:
		return ordered{{"type", "array"}, {"minItems", 1}, {"maxItems", MaxList}, {"items", jsonSchema(t, typ.Elem(), words)}}
	case reflect.String:
		out = ordered{{"type", "string"}}
	case reflect.Bool:
		out = ordered{{"type", "boolean"}}
	case reflect.Float64:
		out = ordered{{"type", "number"}}
	case reflect.Int, reflect.Int64:
		out = ordered{{"type", "integer"}}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		out, lower, upper = ordered{{"type", "integer"}}, "0", strconv.FormatUint(1<<typ.Bits()-1, 10)
	case reflect.Uint64:
		out, lower = ordered{{"type", "integer"}}, "0"
	default:
		t.Fatalf("%s: no JSON Schema is known for it", typ)
	}
	limited := false
	for _, w := range words {
		name, arg, _ := strings.Cut(w, "=")
		switch name {
		case "const":
			out, limited = append(out, member{"const", arg}), true
		case "enum":
			out, limited = append(out, member{"enum", strings.Split(arg, "|")}), true
		case "min":
			lower = arg
		case "max":
			upper = arg
		case "hex":
			out, limited = append(out, member{"pattern", "^[0-9a-f]{" + arg + "}$"}), true
		case "maxLength":
			out, limited = append(out, member{"minLength", 1}, member{"maxLength", json.Number(arg)}), true
		default:
			form, ok := forms[name]
			if !ok {
				t.Fatalf("schema:%q: unknown word", w)
			}
			out, limited = append(out, form...), true
		}
	}
	if lower != "" {
		out = append(out, member{"minimum", json.Number(lower)})
	}
	if upper != "" {
		out = append(out, member{"maximum", json.Number(upper)})
	}
	if typ.Kind() == reflect.String && !limited {
		out = append(out, member{"minLength", 1}, member{"maxLength", maxText})
	}
	return out
}

// schemaOf describes an object.
func (s *sources) schemaOf(t *testing.T, typ reflect.Type) ordered {
	t.Helper()
	properties, required := ordered{}, []string{}
	for _, m := range s.members(t, typ) {
		d := jsonSchema(t, m.typ, m.words)
		if m.onlyTrue {
			d = append(d, member{"const", true})
		}
		if m.nullable {
			d = orNull(d)
		}
		if !m.optional {
			required = append(required, m.name)
		}
		properties = append(properties, member{m.name, append(ordered{{"description", m.comment}}, d...)})
	}
	out := ordered{{"description", s.types[typ.Name()]}, {"type", "object"}, {"additionalProperties", false}}
	if len(required) > 0 {
		out = append(out, member{"required", required})
	}
	return append(out, member{"properties", properties})
}

func orNull(d ordered) ordered {
	if d[0].name == "type" {
		d[0].value = []any{d[0].value, "null"}
		return d
	}
	return ordered{{"anyOf", []ordered{d, {{"type", "null"}}}}}
}

// schema is the text of docs/record.schema.json.
func (s *sources) schema(t *testing.T) []byte {
	t.Helper()
	defs := ordered{}
	for _, typ := range s.structs(t) {
		defs = append(defs, member{typ.Name(), s.schemaOf(t, typ)})
	}
	doc := ordered{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", "urn:calltrail:record:v1"},
		{"title", "calltrail record"},
		{"description", "One record as this version of the program writes it: a revision of a call, a registration, a message that was sent, or a tap's coverage of a minute. Made from the " +
			"structs of cdr/record; docs/record.md says what a schema cannot. A later version may add members: readers ignore what they do not know."},
		{"oneOf", []ordered{{{"$ref", "#/$defs/Call"}}, {{"$ref", "#/$defs/Registration"}}, {{"$ref", "#/$defs/Message"}}, {{"$ref", "#/$defs/Coverage"}}}},
		{"$defs", defs},
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}
