package access

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store/postgres"
)

// State is how the access to a database is set up.
type State struct {
	Database string   `json:"database"`
	Owner    string   `json:"owner"`         // of the tables: bound by no right and no row security
	Missing  []string `json:"missing_roles"` // group roles that are not there; with one of them nobody can be given a right
	// Differ is how many rights are not as listed: given by hand, or missing. `calltrail migrate up` puts them right.
	Differ int64 `json:"rights_differ"`
	// Unprotected tables and views of the schema that a mistaken grant would open.
	Unprotected []string `json:"unprotected"`
	// Channel is empty when the audit can be written, or says why not.
	Channel string `json:"audit_channel"`
	// Pgaudit is empty when the server's log notes reads of tables, or says why not.
	Pgaudit string `json:"pgaudit"`
	// Logins is empty when the server's log says who logged in, from where, and when he left, or says what is missing.
	Logins           string   `json:"logins"`
	EmergencyOfficer string   `json:"emergency_officer"` // empty: nobody
	Above            []string `json:"above"`             // logins that no right binds: superusers, and who may become the owner or another, read all data or go past row security
	// Watching are logins that see the statements of others while they run, and with them what is asked: pg_monitor and the like.
	Watching []string `json:"watching"`
	// Unlisted are persons whose roles the audit does not know: given or taken past `calltrail access person`.
	Unlisted []string `json:"unlisted"`
}

// Look reads the State. It changes nothing; the connection is that of the owner or a superuser.
func Look(ctx context.Context, conn *postgres.Conn) (s State, err error) {
	err = conn.QueryRow(ctx, `
		SELECT current_database(), pg_get_userbyid(n.nspowner),
		       ARRAY(SELECT r FROM unnest($1::text[]) r WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r)),
		       ARRAY(SELECT c.relname::text FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
		              WHERE c.relnamespace = n.oid AND (c.relkind IN ('r', 'p') AND p.relrowsecurity AND NOT c.relrowsecurity
		                 OR c.relkind = 'v' AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)) ORDER BY 1 LIMIT 20),
		       coalesce((SELECT emergency_officer FROM calltrail.setting), ''),
		       ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolcanlogin AND r.oid <> n.nspowner AND EXISTS (SELECT FROM pg_roles g WHERE pg_has_role(r.oid, g.oid, 'MEMBER') AND `+mighty+`)
		              ORDER BY 1 LIMIT 100),
		       ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, 'pg_read_all_stats', 'MEMBER') ORDER BY 1 LIMIT 100)
		  FROM pg_namespace n WHERE n.nspname = 'calltrail'`, Roles()).
		Scan(&s.Database, &s.Owner, &s.Missing, &s.Unprotected, &s.EmergencyOfficer, &s.Above, &s.Watching)
	if err != nil {
		return s, postgres.Wrap("look at the access", err)
	}
	if s.Logins, err = logins(ctx, conn); err != nil {
		return s, err
	}
	if s.Unlisted, err = unlisted(ctx, conn); err != nil {
		return s, err
	}
	noted, state, err := pgauditState(ctx, conn)
	if err != nil {
		return s, err
	}
	if s.Pgaudit = state; !noted && state == "" {
		s.Pgaudit = "it is loaded and not set up for this database: a superuser runs calltrail access init"
	}
	var where string
	if err := conn.QueryRow(ctx, `SELECT calltrail.channel('SELECT current_database()')`).Scan(&where); err != nil {
		pg, ok := errors.AsType[*pgconn.PgError](err)
		if !ok {
			return s, postgres.Wrap("try the audit's connection", err)
		}
		s.Channel = pg.Message
	} else if where != s.Database {
		s.Channel = "it goes to the database " + where + ", of which this is a copy: run calltrail access init"
	}
	if len(s.Missing) == 0 {
		s.Differ, err = differ(ctx, conn)
	}
	return s, err
}

// logins says which settings of the server are missing for its log to prove who was logged in when: without them an audit row names a
// login, and nothing says from where it came. The lines of a connection name login, database and host themselves; the prefix has to
// say when, and of which session.
func logins(ctx context.Context, conn *postgres.Conn) (missing string, err error) {
	err = conn.QueryRow(ctx, `SELECT coalesce(string_agg(x.want, ', ' ORDER BY x.place), '')
		  FROM (VALUES (1, 'log_connections = on', current_setting('log_connections') = 'off'), (2, 'log_disconnections = on', current_setting('log_disconnections') = 'off'),
		               (3, 'log_line_prefix with %m and %p (time and session)', current_setting('log_destination') !~ 'csvlog|jsonlog'
		                   AND NOT (current_setting('log_line_prefix') ~ '%-?[0-9]*[mtn]' AND current_setting('log_line_prefix') ~ '%-?[0-9]*[pc]'))) AS x (place, want, missing)
		 WHERE x.missing`).Scan(&missing)
	return missing, postgres.Wrap("look at what the server logs of logins", err)
}

// unlisted compares who has roles with what the audit says was given and taken last. Removing ends all roles, adding adds to those there.
func unlisted(ctx context.Context, conn *postgres.Conn) (names []string, err error) {
	list, err := List(ctx, conn)
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, `SELECT a.parameters ->> 'person', array_agg(DISTINCT r.role) FROM calltrail.audit a, jsonb_array_elements_text(a.parameters -> 'roles') AS r(role)
		 WHERE a.action = 'person_added' AND a.audit_id > coalesce((SELECT max(b.audit_id) FROM calltrail.audit b
		       WHERE b.action = 'person_removed' AND b.parameters ->> 'person' = a.parameters ->> 'person'), 0)
		 GROUP BY 1 LIMIT 10000`)
	if err != nil {
		return nil, postgres.Wrap("compare persons with the audit", err)
	}
	given := map[string][]string{}
	var name string
	var roles []string
	_, err = pgx.ForEachRow(rows, []any{&name, &roles}, func() error {
		given[name], roles = roles, nil
		return nil
	})
	for _, p := range list {
		slices.Sort(p.Roles)
		slices.Sort(given[p.Name])
		if !slices.Equal(p.Roles, given[p.Name]) {
			names = append(names, p.Name)
		}
	}
	return names, postgres.Wrap("compare persons with the audit", err)
}

// held is every right in the schema. Where nobody has given or taken any the server keeps none, and the owner has his own.
const held = `
	SELECT 'r' || c.oid || ':0' AS object, a.grantee, a.privilege_type FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
	 WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
	UNION SELECT 'r' || c.oid || ':' || t.attnum, a.grantee, a.privilege_type FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
	 WHERE c.relnamespace = 'calltrail'::regnamespace
	UNION SELECT 'f' || p.oid, a.grantee, a.privilege_type FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
	 WHERE p.pronamespace = 'calltrail'::regnamespace
	UNION SELECT 'n' || n.oid, a.grantee, a.privilege_type FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a WHERE n.nspname = 'calltrail'`

// differ counts the rights, and tables without row security, that giving the rights anew would change, in a transaction that is taken back.
func differ(ctx context.Context, conn *postgres.Conn) (n int64, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, postgres.Wrap("compare the rights", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it was only to compare
	const before = `CREATE TEMPORARY TABLE calltrail_rights_before ON COMMIT DROP AS `
	var unprotected int64
	err = tx.QueryRow(ctx, `SELECT calltrail.protect()`).Scan(&unprotected)
	if err == nil {
		_, err = tx.Exec(ctx, before+held)
	}
	if err == nil {
		if err = apply(ctx, tx); err == nil {
			err = tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT * FROM calltrail_rights_before) b FULL JOIN (`+held+`) a USING (object, grantee, privilege_type)
				WHERE a IS NULL OR b IS NULL`).Scan(&n)
		}
	}
	return n + unprotected, postgres.Wrap("compare the rights", err)
}

// apply gives the rights in a transaction.
func apply(ctx context.Context, tx pgx.Tx) error {
	for _, step := range []string{
		// One at a time, and not while partitions are made: both change the same rows of the catalogue.
		`SELECT pg_advisory_xact_lock(hashtextextended('calltrail.ensure_partitions', 0))`,
		`SELECT calltrail.protect()`,
		revokeSQL, grantsSQL, policiesSQL, pgauditSQL,
	} {
		if _, err := tx.Exec(ctx, step); err != nil {
			return err
		}
	}
	return nil
}
