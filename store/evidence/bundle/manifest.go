package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/answer"
)

// Names of the two files that are about the others.
const (
	manifestName = "manifest.json"
	sealName     = "manifest.sig"
)

// Manifest lists the files of a bundle with their hashes, and says what the answer is. Its exact octets are what the evidence key signs.
type Manifest struct {
	answer.Meta

	// Rows of the answer, and its SHA-256: over each row's text and a line feed. It is what the audit keeps, and the hash of answer.jsonl.
	Rows   int           `json:"rows"`
	Answer evidence.Hash `json:"answer_sha256"`
	// Unsigned counts the records no signed head covered when the bundle was made.
	Unsigned int     `json:"unsigned"`
	Files    []Entry `json:"files"`
}

// Entry is one file of a bundle.
type Entry struct {
	Name   string        `json:"name"`
	Bytes  int           `json:"bytes"`
	SHA256 evidence.Hash `json:"sha256"`
}

func (m *Manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return append(data, '\n'), nil
}

func parseManifest(data []byte) (*Manifest, error) {
	m := new(Manifest)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("not the JSON of a manifest: %.200s", err.Error())
	}
	if m.Schema != answer.Schema {
		return nil, fmt.Errorf("schema %.64q, want %q", m.Schema, answer.Schema)
	}
	// Two texts that say the same would be two bundles of one answer.
	if again, err := m.encode(); err != nil || !bytes.Equal(again, data) {
		return nil, errors.New("not written as this format is")
	}
	return m, nil
}
