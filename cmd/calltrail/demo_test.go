package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"calltrail/store/kafka/kafkatest"
)

// TestDemo takes pcaps/ the way deploy/demo/run does, by the same commands and configuration, through a real Kafka into
// a real Postgres, and again, and holds the answers to the six questions to what is known of the captures.
func TestDemo(t *testing.T) {
	t.Parallel()
	broker, server := serverOf(t, "CALLTRAIL_KAFKA_BROKERS"), serverOf(t, "CALLTRAIL_POSTGRES_DSN")
	d := newDemo(t, server)
	topic := "calltrail-test-demo-" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		if err := kafkatest.Delete(strings.Split(broker, ","), topic, topic+".resend"); err != nil {
			t.Error(err)
		}
	})
	d.env = append(d.env,
		"CALLTRAIL_KAFKA_BROKERS="+broker,
		"CALLTRAIL_KAFKA_RECORDS_TOPIC="+topic,
		"CALLTRAIL_KAFKA_RESEND_TOPIC="+topic+".resend",
		"CALLTRAIL_KAFKA_GROUP="+topic)
	d.calltrail(t, "migrate", "up")
	d.calltrail(t, "kafka", "init")
	made := d.records(t)
	for run := range 2 {
		d.calltrail(t, append([]string{"replay", "--to", "kafka"}, d.captures...)...)
		d.calltrail(t, "store", "--once")
		d.holdAnswers(t, made, run)
	}
}

// TestDemoWithoutKafka is the demo where there is no Kafka.
func TestDemoWithoutKafka(t *testing.T) {
	t.Parallel()
	d := newDemo(t, serverOf(t, "CALLTRAIL_POSTGRES_DSN"))
	d.calltrail(t, "migrate", "up")
	made := d.records(t)
	for run := range 2 {
		d.calltrail(t, append([]string{"replay", "--to", "spool"}, d.captures...)...)
		d.calltrail(t, "store", "--from-spool", d.spool)
		d.holdAnswers(t, made, run)
	}
}

// TestDemoWithoutPostgres is the demo where there is no Postgres: the hoax call must be seen in what replay prints.
func TestDemoWithoutPostgres(t *testing.T) {
	t.Parallel()
	d := newDemo(t, "")
	out := d.calltrail(t, append([]string{"replay", "--final", "--format", "table"}, d.captures...)...)
	lines := strings.Split(out, "\n")
	for i, line := range lines[:len(lines)-1] {
		if !strings.Contains(line, "+912225550100") {
			continue
		}
		for _, want := range []string{"+911205550170", "198.51.100.130 Amsterdam, NL hosting"} {
			if !strings.Contains(line, want) {
				t.Errorf("the hoax call's line has no %q: %s", want, line)
			}
		}
		if want := "foreign_source_home_number asserted_differs"; !strings.Contains(lines[i+1], want) {
			t.Errorf("the line below has no %q: %s", want, lines[i+1])
		}
		return
	}
	t.Errorf("no hoax call in\n%s", out)
}

// TestDemoExpectations changes every cell of every expected answer: each change must be found.
func TestDemoExpectations(t *testing.T) {
	for question, rows := range demoAnswers(t, "../..", 32, 0) {
		if len(rows) == 0 {
			t.Errorf("%s: no row is expected", question)
		}
		for i, row := range rows {
			for j := range strings.Split(row, "|") {
				cells := strings.Split(row, "|")
				cells[j] += "x"
				changed := slices.Clone(rows)
				changed[i] = strings.Join(cells, "|")
				if difference(rows, changed) == "" {
					t.Errorf("%s: row %d is taken for %s", question, i, changed[i])
				}
			}
			if difference(slices.Delete(slices.Clone(rows), i, i+1), rows) == "" {
				t.Errorf("%s: row %d is not missed", question, i)
			}
		}
	}
}

// demo is one run of it: a database and a spool of its own.
type demo struct {
	root     string // of the checkout: paths of the demo's configuration are relative to it
	env      []string
	spool    string
	captures []string
}

// newDemo makes the run's database on the server; without a server there is none.
func newDemo(t *testing.T, server string) *demo {
	t.Helper()
	d := &demo{root: "../..", spool: filepath.Join(t.TempDir(), "spool")}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "CALLTRAIL_") && !strings.HasPrefix(kv, "PG") {
			d.env = append(d.env, kv)
		}
	}
	d.env = append(d.env, "CALLTRAIL_CONFIG=deploy/demo/calltrail.yaml", "CALLTRAIL_SPOOL_DIR="+d.spool)
	names, err := os.ReadFile(filepath.Join(d.root, "deploy/demo/captures"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(names)) {
		captures, err := filepath.Glob(filepath.Join(d.root, "pcaps", name, "capture.pcap*"))
		if err != nil || len(captures) != 1 {
			t.Fatalf("captures of %s: %v %v", name, captures, err)
		}
		d.captures = append(d.captures, strings.TrimPrefix(captures[0], d.root+"/"))
	}
	if server != "" {
		d.makeDatabase(t, server)
	}
	return d
}

// makeDatabase makes the database and says in the environment where it is, to the program and to psql.
func (d *demo) makeDatabase(t *testing.T, server string) {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("CALLTRAIL_POSTGRES_DSN is not a URL") // the error would show the password
	}
	u.Path = "/" + newDatabase(t, server).name
	password, _ := u.User.Password()
	d.env = append(d.env, "CALLTRAIL_POSTGRES_DSN="+u.String(), "PGHOST="+u.Hostname(), "PGPORT="+u.Port(),
		"PGUSER="+u.User.Username(), "PGPASSWORD="+password, "PGDATABASE="+strings.TrimPrefix(u.Path, "/"), "PGTZ=UTC")
}

// calltrail runs the program, which must succeed, and returns its standard output.
func (d *demo) calltrail(t *testing.T, args ...string) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return command(t, d.root, d.env, path, args...)
}

// records is how many records and events the captures give, all revisions.
func (d *demo) records(t *testing.T) int {
	t.Helper()
	return strings.Count(d.calltrail(t, append([]string{"replay", "--quiet", "--events"}, d.captures...)...), "\n")
}

// holdAnswers asks the demo's questions, after run replays before this one that made as many records each.
func (d *demo) holdAnswers(t *testing.T, made, run int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.root, "deploy/demo/questions/*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	answers := demoAnswers(t, d.root, made, run)
	if len(files) != len(answers) || len(files) != 6 {
		t.Fatalf("%d questions, %d expected answers", len(files), len(answers))
	}
	for _, file := range files {
		question := filepath.Base(file)
		out := command(t, d.root, d.env, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", strings.TrimPrefix(file, d.root+"/"))
		got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		if diff := difference(got, answers[question]); diff != "" {
			t.Errorf("run %d, %s: %s", run+1, question, diff)
		}
	}
}

// serverOf is the endpoint of a real server; deploy/dev/up starts both and names them in .dev/env.
func serverOf(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	why := variable + " is not set: run deploy/dev/up and source .dev/env"
	if value != "" {
		if _, err := exec.LookPath("psql"); err == nil {
			return value
		}
		why = "psql is not installed: run deploy/dev/install"
	}
	if os.Getenv("CALLTRAIL_REQUIRE_SERVICES") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// command runs a program, which must succeed, and returns its standard output.
func command(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return stdout.String()
}

// difference says where an answer is not the expected one; "" when it is. "*" in an expected cell is any value.
func difference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("row %d is missing: %s", i+1, want[i])
		case i >= len(want):
			return fmt.Sprintf("row %d is one too many: %s", i+1, got[i])
		case !sameCells(strings.Split(got[i], "|"), strings.Split(want[i], "|")):
			return fmt.Sprintf("row %d is\n     %s\nwant %s", i+1, got[i], want[i])
		}
	}
	return ""
}

func sameCells(got, want []string) bool {
	return slices.EqualFunc(got, want, func(g, w string) bool { return w == "*" && g != "" || g == w })
}
