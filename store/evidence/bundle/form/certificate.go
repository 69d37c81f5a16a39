package form

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"calltrail/store/evidence/bundle/answer"
)

// Certificate is the wording of the certificate of section 63(4) BSA 2023. The hash report, the places for signatures and that Part B is
// left blank are the program's.
type Certificate struct {
	// ID and Version name it; another wording is another version.
	ID      string `json:"id"`
	Version int    `json:"version"`
	// Source is where the wording is from, and Unverified what of it could not be read in an official text.
	Source     string   `json:"source"`
	Unverified []string `json:"unverified"`
	Title      string   `json:"title"`
	// Declaration and the Statements are Part A. They may have {officer} and the other placeholders of values in them.
	Declaration string      `json:"declaration"`
	Statements  []Statement `json:"statements"`
	// Expert are the lines of Part B, which the program leaves blank.
	Expert []string `json:"expert"`
}

// Statement is one numbered statement of Part A; with Device the table of the device's make, model, serial number and identity follows it.
type Statement struct {
	Text   string `json:"text"`
	Device bool   `json:"device,omitempty"`
}

// maxStatements bounds each list of a certificate.
const maxStatements = 50

// placeholder is what Fill replaces in a text, and values what by. What is not known of an answer is room for a pen.
var (
	placeholder = regexp.MustCompile(`\{[^{}]*\}`)
	values      = map[string]func(*answer.Meta) string{
		"{officer}":     func(m *answer.Meta) string { return answer.Blank(m.Provider.Officer) },
		"{designation}": func(m *answer.Meta) string { return answer.Blank(m.Provider.Designation) },
		"{provider}":    func(m *answer.Meta) string { return answer.Blank(m.Provider.Name) },
		"{address}":     func(m *answer.Meta) string { return answer.Blank(m.Provider.Address) },
		"{from}":        func(m *answer.Meta) string { return answer.Both(m.Request.From) },
		"{to}":          func(m *answer.Meta) string { return answer.Both(m.Request.To) },
		"{coverage}":    func(m *answer.Meta) string { return answer.Blank(m.Coverage) },
		"{at_ist}":      func(m *answer.Meta) string { return answer.InIST(m.At) },
		"{at_utc}":      func(m *answer.Meta) string { return answer.InUTC(m.At) },
		"{request}":     func(m *answer.Meta) string { return answer.Blank(m.Request.ID) },
		"{program}":     func(m *answer.Meta) string { return answer.Blank(m.Program) },
	}
)

// check refuses a wording that names what is not there.
func (c *Certificate) check() error {
	if !idOf.MatchString(c.ID) || c.Version < 1 || c.Title == "" || c.Source == "" || c.Declaration == "" {
		return fmt.Errorf("certificate %.64q: id, version, title, source and declaration are needed", c.ID)
	}
	if len(c.Statements) == 0 || max(len(c.Statements), len(c.Expert), len(c.Unverified)) > maxStatements {
		return fmt.Errorf("certificate %s: 1 to %d statements are needed", c.ID, maxStatements)
	}
	list := append([]string{c.Declaration, c.Title, c.Source}, c.Expert...)
	list = append(list, c.Unverified...)
	for _, s := range c.Statements {
		list = append(list, s.Text)
	}
	for _, s := range list {
		if err := printable(s); err != nil {
			return fmt.Errorf("certificate %s: %w", c.ID, err)
		}
		for _, p := range placeholder.FindAllString(s, -1) {
			if values[p] == nil {
				return fmt.Errorf("certificate %s: there is no %.64q; there are %s", c.ID, p, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
			}
		}
	}
	return nil
}

// Name is how the wording is called in a text.
func (c *Certificate) Name() string { return fmt.Sprintf("%s, version %d", c.ID, c.Version) }

// Marks are what of the wording is unverified, in words; "" is nothing.
func (c *Certificate) Marks() string { return strings.Join(c.Unverified, ", ") }

// Fill puts what is known of an answer into a text of the wording.
func (c *Certificate) Fill(m *answer.Meta, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string { return values[p](m) })
}

// Wording is that of the certificate that goes with the tables: the operator's own, or the program's.
func (t *Template) Wording() (*Certificate, error) {
	if t.Certificate != nil {
		return t.Certificate, nil
	}
	c := new(Certificate)
	if err := embeddedJSON("bsa-63-4", c); err != nil {
		return nil, err
	}
	return c, c.check()
}
