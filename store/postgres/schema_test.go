package postgres

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestMigrateUpDownUp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := Config{DSN: emptyDatabase(t)}
	applied := func(list []Migration) (n int) {
		for _, m := range list {
			if m.Applied {
				n++
			}
		}
		return n
	}
	list, err := Migrate(ctx, c, Status)
	if err != nil || len(list) == 0 || applied(list) != 0 {
		t.Fatalf("status of an empty database: %+v, %v", list, err)
	}
	for range 2 {
		if list, err = Migrate(ctx, c, Up); err != nil || applied(list) != len(list) {
			t.Fatalf("up: %+v, %v", list, err)
		}
		open(t, c).Close() // makes partitions, which down must take away
		for i, l := range slices.Backward(list) {
			if list, err = Migrate(ctx, c, Down); err != nil || applied(list) != i || !l.Changed {
				t.Fatalf("down to %d: %+v, %v", i, list, err)
			}
		}
		if list, err = Migrate(ctx, c, Down); err != nil || applied(list) != 0 {
			t.Fatalf("down from nothing: %+v, %v", list, err)
		}
	}
	ask(t, c).want(`SELECT relname FROM pg_class WHERE relnamespace = 'calltrail'::regnamespace AND relkind IN ('r', 'p', 'v')`, "schema_version")
}

// A migration never drops records.
func TestMigrateDownRefusesToDropRecords(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	chain := newChain(t)
	deliver(t, open(t, c), chain.calls(1, 1)...)
	var err error
	for range 30 {
		if _, err = Migrate(context.Background(), c, Down); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "records are not dropped by a migration") || strings.Contains(err.Error(), "\n") {
		t.Errorf("down with records: %v", err)
	}
	if _, err = Migrate(context.Background(), c, Up); err != nil {
		t.Fatal(err)
	}
	ask(t, c).want(`SELECT count(*) FROM calltrail.calls`, "1")
}

func TestEverythingIsCommented(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	open(t, c) // makes partitions
	db := ask(t, c)
	db.want(`SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v')
	            AND c.relname <> 'schema_version' AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') IS NULL`, "")
	db.want(`SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	          WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND c.relname <> 'schema_version' AND NOT c.relispartition
	            AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL`, "")
	db.want(`SELECT proname FROM pg_proc p WHERE pronamespace = 'calltrail'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL`, "")
}

// The lists of columns in this package are those of the tables, in their order.
func TestColumnsMatchTheTables(t *testing.T) {
	t.Parallel()
	db := ask(t, migrated(t))
	const columns = `SELECT string_agg(attname, ' ' ORDER BY attnum) AS c FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped`
	var got string
	for table, want := range map[string][]string{"calltrail.call_record": callNames, "calltrail.registration": registrationNames, "calltrail.message": messageNames, "calltrail.coverage": coverageNames} {
		if err := db.pool.QueryRow(context.Background(), columns, table).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != strings.Join(want, " ") {
			t.Errorf("%s\ntable %s\n code %s", table, got, strings.Join(want, " "))
		}
	}
}

func TestPartitionWidthMayChange(t *testing.T) {
	t.Parallel()
	db := ask(t, migrated(t))
	for _, statement := range []string{
		`SELECT calltrail.ensure_partitions('2026-01-07', '2026-01-07')`,
		`UPDATE calltrail.setting SET partition_days = 28`,
		`SELECT calltrail.ensure_partitions('2026-01-01', '2026-02-10')`,
		`SELECT calltrail.ensure_partitions('2026-01-01', '2026-02-10')`,
	} {
		if err := db.exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	db.want(`SELECT first_day, end_day FROM calltrail.partition ORDER BY 1`,
		"2025-12-22|2026-01-05; 2026-01-05|2026-01-12; 2026-01-12|2026-01-19; 2026-01-19|2026-02-16")
	db.want(`SELECT p.first_day - lag(p.end_day) OVER (ORDER BY p.first_day) AS hole FROM calltrail.partition p OFFSET 1`, "0; 0; 0")
	if err := db.exec(`SELECT calltrail.ensure_partitions('1990-01-01', '2026-01-01')`); err == nil {
		t.Error("36 years of partitions in one call were not refused")
	}
	db.want(`SELECT a.attcompression FROM pg_attribute a WHERE attrelid = 'calltrail.record_body_20260105'::regclass AND attname = 'body'`, "l")
}
