package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store"
	"calltrail/store/postgres/pgtest"
	"calltrail/store/tlstest"
)

// What is not verify-full, to another machine than this one, is refused before a connection is tried.
func TestUnprotectedTransport(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]bool{
		"postgres://u@db1/calltrail":                                         false, // prefer
		"postgres://u@db1/calltrail?sslmode=disable":                         false,
		"postgres://u@db1/calltrail?sslmode=allow":                           false,
		"postgres://u@db1/calltrail?sslmode=require":                         false,
		"postgres://u@db1/calltrail?sslmode=verify-ca":                       false,
		"postgres://u@db1/calltrail?sslmode=verify-full":                     true,
		"postgres://u@db1,db2/calltrail?sslmode=verify-full":                 true,
		"postgres://u@127.0.0.1,db2/calltrail?sslmode=prefer":                false,
		"postgres://u@192.0.2.1/calltrail?sslmode=verify-full":               true,
		"postgres://u@127.0.0.1/calltrail?sslmode=disable":                   true,
		"postgres://u@[::1]/calltrail?sslmode=disable":                       true,
		"postgres://u@localhost/calltrail":                                   true,
		"postgres:///calltrail?host=/run/postgresql":                         true,
		"host=db1 user=u dbname=calltrail sslmode=require":                   false,
		"host=localhost.example.org user=u dbname=calltrail sslmode=disable": false,
	} {
		_, err := Config{DSN: dsn}.poolConfig()
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "is not protected") {
			t.Errorf("%s: error %v, want it allowed: %v", dsn, err, want)
		}
		if _, err := (Config{DSN: dsn, AllowUnsafeServer: true}).poolConfig(); err != nil {
			t.Errorf("%s, in a laboratory: %v", dsn, err)
		}
	}
}

// A server that cannot prove itself, or does not know us, gets no record.
func TestTransport(t *testing.T) {
	t.Parallel()
	trusted, stranger := tlstest.New(t, "operator"), tlstest.New(t, "stranger")
	tomorrow := time.Now().Add(24 * time.Hour)
	trusted.Issue("server", "127.0.0.1", tomorrow)
	trusted.Issue("expired", "127.0.0.1", time.Now().Add(-time.Minute))
	trusted.Issue("other", "192.0.2.1", tomorrow)
	trusted.Write("good", []byte(pgtest.Password+"\n"))
	trusted.Write("bad", []byte("another\n"))
	start := func(certificate string) *pgtest.Server {
		s := pgtest.New(t, pgtest.Options{HBA: "hostssl all all 127.0.0.1/32 scram-sha-256\n"})
		s.Set("ssl", "on")
		s.Set("ssl_cert_file", s.Take(trusted.Path(certificate+".crt")))
		s.Set("ssl_key_file", s.Take(trusted.Path(certificate+".key")))
		s.Start()
		return s
	}
	full := "sslmode=verify-full&sslrootcert=" + trusted.Path("ca.pem")
	server := start("server")
	good := Config{DSN: server.DSN(full), PasswordFile: trusted.Path("good")}
	if _, err := Migrate(context.Background(), good, Up); err != nil {
		t.Fatal(err)
	}
	loader := open(t, good)
	if err := loader.Deliver(context.Background(), newChain(t).calls(1, 1)); err != nil {
		t.Fatalf("over TLS: %v", err)
	}
	conn, err := pgx.Connect(context.Background(), server.DSN(full))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // the server ends with the test
	var encrypted bool
	if err := conn.QueryRow(context.Background(), "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'calltrail'").Scan(&encrypted); err != nil || !encrypted {
		t.Errorf("the loader's connections are encrypted: %v, %v", encrypted, err)
	}

	for _, tt := range []struct {
		name, dsn, password string
		lasting             bool
		want                string
	}{
		{"wrong CA", server.DSN("sslmode=verify-full&sslrootcert=" + stranger.Path("ca.pem")), "good", false, "unknown authority"},
		{"expired", start("expired").DSN(full), "good", false, "expired"},
		{"of another host", start("other").DSN(full), "good", false, "192.0.2.1"},
		{"bad password", server.DSN(full), "bad", true, "check user and password"},
		{"plain text", server.DSN("sslmode=disable"), "good", true, "no encryption"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(context.Background(), Config{DSN: tt.dsn, PasswordFile: trusted.Path(tt.password)})
			var own *store.Error
			if !errors.As(err, &own) || own.Lasting != tt.lasting || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), pgtest.Password) {
				t.Errorf("error %v, want one line with %q (lasting %v)", err, tt.want, tt.lasting)
			}
		})
	}
}
