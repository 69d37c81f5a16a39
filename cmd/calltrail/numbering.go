package main

import (
	"time"

	"github.com/spf13/cobra"

	"calltrail/store/postgres/numbering"
)

func newNumbering() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "numbering",
		Short: "Import where numbers are registered, and look them up",
		Long: `A number tells the range it was allotted from. Where it is registered and which
operator it is with now, only tables tell: those of subscribers, of ported numbers,
and of numbering plans. They are imported with their source and date, and answered
with them: all that say something, none picked.`,
		GroupID: groupRecords,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(newNumberingImport(), newNumberingStatus(), newNumberingLookup())
	return cmd
}

func newNumberingImport() *cobra.Command {
	var o numbering.Options
	var zone string
	var kind *choice
	cmd := &cobra.Command{
		Use:   "import --kind KIND --source NAME --dated DAY FILE",
		Short: "Import a table of numbers from a CSV file",
		Long: `Reads comma-separated values whose first line names the columns, in any order
and case. Columns that are not listed here are left out, and named.

  subscriber   where numbers are registered: number, or range_from and range_to;
               of circle, state, city, country and subscriber at least one
  portability  which operator numbers are with now: number, carrier
  range        to whom ranges were allotted: number_prefix, or range_from and
               range_to; of carrier, circle, state, city and country at least one

Each may have from and until (not included), and the other columns. Numbers are in
E.164, +919812345678; with --prepend +91 those without a "+" get it, with
--prepend + they have their country code. Times are 2026-11-01, 2026-11-01 10:00:00
(both in the zone of --zone; without it they are refused) or RFC 3339.

A table replaces, from its day on, the earlier ones of its source and kind: what is
not in it holds no more. With --changes the file has only what changed, and replaces
what was said of the numbers it names. Nothing is overwritten: for the time before,
the earlier tables answer.

Everything is imported, or nothing: lines that are wrong are listed (the first
1,000). A file that was imported before adds nothing.

Exit status: 0 imported, or nothing new; 1 error, also when lines are wrong;
2 wrong command line.`,
		Example: `  calltrail numbering import --kind portability --source "MNP clearing house" --dated 2026-11-01 --prepend +91 mnp.csv
  calltrail numbering import --kind subscriber --source books --dated 2026-11-01 --zone IST subscribers.csv`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Kind = numbering.Kind(kind.value)
			for _, name := range []string{"kind", "source", "dated"} {
				if !cmd.Flags().Changed(name) {
					return usagef("--%s is missing", name)
				}
			}
			if zone != "" {
				var err error
				if o.Zone, err = namedZone(zone); err != nil {
					return err
				}
			}
			if err := o.Check(); err != nil {
				return &usageError{err}
			}
			return runNumberingImport(cmd, o, args[0])
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	var kinds []string
	for _, k := range numbering.Kinds() {
		kinds = append(kinds, string(k))
	}
	kind = choiceFlag(cmd, flags, "kind", "KIND", kinds, "what the table says; must be given")
	flags.Lookup("kind").DefValue = ""
	flags.StringVar(&o.Source, "source", "", "`NAME` of who gave the table out; must be given")
	flags.StringVar(&o.Dated, "dated", "", "`DAY` the table is of, like 2026-11-01; must be given")
	flags.BoolVar(&o.Changes, "changes", false, "the file is not the whole table, only what changed")
	flags.StringVar(&o.Prepend, "prepend", "", "`TEXT` that goes before numbers without \"+\": a country code like +91, or +")
	flags.StringVar(&zone, "zone", "", "`ZONE` of times without one, and of --dated: UTC, IST, Asia/Kolkata … (default: such times are refused, --dated is UTC)")
	mustComplete(cmd, "source", cobra.NoFileCompletions)
	mustComplete(cmd, "dated", cobra.NoFileCompletions)
	mustComplete(cmd, "prepend", cobra.NoFileCompletions)
	mustComplete(cmd, "zone", cobra.FixedCompletions([]string{"UTC", "IST", "Asia/Kolkata", "Local"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = fileWithExtension("csv")
	return cmd
}

func newNumberingStatus() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "List the tables that were imported, with their age",
		Long: `Lists the imported tables by kind and source, the newest first: its day and age in
days, whether it holds or a later one has replaced it, rows, file, SHA-256, and
when and by which account of the database it was imported.

Exit status: 0 done, 1 error, 2 wrong command line.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runNumberingStatus(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newNumberingLookup() *cobra.Command {
	var asJSON bool
	var at string
	cmd := &cobra.Command{
		Use:   "lookup NUMBER",
		Short: "Show where a number is registered, and who says so",
		Long: `Shows what the imported tables say of a number at a time: every source and kind,
each with the day of its table, its file and line. When they do not agree, that is
what is known.

The number is in E.164, with "+" and country code. In SQL,
calltrail.registration_of(number, time) answers the same.

Exit status: 0 done, also when no table has the number; 1 error; 2 wrong command
line.`,
		Example: `  calltrail numbering lookup +919812345678
  calltrail numbering lookup +919812345678 --at 2026-10-20T10:00:00+05:30`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := numbering.ParseNumber(args[0])
			if err != nil {
				return &usageError{err}
			}
			var when time.Time
			if cmd.Flags().Changed("at") {
				if when, err = time.Parse(time.RFC3339, at); err != nil {
					return usagef("--at: %q is no time; write it like 2026-11-22T10:00:00+05:30", at)
				}
			}
			return runNumberingLookup(cmd, number, when, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&at, "at", "", "`TIME` that is asked for, like 2026-11-22T10:00:00+05:30 (default now)")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	mustComplete(cmd, "at", cobra.NoFileCompletions)
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}
