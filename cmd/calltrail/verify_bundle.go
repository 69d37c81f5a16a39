package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence/bundle"
)

// madeBy is the name and version a bundle is made by. The compiler is part of it, because the octets of a compressed spreadsheet are
// its library's.
func madeBy() string { return "calltrail " + version() + " (" + runtime.Version() + ")" }

// checkBundle refuses flags that are for the database.
func (o *verifyOptions) checkBundle(cmd *cobra.Command) error {
	for _, name := range []string{"anchors", "anchor-topic", "sensor", "from", "to", "unsigned", "no-signatures", "no-contents"} {
		if cmd.Flags().Changed(name) {
			return usagef("--%s is for the chains in Postgres, not for a bundle", name)
		}
	}
	if o.keys == "" {
		return usagef("whose signatures are to be believed? Name the operator's file of keys with --keys; nothing in a bundle says so")
	}
	return nil
}

// runVerifyBundle needs no configuration and no database.
func runVerifyBundle(cmd *cobra.Command, o *verifyOptions, path string) error {
	own, err := readStatements(o.keys)
	if err != nil {
		return err
	}
	data, err := readBundle(path)
	if err != nil {
		return err
	}
	r := bundle.Verify(data, own, madeBy())
	if o.json {
		out := json.NewEncoder(cmd.OutOrStdout())
		out.SetIndent("", "  ")
		err = out.Encode(r)
	} else {
		err = writeBundleReport(cmd.OutOrStdout(), r)
	}
	if err == nil && !r.Good() {
		err = errEvidence
	}
	return err
}

func readBundle(path string) (data []byte, err error) {
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if info.Size() > bundle.MaxSize {
		return nil, fmt.Errorf("bundle %s has %d octets, more than any bundle has", path, info.Size())
	}
	if data, err = io.ReadAll(io.LimitReader(f, bundle.MaxSize+1)); err != nil {
		return nil, fmt.Errorf("bundle %s: %w", path, err)
	}
	return data, nil
}

func writeBundleReport(w io.Writer, r *bundle.Report) error {
	p := &reportPrinter{w: w}
	if r.Request != "" {
		p.line("request      %s", print.Visible(r.Request))
		p.line("released     %s UTC", r.At.UTC().Format("2006-01-02 15:04:05"))
		p.line("signed by    %s, key %.16s", print.Visible(r.SignedBy), print.Visible(r.KeyID))
		p.line("answer       SHA-256 %x, %d records", r.Answer, r.Records)
		p.line("sensors      %d signed heads hold", r.Heads)
		p.line("")
	}
	for _, f := range r.Faults {
		p.line("DOES NOT HOLD  %s: %s", print.Visible(f.File), print.Visible(f.Text))
	}
	if rest := r.Total - len(r.Faults); rest > 0 {
		p.line("  … and %d more", rest)
	}
	for _, remark := range r.Remarks {
		p.line("remark: %s", print.Visible(remark))
	}
	if r.Good() {
		p.line("Verified: %d files, %d records; all holds.", r.Files, r.Records)
	} else {
		p.line("BAD: %d faults.", r.Total)
	}
	return p.err
}
