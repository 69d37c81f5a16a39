package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"calltrail/cdr/record"
	"calltrail/store"
	"calltrail/store/evidence"
	"calltrail/store/spool"
)

// content is what a page of entries names, as the database has it.
type content struct {
	bodies    map[recordKey][]byte
	rows      map[recordKey][]tableRow
	endpoints map[recordKey][]string
	stored    map[recordKey]bool // of duplicates: there is an entry that stored the record
	held      map[uint64]heldItem
	derived   map[recordKey]*entry           // what the bodies say
	heads     map[recordKey]*record.Coverage // of coverage events, from their rows: only when no record is read
}

// heldItem is an item in quarantine.
type heldItem struct {
	reason     string
	body, sum  []byte
	headers    map[string]string
	receivedAt time.Time
}

// content reads all that a page names, a few queries for a page.
func (v *verifier) content(ctx context.Context, c *chainProof, page []proof) (*content, error) {
	t := &content{derived: map[recordKey]*entry{}, stored: map[recordKey]bool{}, held: map[uint64]heldItem{}}
	var keys, duplicates []recordKey
	var held []int64
	for i := range page {
		switch p := &page[i]; p.outcome {
		case "quarantined":
			held = append(held, int64(p.seq)) //nolint:gosec // it came from a bigint
		case "duplicate":
			duplicates = append(duplicates, p.key)
			keys = append(keys, p.key)
		default:
			keys = append(keys, p.key)
		}
	}
	var err error
	if v.q.NoContents {
		if t.heads, err = v.headRows(ctx, keys); err == nil {
			err = v.storedBy(ctx, duplicates, t.stored)
		}
		return t, err
	}
	if t.bodies, err = v.bodies(ctx, keys); err != nil {
		return nil, err
	}
	if t.rows, err = v.tableRows(ctx, keys); err != nil {
		return nil, err
	}
	if err := v.storedBy(ctx, duplicates, t.stored); err != nil {
		return nil, err
	}
	if err := v.quarantined(ctx, c, held, t.held); err != nil {
		return nil, err
	}
	for i := range page {
		if p := &page[i]; p.outcome == "stored" {
			if body, ok := t.bodies[p.key]; ok {
				t.derived[p.key] = derive(c.chainKey, p, body, farFuture)
			}
		}
	}
	t.endpoints, err = v.endpointRows(ctx, keys, t.derived)
	return t, err
}

// farFuture is when no record is too young: that a stored one was taken in was the store's decision, by its clock.
var farFuture = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

// derive makes of exact bytes what the loader would make of them. The item is given hashes that agree, for what they are is
// checked elsewhere.
func derive(key chainKey, p *proof, body []byte, now time.Time) *entry {
	item := store.Item{Entry: spool.Entry{Sensor: key.sensor, Epoch: key.epoch, Seq: p.seq, Leaf: sha256.Sum256(body), Body: body}}
	item.Hash = spool.Link(item.Prev, item.Epoch, item.Seq, item.Leaf)
	e := examine(item, now)
	switch {
	case e.call != nil:
		e.call.receivedAt = p.receivedAt
	case e.registration != nil:
		e.registration.receivedAt = p.receivedAt
	case e.message != nil:
		e.message.receivedAt = p.receivedAt
	case e.coverage != nil:
		e.coverage.receivedAt = p.receivedAt
	}
	return e
}

// arrays are keys as two parameters of one query, each once.
func arrays(keys []recordKey) (days []time.Time, ids []uuid.UUID) {
	seen := make(map[recordKey]bool, len(keys))
	for _, k := range keys {
		if k.id != uuid.Nil && !seen[k] {
			seen[k] = true
			days, ids = append(days, k.day), append(ids, k.id)
		}
	}
	return days, ids
}

// bodies reads the exact bytes of records.
func (v *verifier) bodies(ctx context.Context, keys []recordKey) (map[recordKey][]byte, error) {
	found := make(map[recordKey][]byte, len(keys))
	days, ids := arrays(keys)
	rows, err := v.tx.Query(ctx, `SELECT b.day, b.record_id, b.body FROM unnest($1::date[], $2::uuid[]) AS x(day, record_id)
		JOIN calltrail.record_body b ON b.day = x.day AND b.record_id = x.record_id`, days, ids)
	if err != nil {
		return nil, err
	}
	var day time.Time
	var id [16]byte
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&day, &id, &body}, func() error {
		found[recordKey{day.UTC(), id}] = body
		body = nil
		return nil
	})
	return found, err
}

// storedBy finds out of which records there is an entry that stored them.
func (v *verifier) storedBy(ctx context.Context, keys []recordKey, found map[recordKey]bool) error {
	if len(keys) == 0 {
		return nil
	}
	days, ids := arrays(keys)
	rows, err := v.tx.Query(ctx, `SELECT e.day, e.record_id FROM unnest($1::date[], $2::uuid[]) AS x(day, record_id)
		JOIN calltrail.entry e ON e.record_id = x.record_id AND e.day = x.day WHERE e.outcome = 'stored'`, days, ids)
	if err != nil {
		return err
	}
	var day time.Time
	var id [16]byte
	_, err = pgx.ForEachRow(rows, []any{&day, &id}, func() error {
		found[recordKey{day.UTC(), id}] = true
		return nil
	})
	return err
}

// quarantined reads the items that stand in quarantine with a place on the chain.
func (v *verifier) quarantined(ctx context.Context, c *chainProof, seqs []int64, found map[uint64]heldItem) error {
	if len(seqs) == 0 {
		return nil
	}
	rows, err := v.tx.Query(ctx, `SELECT seq, reason, body, sha256, headers, received_at FROM calltrail.quarantine
		WHERE sensor = $1 AND coalesce(epoch, 0) = $2 AND seq = ANY($3) ORDER BY id`,
		c.sensor, int64(c.epoch), seqs) //nolint:gosec // it came from a bigint
	if err != nil {
		return err
	}
	var seq int64
	var h heldItem
	_, err = pgx.ForEachRow(rows, []any{&seq, &h.reason, &h.body, &h.sum, &h.headers, &h.receivedAt}, func() error {
		if !alarm(h.reason) && h.reason != reasonBadEntry {
			found[uint64(seq)] = h //nolint:gosec // an entry has this number
		}
		h = heldItem{}
		return nil
	})
	return err
}

// entry checks what one entry names; whole says whether the bytes are those of its leaf.
func (c *chainProof) entry(ctx context.Context, p *proof, t *content) (whole bool, err error) {
	if c.v.q.NoContents {
		return true, c.placed(ctx, p, t) // nothing speaks against its bytes
	}
	fault := func(kind evidence.Kind, text string) {
		c.v.add(c.Chain, evidence.Fault{Seq: p.seq, Last: p.seq, Kind: kind, Text: text})
	}
	if d := c.walk.Certificate(p.seq); d != nil {
		if _, there := t.bodies[p.key]; (there && p.outcome == "stored") || len(t.held[p.seq].body) > 0 || (p.outcome == "stored" && len(t.rows[p.key]) > 0) {
			fault(evidence.Deleted, "a certificate says that it was deleted, and it is there")
		}
		return true, nil
	}
	switch p.outcome {
	case "quarantined":
		c.Quarantined++
		return c.quarantined(p, t, fault), nil
	case "duplicate":
		c.Duplicates++
		return c.duplicate(p, t, fault), nil
	}
	c.Stored++
	body, there := t.bodies[p.key]
	switch {
	case !there:
		fault(evidence.Bytes, "the exact bytes of its record are not there")
		return false, nil
	case sha256.Sum256(body) != p.leaf:
		fault(evidence.Bytes, "the SHA-256 of its record's bytes is not its leaf")
		return false, nil
	}
	e := t.derived[p.key]
	if e.reason != "" {
		fault(evidence.Row, "stored, though its bytes are no record that can be stored: "+e.reason)
		return true, nil
	}
	if (recordKey{e.day, e.recordID}) != p.key {
		fault(evidence.Row, "its bytes are of another day or record_id than the entry says")
		return true, nil
	}
	if text := c.v.compareRow(e, t.rows[p.key]); text != "" {
		fault(evidence.Row, text)
	}
	if text := compareEndpoints(e, t.endpoints[p.key]); text != "" {
		fault(evidence.Row, text)
	}
	c.v.endpoints[e.day] += int64(len(e.endpoints))
	c.note(p.seq, e)
	if e.coverage != nil {
		return true, c.head(ctx, p, &e.coverage.Coverage)
	}
	return true, nil
}

// note keeps the times of what no head covers yet, and the minutes of taps.
func (c *chainProof) note(seq uint64, e *entry) {
	var at record.Time
	switch {
	case e.call != nil:
		at = max(e.call.StartedAt, e.call.EndedAt, e.call.LastSeenAt)
	case e.registration != nil:
		at = e.registration.At
	case e.message != nil:
		at = e.message.At
	case e.coverage != nil:
		at = e.coverage.To
		key := [2]string{c.sensor, e.coverage.Tap}
		now := e.coverage.Minute.Std()
		m, ok := c.v.taps[key]
		if !ok {
			m = minute{now, now}
		}
		if now.Before(m.first) {
			m.first = now
		}
		if now.After(m.last) {
			m.last = now
		}
		c.v.taps[key] = m
	}
	switch {
	case c.v.keys == nil || c.unsigned():
	case len(c.tail) < maxUncovered:
		c.tail = append(c.tail, timed{seq, at.Std(), e.coverage != nil})
	case len(c.tail) == maxUncovered:
		c.tail = append(c.tail, timed{seq, at.Std(), e.coverage != nil})
		c.v.add(c.Chain, evidence.Fault{Seq: c.SignedTo + 1, Last: seq, Kind: evidence.Unsigned, Text: fmt.Sprintf("more than %d entries without a signed head", maxUncovered)})
	}
}

// duplicate checks an entry of which the record was there already: it must have the same bytes.
func (c *chainProof) duplicate(p *proof, t *content, fault func(evidence.Kind, string)) (whole bool) {
	body, there := t.bodies[p.key]
	switch {
	case !t.stored[p.key]:
		fault(evidence.Row, "said to be a duplicate, and no entry stored that record")
	case !there:
		fault(evidence.Bytes, "said to be a duplicate of a record whose bytes are not there")
	case sha256.Sum256(body) != p.leaf:
		fault(evidence.Bytes, "said to be a duplicate of a record that has other bytes; its own are not kept")
		return true // the record may be the forged one: nothing is known of this entry's own leaf
	default:
		return true
	}
	return false
}

// quarantined checks an entry whose record could not be read: its bytes stand in quarantine, and today's reading agrees
// that they cannot be read. If it does not, a record is withheld from those who ask the tables.
func (c *chainProof) quarantined(p *proof, t *content, fault func(evidence.Kind, string)) (whole bool) {
	h, there := t.held[p.seq]
	switch {
	case !there:
		fault(evidence.Bytes, "its bytes are not in quarantine")
		return false
	case sha256.Sum256(h.body) != p.leaf:
		fault(evidence.Bytes, "the SHA-256 of its bytes in quarantine is not its leaf")
		return false
	}
	if !h.receivedAt.Equal(p.receivedAt) {
		fault(evidence.Row, "entry and quarantine name different times of receipt")
	}
	prev, err := hex.DecodeString(h.headers["prev_hash"])
	if err != nil || len(prev) != sha256.Size || evidence.Link([32]byte(prev), c.epoch, p.seq, p.leaf) != p.hash ||
		h.headers["leaf"] != hex.EncodeToString(p.leaf[:]) || h.headers["hash"] != hex.EncodeToString(p.hash[:]) || !bytes.Equal(h.sum, p.leaf[:]) {
		fault(evidence.Row, "its hashes in quarantine are not those of the entry")
	}
	// What day was possible is told by when the chain began and what its signed events say, too: received_at is the database's word.
	now := p.receivedAt
	for _, t := range []time.Time{time.UnixMicro(int64(c.epoch)), c.signed} { //nolint:gosec // it came from a bigint
		if t.After(now) {
			now = t
		}
	}
	switch e := derive(c.chainKey, p, h.body, now); e.reason {
	case h.reason:
	case "":
		fault(evidence.Withheld, "in quarantine as "+h.reason+", and its bytes are a record that can be stored")
	default:
		fault(evidence.Row, "in quarantine as "+h.reason+", though its bytes are "+e.reason)
	}
	return true
}
