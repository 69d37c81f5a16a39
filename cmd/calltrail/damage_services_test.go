package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A damaged capture gives the records of what stands before the damage, one clear line, and exit status 3; those records
// are in Postgres too.
func TestDamagedCapture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	path, _ := s.capture(signalling(300, 1))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const readable = 1500 // packets before the damage
	at := packetAt(t, whole, readable)
	spoilt := slices.Clone(whole)
	binary.LittleEndian.PutUint32(spoilt[at+8:], 0xffffffff)
	for _, tt := range []struct {
		name, line string
		octets     []byte
	}{
		{"cut.pcap", `packet 1501 at byte \d+: \d+ octets announced, 116 left: file cut short`, whole[:at+16+100]},
		{"header.pcap", `packet 1501 at byte \d+: .*file cut short`, whole[:at+7]},
		{"cut.pcap.gz", `packet 1501 at byte \d+ of the unpacked data: compressed file cut short`, cutGzip(t, whole[:at])},
		{"corrupt.pcap", `packet 1501 at byte \d+: captured length 4294967295, at most 262144 is possible`, spoilt},
	} {
		// No t.Parallel: they share the site's spool.
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file, clean := filepath.Join(dir, tt.name), filepath.Join(dir, "clean.pcap")
			for name, octets := range map[string][]byte{file: tt.octets, clean: whole[:at]} {
				if err := os.WriteFile(name, octets, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := recordIDs(t, s.ok("replay", "-q", clean).stdout)
			line := regexp.MustCompile(`^calltrail: ` + regexp.QuoteMeta(file) + `: ` + tt.line + "\n$")

			printed := s.run("replay", "-q", file)
			if printed.status != exitDamaged || !line.MatchString(printed.stderr) {
				t.Errorf("exit status %d, want 3; it says\n%swant %s", printed.status, printed.stderr, line)
			}
			if got := recordIDs(t, printed.stdout); len(want) < 100 || !slices.Equal(got, want) {
				t.Errorf("%d records, want the %d of what is readable", len(got), len(want))
			}

			db := newDatabase(t, s.dsn)
			more := []string{"CALLTRAIL_POSTGRES_DSN=" + strings.Replace(s.dsn, s.db.name, db.name, 1), "CALLTRAIL_SPOOL_DIR=" + filepath.Join(dir, "spool")}
			if r := s.start(more, "migrate", "up").wait(t); r.status != 0 {
				t.Fatal(r.stderr)
			}
			stored := s.start(more, "replay", "-q", "--log-level", "warn", "--to", "postgres", file).wait(t)
			if stored.status != exitDamaged || !line.MatchString(stored.stderr) || stored.stdout != "" {
				t.Errorf("--to postgres: exit status %d, want 3; it says\n%swant %s", stored.status, stored.stderr, line)
			}
			if got := db.ask("SELECT record_id FROM calltrail.call_record ORDER BY record_id::text"); !slices.Equal(got, want) {
				t.Errorf("%d records in Postgres, want %d", len(got), len(want))
			}
			for _, fault := range db.chainFaults() {
				t.Error(fault)
			}
		})
	}
}

// packetAt is the offset of a pcap file's packet, the first one being 0.
func packetAt(t *testing.T, pcap []byte, n int) int {
	t.Helper()
	at := 24
	for range n {
		at += 16 + int(binary.LittleEndian.Uint32(pcap[at+8:]))
	}
	if at >= len(pcap) {
		t.Fatalf("there is no packet %d", n)
	}
	return at
}

// cutGzip compresses octets so that all of them can be read, and leaves out the end of the file.
func cutGzip(t *testing.T, octets []byte) []byte {
	t.Helper()
	var file bytes.Buffer
	w := gzip.NewWriter(&file)
	if _, err := w.Write(octets); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// recordIDs of printed records, sorted.
func recordIDs(t *testing.T, lines string) (ids []string) {
	t.Helper()
	for _, o := range objects(t, lines) {
		ids = append(ids, o.text("record_id"))
	}
	slices.Sort(ids)
	return ids
}
