// Command summary says which tests a run of `go test -json` ran: package by package, with the skipped and the failed
// ones and their reasons. It fails when a test failed, when none ran, or when one that needs a server was skipped.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// event is a line of test2json (go doc test2json).
type event struct {
	Action, Package, Test, Output string
}

type pkg struct {
	passed, failed, skipped []string
	again                   []string          // failed, and passed when they were run once more
	output                  map[string]string // of the skipped and failed ones
	last                    map[string]string // of each test, the action it ended with last; "" is the package itself
	order                   []string          // tests in the order in which they first ended
}

// ended notes how a test ended: what it did last counts.
func (p *pkg) ended(test, action string) {
	before, known := p.last[test]
	if !known {
		p.order = append(p.order, test)
	}
	if before == "fail" && action == "pass" && test != "" {
		p.again = append(p.again, test)
	}
	p.last[test] = action
}

// sort puts the tests into the lists of how they ended.
func (p *pkg) sort() {
	for _, test := range p.order {
		switch action := p.last[test]; {
		case test == "" && action == "fail":
			p.failed = append(p.failed, "(package)")
		case test == "":
		case action == "pass":
			p.passed = append(p.passed, test)
		case action == "fail":
			p.failed = append(p.failed, test)
		case action == "skip":
			p.skipped = append(p.skipped, test)
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: summary FILE")
		os.Exit(2)
	}
	packages, err := read(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		os.Exit(1)
	}
	if !print(packages) {
		os.Exit(1)
	}
}

func read(name string) (map[string]*pkg, error) {
	f, err := os.Open(name) //nolint:gosec // the file is an argument
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	packages := map[string]*pkg{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p := packages[e.Package]
		if p == nil {
			p = &pkg{output: map[string]string{}, last: map[string]string{}}
			packages[e.Package] = p
		}
		switch {
		case e.Action == "pass" || e.Action == "fail" || e.Action == "skip" && e.Test != "":
			p.ended(e.Test, e.Action)
		case e.Action == "output" && e.Test != "" && !strings.HasPrefix(strings.TrimSpace(e.Output), "==="):
			p.output[e.Test] += e.Output
		}
	}
	for _, p := range packages {
		p.sort()
	}
	return packages, lines.Err()
}

// print names the tests that stand by themselves, and counts those inside of them too.
func print(packages map[string]*pkg) bool {
	names := make([]string, 0, len(packages))
	for name := range packages {
		names = append(names, name)
	}
	slices.Sort(names)
	passed, failed, skipped := 0, 0, 0
	fmt.Println("\ntests run:")
	for _, name := range names {
		p := packages[name]
		passed, failed, skipped = passed+len(p.passed), failed+len(p.failed), skipped+len(p.skipped)
		var top []string
		for _, t := range p.passed {
			if !strings.Contains(t, "/") {
				top = append(top, t)
			}
		}
		if len(top) > 0 {
			slices.Sort(top)
			fmt.Printf("  %s (%d): %s\n", name, len(p.passed), strings.Join(top, " "))
		}
	}
	for _, name := range names {
		for _, t := range packages[name].skipped {
			fmt.Printf("  skipped: %s %s: %s\n", name, t, reason(packages[name].output[t]))
		}
		for _, t := range packages[name].again {
			fmt.Printf("  passed only when it was run once more: %s %s\n", name, t)
		}
		for _, t := range packages[name].failed {
			fmt.Printf("  FAILED: %s %s\n", name, t)
		}
	}
	last := fmt.Sprintf("%d passed, %d failed, %d skipped", passed, failed, skipped)
	if err := os.WriteFile(".dev/test.summary", []byte(last+"\n"), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
		return false
	}
	fmt.Println(last)
	return failed == 0 && passed > 0
}

// reason is what a test said when it was skipped.
func reason(output string) string {
	for line := range strings.SplitSeq(output, "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "---") {
			return line
		}
	}
	return "no reason given"
}
