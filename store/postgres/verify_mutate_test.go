package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/evidence"
)

// wantedMutations is how many random changes are made: CALLTRAIL_MUTATIONS=1000 is the long form.
func wantedMutations() int {
	if n, err := strconv.Atoi(os.Getenv("CALLTRAIL_MUTATIONS")); err == nil {
		return n
	}
	return 60
}

// mutation is one thing the owner of the database does. It returns the numbers it falsifies, 0 when no number is touched, and
// errNothing when it changed nothing.
type mutation struct {
	name string
	do   func(context.Context, pgx.Tx, *rand.Rand, *chainFacts) (seq int64, err error)
}

var errNothing = errors.New("nothing was changed")

// chainFacts is what a mutation needs to know of the fixture.
type chainFacts struct {
	last int64
}

// unprovable are the columns that say what only the store knows: no octet of the chain speaks of them (docs/evidence.md).
var unprovable = []string{"ledger.updated_at", "quarantine.id", "quarantine.origin", "quarantine.detail"}

// mutations makes random changes as the owner of the database, with triggers off, and every one must be found, with a
// first bad number that is the changed one, or a run that it lies in.
func (e *evidenceChain) mutations(t *testing.T, conn *pgx.Conn) {
	ctx := context.Background()
	facts := &chainFacts{}
	if err := conn.QueryRow(ctx, `SELECT max(seq) FROM calltrail.entry`).Scan(&facts.last); err != nil {
		t.Fatal(err)
	}
	kinds := allMutations(ctx, t, conn)
	const seed = 20261122
	random := rand.New(rand.NewPCG(seed, 1))
	found := map[string]int{}
	made, wanted := 0, wantedMutations()
	for i := 0; made < wanted && i < 20*wanted; i++ {
		m := kinds[i%len(kinds)]
		if i >= len(kinds) && random.IntN(2) == 0 {
			m = kinds[0] // half of them are changes of one column
		}
		var seq int64
		r, err := e.tampered(conn, e.query(), "", func(tx pgx.Tx) (err error) {
			seq, err = m.do(ctx, tx, random, facts)
			return err
		})
		if pg, ok := errors.AsType[*pgconn.PgError](err); errors.Is(err, errNothing) || ok && class(pg) == "23" {
			continue // nothing was changed: a constraint, which the owner could drop, held it up
		}
		if err != nil {
			t.Fatalf("%s: %v", m.name, err)
		}
		made++
		found[m.name]++
		if missed := judge(r, seq); missed != "" {
			t.Errorf("mutation %d, %s: %s; faults %+v", i, m.name, missed, r.Faults)
		}
	}
	t.Logf("fault 19: %d random changes of %d kinds", made, len(found))
	t.Logf("%v", found)
	if n := len(found); n < len(kinds) || made < wanted {
		t.Errorf("only %d changes of %d kinds were made, of %d and %d", made, n, wanted, len(kinds))
	}
}

// judge says what is wrong with a report of a chain in which one number was falsified; empty: nothing.
func judge(r *evidence.Report, seq int64) string {
	if r.Good() {
		return "not found"
	}
	if seq == 0 {
		return ""
	}
	for _, c := range r.Chains {
		if f := c.FirstBad; f != nil && f.Seq <= uint64(seq) && uint64(seq) <= f.Last {
			return ""
		}
	}
	return fmt.Sprintf("number %d is not named", seq)
}

// deletedAt is when the tests' certificates say something was deleted.
var deletedAt = time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)

// tableColumn is a column of a table on the path, with its type.
type tableColumn struct{ table, name, typ string }

// pathTables are the tables the loader writes.
var pathTables = []string{"call_record", "registration", "message", "coverage", "record_body", "endpoint", "entry", "ledger", "quarantine", "tap"}

func readColumns(ctx context.Context, t *testing.T, conn *pgx.Conn) (list []tableColumn) {
	t.Helper()
	rows, err := conn.Query(ctx, `SELECT table_name::text, column_name::text, udt_name::text FROM information_schema.columns
		WHERE table_schema = 'calltrail' AND table_name = ANY($1) ORDER BY 1, ordinal_position`, pathTables)
	if err != nil {
		t.Fatal(err)
	}
	var c tableColumn
	if _, err = pgx.ForEachRow(rows, []any{&c.table, &c.name, &c.typ}, func() error {
		if !slices.Contains(unprovable, c.table+"."+c.name) {
			list = append(list, c)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// otherValue is SQL that makes another value of one: of every type a column has.
func (c tableColumn) otherValue() string {
	byType := map[string]string{
		"text": `coalesce(%[1]s || 'x', 'x')`, "bool": `NOT coalesce(%[1]s, false)`, "uuid": `gen_random_uuid()`,
		"int2": `coalesce(%[1]s, 0) + 1`, "int4": `coalesce(%[1]s, 0) + 1`, "int8": `coalesce(%[1]s, 0) + 1`, "float8": `coalesce(%[1]s, 0) + 0.5`,
		"date": `%[1]s + 1`, "timestamptz": `coalesce(%[1]s, now()) + interval '1 millisecond'`, "inet": `coalesce(%[1]s, '192.0.2.1') + 1`,
		"bytea": `set_byte(%[1]s, 0, 255 - get_byte(%[1]s, 0))`, "jsonb": `CASE WHEN %[1]s IS NULL THEN '[1]'::jsonb WHEN jsonb_typeof(%[1]s) = 'array' THEN %[1]s || '[7]' ELSE %[1]s || '{"zz": 7}' END`,
		"_text": `coalesce(%[1]s, '{}') || 'x'::text`, "_int4": `coalesce(%[1]s, '{}') || 7`, "int8multirange": `%[1]s - '{[5,6)}'::int8multirange`,
	}
	sql, ok := byType[c.typ]
	if !ok {
		return ""
	}
	return strings.ReplaceAll(sql, "%[1]s", pgx.Identifier{c.name}.Sanitize())
}

// pick chooses a row of a table: its place, and the number of the entry it belongs to (0: none).
func pick(ctx context.Context, tx pgx.Tx, random *rand.Rand, table string) (where string, seq int64, err error) {
	number := `coalesce((SELECT e.seq FROM calltrail.entry e WHERE e.record_id = t.record_id AND e.outcome = 'stored'), 0)`
	switch table {
	case "entry", "quarantine":
		number = `t.seq`
	case "ledger", "tap":
		number = `0::bigint`
	}
	if table == "entry" {
		number = `CASE WHEN t.outcome = 'duplicate' THEN -t.seq ELSE t.seq END`
	}
	var place string
	err = tx.QueryRow(ctx, `SELECT format('tableoid = %s AND ctid = %L', t.tableoid, t.ctid), `+number+` FROM calltrail.`+table+` t
		ORDER BY t.tableoid, t.ctid OFFSET $1 % greatest((SELECT count(*) FROM calltrail.`+table+`), 1) LIMIT 1`, random.IntN(1<<20)).Scan(&place, &seq)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNothing
	}
	return place, seq, err
}

// changed runs a statement that must change something.
func changed(ctx context.Context, tx pgx.Tx, sql string, args ...any) error {
	tag, err := tx.Exec(ctx, sql, args...)
	if err == nil && tag.RowsAffected() == 0 {
		err = errNothing
	}
	return err
}
