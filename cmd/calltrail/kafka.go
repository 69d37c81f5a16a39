package main

import "github.com/spf13/cobra"

func newKafka() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "kafka",
		Short:   "Set up Kafka's topics",
		GroupID: groupSetup,
		Args:    subcommandsOnly,
		RunE:    showHelp,
	}
	initialise := &cobra.Command{
		Use:   "init",
		Short: "Make the topics that are missing",
		Long: `Makes the records and the resend topic with the partitions, replication and
retention of the configuration. A topic that is there already is compared with
it, and never changed.`,
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runKafkaInit(cmd) },
	}
	flags := initialise.Flags()
	flags.SortFlags = false
	configFlag(flags, "partitions", "N", "kafka.partitions", "partitions of the records topic (default 6)")
	configFlag(flags, "replication", "N", "kafka.replication", "copies of each partition (default 3)")
	cmd.AddCommand(initialise)
	return cmd
}
