package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"calltrail/store/evidence"
)

// maxSpans bounds the runs of numbers that are remembered to be compared with the ledger.
const maxSpans = 100_000

// readLedger reads the chain's row of the ledger.
func (c *chainProof) readLedger(ctx context.Context) error {
	row := c.v.tx.QueryRow(ctx, `SELECT received, head_seq, head_hash, genesis FROM calltrail.ledger WHERE sensor = $1 AND epoch = $2`,
		c.sensor, int64(c.epoch)) //nolint:gosec // it came from a bigint
	l := &chain{chainKey: c.chainKey}
	if err := l.scan(row); errors.Is(err, pgx.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	c.ledger = l
	return nil
}

// compareLedger holds the ledger against the entries.
func (c *chainProof) compareLedger() {
	fault := func(seq uint64, text string) {
		c.v.add(c.Chain, evidence.Fault{Seq: seq, Last: seq, Kind: evidence.Ledger, Text: text})
	}
	if c.ledger == nil {
		fault(1, "the ledger has no row of this chain")
		return
	}
	there := merged(c.spans, c.certs)
	switch {
	case c.ledger.headSeq < c.Last:
		fault(c.ledger.headSeq+1, fmt.Sprintf("the ledger ends at %d, the entries at %d", c.ledger.headSeq, c.Last))
	case c.ledger.headSeq == c.Last && c.ledger.headHash != c.last:
		fault(c.Last, "the ledger names another hash for the last entry")
	case len(c.spans) >= maxSpans:
		c.v.remark(fmt.Sprintf("chain of %q: more than %d runs of numbers; they were not compared with the ledger", c.sensor, maxSpans))
	default:
		if seq, differ := firstDifference(c.ledger.received, there); differ {
			fault(seq, "the ledger and the entries do not agree on whether this number was received")
		}
	}
}

// merged joins runs of numbers and certificates.
func merged(spans []span, certs []evidence.Certificate) []span {
	all := slices.Clone(spans)
	for _, d := range certs {
		all = append(all, span{d.FromSeq, d.ToSeq})
	}
	slices.SortFunc(all, func(a, b span) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.first <= out[n-1].last+1 {
			out[n-1].last = max(out[n-1].last, s.last)
			continue
		}
		out = append(out, s)
	}
	return out
}

// firstDifference is the lowest number that is in one of two lists of runs and not in the other.
func firstDifference(a, b []span) (seq uint64, differ bool) {
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return b[i].first, true
		case i >= len(b):
			return a[i].first, true
		case a[i].first != b[i].first:
			return min(a[i].first, b[i].first), true
		case a[i].last != b[i].last:
			return min(a[i].last, b[i].last) + 1, true
		}
	}
	return 0, false
}
