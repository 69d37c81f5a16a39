package main

import (
	"regexp"

	"github.com/spf13/cobra"

	"calltrail/store/postgres/register"
)

func newAudit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read and verify what was asked, by whom, under which request",
		Long: `Every step of a request, every question and every answer is a row of the audit:
numbered without gaps, each with the hash of the one before. An auditor's login reads
it (access.dsn). docs/register.md has the columns and how the hashes are made.`,
		GroupID: groupRecords,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	asFlag(cmd)
	cmd.AddCommand(newAuditList(), newAuditVerify(), newAuditHead(), newAuditMonth())
	return cmd
}

func newAuditList() *cobra.Command {
	q, since, asJSON := register.Query{}, "", false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List rows of the audit, the oldest first",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runAuditList(cmd, q, since, asJSON) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&q.Request, "request", "", "only of the `REQUEST`")
	flags.StringVar(&q.Person, "person", "", "only of the `LOGIN`")
	flags.StringVar(&q.Action, "action", "", "only this `ACTION`: answered, refused, emergency, …")
	flags.StringVar(&since, "since", "", "only from `TIME` on (RFC 3339 or a date, UTC)")
	flags.IntVar(&q.Most, "most", 100, "at most the newest `ROWS`, up to 10000")
	flags.BoolVar(&asJSON, "json", false, "one JSON array, with parameters and hashes")
	return cmd
}

func newAuditVerify() *cobra.Command {
	head, asJSON := "", false
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the audit's chain, and the register against it",
		Long: `Reads the whole audit and makes its hashes anew, without trusting the database to
do so; then compares the register with it. A row that was changed, taken out or put
in is found. That the end was cut off is found only with a head that was noted
before and kept elsewhere: calltrail audit head.

Exit status: 0 it holds, 1 error, 2 wrong command line, 4 something does not hold.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAuditVerify(cmd, head, asJSON) },
	}
	cmd.Flags().StringVar(&head, "head", "", "`HEAD` that calltrail audit head wrote: the chain must still have it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return cmd
}

func newAuditHead() *cobra.Command {
	return &cobra.Command{
		Use:   "head",
		Short: "Write the end of the audit's chain, to be kept elsewhere",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runAuditHead(cmd) },
	}
}

var months = regexp.MustCompile(`^[0-9]{4}-(0[1-9]|1[0-2])$`)

func newAuditMonth() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "month [MONTH]",
		Short:   "The report of a month: totals and emergency openings",
		Example: "  calltrail audit month 2026-11",
		Args:    usage(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			month := ""
			if len(args) == 1 {
				if month = args[0]; !months.MatchString(month) {
					return usagef("%.40q is no month; write it like 2026-11", month)
				}
			}
			return runAuditMonth(cmd, month, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return cmd
}
