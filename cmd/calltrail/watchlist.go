package main

import (
	"os/user"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"calltrail/store/postgres/watchlist"
)

// watchlistOptions is the command line of the commands below watchlist, checked.
type watchlistOptions struct {
	list   string // name; "" is none, or all
	kind   string
	value  string
	source string
	ref    string // reference of the case
	reason string
	from   string
	until  string
	entry  int64  // identity; 0 is none
	format string // csv, json; of list table
	file   string // "-" is standard input or output
	by     string // who does it
	all    bool   // removed entries too
}

func newWatchlist() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watchlist",
		Short: "Keep lists of numbers and addresses, and find their calls",
		Long: `Keeps lists of what somebody looks for. An entry is of a kind:

  number         a telephone number, whole; kept in E.164
  number_prefix  the first digits of numbers: "+", country code, digits
  address        an IPv4 or IPv6 address
  prefix         a network: 192.0.2.0/24
  sip_uri        user@host; scheme, port and parameters do not count
  user_agent     a User-Agent or Server; * stands for anything, case for nothing

and has a source, a reason, if need be a case, and a time (--from, --until) that
a call must have begun in.

Every call, registration and message that lands is compared, in the transaction
that stores it. What was stored before an entry was added is searched by
"watchlist match". Both make rows of calltrail.watchlist_hit and tell LISTEN
calltrail_watchlist.

An entry that is removed stays in the database, with who removed it and why, and
matches nothing from then on.`,
		GroupID: groupRecords,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(newWatchlistImport(), newWatchlistExport(), newWatchlistAdd(), newWatchlistRemove(), newWatchlistList(), newWatchlistMatch())
	return cmd
}

func newWatchlistImport() *cobra.Command {
	o := watchlistOptions{}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add the entries of a CSV or JSON file",
		Long: `Adds the entries of a file ("-": of standard input) in one transaction. When a
line is bad, all bad lines are listed with their numbers and nothing is added.
Entries that are on their list already stay as they are.

CSV has a header. The columns are list, kind, value, source, case, reason, from
and until; kind, value, source and reason must be there. JSON is an array of
objects with the same names, all values strings. What export writes can be
imported; added_by, added_at and version are not read.`,
		Example: "  calltrail watchlist import numbers.csv --list digital-arrest",
		Args:    usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.file = args[0]
			if o.format == "" {
				o.format = strings.TrimPrefix(filepath.Ext(o.file), ".")
			}
			if o.format != "csv" && o.format != "json" {
				return usagef("the form of %q is not known by its name; write --format csv or --format json", o.file)
			}
			return runWatchlistImport(cmd, o)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.list, "list", "", "`NAME` of the list of lines that name none")
	cmd.Flags().StringVar(&o.format, "format", "", "`FORMAT` of the file: csv, json (default by the file's name)")
	byFlag(cmd, &o)
	mustComplete(cmd, "format", cobra.FixedCompletions([]string{"csv", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func newWatchlistExport() *cobra.Command {
	o := watchlistOptions{}
	var format *choice
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the entries as CSV or JSON",
		Args:  usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.format = format.value
			return runWatchlistExport(cmd, o)
		},
	}
	cmd.Flags().StringVar(&o.list, "list", "", "only the list `NAME`")
	format = choiceFlag(cmd, cmd.Flags(), "format", "FORMAT", []string{"csv", "json"}, "form of the file")
	return cmd
}

func newWatchlistAdd() *cobra.Command {
	o := watchlistOptions{}
	cmd := &cobra.Command{
		Use:     "add",
		Short:   "Add one entry",
		Example: `  calltrail watchlist add --list digital-arrest --kind number --value "+91 120 410 0001" --source "Noida police" --case "FIR 12/2026" --reason "hoax call"`,
		Args:    usage(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runWatchlistAdd(cmd, o) },
	}
	valueFlags(cmd, &o)
	flags := cmd.Flags()
	flags.StringVar(&o.source, "source", "", "`WHO` wants it looked for")
	flags.StringVar(&o.ref, "case", "", "`REFERENCE` of the case")
	flags.StringVar(&o.reason, "reason", "", "`WHY` it is looked for")
	flags.StringVar(&o.from, "from", "", "only in calls that began at `TIME` (RFC 3339 or a date, UTC) or later")
	flags.StringVar(&o.until, "until", "", "only in calls that began before `TIME`")
	byFlag(cmd, &o)
	return cmd
}

func newWatchlistRemove() *cobra.Command {
	o := watchlistOptions{}
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Take one entry off its list",
		Example: `  calltrail watchlist remove --entry 12 --reason "case closed"
  calltrail watchlist remove --list digital-arrest --kind number --value +911204100001 --reason "case closed"`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if named := o.list != "" && o.kind != "" && o.value != ""; named == (o.entry != 0) {
				return usagef("name one entry: by --entry, or by --list, --kind and --value")
			}
			if o.reason == "" {
				return usagef("--reason is empty; say why it is removed")
			}
			return runWatchlistRemove(cmd, o)
		},
	}
	cmd.Flags().Int64Var(&o.entry, "entry", 0, "the entry with this `ID`, as list shows it")
	valueFlags(cmd, &o)
	cmd.Flags().StringVar(&o.reason, "reason", "", "`WHY` it is removed")
	byFlag(cmd, &o)
	return cmd
}

func newWatchlistList() *cobra.Command {
	o := watchlistOptions{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show the entries and how often they were found",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runWatchlistList(cmd, o) },
	}
	cmd.Flags().StringVar(&o.list, "list", "", "only the list `NAME`")
	cmd.Flags().BoolVar(&o.all, "removed", false, "those that were removed too")
	return cmd
}

func newWatchlistMatch() *cobra.Command {
	o := watchlistOptions{}
	cmd := &cobra.Command{
		Use:   "match",
		Short: "Look for entries in the records that are stored already",
		Long: `Looks for the entries of a list, or for one, in everything that is stored, the
newest days first. What is found was not found before; records that land
meanwhile are compared as they land. A search that is stopped goes on where it
was when it is asked for again.

Numbers and addresses are looked up. For SIP URIs and User-Agents every record is
read, once for all entries.`,
		Example: "  calltrail watchlist match --list digital-arrest",
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (o.list == "") == (o.entry == 0) {
				return usagef("say what to look for: --list or --entry")
			}
			return runWatchlistMatch(cmd, o)
		},
	}
	cmd.Flags().StringVar(&o.list, "list", "", "the entries of the list `NAME`")
	cmd.Flags().Int64Var(&o.entry, "entry", 0, "the entry with this `ID`")
	byFlag(cmd, &o)
	return cmd
}

// valueFlags defines the flags that name an entry by what it is.
func valueFlags(cmd *cobra.Command, o *watchlistOptions) {
	flags := cmd.Flags()
	flags.SortFlags = false
	var kinds []string
	for _, k := range watchlist.Kinds() {
		kinds = append(kinds, string(k))
	}
	flags.StringVar(&o.list, "list", "", "`NAME` of the list")
	flags.StringVar(&o.kind, "kind", "", "`KIND` of the entry: "+strings.Join(kinds, ", "))
	flags.StringVar(&o.value, "value", "", "the number, address, prefix, URI or User-Agent")
	mustComplete(cmd, "kind", cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveNoFileComp))
}

// byFlag defines --by, who is noted down as having done it.
func byFlag(cmd *cobra.Command, o *watchlistOptions) {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	cmd.Flags().StringVar(&o.by, "by", name, "`WHO` does it, for the history (default the account)")
	cmd.Flags().Lookup("by").DefValue = "" // a reference that is the same on every host
}
