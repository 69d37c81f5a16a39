package faults

import (
	"fmt"
	"strings"
)

// Fault is one line of the list.
type Fault struct {
	// Number in the list; it does not change.
	Number int
	// Title says what is done, Must what has to hold.
	Title, Must string
	// Tests show it, Controls show that they would see it broken. Each is "folder Name" or "folder Name/subtest" as go test
	// writes them; "folder/... Fuzz*" is all of that beginning in the folder and below.
	Tests, Controls []string
	// Long are the variables, "NAME=value", that make the long form; without any the short form is all there is.
	Long []string
}

// Test is a test by the folder of its package and its name.
type Test struct{ Folder, Name string }

// parse reads a test as Tests and Controls write it.
func parse(text string) (Test, error) {
	folder, name, found := strings.Cut(text, " ")
	if !found || folder == "" || !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Fuzz") || strings.Contains(name, " ") {
		return Test{}, fmt.Errorf("%.64q is no test: write its folder, a space and its name as go test writes it", text)
	}
	return Test{folder, name}, nil
}

// all are the tests and controls of a fault.
func (f *Fault) all() (list []Test, err error) {
	for _, text := range append(append([]string(nil), f.Tests...), f.Controls...) {
		test, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("fault %d: %w", f.Number, err)
		}
		list = append(list, test)
	}
	return list, nil
}

// pattern says whether the test stands for several.
func (t Test) pattern() bool { return strings.HasSuffix(t.Name, "*") }

// matches tells whether a test that was run is this one.
func (t Test) matches(folder, name string) bool {
	if below, ok := strings.CutSuffix(t.Folder, "/..."); ok {
		if folder != below && !strings.HasPrefix(folder, below+"/") {
			return false
		}
	} else if folder != t.Folder {
		return false
	}
	if begin, ok := strings.CutSuffix(t.Name, "*"); ok {
		return strings.HasPrefix(name, begin) && !strings.Contains(name, "/")
	}
	return name == t.Name
}

// Expression is the value of go test's -run that runs this test and no other.
func (t Test) Expression() string {
	if t.pattern() {
		return "^" + strings.TrimSuffix(t.Name, "*")
	}
	return "^" + strings.ReplaceAll(t.Name, "/", "$/^") + "$"
}
