package postgres

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"calltrail/cdr/record"
	"calltrail/store/evidence"
)

// head checks the signed head in a coverage event against the chain before it.
func (c *chainProof) head(ctx context.Context, p *proof, e *record.Coverage) error {
	fault := func(f evidence.Fault) { c.v.add(c.Chain, f) }
	h, err := headOf(e)
	switch {
	case err != nil:
		fault(evidence.Fault{Seq: p.seq, Last: p.seq, Kind: evidence.HeadHash, Text: err.Error()})
		return nil
	case h.Epoch != c.epoch || h.Seq >= p.seq:
		fault(evidence.Fault{Seq: p.seq, Last: p.seq, Kind: evidence.HeadHash, Text: "the signed head is of another epoch, or not before its event"})
		return nil
	}
	if c.v.keys != nil && !c.unsigned() {
		if why := c.v.keys.Head(&h, h.At); why != "" {
			fault(evidence.Fault{Seq: p.seq, Last: p.seq, Kind: evidence.Signature, Text: why})
			return nil
		}
	}
	holds, err := c.matches(ctx, &h)
	if holds {
		c.Heads++
		c.cover()
	}
	return err
}

// matches compares a head that is believed with the chain. What it does not match was made anew since the last that does.
func (c *chainProof) matches(ctx context.Context, h *evidence.Head) (bool, error) {
	hash, known := c.recent.find(h.Seq)
	if !known {
		var err error
		if hash, known, err = c.v.hashAt(ctx, c.chainKey, h.Seq); err != nil {
			return false, err
		}
	}
	if !known {
		for i := range c.certs {
			if d := &c.certs[i]; d.ToSeq == h.Seq {
				hash, known = d.HashLast, true
			} else if d.FromSeq == h.Seq+1 {
				hash, known = d.HashBefore, true
			}
		}
	}
	if !known && h.Seq == 0 && c.ledger != nil {
		known = copy(hash[:], c.ledger.genesis) == len(hash)
	}
	switch {
	case !known:
		return false, nil // the number is missing, which is said already, or deleted
	case hash != h.Hash:
		c.v.add(c.Chain, evidence.Fault{
			Seq: min(c.SignedTo+1, max(h.Seq, 1)), Last: max(h.Seq, 1), Kind: evidence.HeadHash,
			Text: "the chain up to here is not the one whose head the sensor signed",
		})
		return false, nil
	}
	c.SignedTo = max(c.SignedTo, h.Seq)
	return true, nil
}

// headOf takes the signed head out of a coverage event.
func headOf(e *record.Coverage) (h evidence.Head, err error) {
	h = evidence.Head{Schema: evidence.SchemaAnchor, At: e.To.Std(), Sensor: e.Sensor, Epoch: e.Head.Epoch, Seq: e.Head.Seq, KeyID: e.Head.KeyID}
	if err := h.Hash.UnmarshalText([]byte(e.Head.Hash)); err != nil {
		return h, fmt.Errorf("the head of its coverage event: %w", err)
	}
	if h.Signature, err = base64.StdEncoding.DecodeString(e.Head.Signature); err != nil {
		return h, errors.New("the head of its coverage event: the signature is not base64")
	}
	return h, nil
}

// hashAt reads the hash of one entry; known is false when there is none.
func (v *verifier) hashAt(ctx context.Context, key chainKey, seq uint64) (hash [32]byte, known bool, err error) {
	var b []byte
	err = v.tx.QueryRow(ctx, `SELECT hash FROM calltrail.entry WHERE sensor = $1 AND epoch = $2 AND seq = $3`,
		key.sensor, int64(key.epoch), int64(seq)).Scan(&b) //nolint:gosec // heads are held to int64
	if errors.Is(err, pgx.ErrNoRows) {
		return hash, false, nil
	}
	return hash, copy(hash[:], b) == len(hash), err
}

// anchors holds the chain against heads that were kept elsewhere.
func (c *chainProof) anchors(ctx context.Context) error {
	from, to := c.v.bounds()
	for i := range c.v.q.Anchors {
		h := &c.v.q.Anchors[i]
		if h.Sensor != c.sensor || h.Epoch != c.epoch || h.Seq < from || h.Seq > to || !c.v.believed(c.Chain, h) {
			continue
		}
		if end := c.reach(); h.Seq > end {
			c.cut = true
			c.v.add(c.Chain, evidence.Fault{
				Seq: end + 1, Last: h.Seq, Kind: evidence.Cut,
				Text: fmt.Sprintf("the end is cut off: an anchor shows that the chain reached number %d", h.Seq),
			})
			continue
		}
		holds, err := c.matches(ctx, h)
		if err != nil {
			return err
		}
		if holds {
			c.Anchors++
			c.cover()
		}
	}
	return nil
}

// reach is the last number the chain reaches, deleted ones included.
func (c *chainProof) reach() uint64 {
	if n := len(c.certs); n > 0 {
		return max(c.Last, c.certs[n-1].ToSeq)
	}
	return c.Last
}

// believed checks an anchor's own signature.
func (v *verifier) believed(c *evidence.Chain, h *evidence.Head) bool {
	if v.keys == nil {
		return true
	}
	why := v.keys.Head(h, h.At)
	if why != "" {
		v.add(c, evidence.Fault{Sensor: h.Sensor, Epoch: h.Epoch, Kind: evidence.Anchored, Text: fmt.Sprintf("the anchor at number %d: %s", h.Seq, why)})
	}
	return why == ""
}

// strayAnchors finds anchors of chains the database knows nothing of: all of such a chain is cut off.
func (v *verifier) strayAnchors(known []chainKey) {
	for i := range v.q.Anchors {
		h := &v.q.Anchors[i]
		if (v.q.Sensor != "" && h.Sensor != v.q.Sensor) || slices.Contains(known, chainKey{h.Sensor, h.Epoch}) || !v.believed(nil, h) {
			continue
		}
		v.add(nil, evidence.Fault{
			Sensor: h.Sensor, Epoch: h.Epoch, Seq: 1, Last: h.Seq, Kind: evidence.Cut,
			Text: fmt.Sprintf("nothing of the chain is there: an anchor shows that it reached number %d", h.Seq),
		})
	}
}

// ReadHeads returns the newest signed head of each chain, as its last coverage event has it, to be anchored elsewhere. It
// needs SELECT on coverage, entry and ledger.
func ReadHeads(ctx context.Context, c Config) (list []evidence.Head, err error) {
	conn, err := connectReader(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	// A sensor signs every minute, so the last event is near the end of its chain; the look back ends when it is found.
	rows, err := conn.Query(ctx, `SELECT l.sensor, l.epoch, h.to_at, h.head_seq, h.head_hash, h.head_key_id, h.head_signature
		  FROM calltrail.ledger l, LATERAL (
		       SELECT v.to_at, v.head_seq, v.head_hash, v.head_key_id, v.head_signature
		         FROM calltrail.entry e JOIN calltrail.coverage v ON v.day = e.day AND v.record_id = e.record_id
		        WHERE e.sensor = l.sensor AND e.epoch = l.epoch AND v.head_epoch = l.epoch
		        ORDER BY e.seq DESC LIMIT 1) AS h
		 ORDER BY l.sensor, l.epoch`)
	if err != nil {
		return nil, wrap("read the signed heads", err)
	}
	var h evidence.Head
	var epoch, seq int64
	var hash, signature string
	_, err = pgx.ForEachRow(rows, []any{&h.Sensor, &epoch, &h.At, &seq, &hash, &h.KeyID, &signature}, func() error {
		h.Schema, h.At, h.Epoch, h.Seq = evidence.SchemaAnchor, h.At.UTC(), uint64(max(epoch, 0)), uint64(max(seq, 0))
		if err := h.Hash.UnmarshalText([]byte(hash)); err != nil {
			return fmt.Errorf("the last head of %.255q: %w", h.Sensor, err)
		}
		var err error
		if h.Signature, err = base64.StdEncoding.DecodeString(signature); err != nil {
			return fmt.Errorf("the last head of %.255q: its signature is not base64", h.Sensor)
		}
		list = append(list, h)
		return nil
	})
	return list, wrap("read the signed heads", err)
}
