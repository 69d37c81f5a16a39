package filter

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"calltrail/capture"
)

var update = flag.Bool("update", false, "write the printed programs of testdata/ anew")

// A program of tcpdump's, read from the numbers that `tcpdump -ddd` gives, is written as `tcpdump -d` writes it.
func TestDisassembleAsTcpdump(t *testing.T) {
	numbers, err := os.ReadFile(filepath.Join("testdata", "tcpdump.numbers"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "tcpdump.text"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	lines := strings.Split(strings.TrimRight(string(numbers), "\n"), "\n")[1:] // the first is how many there are
	if len(lines) != len(want) {
		t.Fatalf("%d instructions and %d lines", len(lines), len(want))
	}
	for i, line := range lines {
		var ins bpf.RawInstruction
		if _, err := fmt.Sscan(line, &ins.Op, &ins.Jt, &ins.Jf, &ins.K); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("(%03d) %s", i, disassemble(i, ins)); got != want[i] {
			t.Errorf("%q, want %q", got, want[i])
		}
	}
}

// What --print-filter shows of the usual configurations: testdata/*.txt, written with -update; a person reads the difference.
func TestString(t *testing.T) {
	wide := Config{Link: capture.LinkEthernet, SIPPorts: []Ports{{5060, 5060}, {5061, 5061}}, SnapLength: 65_535, MediaSnapLength: 192}
	narrow := wide
	narrow.Mode, narrow.MediaPorts = Narrow, []Ports{{16_384, 32_767}}
	narrow.Prefixes = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	for _, cfg := range []Config{wide, narrow} {
		p, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, file := p.String(), filepath.Join("testdata", cfg.Mode.String()+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not what is printed now; if it should be, run go test -update and read the difference:\n%s", file, got)
		}
		if strings.Contains(got, "unknown") {
			t.Error("an instruction without a name")
		}
	}
}
