package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
	"calltrail/store/postgres"
)

// runVerify verifies, prints the report, and ends with status 4 when something does not hold.
func runVerify(cmd *cobra.Command, o *verifyOptions) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	pg, err := postgresConfig(cfg, log)
	if err == nil && cfg.Postgres.DSN == "" && cfg.Access.DSN != "" {
		pg, err = personConfig(cfg) // an auditor's machine, which knows no other login
	}
	if err != nil {
		return err
	}
	if o.keys != "" {
		if o.query.Own, err = readStatements(o.keys); err != nil {
			return err
		}
	}
	remarks, err := o.readAnchors(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	o.query.Progress = progress(cmd.ErrOrStderr())
	r, err := postgres.Verify(cmd.Context(), pg, o.query)
	if err != nil {
		return err
	}
	r.Remarks = append(r.Remarks, remarks...)
	if o.json {
		out := json.NewEncoder(cmd.OutOrStdout())
		out.SetIndent("", "  ")
		err = out.Encode(r)
	} else {
		err = writeReport(cmd.OutOrStdout(), r)
	}
	if err == nil && !r.Good() {
		err = errEvidence
	}
	return err
}

// readStatements reads a file of statements about keys.
func readStatements(path string) ([]evidence.Statement, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	list, err := evidence.ReadStatements(f)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return list, nil
}

// progress tells how far it is, at most every five seconds.
func progress(w io.Writer) func(uint64) {
	began := time.Now()
	told := began
	return func(entries uint64) {
		now := time.Now()
		if now.Sub(told) < 5*time.Second {
			return
		}
		told = now
		_, _ = fmt.Fprintf(w, "%d entries, %.0f/s\n", entries, float64(entries)/now.Sub(began).Seconds()) // only to look at
	}
}

// maxPrinted is how many faults are printed; --json has up to 1,000.
const maxPrinted = 50

// writeReport says it in words.
func writeReport(w io.Writer, r *evidence.Report) error {
	p := &reportPrinter{w: w}
	for _, c := range r.Chains {
		p.chain(c, r.Signatures)
	}
	if len(r.Chains) == 0 {
		p.line("there is no chain to verify")
	}
	if len(r.Faults) > 0 {
		p.line("\nWhat does not hold:")
	}
	for i := range r.Faults[:min(len(r.Faults), maxPrinted)] {
		p.fault(&r.Faults[i])
	}
	if rest := r.Total - uint64(min(len(r.Faults), maxPrinted)); rest > 0 {
		p.line("  … and %d more", rest)
	}
	if len(r.Remarks) > 0 {
		p.line("\nNot believed, and proving nothing:")
	}
	for _, remark := range r.Remarks {
		p.line("  %s", print.Visible(remark))
	}
	p.line("")
	if !r.Signatures {
		p.line("Signatures were NOT checked: the chains may be anybody's.")
	}
	if !r.Contents {
		p.line("Records were NOT read: whether their bytes and rows are those of the chains was not compared.")
	}
	rate := float64(r.Records) / max(r.Took.Seconds(), 1e-6)
	if r.Good() {
		p.line("Verified: %d entries in %s (%.0f/s); all holds.", r.Records, r.Took.Round(time.Millisecond), rate)
	} else {
		p.line("BAD: %d faults in %d entries (%s, %.0f/s).", r.Total, r.Records, r.Took.Round(time.Millisecond), rate)
	}
	return p.err
}

type reportPrinter struct {
	w   io.Writer
	err error
}

func (p *reportPrinter) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *reportPrinter) chain(c *evidence.Chain, signatures bool) {
	p.line("%s, epoch %d: numbers %d to %d, %d entries (%d stored, %d duplicates, %d in quarantine), %d deleted with a certificate",
		print.Visible(c.Sensor), c.Epoch, c.First, c.Last, c.Entries, c.Stored, c.Duplicates, c.Quarantined, c.Deleted)
	if signatures {
		p.line("  signed up to number %d, by %d heads and %d anchors", c.SignedTo, c.Heads, c.Anchors)
		if c.SignedTo < c.Last {
			p.line("  numbers %d to %d: chained, and signed by nobody: the owner of the database could have written them", c.SignedTo+1, c.Last)
		}
	}
	if f := c.FirstBad; f != nil {
		p.line("  FIRST BAD NUMBER: %s: %s", numbers(f), f.Text)
	}
}

func (p *reportPrinter) fault(f *evidence.Fault) {
	where := "no number"
	if f.Seq != 0 {
		where = "number " + numbers(f)
	}
	if f.Sensor != "" {
		where = fmt.Sprintf("%s, epoch %d, %s", print.Visible(f.Sensor), f.Epoch, where)
	}
	p.line("  %s: %s (%s)", where, print.Visible(f.Text), f.Kind)
}

func numbers(f *evidence.Fault) string {
	if f.Last > f.Seq {
		return fmt.Sprintf("%d to %d", f.Seq, f.Last)
	}
	return fmt.Sprint(f.Seq)
}
