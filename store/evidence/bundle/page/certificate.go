package page

import (
	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/form"
)

// Certificate is certificate-63-4.html, in the wording w. Its hash report lists c.Files: every file of the bundle but itself, the manifest
// and the manifest's signature.
func Certificate(c *Content, w *form.Certificate) ([]byte, error) {
	d := struct {
		*Content
		Sum         evidence.Hash
		Wording     *form.Certificate
		Declaration string
		Statements  []form.Statement
	}{c, c.Sum(), w, w.Fill(&c.Meta, w.Declaration), nil}
	for _, s := range w.Statements {
		d.Statements = append(d.Statements, form.Statement{Text: w.Fill(&c.Meta, s.Text), Device: s.Device})
	}
	return run("certificate.html", d)
}
