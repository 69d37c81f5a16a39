package main

import "github.com/spf13/cobra"

func newStatus() *cobra.Command {
	var format *choice
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the sensor and the store on this host are",
		Long: `Shows on one screen how the running programs are: the taps and what they lost, the
spool and how long its records have waited, the clock, how long the disk lasts,
how far the store is behind in Kafka, and the newest row in Postgres.

It asks the sensor at metrics.listen and the store at metrics.store_listen, and
Kafka and Postgres themselves where the configuration names them, all at once
and for at most 3 seconds. A part that does not answer says so in its line. A
host whose configuration has no capture.interfaces needs no sensor, one without
postgres.dsn no store.

Columns of a tap: PACKETS/S, PER S (octets) and SIP/S (messages) are means of
the last 10 to 20 seconds. DROPPED are packets the kernel had no room for since
the start; RECENT are those and the card's of the last 5 minutes, as are COPIES
(by a mirror port, share of packets) and 1-WAY (share of flows seen in one
direction only).

Days of disk are counted as if nothing were delivered and removed any more.

Exit status: 0 all is well; 1 something is wrong, and the last lines say what:
a tap down, one direction missing; within 5 minutes packets dropped, gaps in
TCP, fragments that did not come, calls or connections pushed out; a spool that
cannot be written or waits for more than 10 minutes, a delivery that fails, a
gap in a chain, a clock that is not synchronised or more than 100 ms off, less
than 7 days of disk, or a part that does not answer.`,
		Example: `  calltrail status
  calltrail status --format json`,
		GroupID: groupProgram,
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runStatus(cmd, format.value) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	format = choiceFlag(cmd, flags, "format", "FORMAT", []string{"table", "json"}, "form of the output")
	return cmd
}
