package access

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var update = flag.Bool("update", false, "write testdata/matrix.txt; a person reads the difference")

const matrixFile = "testdata/matrix.txt"

const matrixHead = `# What each role may do with each object of the schema, as the server itself says and as attempts showed: TestPrivilegeMatrix.
# An object that is not here, or that somebody may do something else with, fails the test. go test ./store/postgres/access -run
# TestPrivilegeMatrix -update writes the file; a person reads the difference.
#
# r select, a insert, w update, d delete, D truncate, x references, t trigger; X execute, U usage. In brackets the only columns.
# "row security" of a table: whoever is not named in a policy sees and adds no row, even with a grant. Partitions are one line for
# all of a table, and have no policy: what may be done with their rows is done through the table.

object: sensor_writer | analyst | approver | auditor | retention | the audit's login | anybody else

`

// The matrix: every role and every object, read from the catalogue, so that a new object without a decision fails. What the server
// says of rights is tried for each one.
func TestPrivilegeMatrix(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.setUp()
	d.exec(`SET search_path = pg_catalog`) // the owner may be named as the schema is, and objects are shown with their schema
	d.exec(`SELECT calltrail.ensure_partitions('2026-05-18', '2026-06-07')`)
	// Another login of the server, which is member of nothing: what PUBLIC may do.
	roles := append(Roles(), login(t.Context(), d.conn), d.stranger())
	matrix, wrong := d.matrix(roles)
	for _, w := range wrong {
		t.Error(w)
	}
	if *update {
		if err := os.WriteFile(matrixFile, []byte(matrix), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range differences(t, matrix) {
		t.Error(line)
	}
	t.Logf("fault 21: %d objects, %d roles", strings.Count(matrix, "\n")-strings.Count(matrixHead, "\n"), len(roles))

	// The control: each of these must be seen.
	t.Run("is noticed", func(t *testing.T) {
		changes := map[string]string{
			`GRANT SELECT (body) ON calltrail.record_body TO ` + Auditor:                                                                                         "not decided: table record_body: a | - | - | r(body) |",
			`GRANT SELECT ON calltrail.endpoint_20260525 TO ` + Analyst:                                                                                          "partition endpoint_20260525 differs from the others of its table",
			`ALTER TABLE calltrail.call_record DISABLE ROW LEVEL SECURITY`:                                                                                       "not decided: table call_record: ar(day, record_id) | - | - | - | - | - | - | open",
			`CREATE TABLE calltrail.forgotten (n integer)`:                                                                                                       "not decided: table forgotten: - | - | - | - | - | - | - | open",
			`CREATE POLICY by_hand ON calltrail.message TO ` + Analyst + ` USING (true)`:                                                                         "row security: analyst, sensor_writer",
			`CREATE FUNCTION calltrail.forgotten(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION calltrail.forgotten TO PUBLIC`: "not decided: function forgotten(integer): X | X | X | X | X | X | X",
		}
		for statement := range changes {
			d.exec(statement)
		}
		matrix, wrong := d.matrix(roles)
		got := strings.Join(append(wrong, differences(t, matrix)...), "\n")
		for statement, want := range changes {
			if !strings.Contains(got, want) {
				t.Errorf("%s was not noticed:\n%s", statement, got)
			}
		}
	})
}

// matrix is what the file has to be, and what contradicts itself.
func (d *database) matrix(roles []string) (text string, wrong []string) {
	d.Helper()
	lines := map[string]string{}
	var order []string
	for _, o := range d.objects() {
		var cells []string
		for _, role := range roles {
			said := d.said(role, o)
			if tried := d.tried(role, o); tried != "" && tried != said {
				wrong = append(wrong, fmt.Sprintf("%s, %s: the server says %q, an attempt gives %q", o.name, role, said, tried))
			}
			if said += d.columns(role, o); said == "" {
				said = "-"
			}
			cells = append(cells, said)
		}
		line := strings.Join(cells, " | ") + o.security
		if before, ok := lines[o.kind+" "+o.title]; ok {
			if before != line {
				wrong = append(wrong, fmt.Sprintf("partition %s differs from the others of its table: %s, not %s", strings.TrimPrefix(o.name, "calltrail."), line, before))
			}
			continue
		}
		lines[o.kind+" "+o.title] = line
		order = append(order, o.kind+" "+o.title)
	}
	var b strings.Builder
	b.WriteString(matrixHead)
	for _, o := range order {
		_, _ = fmt.Fprintf(&b, "%s: %s\n", o, lines[o]) // a Builder never fails
	}
	return b.String(), wrong
}

// differences are the lines that a matrix has and the file has not, and the other way round.
func differences(t *testing.T, matrix string) (list []string) {
	t.Helper()
	golden, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	was := strings.Split(string(golden), "\n")
	for line := range strings.SplitSeq(matrix, "\n") {
		if i := slices.Index(was, line); i >= 0 {
			was = slices.Delete(was, i, i+1)
			continue
		}
		list = append(list, "not decided: "+line)
	}
	for _, line := range was {
		list = append(list, "decided, and not so: "+line)
	}
	return list
}

// stranger is a login without any role.
func (d *database) stranger() string {
	d.Helper()
	name := d.person(Auditor)
	d.exec("REVOKE " + Auditor + " FROM " + name)
	return name
}

// object is a table, partition, view, sequence, function, schema or foreign server.
type object struct {
	kind, title string // title: the name; of a partition without its day
	name        string // for statements
	security    string // row security, as the matrix shows it
	call        string // of a function: its call with unknown arguments; empty: it cannot be called
	column      string // of a table: one that an UPDATE may name
}

var partitionDay = regexp.MustCompile(`_\d{8}$`)

func (d *database) objects() []object {
	d.Helper()
	rows, err := d.conn.Query(d.Context(), `
		SELECT CASE WHEN c.relispartition THEN 'partition' WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'S' THEN 'sequence' ELSE 'table' END, c.relname::text, c.oid::regclass::text,
		       CASE WHEN c.relkind NOT IN ('r', 'p') THEN '' WHEN c.relrowsecurity THEN ' | row security' || coalesce((
		            SELECT ': ' || string_agg(DISTINCT regexp_replace(r.rolname, '^calltrail_', ''), ', ') FROM pg_policy p JOIN pg_roles r ON r.oid = ANY (p.polroles) WHERE p.polrelid = c.oid), '')
		            ELSE ' | open' END, '', coalesce((SELECT quote_ident(attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum LIMIT 1), '')
		  FROM pg_class c WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
		UNION ALL
		SELECT 'function', replace(p.oid::regprocedure::text, 'calltrail.', ''), p.oid::regprocedure::text, CASE WHEN p.prosecdef THEN ' | as owner' ELSE '' END,
		       CASE WHEN p.prorettype = 'trigger'::regtype THEN '' ELSE format('SELECT %s(%s) FROM (SELECT %s OFFSET 0) AS v', 'calltrail.' || quote_ident(p.proname),
		            (SELECT string_agg('v.p' || n, ', ') FROM generate_series(1, p.pronargs) n),
		            coalesce((SELECT string_agg('NULL::' || CASE format_type(ty, NULL) WHEN 'anyelement' THEN 'text' WHEN 'anyarray' THEN 'text[]' ELSE format_type(ty, NULL) END || ' AS p' || n, ', ')
		                        FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u (ty, n)), '1')) END, ''
		  FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace
		UNION ALL SELECT 'schema', nspname::text, nspname::text, '', '', '' FROM pg_namespace WHERE nspname IN ('calltrail', 'calltrail_channel')
		UNION ALL SELECT 'foreign server', srvname::text, srvname::text, '', '', '' FROM pg_foreign_server
		UNION ALL SELECT 'function of dblink', replace(p.oid::regprocedure::text, 'calltrail_channel.', ''), p.oid::regprocedure::text, '', '', ''
		  FROM pg_proc p JOIN pg_depend x ON x.objid = p.oid AND x.classid = 'pg_proc'::regclass JOIN pg_extension e ON e.oid = x.refobjid AND x.refclassid = 'pg_extension'::regclass WHERE e.extname = 'dblink'
		 ORDER BY 1 DESC, 2`)
	if err != nil {
		d.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o object, err error) {
		err = row.Scan(&o.kind, &o.title, &o.name, &o.security, &o.call, &o.column)
		if o.kind == "partition" {
			o.title = partitionDay.ReplaceAllString(o.title, "_*")
		}
		return o, err
	})
	if err != nil {
		d.Fatal(err)
	}
	return list
}

// said is what the server says that a role may do.
func (d *database) said(role string, o object) string {
	d.Helper()
	query := ""
	switch {
	case strings.HasPrefix(o.kind, "function"):
		query = `SELECT CASE WHEN has_function_privilege($1::text, $2::text, 'EXECUTE') THEN 'X' ELSE '' END`
	case o.kind == "schema":
		query = `SELECT CASE WHEN has_schema_privilege($1::text, $2::text, 'USAGE') THEN 'U' ELSE '' END || CASE WHEN has_schema_privilege($1::text, $2::text, 'CREATE') THEN 'C' ELSE '' END`
	case o.kind == "foreign server":
		query = `SELECT CASE WHEN has_server_privilege($1::text, $2::text, 'USAGE') THEN 'U' ELSE '' END`
	case o.kind == "sequence":
		query = `SELECT concat(CASE WHEN has_sequence_privilege($1::text, $2::text, 'SELECT') THEN 'r' END, CASE WHEN has_sequence_privilege($1::text, $2::text, 'UPDATE') THEN 'w' END, CASE WHEN has_sequence_privilege($1::text, $2::text, 'USAGE') THEN 'U' END)`
	default:
		query = `SELECT string_agg(CASE WHEN has_table_privilege($1::text, $2::text, p) THEN l ELSE '' END, '' ORDER BY n)
			FROM (VALUES (1, 'SELECT', 'r'), (2, 'INSERT', 'a'), (3, 'UPDATE', 'w'), (4, 'DELETE', 'd'), (5, 'TRUNCATE', 'D'), (6, 'REFERENCES', 'x'), (7, 'TRIGGER', 't')) AS v (n, p, l)`
	}
	return strings.Join(d.rows(d.conn, query, role, o.name), "")
}

// columns are the ones that a role may do something with that it may not do with all.
func (d *database) columns(role string, o object) string {
	d.Helper()
	if o.kind != "table" && o.kind != "partition" && o.kind != "view" {
		return ""
	}
	return strings.Join(d.rows(d.conn, `
		SELECT l || '(' || string_agg(a.attname, ', ' ORDER BY a.attnum) || ')'
		  FROM pg_attribute a, (VALUES (1, 'SELECT', 'r'), (2, 'INSERT', 'a'), (3, 'UPDATE', 'w'), (4, 'REFERENCES', 'x')) AS v (n, p, l)
		 WHERE a.attrelid = $2::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
		   AND NOT has_table_privilege($1::text, a.attrelid, v.p) AND has_column_privilege($1::text, a.attrelid, a.attnum, v.p)
		 GROUP BY n, l ORDER BY n`, role, o.name), "")
}

// tried is what a role was let do, of what can be tried without doing it: statements are planned and begun (EXPLAIN checks rights
// as the statement itself would), functions called with nothing. Empty: nothing could be tried, or nothing was let.
func (d *database) tried(role string, o object) (allowed string) {
	d.Helper()
	try := func(letter, statement string) {
		err := d.attempt(role, statement)
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "42501" || !strings.HasPrefix(pg.Message, "permission denied for") {
			allowed += letter
		}
	}
	switch o.kind {
	case "table", "partition", "view":
		try("r", "EXPLAIN SELECT * FROM "+o.name)
		if o.kind == "view" {
			// Writing through a view is refused for what the view is before rights are looked at.
			return allowed
		}
		try("a", "EXPLAIN INSERT INTO "+o.name+" DEFAULT VALUES")
		try("w", "EXPLAIN UPDATE "+o.name+" SET "+o.column+" = NULL")
		try("d", "EXPLAIN DELETE FROM "+o.name)
		try("D", "TRUNCATE "+o.name)
	case "sequence":
		try("r", "SELECT last_value FROM "+o.name)
	case "function":
		if o.call != "" {
			try("X", "EXPLAIN "+o.call)
		}
	}
	return allowed
}

// attempt runs a statement as a role and takes it back.
func (d *database) attempt(role, statement string) error {
	d.Helper()
	tx, err := d.conn.Begin(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = tx.Rollback(d.Context()) }()
	if _, err := tx.Exec(d.Context(), "SET LOCAL ROLE "+ident(role)); err != nil {
		d.Fatal(err)
	}
	_, err = tx.Exec(d.Context(), statement)
	return err
}
