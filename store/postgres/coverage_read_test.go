package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// A question about an hour opens the partition of its day only.
func TestCoveragePlan(t *testing.T) {
	t.Parallel()
	l, db := twoTaps(t)
	deliver(t, l)
	if err := db.exec(`SELECT calltrail.ensure_partitions('2025-01-01', '2025-12-31')`); err != nil {
		t.Fatal(err)
	}
	var plan string
	err := db.pool.QueryRow(context.Background(), `EXPLAIN (FORMAT json) SELECT * FROM calltrail.coverage c
		WHERE c.day >= '2026-05-28' AND c.day <= '2026-05-28' AND c.minute >= '2026-05-28 10:00Z' AND c.minute < '2026-05-28 11:00Z'`).Scan(&plan)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(plan, `"Relation Name"`); n != 1 {
		t.Errorf("%d partitions are read:\n%s", n, plan)
	}
}

func TestReadCoverage(t *testing.T) {
	t.Parallel()
	l, db := twoTaps(t)
	c := l.cfg
	from := ten.Std()
	var states []string
	var lost int64
	err := ReadCoverage(context.Background(), c, CoverageQuery{From: from.Add(2 * time.Minute), To: from.Add(4 * time.Minute)}, func(m CoverageMinute) error {
		states = append(states, fmt.Sprintf("%s %s %s %s %v", m.Sensor, m.Tap, m.Minute.Format("15:04"), m.State, m.SecondsCovered))
		lost += m.KernelDrops
		return nil
	})
	want := "edge-1 eth0 10:02 complete 60, edge-1 eth0 10:03 complete 60, edge-1 eth1 10:02 lossy 60, edge-1 eth1 10:03 complete 60"
	if got := strings.Join(states, ", "); err != nil || got != want || lost != 1000 {
		t.Errorf("%v, %d lost\n got %s\nwant %s", err, lost, got, want)
	}
	n := 0
	err = ReadCoverage(context.Background(), c, CoverageQuery{From: from, To: from.Add(time.Hour), Sensor: "edge-1", Tap: "eth0"}, func(CoverageMinute) error {
		if n++; n == 3 {
			return context.Canceled
		}
		return nil
	})
	if n != 3 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d minutes, %v: the reader was not ended by its caller", n, err)
	}
	err = ReadCoverage(context.Background(), c, CoverageQuery{From: from, To: from}, func(CoverageMinute) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "postgres: read the coverage: coverage_minutes(") {
		t.Errorf("an empty time: %v", err)
	}
	// It needs no more than to read.
	role := fmt.Sprintf("calltrail_test_%016x", rand.Uint64())
	for _, statement := range []string{
		`CREATE ROLE ` + role, `GRANT USAGE ON SCHEMA calltrail TO ` + role,
		`GRANT SELECT ON calltrail.coverage, calltrail.tap, calltrail.schema_version TO ` + role,
	} {
		if err := db.exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Cleanup(func() {
		for _, statement := range []string{`DROP OWNED BY ` + role, `DROP ROLE ` + role} {
			if err := db.exec(statement); err != nil {
				t.Error(err)
			}
		}
	})
	c.DSN += "&options=-crole%3D" + role
	n = 0
	err = ReadCoverage(context.Background(), c, CoverageQuery{From: from, To: from.Add(time.Minute)}, func(CoverageMinute) error { n++; return nil })
	if err != nil || n != 2 {
		t.Errorf("as a reader: %d minutes, %v", n, err)
	}
	if _, err := ReadCoverageRemarks(context.Background(), c, CoverageQuery{From: from, To: from.Add(time.Minute)}); err != nil {
		t.Errorf("the remarks as a reader: %v", err)
	}
}
