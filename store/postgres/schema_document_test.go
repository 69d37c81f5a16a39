package postgres

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

var update = flag.Bool("update", false, "write docs/sql-schema.md anew")

// TestSchemaDocument holds docs/sql-schema.md to the comments in the database; -update writes it.
func TestSchemaDocument(t *testing.T) {
	t.Parallel()
	const file = "../../docs/sql-schema.md"
	db := ask(t, migrated(t))
	got := document(t, db)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the database says: run make docs", file)
	}
}

func document(t *testing.T, db *asker) string {
	t.Helper()
	var s strings.Builder
	s.WriteString("# The SQL schema\n\n" +
		"Written by `make docs` from the comments in the database; change those (in migrations/) and not this file.\n\n" +
		"All objects are in the schema `calltrail`. NULL means \"not known\". Times are `timestamptz`, written and compared in UTC.\n" +
		"Ask `calls` for calls, `endpoint` for addresses and `coverage_minutes` for what was not seen; the other tables are what they are made of, and the proof that nothing is missing.\n\n")
	type object struct{ name, kind, comment, key string }
	objects := rows[object](t, db, `
		SELECT c.relname, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'p' THEN 'table, partitioned by day' ELSE 'table' END,
		       obj_description(c.oid, 'pg_class'), coalesce(pg_get_constraintdef(k.oid), '')
		  FROM pg_class c LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
		 WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND c.relname <> 'schema_version'
		 ORDER BY array_position(ARRAY['calls', 'call_record', 'endpoint', 'registration', 'message', 'coverage', 'tap', 'record_body', 'entry', 'ledger', 'gap', 'quarantine'], c.relname::text), 1`,
		func(o *object) []any { return []any{&o.name, &o.kind, &o.comment, &o.key} })
	type column struct{ name, kind, null, comment string }
	for _, o := range objects {
		fmt.Fprintf(&s, "## calltrail.%s\n\n%s (%s%s)\n\n", o.name, o.comment, o.kind, prefixed(", ", strings.ToLower(o.key)))
		if o.name == "calls" {
			continue // its columns are those of call_record
		}
		s.WriteString("| column | type | |\n|---|---|---|\n")
		for _, c := range rows[column](t, db, `
			SELECT a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN '' ELSE ', may be NULL' END, col_description(a.attrelid, a.attnum)
			  FROM pg_attribute a WHERE a.attrelid = ('calltrail.' || $1)::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
			func(c *column) []any { return []any{&c.name, &c.kind, &c.null, &c.comment} }, o.name) {
			if strings.HasPrefix(o.kind, "view") {
				c.null = ""
			}
			fmt.Fprintf(&s, "| `%s` | %s%s | %s |\n", c.name, c.kind, c.null, strings.ReplaceAll(c.comment, "|", "\\|"))
		}
		type index struct{ text string }
		list := rows[index](t, db, `
			SELECT regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX \S+ ON (ONLY )?\S+ USING ', '\1')
			  FROM pg_index i WHERE i.indrelid = ('calltrail.' || $1)::regclass AND NOT i.indisprimary ORDER BY 1`,
			func(i *index) []any { return []any{&i.text} }, o.name)
		if len(list) > 0 {
			s.WriteString("\nIndexes:\n\n")
			for _, i := range list {
				fmt.Fprintf(&s, "- `%s`\n", i.text)
			}
		}
		s.WriteString("\n")
	}
	s.WriteString("## Functions\n\n")
	type function struct{ name, comment string }
	for _, f := range rows[function](t, db, `
		SELECT p.proname || '(' || pg_get_function_arguments(p.oid) || ')', obj_description(p.oid, 'pg_proc')
		  FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace ORDER BY 1`,
		func(f *function) []any { return []any{&f.name, &f.comment} }) {
		fmt.Fprintf(&s, "- `calltrail.%s`: %s\n", f.name, f.comment)
	}
	return s.String()
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// rows reads a query's answer.
func rows[T any](t *testing.T, db *asker, query string, into func(*T) []any, args ...any) []T {
	t.Helper()
	answer, err := db.pool.Query(context.Background(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	var list []T
	var one T
	if _, err := pgx.ForEachRow(answer, into(&one), func() error { list = append(list, one); return nil }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}
