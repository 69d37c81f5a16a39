package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"calltrail/cmd/calltrail/config"
	"calltrail/store/kafka"
)

// runKafkaInit makes the topics that are missing and prints each with its state. A topic that differs from the
// configuration is an error: whoever relies on it should decide.
func runKafkaInit(cmd *cobra.Command) error {
	cfg, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	topics, failure := kafka.Init(cmd.Context(), kafkaConfig(cfg), kafka.Topics{
		Partitions:  cfg.Kafka.Partitions,
		Replication: cfg.Kafka.Replication,
		Retention:   cfg.Kafka.Retention.Std(),
	})
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	differ := false
	for _, t := range topics {
		_, _ = fmt.Fprintf(out, "%s\t%s\n", t.Name, topicState(t)) // Flush has the error
		differ = differ || len(t.Differences) > 0
	}
	if differ {
		failure = errors.Join(failure, errors.New("a topic is not as configured; change it with Kafka's tools, or change the configuration"))
	}
	return errors.Join(out.Flush(), failure)
}

func topicState(t kafka.TopicReport) string {
	switch {
	case t.Created:
		return "made"
	case len(t.Differences) > 0:
		return "differs: " + strings.Join(t.Differences, ", ")
	}
	return "there already"
}

// kafkaConfig is what the kafka room must know.
func kafkaConfig(cfg *config.Config) kafka.Config {
	return kafka.Config{
		Brokers:      cfg.Kafka.Brokers,
		RecordsTopic: cfg.Kafka.RecordsTopic,
		ResendTopic:  cfg.Kafka.ResendTopic,
		Access: kafka.Access{
			TLS: cfg.Kafka.TLS, CAFile: cfg.Kafka.CAFile, CertFile: cfg.Kafka.CertFile, KeyFile: cfg.Kafka.KeyFile,
			User: cfg.Kafka.User, PasswordFile: cfg.Kafka.PasswordFile,
		},
	}
}
