package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
	"calltrail/store/postgres/retention"
)

// retentionPlan is the answer of retention plan.
type retentionPlan struct {
	KeepFrom    string             `json:"keep_from"`         // first day that is kept
	PartsUntil  string             `json:"partitions_until"`  // first day without partitions
	Spans       []retentionSpan    `json:"spans"`             // old enough to go, the oldest first
	Backups     []retention.Backup `json:"backups"`           // would be removed
	KafkaTopics []kafka.Kept       `json:"kafka"`             // what the brokers keep, in nanoseconds; negative: for ever
	SpoolKeeps  string             `json:"spool_keep_age"`    // what sensors keep of delivered records
	Longer      []string           `json:"longer"`            // what keeps data longer than the period
	Unknown     []string           `json:"unknown,omitempty"` // what could not be asked
}

type retentionSpan struct {
	First       string           `json:"first_day"`
	Last        string           `json:"last_day"`
	Records     int64            `json:"records"`
	Held        int64            `json:"held"`
	Quarantined int64            `json:"quarantined"`
	Rows        map[string]int64 `json:"rows"`
	Notice      int64            `json:"notice_id"` // the first that announced all that goes now; 0: none
	Digest      string           `json:"digest"`    // of what it announced: SHA-256
	NoticedAt   *time.Time       `json:"noticed_at"`
	Due         bool             `json:"due"`
}

func runRetentionPlan(cmd *cobra.Command, o *retentionOptions) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	return underName(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		r := &cfg.Retention
		s, err := retention.ReadSetting(ctx, conn)
		if err != nil {
			return err
		}
		spans, err := retention.Plan(ctx, conn, keepDays(r, s))
		if err == nil && o.notice {
			if err = retention.Notice(ctx, conn, keepDays(r, s), spans); err == nil {
				spans, err = retention.Plan(ctx, conn, keepDays(r, s))
			}
		}
		if err != nil {
			return err
		}
		now := time.Now()
		p := retentionPlan{KeepFrom: keptFrom(r, s, now).Format(time.DateOnly), SpoolKeeps: cfg.Spool.KeepAge.String(), Spans: []retentionSpan{}, Longer: []string{}}
		if !s.Until.IsZero() {
			p.PartsUntil = s.Until.Format(time.DateOnly)
		}
		for i := range spans {
			x := &spans[i]
			p.Spans = append(p.Spans, retentionSpan{
				First: x.First.Format(time.DateOnly), Last: x.End.AddDate(0, 0, -1).Format(time.DateOnly), Records: x.Records, Held: x.Held,
				Quarantined: x.Quarantined, Rows: x.Rows, Notice: x.Notice, Digest: x.Digest, NoticedAt: x.NoticedAt, Due: noticed(r, x, now),
			})
		}
		if p.Backups, err = retention.Backups(r.Backups, keptFrom(r, s, now)); err != nil {
			return err
		}
		p.elsewhere(ctx, cfg, s)
		if o.asJSON {
			return writeJSON(cmd.OutOrStdout(), p)
		}
		return p.write(cmd.OutOrStdout())
	})
}

// elsewhere looks at what keeps records besides the database. The values of the configuration were compared when it was read.
func (p *retentionPlan) elsewhere(ctx context.Context, cfg *config.Config, s retention.Setting) {
	if len(cfg.Kafka.Brokers) == 0 {
		return
	}
	var besides []string
	if cfg.Watchlist.AlertsTopic != "" {
		besides = append(besides, cfg.Watchlist.AlertsTopic)
	}
	kept, err := kafka.Retention(ctx, kafkaConfig(cfg), besides...)
	if err != nil {
		p.Unknown = append(p.Unknown, "Kafka: "+err.Error())
		return
	}
	p.KafkaTopics = kept
	period := time.Duration(max(s.Days, int(cfg.Retention.Period.Std()/day))) * day
	for _, k := range kept {
		if k.For < 0 || k.For > period {
			p.Longer = append(p.Longer, fmt.Sprintf("topic %s keeps records %s, longer than the period of %s; change its retention.ms", k.Topic, keptFor(k.For), config.Duration(period)))
		}
	}
}

func keptFor(d time.Duration) string {
	if d < 0 {
		return "for ever"
	}
	return config.Duration(d).String()
}

func (p *retentionPlan) write(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) } // kept until Flush, which has the error
	line("kept from\t%s on", p.KeepFrom)
	if p.PartsUntil == "" {
		line("partitions made\tnone")
	} else {
		line("partitions made\tbefore %s", p.PartsUntil)
	}
	line("spool\tkeeps what was delivered %s", p.SpoolKeeps)
	for _, k := range p.KafkaTopics {
		line("topic %s\tkeeps records %s", print.Visible(k.Topic), keptFor(k.For))
	}
	for i := range p.Backups {
		line("copy %s\tof %s: removed by run", print.Visible(p.Backups[i].Path), p.Backups[i].At.UTC().Format(time.DateOnly))
	}
	for _, text := range p.Longer {
		line("TOO LONG\t%s", print.Visible(text))
	}
	for _, text := range p.Unknown {
		line("NOT KNOWN\t%s", print.Visible(text))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if len(p.Spans) == 0 {
		_, err := fmt.Fprintln(w, "nothing is old enough to be deleted")
		return err
	}
	line("\nDAYS\tRECORDS\tHELD\tCALLS\tREGISTRATIONS\tMESSAGES\tADDRESSES\tQUARANTINED\tNOTICE")
	for i := range p.Spans {
		s := &p.Spans[i]
		notice := "not given"
		if s.NoticedAt != nil {
			notice = fmt.Sprintf("%d, SHA-256 %s, %s", s.Notice, s.Digest, s.NoticedAt.UTC().Format(time.RFC3339))
			if s.Due {
				notice += ", over"
			}
		}
		line("%s to %s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s", s.First, s.Last, s.Records, s.Held, s.Rows["call_record"], s.Rows["registration"], s.Rows["message"], s.Rows["endpoint"], s.Quarantined, notice)
	}
	return out.Flush()
}

// retentionState is the answer of retention status.
type retentionState struct {
	Days       int              `json:"days"` // that count: the database's, or the configuration's when they are more
	GraceDays  int              `json:"grace_days"`
	NoticeDays int              `json:"notice_days"`
	KeepFrom   string           `json:"keep_from"`
	Holds      int              `json:"holds"` // in force
	Deletions  []retention.Past `json:"deletions"`
}

// shownDeletions bounds what status lists.
const shownDeletions = 20

func runRetentionStatus(cmd *cobra.Command, o *retentionOptions) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	return underName(cmd, cfg, func(ctx context.Context, conn *postgres.Conn) error {
		r := &cfg.Retention
		s, err := retention.ReadSetting(ctx, conn)
		if err != nil {
			return err
		}
		holds, err := retention.Holds(ctx, conn, false)
		if err != nil {
			return err
		}
		past, err := retention.History(ctx, conn, shownDeletions)
		if err != nil {
			return err
		}
		state := retentionState{
			Days: max(s.Days, int(r.Period.Std()/day)), GraceDays: max(s.GraceDays, int(r.Grace.Std()/day)), NoticeDays: max(s.NoticeDays, int(r.Notice.Std()/day)),
			KeepFrom: keptFrom(r, s, time.Now()).Format(time.DateOnly), Holds: len(holds), Deletions: past,
		}
		if o.asJSON {
			if past == nil {
				state.Deletions = []retention.Past{}
			}
			return writeJSON(cmd.OutOrStdout(), state)
		}
		out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) } // kept until Flush, which has the error
		line("period\t%d days, %d of grace, %d of notice", state.Days, state.GraceDays, state.NoticeDays)
		line("kept from\t%s on", state.KeepFrom)
		line("holds in force\t%d", state.Holds)
		if err := out.Flush(); err != nil || len(past) == 0 {
			return err
		}
		line("\nDELETION\tDAYS\tRECORDS\tSTAYED\tCERTIFICATES\tNOTICE\tBY\tAT")
		for i := range past {
			x := &past[i]
			line("%d\t%s\t%d\t%d\t%d\t%d\t%s\t%s", x.ID, days(x.First, x.End), x.Deleted["record_body"], x.Held, x.Certificates, x.Notice, print.Visible(x.By), x.At.UTC().Format(time.RFC3339))
		}
		return out.Flush()
	})
}
