package main

import "github.com/spf13/cobra"

// storeOptions is the command line of store, checked.
type storeOptions struct {
	fromSpool bool   // read spool.dir instead of Kafka
	sensor    string // with fromSpool: whose spool it must be; "" is whoever it is
	once      bool   // end at the head
}

func newStore() *cobra.Command {
	o := storeOptions{}
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Carry records from Kafka, or a spool, into Postgres",
		Long: `Reads records from Kafka and keeps them in Postgres, each one once, until it is
told to stop. The chain of every sensor is checked on the way; a record that
Postgres cannot take goes to the quarantine table and the rest goes on.

With --once it ends when everything that was there at its start is in.

With --from-spool it reads a spool on this host instead, for a site without
Kafka, and ends when all of it is in: while it reads, no other program can
write that spool.`,
		Example: `  calltrail store --config /etc/calltrail/calltrail.yaml
  calltrail store --from-spool /var/lib/calltrail/spool`,
		GroupID: groupRecords,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.fromSpool = cmd.Flags().Changed("from-spool")
			if o.fromSpool && cmd.Flags().Lookup("from-spool").Value.String() == "" {
				return usagef("--from-spool is empty; name the spool's directory")
			}
			if !o.fromSpool && cmd.Flags().Changed("sensor") {
				return usagef("--sensor names the owner of a spool; it has no meaning without --from-spool")
			}
			if o.fromSpool && cmd.Flags().Changed("group") {
				return usagef("--group is for Kafka; it has no meaning with --from-spool")
			}
			return runStore(cmd, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	configFlag(flags, "from-spool", "DIR", "spool.dir", "read this spool instead of Kafka")
	flags.StringVar(&o.sensor, "sensor", "", "with --from-spool: the `NAME` of the sensor whose spool it must be (default whose it is)")
	flags.BoolVar(&o.once, "once", false, "end when everything that was there at the start is stored")
	configFlag(flags, "group", "NAME", "kafka.group", "Kafka consumer group (default calltrail-store)")
	mustComplete(cmd, "from-spool", directory)
	return cmd
}
