package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
	"calltrail/store/postgres/retention"
)

func runHoldAdd(cmd *cobra.Command, o *holdOptions) error {
	if err := errors.Join(need("case", o.caseRef), need("reason", o.reason)); err != nil {
		return &usageError{err}
	}
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	h, err := o.hold(cfg)
	if err != nil {
		return err
	}
	return underName(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		id, err := retention.AddHold(ctx, conn, h)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "hold %d of case %s: %s\n", id, print.Visible(h.Case), print.Visible(held(&h)))
		return err
	})
}

// hold is what the command line asks to be held.
func (o *holdOptions) hold(cfg *config.Config) (retention.Hold, error) {
	h := retention.Hold{Case: o.caseRef, Reason: o.reason}
	for _, x := range []struct{ kind, value string }{
		{"number", o.number}, {"number_prefix", o.prefix}, {"address", o.address}, {"subscriber", o.subscriber}, {"call", o.call},
	} {
		if x.value != "" {
			h.Kind, h.Value = x.kind, x.value
		}
	}
	switch {
	case o.window:
		h.Kind = "window"
	case h.Kind == "":
		return h, usagef("what is held? Write one of --number, --prefix, --address, --subscriber, --call or --window")
	}
	switch h.Kind {
	case "number":
		// A hold of a number written otherwise than records have it would hold nothing.
		numbers, err := readNumbers(cfg)
		if err != nil {
			return h, err
		}
		if e164, ok := numbers(h.Value); ok {
			h.Value = e164
		}
	case "number_prefix":
		digits := strings.TrimPrefix(h.Value, "+")
		if digits == h.Value || digits == "" || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
			return h, usagef("--prefix: %.64q is not the beginning of a number; write it like +911204", h.Value)
		}
	case "address":
		_, err := netip.ParseAddr(h.Value)
		p, err2 := netip.ParsePrefix(h.Value)
		if err != nil && (err2 != nil || p.Masked() != p) {
			return h, usagef("--address: %.64q is neither an address nor a prefix; write it like 192.0.2.7 or 192.0.2.0/24", h.Value)
		}
	}
	name := o.zone
	if name == "" {
		name = cfg.Access.Zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return h, usagef("--zone: %.64q is not known; write UTC, or a name such as Asia/Kolkata", name)
	}
	for _, x := range []struct {
		flag, text string
		to         **time.Time
	}{{"--from", o.from, &h.From}, {"--to", o.to, &h.To}} {
		if x.text == "" {
			continue
		}
		t, err := parseTime(x.flag, x.text, zone)
		if err != nil {
			return h, err
		}
		*x.to = &t
	}
	switch {
	case o.window && (h.From == nil || h.To == nil):
		return h, usagef("--window needs --from and --to")
	case h.From != nil && h.To != nil && !h.From.Before(*h.To):
		return h, usagef("--from is not before --to; write the earlier time first")
	}
	return h, nil
}

// held says what a hold names, times in UTC.
func held(h *retention.Hold) string {
	text := strings.TrimSpace(strings.ReplaceAll(h.Kind, "_", " ") + " " + h.Value)
	if h.From != nil {
		text += " from " + h.From.UTC().Format(time.RFC3339)
	}
	if h.To != nil {
		text += " to " + h.To.UTC().Format(time.RFC3339)
	}
	return text
}

func runHoldList(cmd *cobra.Command, o *holdOptions) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	return underName(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		list, err := retention.Holds(ctx, conn, o.all)
		if err != nil {
			return err
		}
		if o.asJSON {
			if list == nil {
				list = []retention.Hold{}
			}
			return writeJSON(cmd.OutOrStdout(), list)
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(out, "HOLD\tCASE\tWHAT\tREASON\tPLACED\tRELEASED") // kept until Flush, which has the error
		for i := range list {
			h := &list[i]
			released := ""
			if h.ReleasedAt != nil {
				released = h.ReleasedAt.UTC().Format(time.RFC3339) + " " + h.ReleasedBy + ": " + h.ReleaseReason
			}
			_, _ = fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s %s\t%s\n", h.ID, print.Visible(h.Case), print.Visible(held(h)), print.Visible(h.Reason),
				h.PlacedAt.UTC().Format(time.RFC3339), print.Visible(h.PlacedBy), print.Visible(released))
		}
		return out.Flush()
	})
}

func runHoldRelease(cmd *cobra.Command, o *holdOptions) error {
	if err := need("reason", o.reason); err != nil {
		return err
	}
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	return underName(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		if err := retention.ReleaseHold(ctx, conn, o.id, o.reason); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "hold %d is released; what only it held goes with the next deletion that notice is given of\n", o.id)
		return err
	})
}
