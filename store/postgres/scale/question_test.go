package scale

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"calltrail/store/postgres"
	"calltrail/store/postgres/pgtest"
)

// years is the window of most questions: all that is kept.
const years = `'2024-11-25Z', '2026-11-23Z'`

// asked has, for each question of calltrail.question, what it is asked here. A look-up must not read more among ten times as many
// calls; a question about all calls of a time (whole) reads that time through, once, and is asked about one day.
var asked = map[string]struct {
	arguments string
	whole     bool
}{
	"calls_of_number":             {arguments: `'+911204100001', ` + years},
	"contacts_of_two_numbers":     {arguments: `'+911204100001', '+911204100002', ` + years},
	"calls_to_victim":             {arguments: `'+911120500000', '2025-11-24Z'`},
	"calls_at_address":            {arguments: `'203.0.113.7', ` + years},
	"foreign_ingress_home_number": {arguments: years},
	"calls_in_radius":             {arguments: `'28.57,77.32,5', ` + years},
	"calls_of_asn":                {arguments: `64512, ` + years},
	"calls_of_device":             {arguments: `'urn:uuid:00000000-0000-4000-8000-000000000007', ` + years},
	"numbers_of_device":           {arguments: `'urn:uuid:00000000-0000-4000-8000-000000000007', ` + years},
	"forwarding_chain":            {arguments: `'+911204100001', ` + years},
	"contact_graph":               {arguments: `'+911204100001', ` + years},
	"number_blocks":               {arguments: `'+91112050000', ` + years},
	"failed_bursts":               {arguments: `'2025-11-25Z', '2025-11-26Z'`, whole: true},
	"shared_media_address":        {arguments: `'+911204100001', ` + years},
	"first_last_seen":             {arguments: years + `, '+911204100001'`},
	"watchlist_hits_of":           {arguments: `'FIR 1/2026', ` + years},
	"cross_case_hits":             {arguments: `'FIR 1/2026', ` + years},
	"app_calls_of_address":        {arguments: `'203.0.113.9', ` + years},
	"subscriber_calls":            {arguments: `'line-7', ` + years},
	"subscribers_common_far_ends": {arguments: `ARRAY['line-7', 'line-9'], ` + years},
	"coverage_of_window":          {arguments: `'2025-11-25Z', '2025-11-26Z'`},
	"sources_with_many_numbers":   {arguments: `'2025-11-25Z', '2025-11-26Z'`, whole: true},
	"numbers_from_many_countries": {arguments: `'2025-11-25Z', '2025-11-26Z'`, whole: true},
	"fan_out_to_one_callee":       {arguments: `'2025-11-25Z', '2025-11-26Z'`, whole: true},
	"fan_out_from_one_caller":     {arguments: `'2025-11-25Z', '2025-11-26Z'`, whole: true},
	"short_call_bursts":           {arguments: `'2025-11-25Z', '2025-11-26Z'`, whole: true},
	"sequential_numbers":          {arguments: `'2025-11-25Z', '2025-11-26Z'`, whole: true},
}

// most is by how much what a look-up reads may grow when there are ten times as many calls: an index has one level more here and there.
const most = 1.5

// cost is what a question cost.
type cost struct {
	rows    int64
	blocks  int64 // of 8 KiB, read in the server's memory or from the file
	through int64 // rows of partitions that were read from end to end
	took    time.Duration
}

// Every question, among all the calls of two years: none reads a partition from end to end, and none that looks something up reads
// more the more calls there are. CALLTRAIL_QUERY_ROWS=1000000,10000000 makes as many calls, one database after the other, and prints
// a table of what each question read. It is too slow for every change; store/postgres counts in CI what each question reads of few calls.
func TestQuestionsAtScale(t *testing.T) {
	s := os.Getenv("CALLTRAIL_QUERY_ROWS")
	if s == "" {
		t.Skip("CALLTRAIL_QUERY_ROWS is not set: make bench-queries sets it")
	}
	var sizes []int64
	for field := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil || n < 4000 || n%4000 != 0 {
			t.Fatalf("CALLTRAIL_QUERY_ROWS: %.64q is no multiple of 4000", field)
		}
		sizes = append(sizes, n)
	}
	var before map[string]cost
	for _, rows := range sizes {
		// One after the other: each database is dropped before the next is made.
		t.Run(fmt.Sprint(rows), func(t *testing.T) { before = askAll(t, rows, before) })
	}
}

func askAll(t *testing.T, rows int64, before map[string]cost) map[string]cost {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rows/500+1200)*time.Second)
	defer cancel()
	dsn := pgtest.Database(t, func(dsn string) error {
		_, err := postgres.Migrate(ctx, postgres.Config{DSN: dsn, Logger: zerolog.Nop()}, postgres.Up)
		return err
	})
	generate(ctx, t, dsn, rows)
	conn := connect(ctx, t, dsn)
	plant(ctx, t, conn)
	assign(ctx, t, conn)
	matchNeedles(ctx, t, conn)
	var size string
	must(t, conn.QueryRow(ctx, `SELECT pg_size_pretty(pg_database_size(current_database()))`).Scan(&size))
	t.Logf("%d calls: the database has %s", rows, size)

	found, err := conn.Query(ctx, `SELECT name FROM calltrail.question WHERE name <> 'of_request' ORDER BY name`)
	must(t, err)
	names, err := pgx.CollectRows(found, pgx.RowTo[string])
	must(t, err)
	costs := map[string]cost{}
	for _, name := range names {
		a, ok := asked[name]
		if !ok {
			t.Errorf("question %s is not asked here: add it to the list", name)
			continue
		}
		c := run(ctx, t, conn, fmt.Sprintf(`SELECT * FROM calltrail.%s(%s)`, name, a.arguments))
		costs[name] = c
		was, grown := before[name], "" // of the smaller database
		if was.blocks > 0 {
			grown = fmt.Sprintf("%.2f", float64(c.blocks)/float64(was.blocks))
		}
		t.Logf("| %s | %d | %d | %s | %v |", name, c.rows, c.blocks, grown, c.took.Round(time.Millisecond))
		if c.rows == 0 {
			t.Errorf("%s finds nothing: what it reads says nothing", name)
		}
		if a.whole {
			continue
		}
		if c.through > 0 {
			t.Errorf("%s reads %d rows of partitions from end to end", name, c.through)
		}
		// What it reads may grow with what it returns: contacts of contacts are more among more calls.
		more := max(1, float64(c.rows)/float64(max(1, was.rows)))
		if was.blocks > 0 && float64(c.blocks) > most*more*float64(was.blocks) {
			t.Errorf("%s reads %d blocks for %d rows, and %d for %d among fewer calls", name, c.blocks, c.rows, was.blocks, was.rows)
		}
	}
	// What the checks above would say of a question without an index; by one process, for what another reads for it is not in its counts.
	_, err = conn.Exec(ctx, `SET max_parallel_workers_per_gather = 0`)
	must(t, err)
	if c := run(ctx, t, conn, `SELECT * FROM calltrail.call_record WHERE sip_user_agent = 'Phone/41'`); c.through < rows {
		t.Errorf("a search without index reads %d rows from end to end, of %d", c.through, rows)
	} else if old := before[""]; old.blocks > 0 && float64(c.blocks) <= most*float64(old.blocks) {
		t.Errorf("a search without index reads %d blocks, and %d among fewer calls", c.blocks, old.blocks)
	} else {
		costs[""] = c
	}
	_, err = conn.Exec(ctx, `RESET max_parallel_workers_per_gather`)
	must(t, err)
	matchLists(ctx, t, conn)
	return costs
}

// readThrough is how many rows of partitions of records this transaction's sequential scans have read, in whatever function.
const readThrough = `SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_xact_user_tables
	WHERE schemaname = 'calltrail' AND relname ~ '^(call_record|endpoint|registration|message|call_subscriber|watchlist_hit)_[0-9]+$'`

// run asks three times and returns the cheapest: what a session reads of the catalogue when it plans for the first time, or again
// after an automatic ANALYZE of a partition, is not the question's.
func run(ctx context.Context, t *testing.T, conn *pgx.Conn, question string) (least cost) {
	t.Helper()
	for n := range 3 {
		var c cost
		must(t, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			var already int64
			if err := tx.QueryRow(ctx, readThrough).Scan(&already); err != nil {
				return err
			}
			began := time.Now()
			var plans []struct {
				Plan struct {
					Rows int64 `json:"Actual Rows"`
					Hit  int64 `json:"Shared Hit Blocks"`
					Read int64 `json:"Shared Read Blocks"`
				}
			}
			if err := tx.QueryRow(ctx, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+question).Scan(&plans); err != nil {
				return fmt.Errorf("%s: %w", question, err)
			}
			c = cost{rows: plans[0].Plan.Rows, blocks: plans[0].Plan.Hit + plans[0].Plan.Read, took: time.Since(began)}
			if err := tx.QueryRow(ctx, readThrough).Scan(&c.through); err != nil {
				return err
			}
			c.through -= already
			return nil
		}))
		if n == 0 || c.blocks < least.blocks {
			least = c
		}
	}
	return least
}
