package main

import (
	"fmt"
	"time"
	_ "time/tzdata" // --zone on hosts that have no database of time zones

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
	"calltrail/store/postgres"
)

// coverageOptions is the command line of coverage, checked.
type coverageOptions struct {
	query  postgres.CoverageQuery
	format print.Format
	zone   *time.Location // of the table, and of times without one
	gaps   bool           // only what is not complete
}

func newCoverage() *cobra.Command {
	o := coverageOptions{}
	var from, to, zone string
	var format *choice
	cmd := &cobra.Command{
		Use:   "coverage",
		Short: "Say which minutes of which tap were seen",
		Long: `Asks Postgres what the taps saw, minute by minute, so that "no record" can be
told from "no call". A minute is

  complete  watched from its beginning to its end; nothing is known to be lost
  lossy     packets were lost, or it was watched for a part of the time only
  one_way   traffic of one direction only was seen
  absent    nothing tells that anybody looked, or the tap was down

A tap is known from its first coverage event until 400 days after its last.

Times are RFC 3339 (2026-11-22T10:00:00+05:30) or, in the zone of --zone (that
of access.zone, India's, when it is not given), 2026-11-22, 2026-11-22 10:00 or
2026-11-22 10:00:30. Every minute that the time
from --from up to --to touches is answered. Without them it is the hour that
ended two minutes ago, so that its events have had time to arrive.

The table joins minutes of one state that follow each other, shows times in that
zone and says the window in UTC, too; csv and jsonl have a row for each minute,
in UTC.

A minute that is complete may still hold calls that the log has not: signalling
that is not decoded (H.323, MGCP, IAX2, Skinny, SIGTRAN) or encrypted (TLS), and
what full tables pushed out. Lines below the table say so; with csv and jsonl
they go to standard error. In SQL that is calltrail.coverage_remarks.

Exit status: 0 every minute of every tap is complete, 1 error, 2 wrong command
line, 3 not every minute is, or no tap is known.`,
		Example: `  calltrail coverage
  calltrail coverage --from "2026-11-22 10:00" --to "2026-11-22 12:00" --zone UTC
  calltrail coverage --gaps --from 2026-11-01 --to 2026-12-01 --format csv > gaps.csv`,
		GroupID: groupRecords,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.format = print.Format(format.value)
			cfg, log, err := setUp(cmd)
			if err != nil {
				return err
			}
			if zone == "" {
				zone = cfg.Access.Zone
			}
			if err := o.window(from, to, zone, time.Now()); err != nil {
				return err
			}
			return runCoverage(cmd, cfg, log, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&from, "from", "", "begin at `TIME` (default an hour before the end)")
	flags.StringVar(&to, "to", "", "end before `TIME` (default two minutes ago)")
	flags.StringVar(&zone, "zone", "", "`ZONE` of times without one and of the table: UTC, IST, Asia/Kolkata … (default access.zone)")
	flags.StringVar(&o.query.Sensor, "sensor", "", "only the taps of the sensor `NAME`")
	flags.StringVar(&o.query.Tap, "tap", "", "only the taps `NAME`, an interface such as eth1")
	format = choiceFlag(cmd, flags, "format", "FORMAT", []string{string(print.Table), string(print.CSV), string(print.JSONL)}, "form of the answer")
	flags.BoolVar(&o.gaps, "gaps", false, "only what is not complete")
	for _, name := range []string{"from", "to", "sensor", "tap"} {
		mustComplete(cmd, name, cobra.NoFileCompletions)
	}
	mustComplete(cmd, "zone", cobra.FixedCompletions([]string{"UTC", "IST", "Asia/Kolkata", "Local"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// settled is how long a minute's events are given to arrive before it is asked for by default.
const settled = 2 * time.Minute

// window reads the times of the command line.
func (o *coverageOptions) window(from, to, zone string, now time.Time) (err error) {
	switch zone {
	case "IST", "Asia/Kolkata":
		o.zone = print.IST
	default:
		if o.zone, err = time.LoadLocation(zone); err != nil {
			return usagef("--zone: %q is not known; write UTC, IST or a name such as Asia/Kolkata", zone)
		}
	}
	o.query.To = now.Truncate(time.Minute).Add(-settled)
	if to != "" {
		if o.query.To, err = parseTime("--to", to, o.zone); err != nil {
			return err
		}
	}
	o.query.From = o.query.To.Add(-time.Hour)
	if from != "" {
		if o.query.From, err = parseTime("--from", from, o.zone); err != nil {
			return err
		}
	}
	switch span := o.query.To.Sub(o.query.From); {
	case span <= 0:
		return usagef("--from %s is not before --to %s; write the earlier time first",
			o.query.From.Format(time.RFC3339), o.query.To.Format(time.RFC3339))
	case span > postgres.MaxCoverage:
		return usagef("from %s to %s is more than %d days; ask for them in parts",
			o.query.From.Format(time.RFC3339), o.query.To.Format(time.RFC3339), postgres.MaxCoverage/(24*time.Hour))
	}
	return nil
}

// parseTime reads RFC 3339, or a date with or without a time of day in zone.
func parseTime(flag, text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &usageError{fmt.Errorf("%s: %q is no time; write it like 2026-11-22T10:00:00+05:30, or \"2026-11-22 10:00\" in the zone of --zone", flag, text)}
}
