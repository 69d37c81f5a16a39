package main

import (
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres/subscriber"
)

func newAssignments() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "assignments",
		Short:   "Import or hear live which subscriber had which address, and join it with the calls",
		GroupID: groupRecords,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(newAssignmentsImport(), newAssignmentsCorrect(), newAssignmentsJoin(), newAssignmentsListen())
	return cmd
}

func newAssignmentsImport() *cobra.Command {
	var o subscriber.Options
	var zone string
	var format *choice
	cmd := &cobra.Command{
		Use:   "import --format FORMAT FILE...",
		Short: "Import RADIUS accounting, DHCP leases or NAT port blocks from CSV files",
		Long: `Reads comma-separated values whose first line names the columns, in any order
and case. Columns that are not listed here are left out, and named.

  radius  Acct-Status-Type, Acct-Session-Id, User-Name, Event-Timestamp, and of
          Framed-IP-Address, Framed-IPv6-Address, Framed-IPv6-Prefix and
          Delegated-IPv6-Prefix at least one; Calling-Station-Id, NAS-Port-Id,
          NAS-IP-Address, NAS-Identifier, Acct-Session-Time
  dhcp    address, start, end, and of hwaddr, client_id, subscriber and line at
          least one; Kea's expire and valid_lifetime instead of start and end
  cgnat   public_ip, inside_ip, from, to; port_start and port_end (empty: all
          ports), inside_port, subscriber, line, mac. An empty "to" is not over

Times are seconds since 1970, RFC 3339 (2026-11-22T10:00:00+05:30), or
2026-11-22 10:00:00 in the zone of --zone. Without --zone a time that names no
zone is refused, and so is one that the clocks of the zone showed twice or never.

Everything is imported, or nothing: lines that are wrong are all listed. A file
that was imported before adds nothing, nor do rows that say what is known; one
that says more, such as the Stop of a session, supersedes and changes nothing.

Records that land find the assignments themselves. For those that are stored the
import goes on to correct the calls of the addresses and times that it told of,
and says how many rows that added to calltrail.call_subscriber; nothing there is
changed. When that is stopped, "assignments correct" goes on with it.

In SQL, calltrail.who_used(address, port, time) answers whose an address was.

Exit status: 0 imported, or nothing new; 1 error, also when lines are wrong;
2 wrong command line.`,
		Example: `  calltrail assignments import --format radius detail-2026-11-22.csv
  calltrail assignments import --format cgnat --zone Asia/Kolkata blocks-*.csv`,
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Format = subscriber.Format(format.value)
			if !cmd.Flags().Changed("format") {
				return usagef("--format is missing; write radius, dhcp or cgnat")
			}
			if len(args) > maxImportFiles {
				return usagef("%d files are more than %d; import them in parts", len(args), maxImportFiles)
			}
			if zone != "" {
				var err error
				if o.Zone, err = namedZone(zone); err != nil {
					return err
				}
			}
			return runAssignmentsImport(cmd, o, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	format = choiceFlag(cmd, flags, "format", "FORMAT", []string{string(subscriber.RADIUS), string(subscriber.DHCP), string(subscriber.CGNAT)}, "what the files hold; must be given")
	flags.Lookup("format").DefValue = ""
	flags.StringVar(&zone, "zone", "", "`ZONE` of times without one: UTC, IST, Asia/Kolkata … (default: they are refused)")
	mustComplete(cmd, "zone", cobra.FixedCompletions([]string{"UTC", "IST", "Asia/Kolkata", "Local"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = fileWithExtension("csv")
	return cmd
}

// maxImportFiles bounds the files of one transaction, all of which are in memory.
const maxImportFiles = 1000

func newAssignmentsCorrect() *cobra.Command {
	return &cobra.Command{
		Use:   "correct",
		Short: "Go on with correcting the calls for assignments that came late",
		Long: `Takes the assignments that the stored calls have not been corrected for yet,
1,000 a transaction, and adds to calltrail.call_subscriber what they say of the
calls of their addresses and times. An import does this by itself; this goes on
with one that was stopped. What lands meanwhile does not wait for it.

Exit status: 0 done, or nothing was due; 1 error, 2 wrong command line.`,
		Example: `  calltrail assignments correct`,
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runAssignmentsCorrect(cmd) },
	}
}

func newAssignmentsJoin() *cobra.Command {
	var since string
	cmd := &cobra.Command{
		Use:   "join --since DAY",
		Short: "Join all calls of some days anew with their subscribers",
		Long: `Records are joined as they land, and corrected by what comes later: this is not
needed in the ordinary run, and is there to prove it, or after records were put
into the database by other means.

Looks up every address of the records from a day (UTC) on, at the time it was
used, and writes to calltrail.call_subscriber what the imports say. Again, it adds
nothing. What has been learnt since (the end of a session, a longer prefix) is
added, and what holds no more is taken back by a further row: the history stays.
The view calltrail.call_subscribers shows what holds.

Exit status: 0 done, 1 error, 2 wrong command line.`,
		Example: `  calltrail assignments join --since 2026-11-22`,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			day, err := time.Parse(time.DateOnly, since)
			if err != nil {
				return usagef("--since: %q is no day; write it like 2026-11-22", since)
			}
			return runAssignmentsJoin(cmd, day)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&since, "since", "", "from the `DAY` on, like 2026-11-22, UTC; must be given")
	mustComplete(cmd, "since", cobra.NoFileCompletions)
	return cmd
}

// namedZone reads the zone of the command line.
func namedZone(name string) (*time.Location, error) {
	if name == "IST" {
		return print.IST, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, usagef("--zone: %q is not known; write UTC, IST or a name such as Asia/Kolkata", name)
	}
	return zone, nil
}
