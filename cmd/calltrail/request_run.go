package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
	"calltrail/store/postgres/register"
)

// step is what a person does in the database, under his own name.
type step struct {
	ctx  context.Context // of the command
	conn *postgres.Conn
}

// asPerson connects under the name of who runs the program for as long as do takes.
func asPerson(cmd *cobra.Command, do func(step) error) error {
	cfg, _, err := setUp(cmd)
	if err != nil {
		return err
	}
	return underName(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error { return do(step{ctx, conn}) })
}

func runRequestRegister(cmd *cobra.Command, o letterOptions) error {
	if err := o.read(); err != nil {
		return err
	}
	return asPerson(cmd, func(s step) error {
		id, err := register.Register(s.ctx, s.conn, o.Letter)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s registered; somebody else approves it: calltrail request approve %s\n", id, id)
		return err
	})
}

func runRequestEmergency(cmd *cobra.Command, o letterOptions) error {
	if err := o.read(); err != nil {
		return err
	}
	return asPerson(cmd, func(s step) error {
		id, err := register.OpenEmergency(s.ctx, s.conn, o.Letter)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s opened without approval; within 24 hours somebody else approves it: calltrail request approve %s\n", id, id)
		return err
	})
}

func runRequestStep(cmd *cobra.Command, id, done string, do func(step) error) error {
	return asPerson(cmd, func(s step) error {
		if err := do(s); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", print.Visible(id), done)
		return err
	})
}

func runRequestList(cmd *cobra.Command, state string, asJSON bool) error {
	return asPerson(cmd, func(s step) error {
		list, err := register.List(s.ctx, s.conn, "", state)
		if err != nil {
			return err
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), append([]register.Request{}, list...))
		}
		if len(list) == 0 {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "No request: calltrail request register adds one.")
			return err
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(out, "REQUEST\tSTATE\tAGENCY\tORDER\tCASE\tFROM\tTO\tROWS\tREGISTERED BY\tAPPROVED BY\tUNTIL") // kept until Flush, which has the error
		for _, r := range list {
			_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", r.ID, r.State, print.Visible(r.Agency), print.Visible(cmp.Or(r.Order, r.Section, "-")), print.Visible(cmp.Or(r.Case, "-")),
				moment(r.FromTime), moment(r.ToTime), r.MaxRows, print.Visible(r.RequestedBy), print.Visible(cmp.Or(r.ApprovedBy, "-")), moment(r.ExpiresAt))
		}
		return out.Flush()
	})
}

func runRequestShow(cmd *cobra.Command, id string, asJSON bool) error {
	return asPerson(cmd, func(s step) error {
		list, err := register.List(s.ctx, s.conn, id, "")
		if err != nil {
			return err
		}
		if len(list) != 1 {
			return fmt.Errorf("there is no request %.40q that this login may see; calltrail request list shows those it may", id)
		}
		if asJSON {
			return writeJSON(cmd.OutOrStdout(), list[0])
		}
		_, err = io.WriteString(cmd.OutOrStdout(), requestText(&list[0]))
		return err
	})
}

// requestText is a request for people, a line for each thing known of it.
func requestText(r *register.Request) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "%s  %s\n", r.ID, r.State) // a Builder never fails
	row := func(name, value string) {
		if value != "" && value != "-" {
			_, _ = fmt.Fprintf(&b, "  %-13s %s\n", name, print.Visible(value))
		}
	}
	row("agency", r.Agency)
	row("officer", r.Officer+", "+r.Rank)
	row("order", r.Order)
	row("section", r.Section)
	row("case", r.Case)
	row("purpose", r.Purpose)
	for _, s := range r.Selectors {
		value := s.Value
		if s.Port != 0 {
			value += fmt.Sprintf(" port %d", s.Port)
		}
		row("selector", s.Type+" "+value)
	}
	row("window", inIndia(r.FromTime)+" to "+inIndia(r.ToTime)+", not included")
	row("letter", r.SHA256)
	row("rows", fmt.Sprintf("at most %d", r.MaxRows))
	row("subscribers", map[bool]string{true: "shown", false: "not shown"}[r.Unmask])
	row("registered", inIndia(r.RequestedAt)+" by "+r.RequestedBy)
	if r.ApprovedBy != "" {
		row("approved", inIndia(r.ApprovedAt)+" by "+r.ApprovedBy)
	}
	if !r.ExpiresAt.IsZero() {
		row("until", inIndia(r.ExpiresAt))
	}
	return b.String()
}

// inIndia is a time as a letter has it, in IST, and in UTC.
func inIndia(t time.Time) string {
	return t.In(time.FixedZone("IST", 19800)).Format("2006-01-02 15:04:05 MST") + " (" + moment(t) + ")"
}

// fileSum is the SHA-256 of a file.
func fileSum(path string) (sum []byte, err error) {
	file, err := os.Open(path) //nolint:gosec // the person names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, fmt.Errorf("read the letter: %w", err)
	}
	return hash.Sum(nil), nil
}
