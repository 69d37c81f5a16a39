package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
	"calltrail/store/postgres"
)

func newAnchor() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "anchor",
		Short: "Keep the signed heads of the chains elsewhere",
		Long: `Appends the newest signed head of every chain in Postgres to a file, one JSON
object a line, and waits for the disk. Whoever owns the database can cut the end
off a chain, signatures and all, and what is left holds; calltrail verify
--anchors FILE shows it. So the file belongs on storage the database's owner
cannot write to: another host, or write-once media.

Run it from a timer: what was written after the last run can be cut unseen.`,
		Example: `  calltrail anchor --file /mnt/worm/calltrail.anchors`,
		GroupID: groupRecords,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to == "" {
				return usagef("name the file to append to with --file")
			}
			return runAnchor(cmd, to)
		},
	}
	cmd.Flags().StringVar(&to, "file", "", "append to `FILE`, made when it is not there")
	return cmd
}

// runAnchor appends the newest heads, and says which.
func runAnchor(cmd *cobra.Command, to string) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	heads, err := postgres.ReadHeads(cmd.Context(), pg)
	if err != nil {
		return err
	}
	if len(heads) == 0 {
		return fmt.Errorf("no chain has a signed head: coverage events carry them, and there are none")
	}
	if err := evidence.AppendAnchors(to, heads); err != nil {
		return err
	}
	for i := range heads {
		h := &heads[i]
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s, epoch %d: number %d, signed by key %s\n", print.Visible(h.Sensor), h.Epoch, h.Seq, h.KeyID); err != nil {
			return err
		}
	}
	return nil
}
