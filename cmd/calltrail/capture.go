package main

import (
	"github.com/spf13/cobra"
)

// captureOptions is the command line of capture, checked.
type captureOptions struct {
	to          string // toAuto, toSpool, toKafka or toPostgres
	printFilter bool
}

// toAuto is wherever the configuration says: Kafka if it names brokers, else Postgres if it has a DSN, else the spool.
const toAuto = "auto"

func newCapture() *cobra.Command {
	o := captureOptions{}
	var to *choice
	cmd := &cobra.Command{
		Use:   "capture",
		Short: "Make records from live traffic: the sensor",
		Long: `Takes packets from the network interfaces that the configuration names, makes the
records of the calls in them, and sends them through the spool to Kafka, or to
Postgres directly. What each tap saw and missed goes with them: a signed coverage
event for every tap and minute.

Kinds of traffic without a legal_basis are not captured. The sensor needs its key
(calltrail key init), the right to open packet sockets (CAP_NET_RAW), and nothing
else. As a service, systemd gives it just that: see docs/operations.md.

SIGTERM and SIGINT end it: every open call gives an interim record, the spool is
made durable, and the next start takes the calls up again. SIGHUP reads the
configuration anew: filter, location databases and log level change at once and no
packet is lost; what else has changed is named, and waits for a restart.`,
		Example: `  calltrail capture --config /etc/calltrail/calltrail.yaml
  calltrail capture --interfaces eth1,eth2 --to spool
  calltrail capture --print-filter`,
		GroupID: groupRecords,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.to = to.value
			return runCapture(cmd, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	configFlag(flags, "interfaces", "NAMES", "capture.interfaces", "taps: network interfaces, with commas between them")
	to = choiceFlag(cmd, flags, "to", "TARGET", []string{toAuto, toSpool, toKafka, toPostgres}, "where records go from the spool; auto is Kafka, else Postgres, as far as configured")
	flags.BoolVar(&o.printFilter, "print-filter", false, "print the kernel's filter and exit")
	configFlag(flags, "sensor", "NAME", "sensor.name", "sensor name in the records (default the host's name)")
	configFlag(flags, "engine", "ENGINE", "capture.engine", "afpacket or libpcap")
	configFlag(flags, "workers", "N", "capture.workers", "decode workers for each interface (default 1)")
	configFlag(flags, "spool-dir", "DIR", "spool.dir", "directory of the spool (default /var/lib/calltrail/spool)")
	mustComplete(cmd, "spool-dir", directory)
	return cmd
}
