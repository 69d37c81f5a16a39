package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// database is one test's database, asked through psql: what an operator would see, by no code of ours.
type database struct {
	t      *testing.T
	name   string
	in     io.Writer
	out    *bufio.Reader
	stderr bytes.Buffer
}

// newDatabase makes an empty database on the server of a DSN; it is dropped with the test.
func newDatabase(t *testing.T, server string) *database {
	t.Helper()
	name := "calltrail_test_" + strings.ToLower(rand.Text())
	admin := session(t, server, "")
	admin.ask("CREATE DATABASE " + name)
	d := session(t, server, name)
	d.name = name
	// Registered after the session's own clean-up, so it runs first: FORCE ends what is connected.
	t.Cleanup(func() { admin.ask("DROP DATABASE " + name + " WITH (FORCE)") })
	return d
}

// session starts psql on the server, on its own database or another one. The password is in the environment only.
func session(t *testing.T, server, name string) *database {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("CALLTRAIL_POSTGRES_DSN is not a URL") // the error would show the password
	}
	if name == "" {
		name = strings.TrimPrefix(u.Path, "/")
	}
	password, _ := u.User.Password()
	d := &database{t: t, name: name}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1")
	cmd.Env = append(cmd.Environ(), "PGHOST="+u.Hostname(), "PGPORT="+u.Port(), "PGUSER="+u.User.Username(),
		"PGPASSWORD="+password, "PGDATABASE="+name, "PGTZ=UTC")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.in, d.out, cmd.Stderr = in, bufio.NewReader(out), &d.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	return d
}

// ask returns the rows of the answer; columns are separated by "|".
func (d *database) ask(query string) (rows []string) {
	d.t.Helper()
	const end = "-- end of the answer --"
	if _, err := fmt.Fprintf(d.in, "%s;\n\\echo '%s'\n", query, end); err != nil {
		d.t.Fatalf("%v: %s", err, d.stderr.String())
	}
	for {
		line, err := d.out.ReadString('\n')
		if err != nil {
			d.t.Fatalf("%s: %v: %s", query, err, d.stderr.String())
		}
		if line = strings.TrimSuffix(line, "\n"); line == end {
			return rows
		}
		rows = append(rows, line)
	}
}

// number is the answer of a query for one.
func (d *database) number(query string) int {
	d.t.Helper()
	rows := d.ask(query)
	if len(rows) != 1 {
		d.t.Fatalf("%s: %d rows, want 1", query, len(rows))
	}
	n, err := strconv.Atoi(rows[0])
	if err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// want holds the answer, rows joined by a space, to a text.
func (d *database) want(query, answer string) {
	d.t.Helper()
	if got := strings.Join(d.ask(query), " "); got != answer {
		d.t.Errorf("%s\n got %s\nwant %s", query, got, answer)
	}
}

// entries is how many numbers of all chains are in.
func (d *database) entries() int {
	d.t.Helper()
	return d.number("SELECT count(*) FROM calltrail.entry")
}
