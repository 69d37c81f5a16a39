package main

import (
	"slices"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/print"
)

// Targets of --to.
const (
	toStdout   = "stdout"
	toSpool    = "spool"
	toKafka    = "kafka"
	toPostgres = "postgres"
)

// replayOptions is the command line of replay, checked.
type replayOptions struct {
	inputs []string     // files, directories, or "-" alone for standard input
	to     string       // toStdout, toSpool, toKafka or toPostgres
	format print.Format // of standard output
	final  bool         // only the last revision of each call
	events bool         // the other kinds too
	quiet  bool         // no progress, no summary
}

func newReplay() *cobra.Command {
	o := replayOptions{}
	var to, format *choice
	cmd := &cobra.Command{
		Use:   "replay FILE|DIR|- …",
		Short: "Make records from capture files",
		Long: `Reads capture files (pcap and pcapng, also compressed with gzip or zstd), all
capture files of a directory (not of folders within), or standard input (-), as
one stream in time order, and makes the records of the calls in them.

Standard output carries records only: all revisions, one JSON object a line, or
as --format says. A summary, progress and messages go to standard error. With
--to, records go through the spool to where it says, and nothing is printed.

A file that is damaged is read as far as it goes; the exit status is then 3.`,
		Example: `  calltrail replay trunk.pcapng
  calltrail replay --final --format csv /var/captures > calls.csv
  tcpdump -w - udp port 5060 | calltrail replay -
  calltrail replay --to postgres trunk.pcap.zst`,
		GroupID: groupRecords,
		Args:    usage(replayInputs),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.inputs, o.to, o.format = args, to.value, print.Format(format.value)
			if err := o.check(cmd); err != nil {
				return err
			}
			return runReplay(cmd, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	to = choiceFlag(cmd, flags, "to", "TARGET", []string{toStdout, toSpool, toKafka, toPostgres}, "where records go")
	format = choiceFlag(cmd, flags, "format", "FORMAT", formatNames(), "form of standard output, auto is table on a terminal and jsonl otherwise")
	flags.BoolVar(&o.final, "final", false, "only the last revision of each call")
	flags.BoolVar(&o.events, "events", false, "registrations and other events too")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "no progress and no summary")
	configFlag(flags, "sensor", "NAME", "replay.sensor", "sensor name in the records (default replay)")
	configFlag(flags, "workers", "N", "replay.workers", "decode workers; the records do not depend on it (default 1; 0 is one for each CPU)")
	configFlag(flags, "spool-dir", "DIR", "spool.dir", "directory of the spool (default /var/lib/calltrail/spool)")
	configFlag(flags, "geo-city", "FILE", "geo.city", "city database, GeoIP2 format")
	configFlag(flags, "geo-asn", "FILE", "geo.asn", "ASN database, GeoIP2 format")
	mustComplete(cmd, "spool-dir", directory)
	mustComplete(cmd, "geo-city", fileWithExtension("mmdb"))
	mustComplete(cmd, "geo-asn", fileWithExtension("mmdb"))
	return cmd
}

func replayInputs(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usagef("no input; name capture files, a directory, or - for standard input")
	case slices.Contains(args, "-") && len(args) > 1:
		return usagef("- (standard input) stands alone, not beside other inputs")
	case slices.Contains(args, ""):
		return usagef("an input's name is empty")
	}
	return nil
}

func (o *replayOptions) check(cmd *cobra.Command) error {
	if o.to == toStdout {
		return nil
	}
	for _, name := range []string{"format", "final", "events"} {
		if cmd.Flags().Changed(name) {
			return usagef("--%s is for standard output; with --to %s every record goes on as it is", name, o.to)
		}
	}
	return nil
}

func formatNames() []string {
	out := make([]string, len(print.Formats))
	for i, f := range print.Formats {
		out[i] = string(f)
	}
	return out
}
