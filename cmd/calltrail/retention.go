package main

import "github.com/spf13/cobra"

// retentionOptions is the command line of the commands below retention.
type retentionOptions struct {
	notice, asJSON bool
	reason         string
}

func newRetention() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retention",
		Short: "Delete what is too old, after notice, with a certificate",
		Long: `Deletes whole spans of days that are older than retention.period and retention.grace,
and for which notice was given retention.notice ago. What a legal hold names stays
(calltrail hold). Every run of numbers that goes leaves a signed certificate, by
which calltrail verify tells a deletion from a loss. The database has least values
of its own, and no configuration deletes earlier.

  calltrail retention plan            what would go; nothing is changed
  calltrail retention plan --notice   the same, and gives notice of it
  calltrail retention run             deletes what notice was given of in time`,
		GroupID: groupRecords,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	cmd.AddCommand(newRetentionPlan(), newRetentionRun(), newRetentionStatus(), newRetentionSet())
	return cmd
}

func newRetentionPlan() *cobra.Command {
	o := retentionOptions{}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what would be deleted",
		Long: `Shows the spans of days that are old enough to go: how many records, addresses and
other rows, how many of the records are held and stay, when notice was given. Then
what else keeps data: topics of Kafka as the brokers have them, the spool, copies in
the folders of retention.backups. Nothing is deleted.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runRetentionPlan(cmd, &o) },
	}
	cmd.Flags().BoolVar(&o.notice, "notice", false, "give notice of what is shown")
	o.flags(cmd)
	return cmd
}

func newRetentionRun() *cobra.Command {
	o := retentionOptions{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Delete what notice was given of",
		Long: `Deletes the spans of days whose notice is old enough, one after the other, and prints
what went. Ended midway, a span is gone with its certificates or whole. Then it
removes the files of retention.backups that are older than period and grace.

It needs the key at retention.key_file. Make it once, and have it believed:

  calltrail key init --key-file /etc/calltrail/deletion.key
  calltrail key trust /etc/calltrail/deletion.key.pub --use deletion --name OFFICER --keys FILE`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runRetentionRun(cmd, &o) },
	}
	cmd.Flags().StringVar(&o.reason, "reason", "", "`WORDS` for the certificates (default \"older than\" and the period)")
	asFlag(cmd)
	return cmd
}

func newRetentionStatus() *cobra.Command {
	o := retentionOptions{}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the period, the holds and the last deletions",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return runRetentionStatus(cmd, &o) },
	}
	o.flags(cmd)
	return cmd
}

func newRetentionSet() *cobra.Command {
	return &cobra.Command{
		Use:   "set",
		Short: "Put period, grace and notice into the database",
		Long: `Writes retention.period, grace and notice of the configuration into the database, as
the user of postgres.dsn, who must own it. From then on nobody deletes earlier,
whatever his configuration says.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runRetentionSet(cmd) },
	}
}

func (o *retentionOptions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print JSON")
	asFlag(cmd)
}
