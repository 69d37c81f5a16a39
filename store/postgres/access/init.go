package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"calltrail/store"
	"calltrail/store/postgres"
)

// Options of Init.
type Options struct {
	// Host and Port are where this server finds itself for the audit's connection: a loopback address, or the folder of its socket.
	// Empty: tried in turn from what the server says it listens on.
	Host string
	Port int
}

// Report says what Init did, a line each, and what it could not do and why.
type Report struct {
	Done    []string
	Remarks []string
}

func (r *Report) done(format string, a ...any) { r.Done = append(r.Done, fmt.Sprintf(format, a...)) }

func (r *Report) remark(format string, a ...any) {
	r.Remarks = append(r.Remarks, fmt.Sprintf(format, a...))
}

// site is what must be known of a server and of who sets it up.
type site struct {
	Database, Owner, User   string
	Superuser, CreateRole   bool
	Version                 int  // server_version_num / 10000
	Dblink, DblinkAvailable bool // the extension: in the database, on the server
}

// Init makes the roles, the connection that writes the audit, and gives the rights. It may be repeated; each time the audit's login
// gets a new password. The schema must be this program's. The connection is a superuser's, or that of the schema's owner who may
// create roles, where a superuser has installed dblink; its error says in one line which is missing.
//
// Nobody ever sees the password of the audit's login: the server makes it up, keeps a verifier, and has it in the user mapping of
// the schema's owner, which only he and superusers can read.
func Init(ctx context.Context, conn *postgres.Conn, o Options) (Report, error) {
	var r Report
	s, err := look(ctx, conn)
	if err != nil {
		return r, err
	}
	if err := s.check(); err != nil {
		return r, err
	}
	if err := makeRoles(ctx, conn, &r); err != nil {
		return r, err
	}
	if err := makeExtension(ctx, conn, s, &r); err != nil {
		return r, err
	}
	if err := takeLocks(ctx, conn, s, &r); err != nil {
		return r, err
	}
	if err := makeChannel(ctx, conn, s, o, &r); err != nil {
		return r, err
	}
	if err := makePgaudit(ctx, conn, s, &r); err != nil {
		return r, err
	}
	if err := Apply(ctx, conn); err != nil {
		return r, err
	}
	r.done("rights: given as listed; everything else in the schema is taken from the roles and from PUBLIC")
	return r, nil
}

// look reads who runs this, and where.
func look(ctx context.Context, conn *postgres.Conn) (s site, err error) {
	err = conn.QueryRow(ctx, `
		SELECT current_database(), pg_get_userbyid(n.nspowner), current_user, r.rolsuper, r.rolcreaterole, current_setting('server_version_num')::int / 10000,
		       EXISTS (SELECT FROM pg_extension WHERE extname = 'dblink'), EXISTS (SELECT FROM pg_available_extensions WHERE name = 'dblink')
		  FROM pg_namespace n, pg_roles r WHERE n.nspname = 'calltrail' AND r.rolname = current_user`).
		Scan(&s.Database, &s.Owner, &s.User, &s.Superuser, &s.CreateRole, &s.Version, &s.Dblink, &s.DblinkAvailable)
	return s, postgres.Wrap("look at the database", err)
}

// refusal is an error that stays until somebody does what its hint says.
func refusal(what, hint string) error {
	return &store.Error{System: "postgres", Op: "set up access", Err: errors.New(what), Hint: hint, Lasting: true}
}

func (s *site) check() error {
	switch {
	case s.Superuser:
		return nil
	case s.User != s.Owner:
		return refusal(fmt.Sprintf("%s is neither a superuser nor %s, who owns the schema", s.User, s.Owner), "run it as one of them (postgres.dsn)")
	case !s.CreateRole:
		return refusal(s.User+" may not create roles", fmt.Sprintf("run it as a superuser, or let one do: ALTER ROLE %s CREATEROLE", ident(s.User)))
	}
	return nil
}

// makeRoles makes the group roles that are missing. Several databases of a server share them, and may be set up at once.
func makeRoles(ctx context.Context, conn *postgres.Conn, r *Report) error {
	made := 0
	for _, role := range Roles() {
		var there, harmless bool
		err := conn.QueryRow(ctx, `SELECT count(*) = 1, coalesce(bool_and(NOT (rolsuper OR rolcanlogin OR rolbypassrls OR rolcreaterole)), true) FROM pg_roles WHERE rolname = $1`, role).
			Scan(&there, &harmless)
		if err != nil {
			return postgres.Wrap("look for the role "+role, err)
		}
		if !harmless {
			return refusal("the role "+role+" is there and can do more than a group may", fmt.Sprintf("ALTER ROLE %s NOSUPERUSER NOLOGIN NOBYPASSRLS NOCREATEROLE", role))
		}
		if there {
			continue
		}
		_, err = conn.Exec(ctx, `DO $$ BEGIN CREATE ROLE `+role+` NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`)
		if err != nil {
			return postgres.Wrap("create the role "+role, err)
		}
		made++
	}
	r.done("roles: %s (%d made now)", strings.Join(Roles(), ", "), made)
	return nil
}

// makeExtension installs dblink where nobody but the owner reaches it.
func makeExtension(ctx context.Context, conn *postgres.Conn, s site, r *Report) error {
	if !s.Dblink && !s.DblinkAvailable {
		return refusal("the server does not have the extension dblink, over which the audit is written", fmt.Sprintf("install PostgreSQL's contrib package on it (postgresql-contrib, or postgresql-%d)", s.Version))
	}
	if !s.Superuser {
		if !s.Dblink {
			return refusal("the extension dblink is not in the database", fmt.Sprintf(
				"let a superuser run calltrail access init once, or do: CREATE EXTENSION dblink; GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO %s", ident(s.Owner)))
		}
		var usable bool
		if err := conn.QueryRow(ctx, `SELECT has_foreign_data_wrapper_privilege('dblink_fdw', 'USAGE')`).Scan(&usable); err != nil {
			return postgres.Wrap("look at the extension dblink", err)
		}
		if !usable {
			return refusal(s.User+" may not use dblink", "let a superuser do: GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO "+ident(s.Owner))
		}
		var open bool
		err := conn.QueryRow(ctx, `SELECT coalesce(bool_or(has_function_privilege('public', p.oid, 'EXECUTE')), false) FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
			  JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass WHERE e.extname = 'dblink'`).Scan(&open)
		if err != nil {
			return postgres.Wrap("look at the extension dblink", err)
		}
		if open {
			r.remark("dblink: everybody may call its functions and so connect elsewhere from this server; a superuser running calltrail access init takes that away")
		}
		return nil
	}
	if !s.Dblink {
		_, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS calltrail_channel; REVOKE ALL ON SCHEMA calltrail_channel FROM PUBLIC; CREATE EXTENSION dblink SCHEMA calltrail_channel`)
		if err != nil {
			return postgres.Wrap("install the extension dblink", err)
		}
	}
	// Its functions let a session connect anywhere: nobody but the owner may call them.
	_, err := conn.Exec(ctx, `DO $$
		DECLARE
		    owner text := (SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = 'calltrail');
		    home  text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'dblink');
		    f     regprocedure;
		BEGIN
		    EXECUTE 'GRANT USAGE ON SCHEMA ' || home || ' TO ' || owner;
		    FOR f IN SELECT p.oid FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
		               JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass WHERE e.extname = 'dblink' LOOP
		        EXECUTE 'REVOKE ALL ON FUNCTION ' || f || ' FROM PUBLIC';
		        IF f::text NOT LIKE '%dblink\_connect\_u(%' THEN
		            EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f || ' TO ' || owner;
		        END IF;
		    END LOOP;
		    EXECUTE 'GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO ' || owner;
		END $$`)
	if err != nil {
		return postgres.Wrap("take dblink from everybody", err)
	}
	r.done("dblink: only %s may call it", s.Owner)
	return nil
}

// takeLocks keeps the server's advisory locks of this database for the owner and the programs that store: anybody who could take one
// could hold the store up, silently, for as long as he likes. They are functions of the server, so only a superuser can.
func takeLocks(ctx context.Context, conn *postgres.Conn, s site, r *Report) error {
	var open bool
	if err := conn.QueryRow(ctx, `SELECT coalesce(bool_or(has_function_privilege('public', oid, 'EXECUTE')), false) FROM pg_proc WHERE `+locks).Scan(&open); err != nil {
		return postgres.Wrap("look at the advisory locks", err)
	}
	switch {
	case open && !s.Superuser:
		r.remark("advisory locks: everybody who may connect to this database can take the store's and hold it up; a superuser running calltrail access init takes that away")
		return nil
	case !s.Superuser:
		return nil
	}
	_, err := conn.Exec(ctx, `DO $$
		DECLARE
		    owner text := (SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = 'calltrail');
		    f     regprocedure;
		BEGIN
		    FOR f IN SELECT oid FROM pg_proc WHERE `+locks+` LOOP
		        EXECUTE 'REVOKE ALL ON FUNCTION ' || f || ' FROM PUBLIC';
		        EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f || ' TO ' || owner || ', `+Writer+`';
		    END LOOP;
		END $$`)
	if err != nil {
		return postgres.Wrap("take the advisory locks from everybody", err)
	}
	r.done("advisory locks: only %s and %s may take them", s.Owner, Writer)
	return nil
}

// locks finds the functions that take advisory locks; those that let go of one stay everybody's.
const locks = `pronamespace = 'pg_catalog'::regnamespace AND (proname LIKE 'pg\_advisory\_%' OR proname LIKE 'pg\_try\_advisory\_%') AND proname NOT LIKE '%unlock%'`
