package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
	"calltrail/store/postgres"
	"calltrail/store/postgres/retention"
)

const day = 24 * time.Hour

// keepDays is what lengthens the database's period so that nothing goes before period and grace of the configuration are over.
func keepDays(r *config.Retention, s retention.Setting) int {
	period, grace := int(r.Period.Std()/day), int(r.Grace.Std()/day)
	return max(period, period+grace-s.GraceDays)
}

// keptFrom is the first day that must be kept, at midnight UTC.
func keptFrom(r *config.Retention, s retention.Setting, now time.Time) time.Time {
	return now.UTC().Truncate(day).AddDate(0, 0, -(max(keepDays(r, s), s.Days) + s.GraceDays))
}

// noticed says whether the configuration's notice is over, which may be longer than the database's.
func noticed(r *config.Retention, span *retention.Span, now time.Time) bool {
	return span.Due && span.NoticedAt != nil && !span.NoticedAt.After(now.Add(-r.Notice.Std()))
}

func runRetentionRun(cmd *cobra.Command, o *retentionOptions) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	r := &cfg.Retention
	if r.KeyFile == "" {
		return errors.New("nobody signs deletions: set retention.key_file to the file of a key made with calltrail key init --key-file")
	}
	signer, err := evidence.Load(r.KeyFile)
	if err != nil {
		return err
	}
	if _, err := retention.Backups(r.Backups, time.Time{}); err != nil {
		return err // before anything is deleted
	}
	return underName(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		s, err := retention.ReadSetting(ctx, conn)
		if err != nil {
			return err
		}
		reason := o.reason
		if reason == "" {
			reason = fmt.Sprintf("older than %d days", max(keepDays(r, s), s.Days))
		}
		spans, err := retention.Plan(ctx, conn, keepDays(r, s))
		if err != nil {
			return err
		}
		now, early, waiting := time.Now(), 0, 0
		for i := range spans {
			switch {
			case spans[i].Due && !noticed(r, &spans[i], now):
				early++
			case !spans[i].Due:
				waiting++
			}
		}
		if early > 0 {
			return fmt.Errorf("a notice was given less than retention.notice (%s) ago (spans of days: %d): nothing was deleted; run it again later", r.Notice, early)
		}
		out := cmd.OutOrStdout()
		spansGone, records := 0, int64(0)
		options := retention.Options{KeepDays: keepDays(r, s), Signer: signer, Reason: reason, By: conn.Config().User}
		assignments, err := retention.Run(ctx, conn, options, func(d retention.Done) {
			spansGone++
			records += d.Deleted["record_body"]
			_, _ = fmt.Fprintf(out, "%s  %d records deleted, %d stay, %d certificates; announced by notice %d, SHA-256 %s\n",
				days(d.First, d.End), d.Deleted["record_body"], d.Held, d.Certificates, d.Notice, d.Digest) // it is done, whoever reads of it
		})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "deleted: spans of days %d, records %d, assignments of addresses %d\n", spansGone, records, assignments) // as above
		if waiting > 0 {
			_, _ = fmt.Fprintf(out, "past their time, but without a notice that is old enough: spans of days %d; calltrail retention plan --notice\n", waiting) // as above
		}
		return removeBackups(ctx, conn, out, r, keptFrom(r, s, now))
	})
}

// removeBackups removes copies that are too old, and says which.
func removeBackups(ctx context.Context, conn *postgres.Conn, out io.Writer, r *config.Retention, before time.Time) error {
	list, err := retention.Backups(r.Backups, before)
	if err != nil {
		return err
	}
	for i := range list {
		if err := retention.Remove(ctx, conn, list[i]); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "removed %s of %s\n", print.Visible(list[i].Path), list[i].At.UTC().Format(time.DateOnly)) // it is done, whoever reads of it
	}
	return nil
}

func runRetentionSet(cmd *cobra.Command) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	r := &cfg.Retention
	s := retention.Setting{Days: int(r.Period.Std() / day), GraceDays: int(r.Grace.Std() / day), NoticeDays: int(r.Notice.Std() / day)}
	return asAdministrator(cmd, func(ctx context.Context, conn *postgres.Conn) error {
		if err := retention.Set(ctx, conn, s); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "the database keeps records %d days and %d of grace; deletion waits %d days after its notice\n", s.Days, s.GraceDays, s.NoticeDays)
		return err
	})
}

// days writes a span, its last day included.
func days(first, end time.Time) string {
	return first.Format(time.DateOnly) + " to " + end.AddDate(0, 0, -1).Format(time.DateOnly)
}
