package postgres

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"calltrail/store"
	"calltrail/store/spool"
)

// The patterns, as an analyst asks for them: with nothing but a time.
var patternNames = []string{"sources_with_many_numbers", "numbers_from_many_countries", "fan_out_to_one_callee", "fan_out_from_one_caller", "short_call_bursts", "sequential_numbers"}

// All calls of pcaps/ together, at the default thresholds, are no pattern.
func TestPatternsNotInGoldenCalls(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	files, err := filepath.Glob("../../pcaps/*/records.jsonl")
	if err != nil || len(files) < 90 {
		t.Fatalf("%d files of records in pcaps, want 90 or more (%v)", len(files), err)
	}
	const sensor = "golden"
	chain := &builder{tb: t, sensor: sensor, epoch: 1780000000000000, prev: spool.Genesis(sensor, nil)}
	var items []store.Item
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			items = append(items, chain.body(bytes.TrimSpace(line)))
		}
	}
	deliver(t, l, items...)

	ctx := context.Background()
	var first, last time.Time
	if err := db.pool.QueryRow(ctx, `SELECT min(started_at), max(started_at) FROM calltrail.calls WHERE kind = 'sip'`).Scan(&first, &last); err != nil {
		t.Fatal(err)
	}
	asked, low := 0, 0
	for from := first; !from.After(last); from = from.Add(31 * 24 * time.Hour) {
		to := from.Add(31 * 24 * time.Hour)
		var legs, pairs int
		err := db.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM calltrail.first_legs($1, $2)), (SELECT count(*) FROM calltrail.fan_out_from_one_caller($1, $2, '744 hours', 2))`, from, to).Scan(&legs, &pairs)
		if err != nil {
			t.Fatal(err)
		}
		asked, low = asked+legs, low+pairs
		for _, name := range patternNames {
			db.want(`SELECT * FROM calltrail.`+name+`($1, $2)`, "", from, to)
		}
	}
	if asked < 50 || low == 0 {
		t.Errorf("%d legs were looked at, want 50 or more; at the lowest threshold %d callers call several callees, want some: the captures say nothing", asked, low)
	}
}
