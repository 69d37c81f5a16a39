package bundle

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/answer"
	"calltrail/store/evidence/bundle/form"
)

// maxFaults bounds the list of a Report.
const maxFaults = 100

// Fault is one thing that does not hold: in which file, and what.
type Fault struct {
	File string `json:"file"`
	Text string `json:"text"`
}

// Report is what was found of a bundle.
type Report struct {
	Request  string        `json:"request_id"`
	At       time.Time     `json:"at"`
	SignedBy string        `json:"signed_by"`
	KeyID    string        `json:"key_id"`
	Answer   evidence.Hash `json:"answer_sha256"`
	Files    int           `json:"files"`
	Records  int           `json:"records"`
	Heads    int           `json:"heads"`
	// Faults, the first 100; Total counts all.
	Faults []Fault `json:"faults"`
	Total  int     `json:"faults_total"`
	// Remarks prove nothing either way.
	Remarks []string `json:"remarks,omitempty"`
}

// Good says whether all holds.
func (r *Report) Good() bool { return r.Total == 0 }

func (r *Report) add(file, format string, args ...any) {
	r.Total++
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, Fault{file, fmt.Sprintf(format, args...)})
	}
}

// Verify checks a bundle by nothing but its octets and the operator's statements about keys; program is the version of this one. It always
// returns a report: what cannot be read is a fault.
func Verify(data []byte, own []evidence.Statement, program string) *Report {
	r := &Report{}
	files, err := unpack(data)
	if err != nil {
		r.add("bundle", "%s", err.Error())
		return r
	}
	r.Files = len(files)
	keys, remarks := evidence.NewKeyring(own, nil)
	r.Remarks = remarks
	m := r.manifest(files, keys)
	if m == nil {
		return r
	}
	if fault := outside(data, m.At); fault != "" {
		r.add("bundle", "%s", fault)
	}
	r.hashes(files, m)
	a, err := answer.Parse(m.Meta, content(files, "answer.jsonl"))
	if err != nil {
		r.add("answer.jsonl", "%s", err.Error())
		return r
	}
	if a.Sum() != m.Answer || len(a.Rows) != m.Rows {
		r.add("answer.jsonl", "is not the answer that the manifest names")
	}
	r.chains(a, keys)
	r.rebuild(a, files, m, program)
	return r
}

func content(files []file, name string) []byte {
	for _, f := range files {
		if f.name == name {
			return f.data
		}
	}
	return nil
}

// manifest checks the signature and returns the manifest, nil when nothing can be said without it.
func (r *Report) manifest(files []file, keys *evidence.Keyring) *Manifest {
	data := content(files, manifestName)
	sig := content(files, sealName)
	seal, err := evidence.ParseSeal(bytes.TrimSuffix(sig, []byte("\n")))
	if err != nil {
		r.add(sealName, "%s", err.Error())
	} else {
		r.SignedBy, r.KeyID = seal.Name, seal.KeyID
		if why := keys.Seal(&seal, data); why != "" {
			r.add(sealName, "%s", why)
		}
	}
	m, err := parseManifest(data)
	if err != nil {
		r.add(manifestName, "%s", err.Error())
		return nil
	}
	if !seal.At.Equal(m.At) {
		r.add(sealName, "is of another time than the manifest")
	}
	r.Request, r.At, r.Answer, r.Records = m.Request.ID, m.At, m.Answer, m.Rows
	return m
}

// hashes compares every file with the manifest.
func (r *Report) hashes(files []file, m *Manifest) {
	if len(m.Files) != len(files)-2 {
		r.add(manifestName, "lists %d files, the bundle has %d", len(m.Files), len(files)-2)
		return
	}
	for i, e := range m.Files {
		f := &files[i]
		switch {
		case e.Name != f.name:
			r.add(manifestName, "lists %.64q where the bundle has %s", e.Name, f.name)
		case e.Bytes != len(f.data) || e.SHA256 != sha256.Sum256(f.data):
			r.add(f.name, "is not the file that was signed: its SHA-256 is another than in the manifest")
		}
	}
}

// chains goes from each record to a head that its sensor signed.
func (r *Report) chains(a *answer.Answer, keys *evidence.Keyring) {
	for _, s := range walk(a.Rows) {
		first := s.rows[0]
		for _, f := range s.faults {
			r.add("records.jsonl", "%s, number %d: %s", f.Sensor, f.Seq, f.Text)
		}
		switch {
		case s.head == nil && len(s.faults) == 0:
			r.add("records.jsonl", "%s, numbers %d to %d: no head that the sensor signed covers them", first.Sensor, first.Seq, s.rows[len(s.rows)-1].Seq)
		case s.head != nil:
			if why := keys.Head(s.head, s.head.At); why != "" {
				r.add("heads.jsonl", "%s, number %d: %s", s.head.Sensor, s.head.Seq, why)
			} else {
				r.Heads++
			}
		}
	}
}

// rebuild makes every file again from the answer. So the holder of the evidence key cannot let the page say something else than the
// records: but another version of the program may write another page of the same records, which is only remarked.
func (r *Report) rebuild(a *answer.Answer, files []file, m *Manifest, program string) {
	var again map[string][]byte
	var err error
	switch t, why := r.form(files, m); {
	case t != nil:
		again, err = render(a, t, walk(a.Rows))
	case !r.Good():
		r.Remarks = append(r.Remarks, "no file was made again from the records to compare: "+why)
	case m.Program != program:
		r.Remarks = append(r.Remarks, fmt.Sprintf("the form of the tables was made by %.64q and cannot be read by %s: %s", m.Program, program, why))
		again, err = alike(a, walk(a.Rows))
	default:
		r.add("template.json", "%s", why)
	}
	if err != nil {
		r.add(manifestName, "%s", err.Error())
	}
	for _, f := range files {
		made, compared := again[f.name]
		switch {
		case !compared || bytes.Equal(made, f.data):
		case m.Program != program && !exact[f.name]:
			r.Remarks = append(r.Remarks, fmt.Sprintf("%s was made by %.64q, this is %s: it was not made again from the records to compare", f.name, m.Program, program))
		default:
			r.add(f.name, "is not what the answer's records give")
		}
	}
}

// form is the form of the bundle's tables: the program's own of that name, or the operator's, which is in the bundle. That one says how
// large the tables get, so it is followed only when all else holds, and somebody has vouched for it. Without a form it says why.
func (r *Report) form(files []file, m *Manifest) (t *form.Template, why string) {
	var err error
	own := !slices.Contains(form.Names(), m.Template)
	switch {
	case !own:
		t, err = form.Get(m.Template)
	case !r.Good():
		return nil, "their form is not the program's, and something does not hold"
	default:
		t, err = form.Parse(content(files, "template.json"))
	}
	if err != nil {
		return nil, err.Error()
	}
	if own {
		r.Remarks = append(r.Remarks, "the tables are in a form of the operator's own: "+t.Name())
	}
	return t, ""
}

// exact are the files of alike.
var exact = map[string]bool{"records.jsonl": true, "answer.jsonl": true, "chain.jsonl": true, "heads.jsonl": true, "head-events.jsonl": true}
