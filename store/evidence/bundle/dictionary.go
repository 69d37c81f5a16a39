package bundle

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"calltrail/docs"
)

// property is what is read of a JSON Schema.
type property struct {
	Ref         string               `json:"$ref"`
	Description string               `json:"description"`
	Type        any                  `json:"type"`
	Format      string               `json:"format"`
	Enum        []any                `json:"enum"`
	Items       *property            `json:"items"`
	Properties  map[string]*property `json:"properties"`
	OneOf       []*property          `json:"oneOf"`
	AnyOf       []*property          `json:"anyOf"`
}

// dictionary is dictionary.csv: every member of a call record by its path, its type and its meaning, made of the schema that the program
// publishes.
func dictionary() ([]byte, error) {
	var schema struct {
		Defs map[string]*property `json:"$defs"`
	}
	if err := json.Unmarshal(docs.RecordSchema, &schema); err != nil {
		return nil, fmt.Errorf("the schema of a record: %w", err)
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	err := w.Write([]string{"field", "type", "values", "meaning"})
	var visit func(path string, p *property, depth int)
	visit = func(path string, p *property, depth int) {
		meaning := p.Description
		p = resolve(p, schema.Defs)
		if p.Items != nil {
			path += "[]"
			p = resolve(p.Items, schema.Defs)
		}
		if path != "" && err == nil {
			if meaning == "" {
				meaning = p.Description
			}
			err = w.Write([]string{path, kind(p), values(p.Enum), meaning})
		}
		if depth > 6 {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
			visit(strings.TrimPrefix(path+"."+name, "."), p.Properties[name], depth+1)
		}
	}
	call := schema.Defs["Call"]
	if call == nil {
		return nil, fmt.Errorf("the schema of a record has no Call")
	}
	visit("", call, 0)
	if err != nil {
		return nil, fmt.Errorf("write the dictionary: %w", err)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// resolve follows references, and of "this or null" takes this.
func resolve(p *property, defs map[string]*property) *property {
	for range 8 {
		next := p
		if name, ok := strings.CutPrefix(p.Ref, "#/$defs/"); ok && defs[name] != nil {
			next = defs[name]
		}
		for _, one := range append(slices.Clone(p.OneOf), p.AnyOf...) {
			if one.Ref != "" || one.Type != "null" {
				next = one
				break
			}
		}
		if next == p {
			break
		}
		p = next
	}
	return p
}

func kind(p *property) string {
	text := ""
	switch t := p.Type.(type) {
	case string:
		text = t
	case []any:
		text = values(t)
	}
	if p.Format != "" {
		text += " (" + p.Format + ")"
	}
	return text
}

func values(list []any) string {
	var out []string
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	return strings.Join(out, ", ")
}
