package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"calltrail/cdr/record"
	"calltrail/store/evidence"
	"calltrail/store/evidence/bundle/answer"
)

// link is one line of chain.jsonl: an entry of a sensor's chain. Of entries that are no record of the answer the leaf is all that is
// disclosed.
type link struct {
	Sensor string `json:"sensor"`
	Epoch  uint64 `json:"epoch"`
	Seq    uint64 `json:"seq"`
	// Prev is the hash of the entry before; it stands where a stretch begins.
	Prev   *evidence.Hash `json:"prev_hash,omitempty"`
	Leaf   evidence.Hash  `json:"leaf"`
	Hash   evidence.Hash  `json:"hash"`
	Record string         `json:"record_id,omitempty"`
}

// stretch is a run of consecutive entries: from a record to the coverage event that signs it, or as far as the answer has it.
type stretch struct {
	links []link
	rows  []*answer.Row
	// head is signed by the sensor in event; nil: the stretch ends before one.
	head  *evidence.Head
	event []byte
	// faults say what does not hold, by the number they belong to.
	faults []evidence.Fault
}

// walk goes along the chains of an answer. It computes every hash itself; what the rows say is only compared.
func walk(rows []answer.Row) []*stretch {
	var list []*stretch
	var s *stretch
	for i := range rows {
		r := &rows[i]
		if s == nil || !s.continues(r) {
			s = &stretch{}
			list = append(list, s)
			prev := r.Prev
			s.add(r, &prev)
		} else {
			s.add(r, nil)
		}
	}
	return list
}

// continues says whether a row is the next entry of an unfinished stretch.
func (s *stretch) continues(r *answer.Row) bool {
	last := &s.links[len(s.links)-1]
	return s.head == nil && last.Sensor == r.Sensor && last.Epoch == r.Epoch && last.Seq+1 == r.Seq
}

// add appends a row, the leaves behind it, and its coverage event.
func (s *stretch) add(r *answer.Row, prev *evidence.Hash) {
	bad := func(kind evidence.Kind, text string) {
		s.faults = append(s.faults, evidence.Fault{Sensor: r.Sensor, Epoch: r.Epoch, Seq: r.Seq, Last: r.Seq, Kind: kind, Text: text})
	}
	s.rows = append(s.rows, r)
	leaf := sha256.Sum256(r.Body)
	if leaf != r.Leaf {
		bad(evidence.Bytes, "the record's octets are not those its leaf is made of")
	}
	before := r.Prev
	if prev == nil {
		if before = s.links[len(s.links)-1].Hash; before != r.Prev {
			bad(evidence.Broken, "the hash before it is not that of the entry before it")
		}
	}
	s.push(r, link{Prev: prev, Leaf: leaf, Record: r.Call.RecordID.String()}, r.Seq, before)
	if s.links[len(s.links)-1].Hash != r.Hash {
		bad(evidence.Broken, "its hash does not follow from the hash before, the epoch, the number and the leaf")
	}
	if r.Call.Sensor != r.Sensor {
		bad(evidence.Row, "the record was made by another sensor than the chain's")
	}
	for n := 0; n < len(r.After); n += 32 {
		s.push(r, link{Leaf: evidence.Hash(r.After[n : n+32])}, r.Seq+uint64(n/32)+1, s.links[len(s.links)-1].Hash)
	}
	if len(r.Event) > 0 {
		if why := s.sign(r); why != "" {
			bad(evidence.HeadHash, why)
		}
	}
}

func (s *stretch) push(r *answer.Row, l link, seq uint64, prev evidence.Hash) {
	l.Sensor, l.Epoch, l.Seq = r.Sensor, r.Epoch, seq
	l.Hash = evidence.Link(prev, r.Epoch, seq, l.Leaf)
	s.links = append(s.links, l)
}

// sign takes the coverage event at the end of the stretch and says what is wrong with it; whether its signature holds, a keyring says.
func (s *stretch) sign(r *answer.Row) string {
	last := &s.links[len(s.links)-1]
	if sha256.Sum256(r.Event) != last.Leaf {
		return "the coverage event behind it is not the entry the chain has there"
	}
	var e record.Coverage
	if err := json.Unmarshal(r.Event, &e); err != nil || e.Kind != record.KindCoverage || bytes.ContainsRune(r.Event, '\n') {
		return "what should sign it is no coverage event"
	}
	h := evidence.Head{Schema: evidence.SchemaAnchor, At: e.To.Std(), Sensor: e.Sensor, Epoch: e.Head.Epoch, Seq: e.Head.Seq, KeyID: e.Head.KeyID}
	signature, err := base64.StdEncoding.DecodeString(e.Head.Signature)
	if err != nil || h.Hash.UnmarshalText([]byte(e.Head.Hash)) != nil {
		return "the head in the coverage event cannot be read"
	}
	h.Signature = signature
	first := s.links[0].Seq
	switch {
	case h.Sensor != r.Sensor || h.Epoch != r.Epoch || h.Seq < r.Seq || h.Seq > last.Seq:
		return fmt.Sprintf("the head in the coverage event, number %d, does not cover it", h.Seq)
	case s.links[h.Seq-first].Hash != h.Hash:
		return fmt.Sprintf("the sensor signed another hash for number %d: this record, or one between, is not what the sensor wrote", h.Seq)
	}
	s.head, s.event = &h, r.Event
	return ""
}

// unsigned counts the rows that no head covers.
func unsigned(list []*stretch) (n int) {
	for _, s := range list {
		if s.head == nil {
			n += len(s.rows)
		}
	}
	return n
}

// chainFiles are chain.jsonl, heads.jsonl (anchors, each provable alone) and head-events.jsonl (the exact octets they were signed in).
func chainFiles(list []*stretch) (chain, heads, events []byte, err error) {
	line := func(to []byte, v any) ([]byte, error) {
		b, err := json.Marshal(v)
		return append(append(to, b...), '\n'), err
	}
	for _, s := range list {
		for i := range s.links {
			if chain, err = line(chain, &s.links[i]); err != nil {
				return nil, nil, nil, err
			}
		}
		if s.head == nil {
			continue
		}
		if heads, err = line(heads, s.head); err != nil {
			return nil, nil, nil, err
		}
		events = append(append(events, s.event...), '\n')
	}
	return chain, heads, events, nil
}
