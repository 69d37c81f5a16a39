package bundle

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/answer"
	"calltrail/store/evidence/bundle/form"
	"calltrail/store/evidence/bundle/page"
)

// what each file is, for the lists of people.
var what = map[string]string{
	"page.html":             "the finding, for people",
	"annexe-foreign.html":   "one page for a request to a network abroad",
	"certificate-63-4.html": "certificate of section 63(4)(c), Part A filled, Part B blank",
	"records.csv":           "the calls as a table",
	"records.xlsx":          "the same for a spreadsheet",
	"records.jsonl":         "every revision of every record, the exact octets the sensor wrote",
	"answer.jsonl":          "the log's answer as it was released: the original",
	"coverage.txt":          "what was watched, in words",
	"coverage.json":         "the same for programs",
	"dictionary.csv":        "what each field of a record means",
	"template.json":         "the form of the table, with what of it is unverified",
	"chain.jsonl":           "the records' places on their sensors' chains",
	"heads.jsonl":           "heads of these chains that sensors signed",
	"head-events.jsonl":     "the coverage events they stand in, exact octets",
	"how-to-verify.txt":     "how to check all of this, with other programs too",
}

// Make makes the bundle of an answer, its tables in the form t, which the answer's Meta names, and signs its manifest as name. The same
// answer, form, name and key give the same octets.
func Make(a *answer.Answer, t *form.Template, signer *evidence.Signer, name string) ([]byte, *Manifest, error) {
	files, m, err := build(a, t)
	if err != nil {
		return nil, nil, err
	}
	data, err := m.encode()
	if err != nil {
		return nil, nil, err
	}
	seal, err := signer.SealManifest(name, a.Meta.At, data)
	if err != nil {
		return nil, nil, err
	}
	sig, err := json.Marshal(&seal)
	if err != nil {
		return nil, nil, fmt.Errorf("write the signature: %w", err)
	}
	files = append(files, file{manifestName, data}, file{sealName, append(sig, '\n')})
	out, err := pack(files, a.Meta.At)
	if err == nil && len(out) > MaxSize {
		err = fmt.Errorf("the bundle would have %d octets, at most %d are allowed; ask for a shorter time", len(out), MaxSize)
	}
	return out, m, err
}

// build makes every file but the manifest and its signature, in their order, and the manifest.
func build(a *answer.Answer, t *form.Template) (files []file, m *Manifest, err error) {
	stretches := walk(a.Rows)
	made, err := render(a, t, stretches)
	if err != nil {
		return nil, nil, err
	}
	m = &Manifest{Meta: a.Meta, Rows: len(a.Rows), Answer: a.Sum(), Unsigned: unsigned(stretches)}
	for _, name := range order[:len(order)-2] {
		files = append(files, file{name, made[name]})
		m.Files = append(m.Files, Entry{name, len(made[name]), sha256.Sum256(made[name])})
	}
	return files, m, nil
}

// render makes the same files, by name.
func render(a *answer.Answer, t *form.Template, stretches []*stretch) (made map[string][]byte, err error) {
	if t.ID != a.Meta.Template {
		return nil, fmt.Errorf("the answer names the form %.64q, not %s", a.Meta.Template, t.ID)
	}
	wording, err := t.Wording()
	if err != nil {
		return nil, err
	}
	if made, err = alike(a, stretches); err != nil {
		return nil, err
	}
	c := &page.Content{Answer: a, Calls: a.Calls(), Form: t.Name(), Unsigned: unsigned(stretches)}
	made["coverage.txt"], made["how-to-verify.txt"] = coverageText(a), []byte(howTo)
	steps := []struct {
		name string
		make func() ([]byte, error)
	}{
		{"records.csv", func() ([]byte, error) { return t.CSV(c.Calls) }},
		{"records.xlsx", func() ([]byte, error) { return t.XLSX(a, c.Calls) }},
		{"template.json", t.File},
		{"coverage.json", func() ([]byte, error) { return coverageJSON(a) }},
		{"dictionary.csv", dictionary},
		{"annexe-foreign.html", func() ([]byte, error) { return page.Annexe(c) }},
	}
	for _, s := range steps {
		if made[s.name], err = s.make(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	c.Files = list(nil, "")
	if made["page.html"], err = page.Page(c); err != nil {
		return nil, err
	}
	// The certificate has the hashes of all others in it, the manifest that of the certificate, too.
	c.Files = list(made, "certificate-63-4.html")
	if made["certificate-63-4.html"], err = page.Certificate(c, wording); err != nil {
		return nil, err
	}
	return made, nil
}

// alike makes the files that every version of the program writes alike: they have neither forms nor words in them.
func alike(a *answer.Answer, stretches []*stretch) (made map[string][]byte, err error) {
	made = map[string][]byte{"answer.jsonl": a.Text(), "records.jsonl": nil}
	for i := range a.Rows {
		made["records.jsonl"] = append(append(made["records.jsonl"], a.Rows[i].Body...), '\n')
	}
	if made["chain.jsonl"], made["heads.jsonl"], made["head-events.jsonl"], err = chainFiles(stretches); err != nil {
		return nil, fmt.Errorf("chain.jsonl: %w", err)
	}
	return made, nil
}

// list names the files for people, without the two about the others and without but.
func list(made map[string][]byte, but string) (files []page.File) {
	for _, name := range order[:len(order)-2] {
		if name != but {
			files = append(files, page.File{Name: name, Bytes: len(made[name]), SHA256: sha256.Sum256(made[name]), What: what[name]})
		}
	}
	return files
}

func coverageText(a *answer.Answer) []byte {
	r := &a.Meta.Request
	return fmt.Appendf(nil, "What was watched, request %s\n\nfrom %s\nto   %s\n\n%s\n\nThat there is no record is no proof that there was no call where or when nothing was watched.\n",
		answer.Visible(r.ID), answer.Both(r.From), answer.Both(r.To), answer.Visible(a.Meta.Coverage))
}

func coverageJSON(a *answer.Answer) ([]byte, error) {
	r := &a.Meta.Request
	type moment struct {
		DateIST string `json:"date_ist"`
		TimeIST string `json:"time_ist"`
		DateUTC string `json:"date_utc"`
		TimeUTC string `json:"time_utc"`
	}
	at := func(t time.Time) moment {
		ist := t.In(answer.IST)
		return moment{ist.Format(time.DateOnly), ist.Format(time.TimeOnly), t.UTC().Format(time.DateOnly), t.UTC().Format(time.TimeOnly)}
	}
	b, err := json.MarshalIndent(struct {
		Request   string `json:"request_id"`
		From      moment `json:"from"`
		To        moment `json:"to"`
		Statement string `json:"statement"`
	}{r.ID, at(r.From), at(r.To), a.Meta.Coverage}, "", "  ")
	return append(b, '\n'), err
}
