package capture

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder writes files into a temporary directory and returns their paths in order of name.
func folder(t *testing.T, files map[string][]byte) (dir string, paths []string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return dir, paths
}

// step is what a test looks at of a merged packet.
type step struct {
	file string
	at   int64
	data byte
}

func steps(t *testing.T, m *Merge) []step {
	t.Helper()
	var all []step
	var p Packet
	for {
		err := m.Next(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Error(err)
			return all
		}
		all = append(all, step{filepath.Base(m.Name()), p.Time / 1e9, p.Data[0]})
		if p.Position != uint64(len(all)) {
			t.Errorf("packet %d has position %d", len(all), p.Position)
		}
		if len(m.Interfaces()) <= int(p.Tap) {
			t.Errorf("packet %d is of interface %d of %q", len(all), p.Tap, m.Interfaces())
		}
	}
}

func TestMerge(t *testing.T) {
	_, paths := folder(t, map[string][]byte{
		"a": pcapOf(1, 1e9, 4e9, 5e9),
		"b": gzipped(t, pcapOf(1, 1e9, 2e9, 5e9, 9e9)),
		"c": pcapOf(1, 3e9, 1e9, 6e9), // goes back: stays as it is
		"d": pcapOf(1),                // no packet
		"e": pcapOf(1, 7e9),
		"f": pcapOf(1, 0, 10e9),
	})
	m, err := OpenFiles(paths)
	if err != nil {
		t.Fatal(err)
	}
	want := []step{
		{"f", 0, 0},
		{"a", 1, 0},
		{"b", 1, 0},
		{"b", 2, 1},
		{"c", 3, 0},
		{"c", 1, 1},
		{"a", 4, 1},
		{"a", 5, 2},
		{"b", 5, 2},
		{"c", 6, 2},
		{"e", 7, 0},
		{"b", 9, 3},
		{"f", 10, 1},
	}
	if got := steps(t, m); !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
	if len(m.Damage()) != 0 || m.Offset() != m.Size() || m.Size() <= 0 || m.Name() != "" {
		t.Errorf("at the end: damage %v, %d of %d octets, name %q", m.Damage(), m.Offset(), m.Size(), m.Name())
	}
	if err := m.Next(new(Packet)); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestMergeOpensLate holds a thousand rotated files to one open file at a time.
func TestMergeOpensLate(t *testing.T) {
	const files = 1000
	all := make(map[string][]byte)
	for i := range int64(files) {
		all[string([]byte{'0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10)})] = pcapOf(1, i*10e9, i*10e9+5e9)
	}
	_, paths := folder(t, all)
	slices.Reverse(paths)
	m, err := OpenFiles(paths)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	var p Packet
	last, n := int64(-1), 0
	for ; m.Next(&p) == nil; n++ {
		if p.Time < last {
			t.Fatalf("time goes back from %d to %d", last, p.Time)
		}
		last = p.Time
		held := 0
		for _, in := range m.inputs {
			if in.file != nil {
				held++
			}
		}
		if held != 1 {
			t.Fatalf("packet %d: %d files open", n+1, held)
		}
	}
	if n != 2*files {
		t.Errorf("%d packets, want %d", n, 2*files)
	}
}

func TestMergeDamage(t *testing.T) {
	whole := pcapOf(1, 1e9, 3e9, 5e9)
	_, paths := folder(t, map[string][]byte{
		"a-cut":   whole[:len(whole)-1],
		"b-empty": nil,
		"c-text":  []byte("From: 1\n"),
		"d-first": whole[:30], // not even one packet
		"e-good":  pcapOf(1, 2e9, 6e9),
		"f-gone":  pcapOf(1, 4e9),
	})
	m, err := OpenFiles(paths)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	if err := os.Remove(paths[5]); err != nil {
		t.Fatal(err)
	}
	want := []step{{"a-cut", 1, 0}, {"e-good", 2, 0}, {"a-cut", 3, 1}, {"e-good", 6, 1}}
	if got := steps(t, m); !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
	var named []string
	for _, err := range m.Damage() {
		kind := "other"
		switch {
		case errors.Is(err, ErrDamaged):
			kind = "damaged"
		case errors.Is(err, ErrFormat):
			kind = "format"
		case errors.Is(err, os.ErrNotExist):
			kind = "gone"
		}
		for _, path := range paths {
			if strings.Contains(err.Error(), path) {
				named = append(named, filepath.Base(path)+" "+kind)
			}
		}
	}
	slices.Sort(named)
	if !slices.Equal(named, []string{"a-cut damaged", "b-empty damaged", "c-text format", "d-first damaged", "f-gone gone"}) {
		t.Errorf("damage %q of %v", named, m.Damage())
	}
}

func TestOpenFilesErrors(t *testing.T) {
	dir, paths := folder(t, map[string][]byte{"a": pcapOf(1, 1e9)})
	for name, list := range map[string][]string{
		"none": nil, "not there": {paths[0], paths[0] + "x"}, "a directory": {dir}, "standard input twice": {"-", paths[0], "-"},
	} {
		if m, err := OpenFiles(list); err == nil {
			_ = m.Close()
			t.Errorf("%s: no error", name)
		}
	}
}

func TestExpand(t *testing.T) {
	dir, _ := folder(t, map[string][]byte{
		"b.pcap": nil, "a.PCAPNG.gz": nil, "c.cap.zst": nil, "d.dmp": nil, "e.pcap12": nil, // capture names
		"notes.txt": nil, ".pcap": nil, "pcap": nil, "f.gz": nil, "expected.json": nil, // not
	})
	if err := os.Mkdir(filepath.Join(dir, "g.pcap"), 0o700); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	got, err := Expand([]string{"-", in("notes.txt"), dir, in("b.pcap"), dir + "/./d.dmp", "-"})
	want := []string{"-", in("notes.txt"), in("a.PCAPNG.gz"), in("b.pcap"), in("c.cap.zst"), in("d.dmp"), in("e.pcap12")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %q\nwant %q", err, got, want)
	}
	if _, err := Expand([]string{in("missing")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := Expand([]string{in("g.pcap")}); err == nil || !strings.Contains(err.Error(), "g.pcap: no file") {
		t.Errorf("a directory without captures: %v", err)
	}
}

// TestMergeProgress reads Offset and Size while another goroutine reads packets, as a progress bar does. The race
// detector is its judge.
func TestMergeProgress(t *testing.T) {
	_, paths := folder(t, map[string][]byte{"a": pcapOf(500, times(3000)...), "b": pcapOf(500, times(3000)...)})
	m, err := OpenFiles(paths)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan int)
	go func() {
		read <- len(steps(t, m))
	}()
	last := int64(0)
	for {
		select {
		case n := <-read:
			if n != 6000 || m.Offset() != m.Size() {
				t.Errorf("%d packets, %d of %d octets", n, m.Offset(), m.Size())
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
			return
		default:
			last = max(last, m.Offset())
			if last > m.Size() {
				t.Errorf("%d of %d octets", last, m.Size())
			}
		}
	}
}
