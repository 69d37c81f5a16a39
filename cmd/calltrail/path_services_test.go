package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"calltrail/cmd/callgen/gen"
)

// The same files again add nothing but the entries that say so, and leave no gap.
func TestReplayedTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.env = append(s.env, "CALLTRAIL_EVENTS_MESSAGES=true")
	files := captures(t)
	rows := func() string {
		var list []string
		for _, table := range []string{"call_record", "calls", "registration", "message", "endpoint", "record_body"} {
			list = append(list, table+" "+strconv.Itoa(s.db.number("SELECT count(*) FROM calltrail."+table)))
		}
		return strings.Join(list, ", ")
	}
	replay := func(to ...string) {
		s.ok(slices.Concat([]string{"replay", "-q", "--to"}, to, files)...)
	}
	replay("kafka")
	first := s.counts(s.ok("store", "--once"))
	once := rows()
	if first.Stored == 0 || first != (counts{Stored: first.Stored}) {
		t.Fatalf("the first time: %+v; %s", first, once)
	}
	replay("kafka")
	if c := s.counts(s.ok("store", "--once")); c != (counts{Duplicates: first.Stored}) {
		t.Errorf("the second time: %+v, want %d duplicates and nothing else", c, first.Stored)
	}
	// By another way, from another number of workers: still the same records.
	if c := s.counts(s.start(nil, slices.Concat([]string{"replay", "-q", "--workers", "3", "--to", "postgres"}, files)...).wait(t)); c.Duplicates != first.Stored {
		t.Errorf("to postgres: %+v, want %d duplicates", c, first.Stored)
	}
	if again := rows(); again != once {
		t.Errorf("rows\n now %s\n was %s", again, once)
	}
	s.db.want("SELECT outcome, count(*) FROM calltrail.entry GROUP BY outcome ORDER BY outcome",
		"duplicate|"+strconv.Itoa(2*first.Stored)+" stored|"+strconv.Itoa(first.Stored))
	s.sound(nil)
}

// Calls with media among other traffic, through Kafka into Postgres: every call, and the sums of every disposition.
func TestGeneratedCallsInSQL(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := gen.Default()
	cfg.Calls = 2000
	capture, truth := s.capture(cfg)
	replay := s.ok("replay", "-q", "--to", "kafka", capture)
	load := s.ok("store", "--once")
	entries := float64(s.db.entries())
	t.Logf("%.0f records: replay to Kafka %.2f s (%.0f/s), Kafka to Postgres %.2f s (%.0f/s)",
		entries, replay.took.Seconds(), entries/replay.took.Seconds(), load.took.Seconds(), entries/load.took.Seconds())
	s.whole(truth)

	sums := map[string]int{}
	for _, c := range truth {
		sums[c.Disposition]++
	}
	var want []string
	for _, d := range slices.Sorted(maps.Keys(sums)) {
		want = append(want, d+"|"+strconv.Itoa(sums[d]))
	}
	s.db.want(`SELECT disposition, count(*) FROM calltrail.calls WHERE kind = 'sip' GROUP BY disposition ORDER BY disposition COLLATE "C"`, strings.Join(want, " "))
}
