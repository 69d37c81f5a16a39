package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

// holdOptions is the command line of hold add, list and release.
type holdOptions struct {
	caseRef, reason         string
	number, prefix, address string
	subscriber, call        string
	window, all, asJSON     bool
	from, to, zone          string
	id                      int64
}

func newHold() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Keep what a case needs, whatever its age",
		Long: `A legal hold names a case and what it needs: a number, the first digits of numbers,
an address or prefix, a subscriber, one call, or all of a time. What it names is not
deleted by "calltrail retention run" until the hold is released, and stays provable.
Whoever places and releases one does so under his own name (role retention), and it
stands in the audit. docs/retention.md tells more.`,
		GroupID: groupRecords,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(newHoldAdd(), newHoldList(), newHoldRelease())
	return cmd
}

func newHoldAdd() *cobra.Command {
	o := holdOptions{}
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Place a hold",
		Long: `Places a hold on one thing and prints its number. With a call all its legs and
revisions are held. --from and --to narrow it to what began in that time; --window
holds everything of it. What is deleted already does not come back.`,
		Example: `  calltrail hold add --case "FIR 12/2026" --number "+91 120 410 0001" --reason "letter 4471 of the court"
  calltrail hold add --case "FIR 12/2026" --window --from "2025-03-01 09:00" --to "2025-03-01 11:00" --reason "letter 4471"`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runHoldAdd(cmd, &o) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.caseRef, "case", "", "`REFERENCE` of the case")
	flags.StringVar(&o.number, "number", "", "telephone `NUMBER`, or a name before the @ as it was sent")
	flags.StringVar(&o.prefix, "prefix", "", "first `DIGITS` of numbers: \"+\", country code, digits")
	flags.StringVar(&o.address, "address", "", "IPv4 or IPv6 `ADDRESS`, or a prefix: 192.0.2.0/24")
	flags.StringVar(&o.subscriber, "subscriber", "", "`NAME` of a subscriber, as the assignments have it")
	flags.StringVar(&o.call, "call", "", "`UID` of a call, of its group, or of an event")
	flags.BoolVar(&o.window, "window", false, "everything between --from and --to")
	flags.StringVar(&o.from, "from", "", "only what began at `TIME` or later")
	flags.StringVar(&o.to, "to", "", "only what began before `TIME`")
	flags.StringVar(&o.zone, "zone", "", "`ZONE` of times that name none (default access.zone)")
	flags.StringVar(&o.reason, "reason", "", "order or letter, in `WORDS`")
	asFlag(cmd)
	cmd.MarkFlagsMutuallyExclusive("number", "prefix", "address", "subscriber", "call", "window")
	return cmd
}

func newHoldList() *cobra.Command {
	o := holdOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the holds in force",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runHoldList(cmd, &o) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "those that were released, too")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	asFlag(cmd)
	return cmd
}

func newHoldRelease() *cobra.Command {
	o := holdOptions{}
	cmd := &cobra.Command{
		Use:   "release NUMBER",
		Short: "End a hold",
		Long: `Ends the hold of this number. It stays in the list with who released it and why. What
only it held goes with the next deletion that notice is given of.`,
		Example: `  calltrail hold release 3 --reason "case closed, letter 5120"`,
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id < 1 {
				return usagef("%.64q is no number of a hold: calltrail hold list shows them", args[0])
			}
			o.id = id
			return runHoldRelease(cmd, &o)
		},
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "order or letter, in `WORDS`")
	asFlag(cmd)
	return cmd
}
