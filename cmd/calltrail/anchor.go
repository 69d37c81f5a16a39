package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/cmd/calltrail/print"
	"calltrail/store/evidence"
	"calltrail/store/kafka"
	"calltrail/store/postgres"
)

// anchorOptions say where heads are kept.
type anchorOptions struct{ file, topic string }

func newAnchor() *cobra.Command {
	var o anchorOptions
	cmd := &cobra.Command{
		Use:   "anchor",
		Short: "Keep the signed heads of the chains elsewhere",
		Long: `Appends the newest signed head of every chain in Postgres to a file, one JSON
object a line, and waits for the disk; or publishes them to a Kafka topic, or both.
Whoever owns the database can cut the end off a chain, signatures and all, and what
is left holds; calltrail verify --anchors FILE or --anchor-topic TOPIC shows it. So
the file belongs on storage the database's owner cannot write to: another host, or
write-once media; and the topic to brokers of which he is no administrator.

The topic is made with one partition and kept for ever when it is not there.

Run it from a timer: what was written after the last run can be cut unseen.`,
		Example: `  calltrail anchor --file /mnt/worm/calltrail.anchors
  calltrail anchor --topic calltrail.anchors.v1`,
		GroupID: groupRecords,
		Args:    usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runAnchor(cmd, o)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.file, "file", "", "append to `FILE`, made when it is not there (default evidence.anchor_file)")
	cmd.Flags().StringVar(&o.topic, "topic", "", "publish to the Kafka `TOPIC` (default evidence.anchor_topic)")
	mustComplete(cmd, "topic", cobra.NoFileCompletions)
	return cmd
}

// runAnchor keeps the newest heads, and says which. That one place fails does not keep them from the other.
func runAnchor(cmd *cobra.Command, o anchorOptions) error {
	cfg, log, err := setUp(cmd)
	if err != nil {
		return err
	}
	if o.file == "" && o.topic == "" {
		o = anchorOptions{cfg.Evidence.AnchorFile, cfg.Evidence.AnchorTopic}
	}
	if o.file == "" && o.topic == "" {
		return usagef("name the file to append to with --file, or in evidence.anchor_file; or a Kafka topic with --topic, or in evidence.anchor_topic")
	}
	if o.topic != "" && len(cfg.Kafka.Brokers) == 0 {
		return usagef("a topic was named, and no broker: set kafka.brokers")
	}
	pg, err := postgresConfig(cfg, log)
	if err != nil {
		return err
	}
	heads, err := postgres.ReadHeads(cmd.Context(), pg)
	if err != nil {
		return err
	}
	if len(heads) == 0 {
		return fmt.Errorf("no chain has a signed head: coverage events carry them, and there are none")
	}
	var toFile, toTopic error
	if o.file != "" {
		toFile = evidence.AppendAnchors(o.file, heads)
	}
	if o.topic != "" {
		toTopic = publishAnchors(cmd, cfg, o.topic, heads)
	}
	if err := errors.Join(toFile, toTopic); err != nil {
		return err
	}
	for i := range heads {
		h := &heads[i]
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s, epoch %d: number %d, signed by key %s\n", print.Visible(h.Sensor), h.Epoch, h.Seq, h.KeyID); err != nil {
			return err
		}
	}
	return nil
}

// publishAnchors puts heads into a topic of Kafka.
func publishAnchors(cmd *cobra.Command, cfg *config.Config, topic string, heads []evidence.Head) error {
	list := make([]kafka.Anchor, len(heads))
	for i := range heads {
		line, err := evidence.AnchorLine(heads[i])
		if err != nil {
			return err
		}
		list[i] = kafka.Anchor{Sensor: heads[i].Sensor, Line: line}
	}
	return kafka.PublishAnchors(cmd.Context(), kafkaConfig(cfg), topic, kafka.Topics{Replication: cfg.Kafka.Replication}, list)
}
