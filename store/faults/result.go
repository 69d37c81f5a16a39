package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Results are how tests ended, by folder and name.
type Results map[Test]*Result

// Result is how one test ended the last time it was run.
type Result struct {
	Action string // pass, fail or skip
	Took   time.Duration
	Said   []string // what it logged of itself as "fault N: …", by N and text
}

// module is what the paths of packages begin with.
const module = "calltrail/"

// said is a line that a test logs to say how often it made a fault.
var said = regexp.MustCompile(`fault (\d+): (.+)$`)

// Read reads what `go test -json` wrote. A test that was run again counts as it ended last.
func Read(r io.Reader) (Results, error) {
	results := Results{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if !strings.HasPrefix(lines.Text(), "{") {
			continue // of the linker or of go itself
		}
		var e struct {
			Action, Package, Test, Output string
			Elapsed                       float64 // seconds
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if e.Test == "" {
			continue
		}
		test := Test{strings.TrimPrefix(e.Package, module), e.Test}
		result := results[test]
		if result == nil {
			result = &Result{}
			results[test] = result
		}
		switch e.Action {
		case "pass", "fail", "skip":
			result.Action, result.Took = e.Action, time.Duration(e.Elapsed*float64(time.Second))
		case "output":
			if m := said.FindStringSubmatch(strings.TrimSpace(e.Output)); m != nil {
				result.Said = append(result.Said, m[1]+" "+m[2])
			}
		}
	}
	return results, lines.Err()
}

// Add takes over the results of another run.
func (r Results) Add(other Results) {
	maps.Copy(r, other)
}

// Proof is what results say of one fault.
type Proof struct {
	// Problems are the tests and controls that do not prove it, with the reason; empty when all passed.
	Problems []string
	// Count is how often the fault was made, as the tests said; empty when they do not count.
	Count string
	// Took is the time of its tests and controls together.
	Took time.Duration
}

// Prove holds a fault to results.
func (f *Fault) Prove(results Results) (p Proof, err error) {
	tests, err := f.all()
	if err != nil {
		return p, err
	}
	var counts []string
	for _, test := range tests {
		found := false
		for ran, result := range results {
			matches, inside := test.matches(ran.Folder, ran.Name), ran.Folder == test.Folder && strings.HasPrefix(ran.Name, test.Name+"/")
			if !matches && !inside {
				continue
			}
			if matches {
				found = true
				p.Took += result.Took
			}
			if result.Action != "pass" {
				p.Problems = append(p.Problems, fmt.Sprintf("%s %s: %s", ran.Folder, ran.Name, ended(result.Action)))
			}
			for _, line := range result.Said {
				number, text, _ := strings.Cut(line, " ")
				if number == fmt.Sprint(f.Number) && !slices.Contains(counts, text) {
					counts = append(counts, text)
				}
			}
		}
		if !found {
			p.Problems = append(p.Problems, test.Folder+" "+test.Name+": was not run")
		}
	}
	slices.Sort(p.Problems)
	slices.Sort(counts)
	p.Count = strings.Join(counts, ", ")
	return p, nil
}

// ended says how a test ended that did not pass.
func ended(action string) string {
	switch action {
	case "fail":
		return "failed"
	case "skip":
		return "was skipped"
	}
	return "did not end"
}
