package subscriber

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// fill generates 1,000,000 assignments: addresses that change hands every eight hours for a hundred days, blocks of ports behind a
// NAT, prefixes, and sessions that lost their end.
const fill = `
INSERT INTO calltrail.assignment (assignment_id, lineage, address, ports, during, start_seen, last_seen_at, inside_address, subscriber, source)
SELECT id, id, address, ports, during, true, lower(during), inside, subscriber, source
  FROM (
	SELECT gen_random_uuid() AS id, inet '10.0.0.0' + n % 2000 AS address, NULL::int4range AS ports,
	       tstzrange(t, CASE WHEN n % 997 = 0 THEN NULL ELSE t + interval '8 h' END) AS during, NULL::inet AS inside, 'line-' || n % 2000 AS subscriber, 'radius' AS source
	  FROM generate_series(0, 599999) n, LATERAL (SELECT timestamptz '2026-01-01Z' + n / 2000 * interval '8 h' AS t) x
	UNION ALL
	SELECT gen_random_uuid(), inet '203.0.113.0' + n % 100, int4range(1024 + n / 100 % 60 * 1000, 2024 + n / 100 % 60 * 1000),
	       tstzrange(t, t + interval '2 h'), inet '100.64.0.0' + n % 6000, NULL, 'cgnat'
	  FROM generate_series(0, 299999) n, LATERAL (SELECT timestamptz '2026-01-01Z' + n / 6000 * interval '2 h' AS t) x
	UNION ALL
	SELECT gen_random_uuid(), ('2001:db8:' || to_hex(n / 65536) || ':' || to_hex(n % 65536) || '::/64')::inet, NULL, tstzrange('2026-01-01Z', NULL), NULL, 'v6-' || n, 'radius'
	  FROM generate_series(0, 99999) n
  ) g`

// "Who used this public address and port at this time" is one look-up among a million: the plan that every caller gets reads an
// index and no table, and few rows of it.
func TestLookUpAmongAMillion(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes a million rows")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	d := newDatabase(t)
	began := time.Now()
	// The indexes are made anew behind the rows, as the migration has them: that is twice as fast or better.
	rows, err := d.pool.Query(ctx, `SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index
		 WHERE indrelid = 'calltrail.assignment'::regclass AND NOT indisprimary ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var drop, again string
	statements := []string{fill}
	if _, err := pgx.ForEachRow(rows, []any{&drop, &again}, func() error {
		statements = append(append([]string{drop}, statements...), again)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := d.pool.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Logf("1,000,000 rows and their indexes made in %v", time.Since(began))
	if _, err := d.pool.Exec(ctx, "ANALYZE calltrail.assignment"); err != nil {
		t.Fatal(err)
	}
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	var body string
	if err := conn.QueryRow(ctx, `SELECT prosrc FROM pg_proc WHERE oid = 'calltrail.who_used(inet, integer, timestamptz)'::regprocedure`).Scan(&body); err != nil {
		t.Fatal(err)
	}
	// A function in SQL has a plan for whatever its arguments are.
	for _, statement := range []string{"SET plan_cache_mode = force_generic_plan", "PREPARE who (inet, integer, timestamptz) AS " + body} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	buffers := regexp.MustCompile(`Buffers: shared (?:hit=(\d+) ?)?(?:read=(\d+))?`)
	for _, c := range []struct{ name, address, port, at, want string }{
		{"an address with 300 sessions", "10.0.3.7", "5060", "2026-02-03 04:05:06Z", "line-775"},
		{"a block of ports", "203.0.113.42", "31000", "2026-01-02 03:00:00Z", ""},
		{"the prefix after the last", "2001:db8:1:86a0::5", "5060", "2026-02-03 04:05:06Z", ""},
		{"the last prefix", "2001:db8:1:869f::5", "5060", "2026-02-03 04:05:06Z", "v6-99999"},
		{"nobody's", "192.0.2.1", "5060", "2026-02-03 04:05:06Z", ""},
	} {
		rows, err := conn.Query(ctx, "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE who ('"+c.address+"', "+c.port+", '"+c.at+"')")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, "assignment_use") || strings.Contains(plan, "Seq Scan on assignment") {
			t.Errorf("%s is no look-up in an index:\n%s", c.name, plan)
		}
		pages := 0
		for _, n := range buffers.FindStringSubmatch(plan)[1:] {
			k, _ := strconv.Atoi(n) // "" is 0
			pages += k
		}
		// The table has some 30,000; an address has 300 sessions, or a NAT 60 blocks, in 100 days.
		if pages == 0 || pages > 1000 {
			t.Errorf("%s reads %d pages:\n%s", c.name, pages, plan)
		}
		t.Logf("%s: %d pages, %s", c.name, pages, lines[len(lines)-1])
		var took []time.Duration
		for range 20 {
			began := time.Now()
			var got string
			if err := conn.QueryRow(ctx, `SELECT coalesce(string_agg(subscriber, ' '), '') FROM calltrail.who_used($1::inet, $2::text::int, $3::timestamptz)`, c.address, c.port, c.at).Scan(&got); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		slices.Sort(took)
		t.Logf("%s: half of the questions within %v", c.name, took[len(took)/2])
	}
}
