// Package form writes the calls of an answer as tables, in the columns a template names: CSV (RFC 4180) and XLSX.
//
// In: an answer's calls, a Template (configuration as data: id, version, source, and what of it nobody could verify), one of the
// program's or the operator's own. Out: octets, the same for the same answer. Called by store/evidence/bundle. A cell that a
// spreadsheet would run is text; what a reader could not see is escaped. It shows the newest revision of each call; all of them, to the
// octet, are in records.jsonl. It reads no file that is not embedded and opens no connection.
package form

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"calltrail/store/evidence/bundle/answer"
)

//go:embed templates/*.json
var embedded embed.FS

// MaxSize is how many octets a template may have, as JSON; maxColumns its columns, maxUses those that show one field, maxText the octets of
// each of its texts.
const (
	MaxSize    = 256 << 10
	maxColumns = 200
	maxUses    = 4
	maxText    = 2000
)

// idOf is how a template may be called.
var idOf = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}[a-z0-9]$`)

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
	// Certificate is the operator's own wording of the certificate; nil: the program's.
	Certificate *Certificate `json:"certificate,omitempty"`
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
	t := new(Template)
	if err := embeddedJSON(name, t); err != nil {
		return nil, err
	}
	return t, t.check()
}

// embeddedJSON reads a form that the program has.
func embeddedJSON(name string, into any) error {
	data, err := embedded.ReadFile("templates/" + name + ".json")
	if err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	return decode(data, into)
}

// decode reads JSON strictly: one value, no key that is not known.
func decode(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("template: %.200s", err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("template: something stands behind its end")
	}
	return nil
}

// Parse reads a template of the operator's own, JSON of at most MaxSize octets. It refuses the name of one that the program has, a field
// that is none of Fields, and keys it does not know.
func Parse(data []byte) (*Template, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("template: more than %d octets", MaxSize)
	}
	t := new(Template)
	if err := decode(data, t); err != nil {
		return nil, err
	}
	if slices.Contains(Names(), t.ID) {
		return nil, fmt.Errorf("template %q: this id is one of the program's, give it another", t.ID)
	}
	return t, t.check()
}

// Fields are the names of what a column may show.
func Fields() []string { return slices.Sorted(maps.Keys(fields)) }

// check refuses a template that names what is not there.
func (t *Template) check() error {
	if !idOf.MatchString(t.ID) {
		return fmt.Errorf("template: its id is %.64q, must be 2 to 64 of a-z, 0-9, point and hyphen", t.ID)
	}
	if t.Version < 1 || t.Title == "" || t.Source == "" || len(t.Columns) == 0 || len(t.Columns) > maxColumns || len(t.Unverified) > maxColumns {
		return fmt.Errorf("template %s: version, title, source and 1 to %d columns are needed", t.ID, maxColumns)
	}
	if err := t.texts(); err != nil {
		return err
	}
	uses := map[string]int{}
	for _, c := range t.Columns {
		if _, ok := fields[c.Field]; !ok || c.Header == "" {
			return fmt.Errorf("template %s: column %.64q has the field %.64q, which is none; there are %s", t.ID, c.Header, c.Field, strings.Join(Fields(), ", "))
		}
		if uses[c.Field]++; uses[c.Field] > maxUses && c.Field != fieldEmpty {
			return fmt.Errorf("template %s: more than %d columns have the field %s", t.ID, maxUses, c.Field)
		}
	}
	if t.Certificate != nil {
		return t.Certificate.check()
	}
	return nil
}

// texts refuses a text that is too long or would not be printed as it stands.
func (t *Template) texts() error {
	list := append([]string{t.Title, t.Source}, t.Unverified...)
	for _, c := range t.Columns {
		list = append(list, c.Header, c.Meaning)
	}
	for _, s := range list {
		if err := printable(s); err != nil {
			return fmt.Errorf("template %s: %w", t.ID, err)
		}
	}
	return nil
}

// printable refuses a text that is too long, or has what would not be printed as it stands.
func printable(s string) error {
	if len(s) > maxText || answer.Visible(s) != s {
		return fmt.Errorf("the text %.64q is longer than %d octets, or has what cannot be printed", s, maxText)
	}
	return nil
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
