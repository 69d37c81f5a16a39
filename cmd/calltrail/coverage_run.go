package main

import (
	"errors"

	"github.com/spf13/cobra"

	"calltrail/capture"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
)

// errIncomplete ends coverage with the status of an input that was not whole; the answer has said the rest.
var errIncomplete = errors.Join(errReported, capture.ErrDamaged)

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
	if err := postgres.ReadCoverage(cmd.Context(), pg, o.query, out.Print); err != nil {
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
