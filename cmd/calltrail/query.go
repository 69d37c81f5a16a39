package main

import (
	"github.com/spf13/cobra"
)

// queryOptions is the command line of query, checked.
type queryOptions struct {
	question   string
	parameters []string // key=value
	request    string
	format     string
	out        string // "" is standard output
}

func newQuery() *cobra.Command {
	o := queryOptions{}
	var format *choice
	cmd := &cobra.Command{
		Use:   "query NAME [PARAMETER=VALUE ...]",
		Short: "Ask a question for an approved request",
		Long: `Logs in under your own name, opens one of your approved requests, and asks one of
the questions that "calltrail query list" shows. The database checks that the
request covers what is asked, and writes to its audit what was asked and what
was answered before anything is released.

A parameter that takes several values has commas between them. A time is written
2026-11-22 or "2026-11-22 10:00:00" in the zone of access.zone (India's), or with
its zone, 2026-11-22T10:00:00Z. Without from_time and to_time the question is about
the request's whole window.

A table and CSV have each time twice, in that zone and in UTC. In CSV, a cell that a
spreadsheet would run (it begins with = + - @ or a tab) has an apostrophe before
it: telephone numbers have one. JSON has one row a line with exactly the octets that
the audit hashed: sha256sum of the rows is result_sha256 of the audit.

Every answer ends with its coverage: what was asked about, and how much of it was
watched. Of JSON it goes to standard error, or to standard output with --out. A file
that is there is never replaced.

Exit status: 0 answered, also when nothing was found; 1 error; 2 wrong command line;
5 refused: the request is not approved, is somebody else's, or does not cover what
was asked.`,
		Example: `  calltrail query calls_of_number of_number=+911204100001 --request R-2026-000017
  calltrail query subscribers_common_far_ends subscribers=line-7,line-9 --request R-2026-000017 --format csv --out far.csv`,
		GroupID: groupRecords,
		Args:    usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := need("request", o.request); err != nil {
				return &usageError{err}
			}
			o.question, o.parameters, o.format = args[0], args[1:], format.value
			return runQuery(cmd, &o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.request, "request", "", "`NUMBER` of the request, R-2026-000017")
	format = choiceFlag(cmd, flags, "format", "FORMAT", []string{"table", "csv", "json"}, "form of the answer")
	flags.StringVar(&o.out, "out", "", "write the answer to `FILE`")
	mustComplete(cmd, "request", cobra.NoFileCompletions)

	var asJSON bool
	list := &cobra.Command{
		Use:   "list [NAME]",
		Short: "Show what can be asked, with its parameters and columns",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return runQueryList(cmd, name, asJSON)
		},
	}
	list.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	asFlag(cmd)
	cmd.AddCommand(list)
	return cmd
}
