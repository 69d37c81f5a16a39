package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
)

// runCoverage prints what the taps saw.
func runCoverage(cmd *cobra.Command, cfg *config.Config, log zerolog.Logger, o coverageOptions) error {
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
	if o.format == print.Table {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), o.asked()); err != nil {
			return err
		}
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

// asked is the window as it was understood, in its zone and in UTC.
func (o *coverageOptions) asked() string {
	const layout = "2006-01-02 15:04:05"
	in := func(zone *time.Location) string {
		return o.query.From.In(zone).Format(layout) + " to " + o.query.To.In(zone).Format(layout) + " " + zone.String()
	}
	if o.zone == time.UTC {
		return in(time.UTC)
	}
	return in(o.zone) + ", which is " + in(time.UTC)
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
