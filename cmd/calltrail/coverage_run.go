package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
)

// runCoverage prints what the taps saw.
func runCoverage(cmd *cobra.Command, o coverageOptions) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	out, err := print.NewCoverage(o.format, cmd.OutOrStdout(), o.zone, o.gaps)
	if err != nil {
		return err
	}
	err = postgres.ReadCoverage(cmd.Context(), pg, o.query, func(m postgres.CoverageMinute) error { return out.Print(print.CoverageMinute(m)) })
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	remarks, err := postgres.ReadCoverageRemarks(cmd.Context(), pg, o.query)
	if err != nil {
		return err
	}
	// The rows of csv and jsonl are for programs, which have calltrail.coverage_remarks.
	to := cmd.OutOrStdout()
	if o.format != print.Table {
		to = cmd.ErrOrStderr()
	}
	if err := writeRemarks(to, remarks, o.zone); err != nil {
		return err
	}
	if !out.Complete() {
		return errIncomplete
	}
	return nil
}

// writeRemarks writes a line for each remark, after an empty one; nothing when there is none.
func writeRemarks(w io.Writer, remarks []postgres.CoverageRemark, zone *time.Location) error {
	if len(remarks) == 0 {
		return nil
	}
	const layout = "2006-01-02 15:04"
	var b strings.Builder
	b.WriteByte('\n')
	for _, r := range remarks {
		name := r.Sensor
		if r.Tap != "" {
			name += " " + r.Tap
		}
		from, to := r.FirstMinute.In(zone).Format(layout), r.LastMinute.Add(time.Minute).In(zone).Format(layout)
		_, _ = fmt.Fprintf(&b, "%s, %s to %s: %s\n", print.Visible(name), from, to, print.Visible(r.Remark)) // a Builder never fails
	}
	_, err := io.WriteString(w, b.String())
	return err
}
