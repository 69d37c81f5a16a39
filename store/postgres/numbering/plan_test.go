package numbering

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// fill generates tables of $1 rows together: a portability table and the one of the next month, a plan of 10,000 ranges, and
// daily changes for three years.
const fill = `
WITH made AS (
    INSERT INTO calltrail.numbering_import (kind, source, dated, holds_from, complete, file, sha256, octets, rows_read, added)
    SELECT g.kind, g.source, g.dated, g.dated, g.complete, 'f.csv', sha256((g.kind || g.dated)::bytea), 0, 0, 0
      FROM (SELECT 'portability' AS kind, 'MNP' AS source, date '2026-01-01' + 31 * n AS dated, true AS complete FROM generate_series(0, 1) n
            UNION ALL SELECT 'range', 'DoT', date '2020-01-01', true
            UNION ALL SELECT 'portability', 'daily', date '2023-01-01' + n, false FROM generate_series(0, 1094) n) g
    RETURNING *
)
INSERT INTO calltrail.numbering (prefix, digits, import_id, file_line, carrier)
SELECT '+91' || 9000000000 + n, 12, m.import_id, n + 2, 'operator ' || n % 5 FROM made m, generate_series(0, ($1::int - 15000) / 2) n WHERE m.source = 'MNP'
UNION ALL
SELECT '+91' || 90000 + n, 12, m.import_id, n + 2, 'operator ' || n % 5 FROM made m, generate_series(0, 9999) n WHERE m.kind = 'range'
UNION ALL
SELECT '+91' || 9000000000 + n, 12, m.import_id, n + 2, 'operator ' || m.import_id FROM made m, generate_series(0, 4) n WHERE m.source = 'daily'`

// A look-up reads a few pages of an index among a million numbers, and no table from end to end; so does one of a number of
// which every day's changes for three years say something. CALLTRAIL_NUMBERS=1000000 is the long form.
func TestLookUpAmongMany(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	d := newDatabase(t)
	rows := 50_000
	if s := os.Getenv("CALLTRAIL_NUMBERS"); s != "" {
		var err error
		if rows, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	d.exec(fill, rows)
	d.exec("ANALYZE calltrail.numbering")
	d.exec("ANALYZE calltrail.numbering_import")
	t.Logf("%s rows made in %v", d.ask("SELECT count(*) FROM calltrail.numbering"), time.Since(began))
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	var body string
	if err := conn.QueryRow(ctx, `SELECT prosrc FROM pg_proc WHERE oid = 'calltrail.numbering_at(text[], integer, timestamptz, timestamptz)'::regprocedure`).Scan(&body); err != nil {
		t.Fatal(err)
	}
	// A function in SQL has a plan for whatever its arguments are.
	for _, statement := range []string{"SET plan_cache_mode = force_generic_plan", "PREPARE ask (text[], integer, timestamptz, timestamptz) AS " + body} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	buffers := regexp.MustCompile(`Buffers: shared (?:hit=(\d+) ?)?(?:read=(\d+))?`)
	for _, c := range []struct {
		name, number, want string
		pages              int
	}{
		{"a ported number", "+919000010007", "portability MNP operator 2, range DoT operator 0", 100},
		{"a number of a range", "+919999910007", "range DoT operator 4", 100},
		{"nobody's", "+442079460000", "", 100},
		// Of each import its row is looked at.
		{"a number that changes every day", "+919000000001", "portability MNP operator 1, portability daily operator 1098, range DoT operator 0", 400},
	} {
		var prefixes []string
		for k := 2; k <= len(c.number); k++ {
			prefixes = append(prefixes, c.number[:k])
		}
		plans, err := conn.Query(ctx, "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE ask ('{"+strings.Join(prefixes, ",")+"}', 12, '2026-02-03 04:05:06Z', NULL)")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(plans, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, "numbering_prefix") || strings.Contains(plan, "Seq Scan on numbering n") {
			t.Errorf("%s is no look-up in an index:\n%s", c.name, plan)
		}
		pages := 0
		for _, n := range buffers.FindStringSubmatch(plan)[1:] {
			k, _ := strconv.Atoi(n) // "" is 0
			pages += k
		}
		if pages == 0 || pages > c.pages {
			t.Errorf("%s reads %d pages:\n%s", c.name, pages, plan)
		}
		t.Logf("%s: %d pages, %s", c.name, pages, lines[len(lines)-1])
		var took []time.Duration
		for range 20 {
			began := time.Now()
			var got string
			if err := conn.QueryRow(ctx, `SELECT coalesce(string_agg(kind || ' ' || source || ' ' || carrier, ', '), '') FROM calltrail.registration_of($1, '2026-02-03 04:05:06Z')`, c.number).Scan(&got); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
			if got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		slices.Sort(took)
		t.Logf("%s: half of the questions within %v", c.name, took[len(took)/2])
	}
}

// What importing a large table takes, by the file's own path: CALLTRAIL_NUMBERS rows (1,000).
func TestImportRate(t *testing.T) {
	rows, err := strconv.Atoi(os.Getenv("CALLTRAIL_NUMBERS"))
	if err != nil {
		rows = 1000
	}
	d := newDatabase(t)
	f, err := os.Create(t.TempDir() + "/mnp.csv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	out := bufio.NewWriter(f)
	_, _ = out.WriteString("number,carrier,lsa,from\n") // Flush has the error
	for n := range rows {
		_, _ = fmt.Fprintf(out, "+91%d,Reliance Jio Infocomm,UP West,2024-05-06T00:00:00+05:30\n", 9000000000+n*7)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := check(whole(Portability, "MNP", "2026-11-01"), File{"mnp.csv", f}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows checked in %v", rows, time.Since(began))
	if _, err := f.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	r, err := Import(context.Background(), d.cfg, whole(Portability, "MNP", "2026-11-01"), File{"mnp.csv", f})
	if err != nil || r.Added != int64(rows) {
		t.Fatalf("%+v, %v", r, err)
	}
	took := time.Since(began)
	t.Logf("%d rows imported in %v: %.0f a second; %s", rows, took, float64(rows)/took.Seconds(),
		d.ask("SELECT pg_size_pretty(pg_table_size('calltrail.numbering')) AS t, pg_size_pretty(pg_indexes_size('calltrail.numbering')) AS i"))
}
