package access

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
	"calltrail/store/tlstest"
)

const (
	people = "ou=people,dc=example,dc=org"
	anitas = "anita of the directory" // her password
	meeras = "meera of the directory"
)

// directory is a real LDAP server of the test's own, with persons and their passwords. It speaks to nobody without TLS.
type directory struct {
	port int
	log  string // file of what it says of operations
}

// newDirectory starts slapd on a loopback port with the persons anita, ravi and meera, and a certificate of an authority.
func newDirectory(t *testing.T, ca *tlstest.Authority) *directory {
	t.Helper()
	slapd, err := exec.LookPath("slapd")
	if err != nil {
		if slapd = "/usr/sbin/slapd"; os.Getenv("CALLTRAIL_REQUIRE_SERVICES") != "1" {
			t.Skip("slapd is not installed: .ci/programs does it")
		}
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca.Issue("directory", "127.0.0.1", time.Now().Add(24*time.Hour))
	conf := write("slapd.conf", `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile `+folder+`/pid
TLSCertificateFile `+ca.Path("directory.crt")+`
TLSCertificateKeyFile `+ca.Path("directory.key")+`
security tls=128
database mdb
suffix "dc=example,dc=org"
directory `+folder+`/db
maxsize 10485760
access to attrs=userPassword by anonymous auth
access to * by * none
`)
	entries := "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\ndn: " + people + "\nobjectClass: organizationalUnit\nou: people\n"
	for _, who := range []string{"anita", "ravi", "meera"} {
		entries += fmt.Sprintf("\ndn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\nuserPassword: %s of the directory\n", who, people, who, who, who, who)
	}
	// -T add: the program is slapadd then.
	add := exec.CommandContext(t.Context(), slapd, "-T", "add", "-f", conf, "-l", write("people.ldif", entries))
	if said, err := add.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, said)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens for nothing
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:errcheck,forcetypeassert // of a TCP listener
	_ = l.Close()
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() //nolint:errcheck // the child has it
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, slapd, "-f", conf, "-h", fmt.Sprintf("ldap://127.0.0.1:%d", port), "-d", "stats")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // killed
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // a look
		if err == nil {
			_ = c.Close()
			return &directory{port, log.Name()}
		}
		if time.Now().After(deadline) {
			t.Fatalf("slapd does not answer: %v", err)
		}
	}
}

// method is the end of a line of pg_hba.conf that sends somebody to the directory, as docs/access.md has it.
func (d *directory) method(host, more string) string {
	return fmt.Sprintf(`ldap ldapserver=%s ldapport=%d %sldapprefix="uid=" ldapsuffix=",%s"`, host, d.port, more, people)
}

// binds is how often somebody has tried to log in with a password, rightly or not; refused how often for want of TLS.
func (d *directory) binds(t *testing.T) (all, refused int) {
	t.Helper()
	text, err := os.ReadFile(d.log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), " method=128"), strings.Count(string(text), "err=13 ")
}

func connect(dsn string) (*postgres.Conn, error) { return pgx.Connect(context.Background(), dsn) }

// persons log in with the directory's passwords; one asks, the other approves, and their own names stand in the audit.
func (s *own) persons(t *testing.T) {
	d := s.database(t, "answers")
	d.setUp()
	d.load(d.cfg.DSN, 3)
	for who, role := range map[string]string{"anita": Analyst, "ravi": Approver} {
		if err := Add(t.Context(), d.conn, who, []string{role}, ""); err != nil {
			t.Fatal(err)
		}
		d.dropRole(who)
		for _, wrong := range []string{"", "wrong", password, "somebody of the directory"} {
			if conn, err := connect(s.person("answers", who, wrong, s.protected)); err == nil {
				_ = conn.Close(t.Context())
				t.Errorf("%s got in with the password %q", who, wrong)
			}
		}
	}
	anita, ravi := d.as(s.person("answers", "anita", anitas, s.protected)), d.as(s.person("answers", "ravi", "ravi of the directory", s.protected))
	one := func(conn *postgres.Conn, query string, args ...any) string {
		t.Helper()
		return strings.Join(d.rows(conn, query, args...), "; ")
	}
	id := one(anita, `SELECT calltrail.register_request('Cyber Crime Cell', 'S. Rao', 'SP', '[{"type": "number", "value": "+911204100002"}]', '2026-05-28 00:00+00', '2026-05-29 00:00+00',
		'hoax calls', 'order 7', 'BNSS 94', 'FIR 12/2026', repeat('5', 64), 10)`)
	one(ravi, `SELECT coalesce(calltrail.approve_request($1, 'seen')::text, '')`, id)
	one(anita, `SELECT coalesce(calltrail.open_request($1)::text, '')`, id)
	if got := one(anita, `SELECT count(*) FILTER (WHERE n IS NOT NULL)::text FROM calltrail.ask('calls_of_number', '{"of_number": "+911204100002"}')`); got != "1" {
		t.Errorf("%s calls, want 1", got)
	}
	d.want(`SELECT person || ' ' || action FROM calltrail.audit WHERE action NOT LIKE 'person\_%' ORDER BY audit_id`, "anita registered; ravi approved; anita opened; anita asked; anita answered")

	// Whoever is removed is out at once, and his name stays.
	if ended, err := Remove(t.Context(), d.conn, "anita"); err != nil || ended != 1 {
		t.Errorf("removed with %d sessions ended, want 1: %v", ended, err)
	}
	if _, err := connect(s.person("answers", "anita", anitas, s.protected)); err == nil {
		t.Error("who was removed got in")
	}
	list, err := List(t.Context(), d.conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.Name == "anita" {
			t.Errorf("who was removed is listed: %+v", p)
		}
	}
}

// person is the DSN of one who logs in with the directory's password, over a way.
func (s *own) person(name, who, secret, way string) string {
	s.Helper()
	u, err := url.Parse(s.server.DSN(way))
	if err != nil {
		s.Fatal("the DSN is no URL")
	}
	u.Path, u.User = "/"+name, url.UserPassword(who, secret)
	return u.String()
}

// Whoever is not surely the directory gets no password, and a password that would cross the network as it is gets nobody in.
func (s *own) directoryProtected(t *testing.T) {
	d := s.database(t, "spoken")
	d.setUp()
	if err := Add(t.Context(), d.conn, "meera", []string{Analyst}, ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"unprotected", "misnamed"} {
		s.asked(t, "postgres", "CREATE DATABASE "+name)
	}
	for _, c := range []struct {
		name, database, way, ca, secret string
		in                              bool
		asked, refused                  int // passwords that reach the directory, and those it refuses for want of TLS
	}{
		{"as it should be", "spoken", s.protected, "ca.pem", meeras, true, 1, 0},
		{"a wrong password", "spoken", s.protected, "ca.pem", anitas, false, 1, 0},
		{"a directory of another authority", "spoken", s.protected, "stranger.pem", meeras, false, 0, 0},
		{"a directory of another name", "misnamed", s.protected, "ca.pem", meeras, false, 0, 0},
		{"pg_hba.conf without ldaptls", "unprotected", s.protected, "ca.pem", meeras, false, 1, 1},
		{"a person without TLS", "spoken", "sslmode=disable", "ca.pem", meeras, false, 0, 0},
		{"once more as it should be", "spoken", s.protected, "ca.pem", meeras, true, 1, 0},
	} {
		s.trusts(t, c.ca)
		all, refused := s.ldap.binds(t)
		conn, err := connect(s.person(c.database, "meera", c.secret, c.way))
		if err == nil {
			_ = conn.Close(t.Context())
		}
		if (err == nil) != c.in {
			t.Errorf("%s: in %v, want %v: %v", c.name, err == nil, c.in, err)
		}
		if err != nil && strings.Contains(err.Error(), c.secret) {
			t.Errorf("%s: the error has the password", c.name)
		}
		nowAll, nowRefused := s.ldap.binds(t)
		if nowAll-all != c.asked || nowRefused-refused != c.refused {
			t.Errorf("%s: %d passwords came to the directory, of which it refused %d for want of TLS; want %d and %d", c.name, nowAll-all, nowRefused-refused, c.asked, c.refused)
		}
	}
	if log := s.said(); strings.Contains(log, meeras) || !strings.Contains(log, "onfidentiality required") {
		t.Error("the server's log has the password, or does not say why the directory refused")
	}
}
