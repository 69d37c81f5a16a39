package faults

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Run is one run of a fault's tests and controls.
type Run struct {
	Fault int
	// Form is short or long.
	Form string
	// Count is how often the fault was made, as the tests said.
	Count string
	// Minutes that the tests and controls took.
	Minutes float64
	// Outcome is "held", or what did not.
	Outcome string
	// Commit is the program's, Date the day of the run in UTC, Note what else to know of it.
	Commit, Date string
	Note         string `json:",omitempty"`
}

// Forms of a run.
const (
	Short = "short"
	Long  = "long"
)

// ReadRuns reads the file of runs that the suite keeps beside the list.
func ReadRuns(r io.Reader) (runs []Run, err error) {
	return runs, json.NewDecoder(r).Decode(&runs)
}

// Keep puts a run in the place of the last one of the same fault and form.
func Keep(runs []Run, run Run) []Run {
	runs = slices.DeleteFunc(slices.Clone(runs), func(r Run) bool { return r.Fault == run.Fault && r.Form == run.Form })
	runs = append(runs, run)
	slices.SortFunc(runs, func(a, b Run) int {
		if a.Fault != b.Fault {
			return a.Fault - b.Fault
		}
		return strings.Compare(b.Form, a.Form) // short, long
	})
	return runs
}

const preface = `# Reliability

What calltrail survives, and the proof of it. This page is written by ` + "`make faults`" + ` (the short form, as in every check) and
` + "`make faults LONG=1`" + ` (the long form, at the sizes that stand below) from the list in store/faults/table.go and from the last
run of each fault; a test holds it to both. All tests run the shipped code on a real Kafka and a real Postgres, real network
namespaces, file systems and processes; where something is simulated (a power loss, a clock), the text says so.

**I** is what must hold in the end wherever records are on their way: every record that was spooled is in Postgres exactly once,
its hash verifies, and there is no gap that nobody explains. The oracle is the test's own account of what it made: the generator's
ledger of its calls, or the numbers that the spool gave.

Beside the tests of each fault stand **controls**: the same check with the promise broken on purpose — the fsync left out, the
acknowledgement sent early, the head of a line pushed out — in the shipped code, by a variable that only a test sets, or on the
path. A control passes when the check sees the breach; without it a check that sees nothing would look the same as one that has
nothing to see.

The commit is the one the run was made of. A long form stays as it was run until somebody runs it again; where its commit is not in
this repository's history, it was one of several that were joined into a later one.

| # | fault | what must hold | form | made | minutes | outcome | commit, day |
|---|---|---|---|---|---|---|---|
`

// Document writes docs/reliability.md.
func Document(w io.Writer, table []Fault, runs []Run) error {
	var b strings.Builder
	b.WriteString(preface)
	for i := range table {
		f := &table[i]
		head := fmt.Sprintf("| %d | %s | %s ", f.Number, f.Title, f.Must)
		for _, form := range f.forms() {
			at := slices.IndexFunc(runs, func(r Run) bool { return r.Fault == f.Number && r.Form == form })
			if at < 0 {
				fmt.Fprintf(&b, "%s| %s | | | not run yet | |\n", head, form)
			} else {
				r := &runs[at]
				fmt.Fprintf(&b, "%s| %s | %s | %.1f | %s | %s, %s |\n", head, form, r.Count, r.Minutes, r.Outcome, r.Commit, r.Date)
			}
			head = "| | | "
		}
	}
	b.WriteString("\nMinutes are those of the tests and controls of a fault together; tests that serve several faults are counted with each.\n")
	for _, r := range runs {
		if r.Note != "" {
			fmt.Fprintf(&b, "Fault %d, %s form: %s.\n", r.Fault, r.Form, r.Note)
		}
	}
	b.WriteString("\n## Tests and controls\n")
	for i := range table {
		f := &table[i]
		fmt.Fprintf(&b, "\n**%d. %s**\n\n", f.Number, f.Title)
		list(&b, "shown by", f.Tests)
		list(&b, "controls", f.Controls)
		if len(f.Controls) == 0 {
			b.WriteString("- controls: none yet\n")
		}
		list(&b, "long form", f.Long)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// forms are those that a fault has.
func (f *Fault) forms() []string {
	if len(f.Long) == 0 {
		return []string{Short}
	}
	return []string{Short, Long}
}

func list(b *strings.Builder, what string, of []string) {
	if len(of) == 0 {
		return
	}
	quoted := make([]string, len(of))
	for i, s := range of {
		quoted[i] = "`" + s + "`"
	}
	fmt.Fprintf(b, "- %s: %s\n", what, strings.Join(quoted, ", "))
}
