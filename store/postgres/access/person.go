package access

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"calltrail/store"
	"calltrail/store/postgres"
)

// Person is a login of the server that is a member of group roles: a person, or a program that is a Writer.
type Person struct {
	Name  string   `json:"name"`
	Roles []string `json:"roles"` // group roles, directly or through another role
	Login bool     `json:"login"` // false: the name is kept and can no longer log in
}

// personName is what a person's name may be: names that need no quotes, so that what stands in the audit can be typed.
var personName = regexp.MustCompile(`^[a-z_][a-z0-9_.-]{0,62}$`)

// Add makes a login of a name, or takes one that is there, and makes it a member of roles. A password of "" sets none: then the
// server's pg_hba.conf must name another way to prove who it is, such as ldap. The connection's user must be allowed to create
// roles. A login that is beyond the rights (superuser, owner, and such, or a member of one) is refused. The audit has who did it before it
// is done, so the audit's connection must be set up.
func Add(ctx context.Context, conn *postgres.Conn, name string, roles []string, password string) error {
	if !personName.MatchString(name) || strings.HasPrefix(name, "pg_") || strings.HasPrefix(name, "calltrail_") {
		return fmt.Errorf("%.64q cannot be a login: 1 to 63 of a-z, 0-9, '_', '.', '-', beginning with a letter, and neither with pg_ nor calltrail_", name)
	}
	if len(roles) == 0 {
		return fmt.Errorf("no role is named for %s: %s", name, strings.Join(Roles(), ", "))
	}
	for _, r := range roles {
		if !slices.Contains(Roles(), r) {
			return fmt.Errorf("%.64q is no role: %s", r, strings.Join(Roles(), ", "))
		}
	}
	if slices.Contains(roles, Writer) && len(roles) > 1 {
		return fmt.Errorf("%s is for programs: who has it gets no other role", Writer)
	}
	secret := "NULL"
	if password != "" {
		verifier, err := scramVerifier(password)
		if err != nil {
			return err
		}
		secret = literal(verifier)
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var there bool
		var above string
		err := tx.QueryRow(ctx, `SELECT count(*) = 1, coalesce(string_agg(CASE WHEN rolsuper THEN 'a superuser' WHEN rolbypassrls THEN 'bound by no row security' WHEN rolcreaterole THEN 'allowed to create roles'
			  WHEN rolreplication THEN 'allowed to copy the server' WHEN rolname = pg_get_userbyid((SELECT nspowner FROM pg_namespace WHERE nspname = 'calltrail')) THEN 'the owner of the tables'
			  ELSE (SELECT 'a member of ' || min(g.rolname) FROM pg_roles g WHERE g.oid <> r.oid AND pg_has_role(r.oid, g.oid, 'MEMBER') AND `+mighty+`) END, ', '), '')
			  FROM pg_roles r WHERE rolname = $1`, name).Scan(&there, &above)
		if err != nil {
			return err
		}
		if above != "" {
			return refusal(name+" is "+above+", so that no right would bind it", "take another login for the person")
		}
		verb := "CREATE ROLE "
		if there {
			verb = "ALTER ROLE "
		}
		statements := []string{verb + ident(name) + " LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB"}
		if !there || password != "" {
			statements[0] += " PASSWORD " + secret
		}
		for _, r := range roles {
			statements = append(statements, "GRANT "+r+" TO "+ident(name))
		}
		var super bool
		if err := tx.QueryRow(ctx, `SELECT rolsuper FROM pg_roles WHERE rolname = current_user`).Scan(&super); err != nil {
			return err
		}
		if super && slices.Contains(roles, Writer) {
			// It can read nothing, and pgaudit would note each of its batches. A setting of a login goes before that of the database.
			statements = append(statements, "ALTER ROLE "+ident(name)+" SET pgaudit.role = ''")
		}
		if err := note(ctx, tx, "person_added", name, roles); err != nil {
			return err
		}
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	return mayNot("add "+name, err)
}

// mayNot wraps the error of a statement about roles: who may not make them is told who may.
func mayNot(op string, err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42501" {
		return &store.Error{
			System: "postgres", Op: op, Err: errors.New("this login may not make and change logins"),
			Hint: "run it as a superuser, or let one do: ALTER ROLE … CREATEROLE (docs/access.md, From nothing)", Lasting: true,
		}
	}
	return postgres.Wrap(op, err)
}

// mighty says of a role g that its members are bound by no right: directly, or by what they may become, read or listen to.
const mighty = `(g.rolsuper OR g.rolbypassrls OR g.rolcreaterole OR g.rolreplication OR g.oid = (SELECT nspowner FROM pg_namespace WHERE nspname = 'calltrail')
	OR g.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'))`

// note has the audit say what is done to a person, in a transaction of its own. Who does it is the user of the connection.
func note(ctx context.Context, on interface {
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}, action, name string, roles []string,
) error {
	_, err := on.Exec(ctx, `SELECT calltrail.audit_remote(jsonb_build_object('action', $1::text, 'detail', $2::text || ': ' || array_to_string($3::text[], ', '),
		'parameters', jsonb_build_object('person', $2::text, 'roles', $3::text[])))`, action, name, roles)
	return err
}

// Remove takes all group roles from a login and its right to log in. Its name stays, so that nobody else can be given it: it stands
// in the audit. Sessions of it that are open are ended where the connection's user may do that; ended says how many were. The audit has
// it afterwards: who must go goes, also when the audit cannot be written, and then the error says that.
func Remove(ctx context.Context, conn *postgres.Conn, name string) (ended int, err error) {
	list, err := List(ctx, conn)
	if err != nil {
		return 0, err
	}
	at := slices.IndexFunc(list, func(p Person) bool { return p.Name == name })
	if at < 0 {
		return 0, fmt.Errorf("%.64q has no role here: calltrail access person list shows who has", name)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, r := range Roles() {
			if _, err := tx.Exec(ctx, "REVOKE "+r+" FROM "+ident(name)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "ALTER ROLE "+ident(name)+" NOLOGIN")
		return err
	})
	if err != nil {
		return 0, mayNot("remove "+name, err)
	}
	err = conn.QueryRow(ctx, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
		 WHERE usename = $1 AND (SELECT rolsuper OR pg_has_role('pg_signal_backend', 'USAGE') FROM pg_roles WHERE rolname = current_user)`, name).Scan(&ended)
	return ended, errors.Join(postgres.Wrap("end the sessions of "+name, err),
		postgres.Wrap(name+" is removed; note it in the audit", note(ctx, conn, "person_removed", name, list[at].Roles)))
}

// List lists who has group roles, by name, at most 10,000.
func List(ctx context.Context, conn *postgres.Conn) ([]Person, error) {
	rows, err := conn.Query(ctx, `
		SELECT p.rolname::text, array_agg(g.rolname::text ORDER BY array_position($1, g.rolname::text)), p.rolcanlogin
		  FROM pg_roles g JOIN pg_roles p ON p.oid <> g.oid AND NOT p.rolsuper AND pg_has_role(p.oid, g.oid, 'MEMBER')
		 WHERE g.rolname = ANY ($1) AND p.rolname <> ALL ($1)
		 GROUP BY p.rolname, p.rolcanlogin ORDER BY 1 LIMIT 10000`, Roles())
	if err != nil {
		return nil, postgres.Wrap("list who has roles", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Person, err error) {
		return p, row.Scan(&p.Name, &p.Roles, &p.Login)
	})
	return list, postgres.Wrap("list who has roles", err)
}
