package faults

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// The list is whole: each fault once, in order, with tests that exist in the folders it names and controls beside them.
func TestTable(t *testing.T) {
	var numbers []int
	for i := range Table {
		f := &Table[i]
		numbers = append(numbers, f.Number)
		if f.Title == "" || f.Must == "" || len(f.Tests) == 0 || len(f.Controls) == 0 {
			t.Errorf("fault %d has no title, nothing that must hold, no test or no control", f.Number)
		}
		tests, err := f.all()
		if err != nil {
			t.Error(err)
		}
		for _, test := range tests {
			if !exists(t, test) {
				t.Errorf("fault %d: there is no test %s in %s", f.Number, test.Name, test.Folder)
			}
		}
		for _, long := range f.Long {
			if name, value, _ := strings.Cut(long, "="); !strings.HasPrefix(name, "CALLTRAIL_") || value == "" {
				t.Errorf("fault %d: %q is no variable with a value", f.Number, long)
			}
		}
	}
	if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != len(numbers) {
		t.Errorf("numbers %v are not in order, or twice there", numbers)
	}
}

// exists says whether a folder's test files declare the function of a test.
func exists(t *testing.T, test Test) bool {
	t.Helper()
	if test.pattern() {
		return true // Prove needs one that was run
	}
	want, _, _ := strings.Cut(test.Name, "/")
	files, err := filepath.Glob(filepath.Join(root, test.Folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == want {
				return true
			}
		}
	}
	return false
}

// docs/reliability.md is what the list and the runs say. Minutes are of some machine: none are asked for.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("runs.json")
	if err != nil {
		t.Fatal(err)
	}
	runs, err := ReadRuns(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := Document(&want, Table, runs); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "docs", "reliability.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/reliability.md is not what store/faults says: make docs writes it")
	}
	for _, r := range runs {
		if r.Outcome != "held" {
			t.Logf("fault %d, %s form: %s", r.Fault, r.Form, r.Outcome) // the document says so, too
		}
	}
}
