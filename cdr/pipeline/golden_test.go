package pipeline_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"calltrail/capture"
	"calltrail/cdr/geo"
	"calltrail/cdr/number"
	"calltrail/cdr/pipeline"
	"calltrail/cdr/spoof"
)

var update = flag.Bool("update", false, "write the golden records of pcaps/ anew")

// root is the repository's folder.
var root = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	panic("no go.mod above the test's folder")
})

// captures returns the capture file of each case in pcaps/, by the case's name.
func captures(t testing.TB) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root(), "pcaps", "*", "capture.pcap*"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{}
	for _, path := range found {
		cases[filepath.Base(filepath.Dir(path))] = path
	}
	if len(cases) < 24 {
		t.Fatalf("%d captures in pcaps/, want 24 or more", len(cases))
	}
	return cases
}

// goldenLookups are those that the golden records were made with: India is at home, and the documentation addresses have
// the places of pcaps/geo.
var goldenLookups = sync.OnceValues(func() (l pipeline.Lookups, err error) {
	if l.Numbers, err = number.New(number.Config{DefaultRegion: "IN"}); err != nil {
		return l, err
	}
	if l.Rules, err = spoof.New(spoof.Config{HomeCountry: "IN"}); err != nil {
		return l, err
	}
	at := func(name string) string { return filepath.Join(root(), "pcaps", "geo", name) }
	l.Places, err = geo.New(geo.Config{City: at("city.mmdb"), ASN: at("asn.mmdb"), Networks: at("networks.csv")})
	return l, err
})

// golden replays a capture of pcaps/ as the golden records are made.
func golden(t testing.TB, path string, change func(*pipeline.Config)) (*collected, pipeline.Stats) {
	t.Helper()
	src, err := capture.OpenFiles([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }() // read only
	out, stats := replay(t, src, func(c *pipeline.Config) {
		c.Sensor, c.Version, c.File, c.Messages = "golden", "golden", filepath.Base(path), true
		if change != nil {
			change(c)
		}
	})
	if damage := src.Damage(); len(damage) > 0 {
		t.Fatal(damage)
	}
	return out, stats
}

// replay is run with the places of pcaps/geo.
func replay(t testing.TB, src capture.Source, change func(*pipeline.Config)) (*collected, pipeline.Stats) {
	t.Helper()
	lookups, err := goldenLookups()
	if err != nil {
		t.Fatal(err)
	}
	cfg := pipeline.Config{Workers: 1, Sensor: "test", Version: "test"}
	if change != nil {
		change(&cfg)
	}
	out := &collected{}
	p, err := pipeline.New(cfg, lookups, out)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(context.Background(), src); err != nil {
		t.Fatal(err)
	}
	stats := p.Stats()
	if stats.Packets != stats.Counts.Total() {
		t.Errorf("%d packets, and %d in the counts", stats.Packets, stats.Counts.Total())
	}
	return out, stats
}

// lines joins records as they stand in a file, one a line.
func lines(bodies [][]byte) []byte {
	var b bytes.Buffer
	for _, body := range bodies {
		b.Write(body)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Every capture of pcaps/ must give the very bytes of its records.jsonl, all revisions and events. With -update they are
// written; a person reads the difference before it is committed.
func TestGolden(t *testing.T) {
	for name, path := range captures(t) {
		t.Run(name, func(t *testing.T) {
			out, _ := golden(t, path, nil)
			got, file := lines(out.bodies), filepath.Join(filepath.Dir(path), "records.jsonl")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v: make golden writes it", err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the records differ from %s.\nIf they should, run make golden and read the difference.%s", file, firstDifference(got, want))
			}
		})
	}
}

// firstDifference shows where two sets of lines part.
func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte{'\n'}), bytes.Split(want, []byte{'\n'})
	for i := 0; i < len(g) || i < len(w); i++ {
		var a, b []byte
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if !bytes.Equal(a, b) {
			// Not the record_id: it is another one whatever differs.
			at := max(0, bytes.Index(a, []byte(`"schema"`)))
			for at < len(a) && at < len(b) && a[at] == b[at] {
				at++
			}
			from := max(0, at-60)
			return fmt.Sprintf("\nline %d\n got …%s\nwant …%s", i+1, part(a, from), part(b, from))
		}
	}
	return ""
}

func part(b []byte, from int) string {
	if from > len(b) {
		return ""
	}
	return string(b[from:min(len(b), from+200)])
}
