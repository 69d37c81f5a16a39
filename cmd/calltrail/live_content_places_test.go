package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"calltrail/cmd/calltrail/testnet"
	"calltrail/store"
	"calltrail/store/kafka"
	"calltrail/store/kafka/kafkatest"
)

// core is the memory of a running program as gcore writes it. The file goes with the test.
func core(t *testing.T, p *testnet.Process) io.Reader {
	t.Helper()
	base := filepath.Join(t.TempDir(), "core")
	pid := strconv.Itoa(p.PID())
	if out, err := exec.CommandContext(t.Context(), "gcore", "-o", base, pid).CombinedOutput(); err != nil {
		t.Fatalf("gcore (Debian's package gdb): %v: %s", err, out)
	}
	f, err := os.Open(base + "." + pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// ringOf is the ring of a running sensor, memory that it shares with the kernel, which gcore leaves out: read while the program is stopped.
func ringOf(t *testing.T, p *testnet.Process) io.Reader {
	t.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(p.PID()))
	p.Signal(syscall.SIGSTOP)
	defer p.Signal(syscall.SIGCONT)
	maps, err := os.ReadFile(filepath.Join(dir, "maps"))
	if err != nil {
		t.Fatal(err)
	}
	octets, err := os.Open(filepath.Join(dir, "mem"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = octets.Close() }()
	var all bytes.Buffer
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		if !strings.Contains(line, "socket:") {
			continue
		}
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, io.NewSectionReader(octets, from, to-from)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if all.Len() < contentRing {
		t.Fatalf("%d octets of ring, want %d", all.Len(), contentRing)
	}
	return &all
}

// files are those of a folder, whole.
func files(t *testing.T, dir string) io.Reader {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &all
}

// unpacked are the members of a zip file, and those of zip files among them.
func unpacked(t *testing.T, octets []byte) io.Reader {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(octets), int64(len(octets)))
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(f.Name) == ".xlsx" {
			if text, err = io.ReadAll(unpacked(t, text)); err != nil {
				t.Fatal(err)
			}
		}
		all.Write(text)
	}
	return &all
}

// topicOf is what stands in a topic: keys, headers and values.
func (s *live) topicOf(name string) io.Reader {
	s.Helper()
	list, err := kafkatest.Read(brokers(), name)
	if err != nil {
		s.Fatal(err)
	}
	return wholeOf(list)
}

// wholeOf is all that messages have.
func wholeOf(list []kafkatest.Message) io.Reader {
	var all bytes.Buffer
	for _, m := range list {
		fmt.Fprintf(&all, "%s %s %s\n", m.Key, m.Headers, m.Value)
	}
	return &all
}

// askedAgain has the store's question for the first record of the sensor's chain put to the sensor, and waits for the answer.
func (s *live) askedAgain() {
	s.Helper()
	epoch, err := strconv.ParseUint(s.db.ask("SELECT epoch FROM calltrail.ledger")[0], 10, 64)
	if err != nil {
		s.Fatal(err)
	}
	there := func() int {
		list, err := kafkatest.Read(brokers(), s.topic)
		if err != nil {
			s.Fatal(err)
		}
		return len(list)
	}
	before := there()
	ask := []store.Request{{Sensor: liveSensor, Epoch: epoch, First: 1, Last: 1}}
	if err := kafka.Ask(s.Context(), kafka.Config{Brokers: brokers(), RecordsTopic: s.topic, ResendTopic: s.topic + ".resend"}, ask); err != nil {
		s.Fatal(err)
	}
	testnet.Eventually(s.T, "the record that was asked for again", func() bool { return there() > before })
}

func brokers() []string { return strings.Split(os.Getenv("CALLTRAIL_KAFKA_BROKERS"), ",") }

// dump is all of the database, and the records' octets again as text: in a dump they are hex.
func (s *live) dump() io.Reader {
	s.Helper()
	out, err := exec.CommandContext(s.Context(), filepath.Join(os.Getenv("CALLTRAIL_POSTGRES_BIN"), "pg_dump"), "--data-only", s.dsn).Output()
	if err != nil {
		s.Fatalf("pg_dump: %v", err)
	}
	return io.MultiReader(bytes.NewReader(out), strings.NewReader(strings.Join(s.db.ask("SELECT convert_from(body, 'UTF8') FROM calltrail.record_body"), "\n")))
}

// metricsText reads the metrics behind an address.
func metricsText(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("metrics: %s, %v", answer.Status, err)
	}
	return string(text)
}

var collectionsCount = regexp.MustCompile(`go_gc_duration_seconds_count (\d+)`)

// collections is how many garbage collections the program behind an address has made.
func collections(t *testing.T, address string) int {
	t.Helper()
	m := collectionsCount.FindStringSubmatch(metricsText(t, address))
	if m == nil {
		t.Fatal("no metric counts collections")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
