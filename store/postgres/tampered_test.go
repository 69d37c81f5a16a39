package postgres

import (
	"bytes"
	"testing"

	"calltrail/store"
)

func TestTampered(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, reason string
		change       func(items []store.Item)
	}{
		{"body", reasonLeafMismatch, func(items []store.Item) {
			items[1].Body = bytes.Replace(items[1].Body, []byte("London"), []byte("Madrid"), 1)
		}},
		{"leaf", reasonLeafMismatch, func(items []store.Item) { items[1].Leaf[7] ^= 1 }},
		{"hash", reasonHashMismatch, func(items []store.Item) { items[1].Hash[7] ^= 1 }},
		{"prev", reasonHashMismatch, func(items []store.Item) { items[1].Prev[7] ^= 1 }},
		{"number", reasonHashMismatch, func(items []store.Item) { items[1].Seq = 7 }},
		// Whoever makes all its hashes anew is betrayed by the neighbour before …
		{"forged", reasonChainBroken, func(items []store.Item) {
			forged := newChain(t)
			forged.seq, forged.prev = 1, [32]byte{1}
			items[1] = forged.call(forged.sample(77))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, db := opened(t)
			items := newChain(t).calls(1, 3)
			true2 := items[1]
			c.change(items)
			deliver(t, l, items...)
			wantCounts(t, l, Counts{Stored: 2, Quarantined: 1, Alarms: 1})
			db.want(`SELECT reason, body = $1 AS body FROM calltrail.quarantine`, c.reason+"|t", items[1].Body)
			// The true entry is still missing, shows as a gap, and fills it when it comes.
			db.want(`SELECT first_seq, last_seq FROM calltrail.gap`, "2|2")
			deliver(t, l, true2)
			db.want(`SELECT * FROM calltrail.gap`, "")
			// Delivered again, the bad one is not kept twice.
			deliver(t, l, items[1])
			db.want(`SELECT count(*) FROM calltrail.quarantine WHERE reason = $1`, "1", c.reason)
		})
	}
}

// … or, put into a gap with the right neighbour before, by the one behind.
func TestForgedIntoAGap(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	first := chain.call(chain.sample(1))
	fork := *chain
	items := chain.calls(2, 2)
	deliver(t, l, first, items[1])
	deliver(t, l, fork.call(chain.sample(66)))
	db.want(`SELECT seq, reason FROM calltrail.quarantine`, "2|chain_broken")
	deliver(t, l, items[0])
	wantCounts(t, l, Counts{Stored: 3, Quarantined: 1, Alarms: 1})
}

func TestSameNumberOtherHash(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	fork := *chain
	deliver(t, l, chain.calls(1, 2)...)
	deliver(t, l, fork.call(chain.sample(50)))
	wantCounts(t, l, Counts{Stored: 2, Quarantined: 1, Alarms: 1})
	db.want(`SELECT seq, reason FROM calltrail.quarantine`, "1|hash_conflict")
	db.want(`SELECT count(*) FROM calltrail.call_record`, "2")
}
