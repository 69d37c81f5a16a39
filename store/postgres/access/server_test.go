package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calltrail/store/postgres/pgtest"
	"calltrail/store/tlstest"
)

// own is a server of this test's, whose pg_hba.conf and libraries are as a site's might be: each database has its own lines.
type own struct {
	*testing.T
	server *pgtest.Server
	folder string
	ldap   *directory
	// protected is how a person's program connects: the server proves itself by a certificate of the test's authority.
	protected   string
	authorities map[string]string // files that the server's account can read
}

// auditLogin is what calltrail.audit_login says in a database of that name.
func auditLogin(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "calltrail_audit_" + hex.EncodeToString(sum[:6])
}

func newOwn(t *testing.T) *own {
	t.Helper()
	folder, err := os.MkdirTemp("", "calltrail-access-") // not TempDir: the server's account could not enter it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	ca, stranger := tlstest.New(t, "operator"), tlstest.New(t, "stranger")
	ca.Issue("server", "127.0.0.1", time.Now().Add(24*time.Hour))
	s := &own{T: t, folder: folder, ldap: newDirectory(t, ca), protected: "sslmode=verify-full&sslrootcert=" + ca.Path("ca.pem")}
	tls := s.ldap.method("127.0.0.1", "ldaptls=1 ")
	s.server = pgtest.New(t, pgtest.Options{Folder: folder, HBA: strings.Join([]string{
		"host  trusting  " + auditLogin("trusting") + "  127.0.0.1/32  trust",
		"host  trusted   " + auditLogin("trusted") + "  127.0.0.1/32  trust",
		"host  refusing  " + auditLogin("refusing") + "  127.0.0.1/32  reject",
		"hostssl  answers,spoken  +calltrail_analyst   127.0.0.1/32  " + tls,
		"hostssl  answers         +calltrail_approver  127.0.0.1/32  " + tls,
		"hostssl  unprotected     meera  127.0.0.1/32  " + s.ldap.method("127.0.0.1", ""),
		"hostssl  misnamed        meera  127.0.0.1/32  " + s.ldap.method("localhost", "ldaptls=1 "),
		"host     all             all    127.0.0.1/32  scram-sha-256", "",
	}, "\n")})
	s.server.Set("ssl", "on")
	s.server.Set("ssl_cert_file", s.server.Take(ca.Path("server.crt")))
	s.server.Set("ssl_key_file", s.server.Take(ca.Path("server.key")))
	s.authorities = map[string]string{"ca.pem": s.server.Take(ca.Path("ca.pem"))}
	s.authorities["stranger.pem"] = s.server.Take(stranger.Write("stranger.pem", s.read(stranger.Path("ca.pem"))))
	s.trusts(t, "ca.pem")
	s.server.Set("shared_preload_libraries", "pgaudit")
	s.server.Start()
	s.asked(t, "postgres", "CREATE DATABASE migrated")
	if err := migrate(s.dsn("migrated", "")); err != nil {
		t.Fatal(err)
	}
	return s
}

// database makes one of a name with the schema, owned by the server's superuser.
func (s *own) database(t *testing.T, name string) *database {
	t.Helper()
	s.asked(t, "postgres", "CREATE DATABASE "+name+" TEMPLATE migrated")
	return s.superuser(t, name)
}

// seeming makes one whose schema belongs to another login, but nothing in it; the login's connection.
func (s *own) seeming(t *testing.T, name, owner, rights string) *database {
	t.Helper()
	s.asked(t, "postgres", "CREATE DATABASE "+name+" TEMPLATE migrated")
	s.asked(t, name, fmt.Sprintf("CREATE ROLE %s LOGIN %s PASSWORD '%s'", owner, rights, password),
		"ALTER SCHEMA calltrail OWNER TO "+owner, "GRANT SELECT ON calltrail.schema_version TO "+owner)
	return s.on(t, name, owner)
}

// owned makes one with an owner of its own, who makes the schema.
func (s *own) owned(t *testing.T, name, owner string) *database {
	t.Helper()
	s.asked(t, "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN CREATEROLE PASSWORD '%s'", owner, password), "CREATE DATABASE "+name+" OWNER "+owner)
	if err := migrate(s.dsn(name, owner)); err != nil {
		t.Fatal(err)
	}
	return s.on(t, name, owner)
}

// dsn names a database, for a login of the test or, with "", the superuser.
func (s *own) dsn(name, who string) string {
	u, err := url.Parse(s.server.DSN("sslmode=disable"))
	if err != nil {
		s.Fatal("the DSN is no URL")
	}
	u.Path = "/" + name
	if who != "" {
		u.User = url.UserPassword(who, password)
	}
	return u.String()
}

func (s *own) on(t *testing.T, name, who string) *database {
	t.Helper()
	d := onDatabase(t, s.dsn(name, who))
	d.own = true
	return d
}

// asked runs statements as the superuser.
func (s *own) asked(t *testing.T, name string, statements ...string) {
	t.Helper()
	conn, err := connect(s.dsn(name, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// superuser connects to a database as the server's.
func (s *own) superuser(t *testing.T, name string) *database {
	t.Helper()
	return s.on(t, name, "")
}

// trusts says by whose certificates the server's LDAP library knows a directory: each new connection reads it anew. A site has it
// in /etc/ldap/ldap.conf; the file of an account's home goes over that.
func (s *own) trusts(t *testing.T, authority string) {
	t.Helper()
	text := "TLS_CACERT " + s.authorities[authority] + "\nTLS_REQCERT demand\n"
	if err := os.WriteFile(filepath.Join(s.folder, ".ldaprc"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// said is the server's log.
func (s *own) said() string { return string(s.read(filepath.Join(s.folder, "log"))) }

func (s *own) read(name string) []byte {
	s.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		s.Fatal(err)
	}
	return text
}

// Set-ups as sites have them, right and wrong, on a server of the test's own. They take turns: roles belong to the server.
func TestOwnServer(t *testing.T) {
	t.Parallel()
	s := newOwn(t)
	refused := func(t *testing.T, d *database, want string) {
		t.Helper()
		r, err := Init(t.Context(), d.conn, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v\n got %v\nwant %s, on one line", r, err, want)
		}
	}
	t.Run("an owner who may not create roles", func(t *testing.T) {
		d := s.seeming(t, "plain", "plain_owner", "")
		refused(t, d, `plain_owner may not create roles: run it as a superuser, or let one do: ALTER ROLE "plain_owner" CREATEROLE`)
	})
	t.Run("dblink is not in the database", func(t *testing.T) {
		d := s.seeming(t, "without", "without_owner", "CREATEROLE")
		refused(t, d, `the extension dblink is not in the database: let a superuser run calltrail access init once, or do: CREATE EXTENSION dblink; GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO "without_owner"`)
		if err := makeExtension(t.Context(), d.conn, site{Superuser: true, Version: 15}, new(Report)); err == nil ||
			!strings.Contains(err.Error(), "the server does not have the extension dblink, over which the audit is written: install PostgreSQL's contrib package on it (postgresql-contrib, or postgresql-15)") {
			t.Errorf("a server without it: %v", err)
		}
	})
	t.Run("somebody else", func(t *testing.T) {
		d := s.seeming(t, "another", "another_owner", "")
		s.asked(t, "another", `GRANT USAGE ON SCHEMA calltrail TO plain_owner`, `GRANT SELECT ON calltrail.schema_version TO plain_owner`)
		d.conn = d.as(d.dsn("plain_owner"))
		refused(t, d, "plain_owner is neither a superuser nor another_owner, who owns the schema: run it as one of them (postgres.dsn)")
	})
	t.Run("the audit's login is trusted", func(t *testing.T) {
		refused(t, s.database(t, "trusting"), "the server lets "+auditLogin("trusting")+" in over 127.0.0.1:")
		d := s.owned(t, "trusted", "trusted_owner")
		s.asked(t, "trusted", `CREATE EXTENSION dblink; GRANT USAGE ON FOREIGN DATA WRAPPER dblink_fdw TO trusted_owner`)
		refused(t, d, "without its password (trust, or another method that asks for none), so that anybody could write the audit: put before the other lines of pg_hba.conf, and reload: host trusted "+
			auditLogin("trusted")+" 127.0.0.1/32 scram-sha-256")
	})
	t.Run("the audit's login is rejected", func(t *testing.T) {
		refused(t, s.database(t, "refusing"), "the server cannot connect to itself as "+auditLogin("refusing")+" over 127.0.0.1:")
	})
	t.Run("an owner who is no superuser", func(t *testing.T) { s.owner(t) })
	t.Run("persons of a directory", func(t *testing.T) { s.persons(t) })
	t.Run("a directory over TLS or not at all", func(t *testing.T) { s.directoryProtected(t) })
	t.Run("pgaudit", func(t *testing.T) { s.pgaudit(t) })
	if log := s.said(); strings.Contains(log, password) {
		t.Error("the server's log has a password")
	}
}

// owner sets up a database whose owner is no superuser, first by the superuser and then by himself, and has the audit written.
func (s *own) owner(t *testing.T) {
	d := s.owned(t, "modest", "modest_owner")
	if _, err := d.conn.Exec(t.Context(), `SELECT calltrail.channel('SELECT 1')`); err == nil || !strings.Contains(err.Error(), "its connection is not set up") {
		t.Errorf("before it is set up: %v", err)
	}
	for _, by := range []*database{s.superuser(t, "modest"), d} {
		r, err := Init(t.Context(), by.conn, Options{})
		if err != nil {
			t.Fatalf("as %s: %v", by.conn.Config().User, err)
		}
		d.want(`SELECT calltrail.channel('SELECT current_user || '' '' || current_setting(''synchronous_commit'')')`, auditLogin("modest")+" on")
		t.Log(strings.Join(append(r.Done, r.Remarks...), "\n"))
	}
	// What it writes stands whatever becomes of who had it written.
	d.exec(`CREATE TABLE calltrail.note (n integer)`)
	d.exec(`GRANT SELECT, INSERT ON calltrail.note TO ` + auditLogin("modest"))
	tx, err := d.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT calltrail.channel('INSERT INTO calltrail.note VALUES (1) RETURNING n::text')`); err != nil {
		t.Error(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.want(`SELECT count(*)::text FROM calltrail.note`, "1")
	// A statement that fails leaves no connection behind.
	if _, err := d.conn.Exec(t.Context(), `SELECT calltrail.channel('SELECT 1/0')`); err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Errorf("a statement that fails: %v", err)
	}
	d.want(`SELECT coalesce(array_to_string(calltrail_channel.dblink_get_connections(), ','), 'none')`, "none")

	// The login can do nothing else, and nobody else can use its way.
	d.want(`SELECT coalesce(string_agg(p.oid::regprocedure::text, ' '), '') FROM pg_proc p WHERE p.pronamespace = 'calltrail'::regnamespace AND has_function_privilege($1::text, p.oid, 'EXECUTE')`,
		"calltrail.audit_append(text,text)", auditLogin("modest"))
	d.want(`SELECT coalesce(string_agg(c.relname, ' '), '') FROM pg_class c WHERE c.relnamespace = 'calltrail'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND relname <> 'note'
		AND has_table_privilege($1::text, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')`, "", auditLogin("modest"))
	analyst := d.as(d.dsn(d.person(Analyst)))
	for statement, want := range map[string]string{
		`SELECT calltrail.channel('SELECT 1')`: "permission denied for function channel",
		`SELECT calltrail_channel.dblink_connect('calltrail_audit', 'host=192.0.2.1 user=x password=y')`: "permission denied for schema calltrail_channel",
	} {
		if _, err := analyst.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", statement, err, want)
		}
	}
	if got := d.rows(analyst, `SELECT coalesce(string_agg(umoptions::text, ' '), 'nothing') FROM pg_user_mappings`); got[0] != "nothing" {
		t.Error("an analyst sees the audit's password")
	}
	d.exec(`DROP TABLE calltrail.note`)
}

// pgaudit: the server's log notes who reads tables past the program, whoever it is, and not what the store does.
func (s *own) pgaudit(t *testing.T) {
	d := s.database(t, "noted")
	if r := d.setUp(); len(r.Remarks) > 0 {
		t.Errorf("remarks: %q", r.Remarks)
	}
	noted := onDatabase(t, d.cfg.DSN) // settings of a database hold from the next session on
	writer := d.person(Writer)
	before := strings.Count(s.said(), "AUDIT: OBJECT")
	d.load(d.dsn(writer), 3)
	if n := strings.Count(s.said(), "AUDIT: OBJECT") - before; n != 0 {
		t.Errorf("%d lines for what the store does, want none:\n%s", n, s.said())
	}
	for _, c := range []struct{ statement, line string }{
		{`SELECT caller_e164 FROM calltrail.call_record`, `READ,SELECT,TABLE,calltrail.call_record,SELECT caller_e164`},
		{`SELECT body FROM calltrail.record_body_20260525`, `READ,SELECT,TABLE,calltrail.record_body_20260525,SELECT body`},
		{`SELECT caller_e164 FROM calltrail.calls`, `READ,SELECT,TABLE,calltrail.call_record,SELECT caller_e164 FROM calltrail.calls`},
		{`UPDATE calltrail.endpoint SET port = 1 WHERE false`, `WRITE,UPDATE,TABLE,calltrail.endpoint,UPDATE`},
	} {
		noted.exec(c.statement)
		if !strings.Contains(s.said(), c.line) {
			t.Errorf("%s: the log has no %s", c.statement, c.line)
		}
	}
	if st, err := Look(t.Context(), noted.conn); err != nil || st.Pgaudit != "" || st.Channel != "" || st.Differ != 0 {
		t.Errorf("status: %+v, %v", st, err)
	}
}
