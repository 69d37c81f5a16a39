// Package answer is what the database released for one request, and who asked under what order: the one thing that all files of an
// evidence bundle are made of.
//
// In: the rows of the question of_request, each as the text of its jsonb, and a Meta that says who, when and why. Out: an Answer, with
// every record decoded and its place on its chain. Called by store/evidence/bundle and the rooms below it. It believes nothing:
// whether the hashes hold is checked by bundle.Verify. It reads no file, opens no connection, and has no clock.
package answer

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"calltrail/cdr/record"
	"calltrail/store/evidence"
)

// Bounds of an answer.
const (
	// MaxRows is how many records one bundle may hold.
	MaxRows = 100_000
	// maxRow bounds the text of one row, in octets: a record has up to 64 KiB, its stretch of the chain 32 octets an entry.
	maxRow = 64 << 20
)

// Schema is the format of a Meta.
const Schema = "calltrail.bundle.v1"

// Selector is one thing a request was approved for: a number, an address, a subscriber …
type Selector struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Request is the order the answer was given under, as the register has it.
type Request struct {
	ID        string     `json:"request_id"`
	Agency    string     `json:"agency"`
	Officer   string     `json:"officer"`
	Rank      string     `json:"rank"`
	OrderRef  string     `json:"order_ref"`
	Section   string     `json:"section"`
	CaseRef   string     `json:"case_ref"`
	Purpose   string     `json:"purpose"`
	Selectors []Selector `json:"selectors"`
	// From and To bound the calls that may be shown, the end excluded.
	From time.Time `json:"from_time"`
	To   time.Time `json:"to_time"`
	// Document is the SHA-256 of the letter, in hexadecimal; empty: none was kept.
	Document    string    `json:"document_sha256"`
	RequestedBy string    `json:"requested_by"`
	RequestedAt time.Time `json:"requested_at"`
	ApprovedBy  string    `json:"approved_by"`
	ApprovedAt  time.Time `json:"approved_at,omitzero"`
	// Unmasked: the approval includes who the subscribers are.
	Unmasked bool `json:"unmask"`
}

// Provider is who answers: the operator's configuration, for Part A of the certificate.
type Provider struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Officer who signs, and his designation.
	Officer     string `json:"officer"`
	Designation string `json:"designation"`
	// Device of which the record is an output.
	Make   string `json:"device_make"`
	Model  string `json:"device_model"`
	Serial string `json:"device_serial"`
	MAC    string `json:"device_mac"`
	// Home is the country whose addresses are not foreign, ISO 3166-1 alpha-2.
	Home string `json:"home_country"`
}

// Meta is all of an answer but its rows.
type Meta struct {
	Schema string `json:"schema"`
	// Program that made the bundle, and its version.
	Program string `json:"program"`
	// At is when the answer was released, by the database's clock. Every time stamp in the bundle is this one.
	At time.Time `json:"at"`
	// By is the person who asked: the name he logged in with.
	By      string  `json:"by"`
	Request Request `json:"request"`
	// Question and AuditID name the row of the audit that was committed before the answer was released; 0: not told.
	Question string `json:"question"`
	AuditID  int64  `json:"audit_id"`
	// Coverage says in words what of the window was watched, as the answer's last row has it.
	Coverage string `json:"coverage"`
	// Template names the form of the tables.
	Template string   `json:"template"`
	Provider Provider `json:"provider"`
}

// Row is one revision of one record, and its place on its chain.
type Row struct {
	Sensor string        `json:"sensor"`
	Epoch  uint64        `json:"epoch"`
	Seq    uint64        `json:"seq"`
	Prev   evidence.Hash `json:"prev_hash"`
	Leaf   evidence.Hash `json:"leaf"`
	Hash   evidence.Hash `json:"hash"`
	// Body is the record's exact octets.
	Body []byte `json:"body"`
	// After are the leaves, 32 octets each, of the entries that follow: up to the next row of the answer, or to the next coverage event
	// whose signed head covers this row. They are what a proof discloses of other people's records: nothing but hashes.
	After []byte `json:"after"`
	// Event is that coverage event's exact octets; empty: the stretch ends before it, or there is none.
	Event []byte `json:"event"`
	// Subscribers are whose lines the addresses were; absent or masked unless the approval includes them.
	Subscribers json.RawMessage `json:"subscribers"`
	// Call is Body decoded.
	Call *record.Call `json:"-"`
}

// Answer is what one question released.
type Answer struct {
	Meta Meta
	// Lines are the rows' texts as the database released them, in its order: the original.
	Lines []json.RawMessage
	// Rows are Lines decoded.
	Rows []Row
}

// Sum is the SHA-256 over each row's text and a line feed: what the audit keeps of an answer.
func (a *Answer) Sum() evidence.Hash { return sha256.Sum256(a.Text()) }

// Text is the rows' texts, each with a line feed: the file answer.jsonl.
func (a *Answer) Text() []byte {
	var b bytes.Buffer
	for _, line := range a.Lines {
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// New decodes an answer's rows. An error names the row, counted from 1, and never what stands in it.
func New(meta Meta, lines []json.RawMessage) (*Answer, error) {
	if len(lines) > MaxRows {
		return nil, fmt.Errorf("%d rows, at most %d fit into one bundle; ask for a shorter time", len(lines), MaxRows)
	}
	a := &Answer{Meta: meta, Lines: lines, Rows: make([]Row, len(lines))}
	for i, line := range lines {
		if err := a.Rows[i].decode(line); err != nil {
			return nil, fmt.Errorf("row %d of the answer: %w", i+1, err)
		}
	}
	return a, nil
}

// Parse reads answer.jsonl.
func Parse(meta Meta, text []byte) (*Answer, error) {
	if len(text) == 0 {
		return New(meta, nil)
	}
	if text[len(text)-1] != '\n' {
		return nil, errors.New("the answer's last line is not ended")
	}
	var lines []json.RawMessage
	for line := range bytes.SplitSeq(text[:len(text)-1], []byte{'\n'}) {
		if len(lines) == MaxRows {
			return nil, fmt.Errorf("more than %d rows", MaxRows)
		}
		lines = append(lines, line)
	}
	return New(meta, lines)
}

func (r *Row) decode(line []byte) error {
	if len(line) > maxRow {
		return fmt.Errorf("%d octets, at most %d are read", len(line), maxRow)
	}
	if err := json.Unmarshal(line, r); err != nil {
		return errors.New("not the JSON that the question of_request gives")
	}
	switch {
	case r.Sensor == "" || r.Seq == 0:
		return errors.New("no sensor or number")
	case len(r.Body) == 0 || bytes.ContainsRune(r.Body, '\n'):
		return errors.New("no record, or one of several lines")
	case len(r.After)%32 != 0:
		return fmt.Errorf("the leaves that follow have %d octets, no multiple of 32", len(r.After))
	}
	r.Call = new(record.Call)
	if err := json.Unmarshal(r.Body, r.Call); err != nil || r.Call.Schema != "calltrail.call.v1" {
		return errors.New("the record is no calltrail.call.v1")
	}
	return nil
}
