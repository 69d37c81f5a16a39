package main

import (
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
	if !out.Complete() {
		return errIncomplete
	}
	return nil
}
