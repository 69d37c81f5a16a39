// Package form writes the calls of an answer as tables, in the columns a template names: CSV (RFC 4180) and XLSX.
//
// In: an answer's calls, a Template (configuration as data: id, version, source, and what of it nobody could verify). Out: octets, the
// same for the same answer. Called by store/evidence/bundle. A cell that a spreadsheet would run is text; what a reader could not see is
// escaped. It shows the newest revision of each call; all of them, to the octet, are in records.jsonl. It reads no file that is not
// embedded and opens no connection.
package form

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed templates/*.json
var embedded embed.FS

// maxColumns bounds a template.
const maxColumns = 200

// Template is the form of a table.
type Template struct {
	// ID and Version name it; another order or name of a column is another version.
	ID      string `json:"id"`
	Version int    `json:"version"`
	Title   string `json:"title"`
	// Source is where the form is from, and Unverified what of it could not be read in an official text.
	Source     string   `json:"source"`
	Unverified []string `json:"unverified"`
	Columns    []Column `json:"columns"`
}

// Column is one column of a table.
type Column struct {
	Header string `json:"header"`
	// Field is what stands in it: one of Fields.
	Field string `json:"field"`
	// Number: XLSX has a number in it, not text.
	Number     bool   `json:"number,omitempty"`
	Unverified bool   `json:"unverified"`
	Meaning    string `json:"meaning"`
}

// Names are the templates the program has.
func Names() []string { return []string{"dot-ipdr", "dot-cdr"} }

// Get returns the template of a name.
func Get(name string) (*Template, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("template %.64q: there are %s", name, strings.Join(Names(), ", "))
	}
	data, err := embedded.ReadFile("templates/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("template %s: %w", name, err)
	}
	return parse(data)
}

// parse reads a template and refuses one that names what is not there.
func parse(data []byte) (*Template, error) {
	t := new(Template)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("template: %.200s", err.Error())
	}
	if t.ID == "" || t.Version < 1 || t.Source == "" || len(t.Columns) == 0 || len(t.Columns) > maxColumns {
		return nil, fmt.Errorf("template %.64q: id, version, source and 1 to %d columns are needed", t.ID, maxColumns)
	}
	for _, c := range t.Columns {
		if _, ok := fields[c.Field]; !ok || c.Header == "" {
			return nil, fmt.Errorf("template %.64q: column %.64q has the field %.64q, which is none", t.ID, c.Header, c.Field)
		}
	}
	return t, nil
}

// Name is how a template is called in a text: with its version, and whether it is verified.
func (t *Template) Name() string {
	name := fmt.Sprintf("%s, version %d", t.ID, t.Version)
	if len(t.Unverified) > 0 {
		name += " (unverified: " + strings.Join(t.Unverified, ", ") + ")"
	}
	return name
}

// File is the template as it goes into the bundle: template.json.
func (t *Template) File() ([]byte, error) {
	data, err := json.MarshalIndent(t, "", "  ")
	return append(data, '\n'), err
}
