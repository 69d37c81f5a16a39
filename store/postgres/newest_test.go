package postgres

import (
	"context"
	"slices"
	"testing"
	"time"

	"calltrail/store"
)

// What an operator is told: when the newest entry came, and what is missing or in quarantine.
func TestHoldings(t *testing.T) {
	c := migrated(t)
	ask := func() Holdings {
		t.Helper()
		h, err := ReadHoldings(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if h := ask(); h != (Holdings{}) {
		t.Errorf("an empty database holds %+v", h)
	}
	l := open(t, c)
	before := time.Now().Add(-time.Minute)
	items := newChain(t).calls(0, 10)
	broken := store.Item{Origin: "test", Fault: "no header"}
	if err := l.Deliver(context.Background(), slices.Concat(items[:3], items[5:7], items[8:9], []store.Item{broken})); err != nil {
		t.Fatal(err)
	}
	h := ask()
	if h.Missing != 3 || h.Gaps != 2 || h.Quarantined != 1 || h.Newest.Before(before) || h.Newest.After(time.Now().Add(time.Minute)) {
		t.Errorf("%+v, want 3 missing in 2 gaps, 1 in quarantine", h)
	}
	own, err := l.Holdings(context.Background())
	if err != nil || own != h {
		t.Errorf("the loader says %+v, %v; a connection of its own %+v", own, err, h)
	}
	if err := l.Deliver(context.Background(), items); err != nil {
		t.Fatal(err)
	}
	if h := ask(); h.Missing != 0 || h.Gaps != 0 {
		t.Errorf("%+v when all have come", h)
	}
}

// A database without the schema, or none, is an error that says what to do.
func TestHoldingsOfNothing(t *testing.T) {
	if _, err := ReadHoldings(context.Background(), Config{DSN: emptyDatabase(t)}); err == nil || !store.Permanent(err) {
		t.Errorf("a database without the schema: %v", err)
	}
	if _, err := ReadHoldings(context.Background(), Config{}); err == nil {
		t.Error("no database")
	}
}
