package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const secretWord = "s3cr3t" // stands for every password below

func secretFile(t *testing.T, mode os.FileMode, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPasswordFile(t *testing.T) {
	for _, tt := range []struct {
		name, content, want, fault string
		mode                       os.FileMode
	}{
		{name: "owner only", mode: 0o600, content: secretWord + "\n", want: secretWord},
		{name: "owner and group", mode: 0o640, content: secretWord, want: secretWord},
		{name: "spaces are kept", mode: 0o400, content: " a b \r\n", want: " a b "},
		{name: "world-readable", mode: 0o644, content: secretWord, fault: "has mode 0644, so that others can use it; run: chmod o-rwx "},
		{name: "world-writable", mode: 0o602, content: secretWord, fault: "has mode 0602"},
		{name: "empty", mode: 0o600, content: "\n", fault: "is empty"},
		{name: "two lines", mode: 0o600, content: secretWord + "\nmore\n", fault: "more than one line"},
		{name: "large", mode: 0o600, content: strings.Repeat(secretWord, 4096), fault: "is larger than 4KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Postgres{PasswordFile: secretFile(t, tt.mode, tt.content)}
			got, err := p.Password()
			if tt.fault == "" {
				if err != nil || got != tt.want {
					t.Errorf("%q, %v; want %q", got, err, tt.want)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.fault) || strings.Contains(err.Error(), secretWord) {
				t.Errorf("error %v, want one with %q and without the password", err, tt.fault)
			}
		})
	}
	if got, err := (&Postgres{}).Password(); got != "" || err != nil {
		t.Errorf("no file gives %q, %v", got, err)
	}
	if _, err := (&Postgres{PasswordFile: t.TempDir()}).Password(); err == nil {
		t.Error("a directory is a password")
	}
	if _, err := (&Postgres{PasswordFile: "/nonexistent/password"}).Password(); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestPasswordInDSN(t *testing.T) {
	for _, tt := range []struct {
		dsn, masked string
		secret      bool
	}{
		{"postgres://calltrail@db1:5432/calltrail", "postgres://calltrail@db1:5432/calltrail", false},
		{"postgres://calltrail:s3cr3t@db1/calltrail", "postgres://calltrail:xxxxx@db1/calltrail", true},
		{"postgresql://db1/calltrail?user=a&password=s3cr3t", "postgresql://db1/calltrail?password=xxxxx&user=a", true},
		{"postgres://db1/x?sslpassword=s3cr3t&password=s3cr3t", "postgres://db1/x?password=xxxxx&sslpassword=xxxxx", true},
		{"host=db1 user=calltrail dbname=calltrail", "host=db1 user=calltrail dbname=calltrail", false},
		{"host=db1 password=s3cr3t dbname=x", "host=db1 password=xxxxx dbname=x", true},
		{"host=db1 password = 's3cr3t with \\' and blanks' dbname=x", "host=db1 password = xxxxx dbname=x", true},
		{"password='s3cr3t", "password=xxxxx", true},
		{`password=s3cr3t\ s3cr3t host=a`, "password=xxxxx host=a", true},
		{"host=db1 passfile=/etc/pgpass", "host=db1 passfile=/etc/pgpass", false},
	} {
		masked, secret, err := splitDSN(tt.dsn)
		if err != nil || masked != tt.masked || secret != tt.secret {
			t.Errorf("%s\ngives %s %v %v\nwant  %s %v", tt.dsn, masked, secret, err, tt.masked, tt.secret)
		}
		fromFile := problemsOf(t, Options{File: write(t, "postgres:\n  dsn: \""+strings.ReplaceAll(tt.dsn, `\`, `\\`)+"\"\n")})
		if tt.secret {
			want := "c.yaml:2:8: postgres.dsn: holds a password; write it alone into a file of mode 0600 and name that in postgres.password_file"
			if len(fromFile) != 1 || fromFile[0] != want {
				t.Errorf("%s in the file gives %q", tt.dsn, fromFile)
			}
		} else if len(fromFile) > 0 {
			t.Errorf("%s in the file gives %q", tt.dsn, fromFile)
		}
		if got := problemsOf(t, Options{File: os.DevNull, Environ: []string{"CALLTRAIL_POSTGRES_DSN=" + tt.dsn}}); len(got) > 0 {
			t.Errorf("%s in the environment gives %q", tt.dsn, got)
		}
	}
}

func TestBrokenDSNIsNotRepeated(t *testing.T) {
	got := problemsOf(t, Options{File: os.DevNull, Environ: []string{"CALLTRAIL_POSTGRES_DSN=postgres://u:s3cr3t@[db/x"}})
	want := "environment CALLTRAIL_POSTGRES_DSN: postgres.dsn: not a connection URL; write postgres://user@host:5432/database"
	if len(got) != 1 || got[0] != want {
		t.Errorf("%q", got)
	}
	if m := (&Postgres{DSN: "postgres://u:s3cr3t@[db/x"}).MaskedDSN(); strings.Contains(m, "s3cr3t") {
		t.Errorf("masked as %q", m)
	}
}

func TestPasswordTwice(t *testing.T) {
	got := problemsOf(t, Options{
		File:    write(t, "postgres: {password_file: "+secretFile(t, 0o600, "x")+"}\n"),
		Environ: []string{"CALLTRAIL_POSTGRES_DSN=postgres://u:s3cr3t@db/x"},
	})
	if len(got) != 1 || !strings.HasSuffix(got[0], "postgres.password_file: is set while postgres.dsn holds a password already; keep one of them") {
		t.Errorf("%q", got)
	}
}
