package main

import (
	"cmp"
	"fmt"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres/register"
	"calltrail/store/postgres/watchlist"
)

func runAuditList(cmd *cobra.Command, q register.Query, since string, asJSON bool) (err error) {
	if q.Since, err = watchlist.ParseTime(since); err != nil {
		return usagef("--since: %w", err)
	}
	return asPerson(cmd, func(s step) error {
		list, err := register.Entries(s.ctx, s.conn, q)
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), append([]register.Entry{}, list...))
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(out, "ROW\tAT\tPERSON\tACTION\tREQUEST\tQUESTION\tROWS\tDETAIL") // kept until Flush, which has the error
		for _, e := range list {
			rows := "-"
			if e.Rows != nil {
				rows = strconv.FormatInt(*e.Rows, 10)
			}
			_, _ = fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, moment(e.At), print.Visible(e.Person), e.Action, print.Visible(cmp.Or(e.Request, "-")),
				print.Visible(cmp.Or(e.Question, "-")), rows, print.Visible(e.Detail))
		}
		return out.Flush()
	})
}

func runAuditVerify(cmd *cobra.Command, head string, asJSON bool) error {
	var kept register.Head
	if head != "" {
		var err error
		if kept, err = register.ParseHead(head); err != nil {
			return usagef("--head: %w", err)
		}
	}
	return asPerson(cmd, func(s step) error {
		v, err := register.Verify(s.ctx, s.conn, kept)
		if err != nil {
			return err
		}
		if asJSON {
			err = writeJSON(cmd.OutOrStdout(), v)
		} else {
			err = writeVerdict(cmd, &v)
		}
		if err == nil && !v.Holds() {
			err = errEvidence
		}
		return err
	})
}

func writeVerdict(cmd *cobra.Command, v *register.Verdict) error {
	out := cmd.OutOrStdout()
	for _, p := range v.Problems {
		_, _ = fmt.Fprintln(out, print.Visible(p)) // the last line has the error
	}
	if v.More > 0 {
		_, _ = fmt.Fprintf(out, "and %d more\n", v.More) // as above
	}
	says := "the audit holds"
	if !v.Holds() {
		says = "THE AUDIT DOES NOT HOLD"
	}
	_, err := fmt.Fprintf(out, "%d rows read, head %s: %s\n", v.Rows, v.Head, says)
	return err
}

func runAuditHead(cmd *cobra.Command) error {
	return asPerson(cmd, func(s step) error {
		h, err := register.End(s.ctx, s.conn)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), h)
		return err
	})
}

func runAuditMonth(cmd *cobra.Command, month string, asJSON bool) error {
	return asPerson(cmd, func(s step) error {
		r, err := register.Month(s.ctx, s.conn, month)
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), r)
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(out, "MONTH\tPERSON\tACTION\tQUESTION\tTIMES\tREQUESTS\tROWS") // kept until Flush, which has the error
		for _, t := range r.Totals {
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%d\t%d\n", t.Month, print.Visible(t.Person), t.Action, cmp.Or(t.Question, "-"), t.N, t.Requests, t.Rows)
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if len(r.Emergencies) == 0 {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "\nNo emergency opening.")
			return err
		}
		_, _ = fmt.Fprintln(out, "\nEMERGENCY\tOFFICER\tOPENED\tCASE\tROWS\tSTATE\tAPPROVED BY\tAT") // as above
		for _, e := range r.Emergencies {
			at := moment(e.ApprovedAt)
			if e.ApprovedLate {
				at += " (late)"
			}
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", e.Request, print.Visible(e.Officer), moment(e.OpenedAt), print.Visible(cmp.Or(e.Case, "-")), e.Rows, e.State,
				print.Visible(cmp.Or(e.ApprovedBy, "-")), at)
		}
		return out.Flush()
	})
}
