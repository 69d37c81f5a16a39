package form

import (
	"fmt"
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
	// Declaration and the Statements are Part A. They may have {officer}, {designation}, {provider}, {address}, {from}, {to}, {coverage},
	// {at_ist}, {at_utc}, {request} and {program} in them.
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

var (
	placeholder  = regexp.MustCompile(`\{[^{}]*\}`)
	placeholders = []string{"{officer}", "{designation}", "{provider}", "{address}", "{from}", "{to}", "{coverage}", "{at_ist}", "{at_utc}", "{request}", "{program}"}
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
			if !slices.Contains(placeholders, p) {
				return fmt.Errorf("certificate %s: there is no %.64q; there are %s", c.ID, p, strings.Join(placeholders, ", "))
			}
		}
	}
	return nil
}

// Name is how the wording is called in a text.
func (c *Certificate) Name() string { return fmt.Sprintf("%s, version %d", c.ID, c.Version) }

// Marks are what of the wording is unverified, in words; "" is nothing.
func (c *Certificate) Marks() string { return strings.Join(c.Unverified, ", ") }

// Fill puts what is known of an answer into a text of the wording. What is not known is room for a pen.
func (c *Certificate) Fill(m *answer.Meta, text string) string {
	known := func(s string) string {
		if s == "" {
			return strings.Repeat("_", 24)
		}
		return answer.Visible(s)
	}
	p, r := &m.Provider, &m.Request
	return strings.NewReplacer(
		"{officer}", known(p.Officer), "{designation}", known(p.Designation), "{provider}", known(p.Name), "{address}", known(p.Address),
		"{from}", answer.Both(r.From), "{to}", answer.Both(r.To), "{coverage}", known(m.Coverage),
		"{at_ist}", m.At.In(answer.IST).Format("2006-01-02 15:04:05"), "{at_utc}", m.At.UTC().Format("2006-01-02 15:04:05.000000"),
		"{request}", known(r.ID), "{program}", known(m.Program),
	).Replace(text)
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
