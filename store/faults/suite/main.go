// Command suite runs the tests and controls of store/faults, or holds what a run of all tests said to them.
//
//	suite [-long] [-fault N]   run them, keep the outcome in store/faults/runs.json and write docs/reliability.md
//	suite -from FILE [-long] [-fault N] [-note TEXT]
//	                           the same with what `go test -json` wrote into FILE
//	suite -check FILE          fail when FILE does not prove every fault; nothing is written
//	suite -document            write the document anew from the list and the runs that are kept
//
// It is run in the repository's root, with the servers' addresses in the environment (.ci/with-services).
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"calltrail/store/faults"
)

const (
	runsFile = "store/faults/runs.json"
	document = "docs/reliability.md"
	outputs  = ".dev/faults" // of tests that failed
)

type options struct {
	long              bool
	fault             int
	from, check, note string
	document          bool
}

func main() {
	var o options
	flag.BoolVar(&o.long, "long", false, "the long form")
	flag.IntVar(&o.fault, "fault", 0, "only this fault")
	flag.StringVar(&o.from, "from", "", "what go test -json wrote, instead of a run")
	flag.StringVar(&o.check, "check", "", "what go test -json wrote of all tests: only check it")
	flag.StringVar(&o.note, "note", "", "what else the document says of the run")
	flag.BoolVar(&o.document, "document", false, "only write the document")
	flag.Parse()
	run := o.run
	switch {
	case o.check != "":
		run = o.compare
	case o.document:
		run = func(context.Context) error { return keep(nil) }
	}
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

// errUnproved is the end of a run in which something did not hold; what, was printed.
var errUnproved = errors.New("not every fault is proved")

// compare prints the list with what a file says of it.
func (o options) compare(context.Context) error {
	results, err := read(o.check)
	if err != nil {
		return err
	}
	fmt.Println("\nfaults:")
	bad := false
	for i := range faults.Table {
		proof, err := faults.Table[i].Prove(results)
		if err != nil {
			return err
		}
		show(&faults.Table[i], proof)
		bad = bad || len(proof.Problems) > 0
	}
	if bad {
		return errUnproved
	}
	return nil
}

func show(f *faults.Fault, p faults.Proof) {
	fmt.Printf("  %2d %-60.60s %3d tests, %2d controls %6.1f s  %s\n", f.Number, f.Title, len(f.Tests), len(f.Controls), p.Took.Seconds(), p.Count)
	for _, problem := range p.Problems {
		fmt.Printf("     NOT PROVED: %s\n", problem)
	}
}

// run makes the runs and writes them down.
func (o options) run(ctx context.Context) error {
	commit, err := output(ctx, "git", "rev-parse", "--short", "HEAD")
	if err != nil {
		return err
	}
	form := faults.Short
	if o.long {
		form = faults.Long
	}
	bad := false
	for i := range faults.Table {
		f := &faults.Table[i]
		if o.fault != 0 && f.Number != o.fault || o.long && len(f.Long) == 0 {
			continue
		}
		results, err := o.results(ctx, f)
		if err != nil {
			return err
		}
		proof, err := f.Prove(results)
		if err != nil {
			return err
		}
		show(f, proof)
		run := faults.Run{
			Fault: f.Number, Form: form, Count: proof.Count, Minutes: float64(int(proof.Took.Minutes()*10+0.5)) / 10, Outcome: "held",
			Commit: commit, Date: time.Now().UTC().Format(time.DateOnly), Note: o.note,
		}
		if len(proof.Problems) > 0 {
			bad, run.Outcome = true, "not proved: "+strings.Join(proof.Problems, "; ")
		}
		if err := keep(&run); err != nil {
			return err
		}
	}
	if bad {
		return errUnproved
	}
	return nil
}

// results are those of a file, or of a run now, folder by folder.
func (o options) results(ctx context.Context, f *faults.Fault) (faults.Results, error) {
	if o.from != "" {
		return read(o.from)
	}
	all := faults.Results{}
	commands, err := f.Commands()
	if err != nil {
		return nil, err
	}
	for _, c := range commands {
		cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-timeout=6h", "-run", c.Expression, "./"+c.Folder) //nolint:gosec // from the list
		cmd.Env = os.Environ()
		if o.long {
			cmd.Env = append(cmd.Env, f.Long...)
		}
		cmd.Stderr = os.Stderr
		// A test that fails is a result; a package that cannot be built has none, which Prove reports.
		out, err := cmd.Output()
		if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
			return nil, err
		} else if failed {
			if err := keepOutput(f.Number, c.Folder, out); err != nil {
				return nil, err
			}
		}
		results, err := faults.Read(bytes.NewReader(out))
		if err != nil {
			return nil, err
		}
		all.Add(results)
	}
	return all, nil
}

// keepOutput saves what go test -json wrote of a run that failed: a long one is not made again to learn why.
func keepOutput(number int, folder string, out []byte) error {
	if err := os.MkdirAll(outputs, 0o755); err != nil { //nolint:gosec // a folder of the checkout
		return err
	}
	name := filepath.Join(outputs, fmt.Sprintf("fault-%d-%s.json", number, strings.NewReplacer("/", "-", ".", "").Replace(folder)))
	fmt.Fprintf(os.Stderr, "faults: tests of fault %d in %s failed; what they wrote is in %s\n", number, folder, name)
	return os.WriteFile(name, out, 0o644) //nolint:gosec // as above
}

func read(name string) (faults.Results, error) {
	f, err := os.Open(name) //nolint:gosec // the file is an argument
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	results, err := faults.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return results, nil
}

// keep writes a run down, if there is one, and the document anew.
func keep(run *faults.Run) error {
	text, err := os.ReadFile(runsFile)
	if err != nil {
		return err
	}
	runs, err := faults.ReadRuns(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w", runsFile, err)
	}
	if run != nil {
		runs = faults.Keep(runs, *run)
	}
	if text, err = json.MarshalIndent(runs, "", "\t"); err != nil {
		return err
	}
	if err := os.WriteFile(runsFile, append(text, '\n'), 0o644); err != nil { //nolint:gosec // a file of the repository
		return err
	}
	var page bytes.Buffer
	if err := faults.Document(&page, faults.Table, runs); err != nil {
		return err
	}
	return os.WriteFile(document, page.Bytes(), 0o644) //nolint:gosec // as above
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output() //nolint:gosec // the suite's own words
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}
