package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// Topics says how Init makes the topics.
type Topics struct {
	// Partitions of the records topic: as many stores can read it side by side. 0 means 12. The resend topic has one.
	Partitions int
	// Replication is how many brokers hold each message. 0 means 3.
	Replication int
	// MinInSync is how many of them must have a message before it is acknowledged (min.insync.replicas). 0 means one less
	// than Replication, and at least 1.
	MinInSync int
	// Retention is how long the records topic keeps messages: longer than the longest outage of the store. 0 means 7 days.
	Retention time.Duration
	// ResendRetention is the same for the resend topic. 0 means 1 day.
	ResendRetention time.Duration
}

func (t Topics) withDefaults() Topics {
	if t.Partitions == 0 {
		t.Partitions = 12
	}
	if t.Replication == 0 {
		t.Replication = 3
	}
	if t.MinInSync == 0 {
		t.MinInSync = max(1, t.Replication-1)
	}
	if t.Retention == 0 {
		t.Retention = 7 * 24 * time.Hour
	}
	if t.ResendRetention == 0 {
		t.ResendRetention = 24 * time.Hour
	}
	return t
}

// TopicReport is what Init found or did for one topic.
type TopicReport struct {
	Name    string
	Created bool
	// Differences of a topic that was there already, in words; Init changes nothing on it.
	Differences []string
}

// Init makes the topics that are missing, waits until they can be used, and reports how those that are there differ from what is asked for.
func Init(ctx context.Context, c Config, t Topics) ([]TopicReport, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	t = t.withDefaults()
	client, transport, err := c.client()
	if err != nil {
		return nil, err
	}
	defer transport.CloseIdleConnections()

	wanted := []kafkago.TopicConfig{
		t.topic(c.RecordsTopic, t.Partitions, t.Retention),
		t.topic(c.ResendTopic, 1, t.ResendRetention),
	}
	// Asked first because its errors say what is wrong with the connection; CreateTopics only says that there is no
	// controller.
	if _, err := c.metadata(ctx, client, c.RecordsTopic, c.ResendTopic); err != nil {
		return nil, c.wrap("look for topics", err)
	}
	answer, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: wanted})
	if err != nil {
		return nil, c.wrap("create topics", err)
	}
	var reports []TopicReport
	for _, w := range wanted {
		report := TopicReport{Name: w.Topic}
		switch err := answer.Errors[w.Topic]; {
		case err == nil:
			report.Created = true
			if err := settle(ctx, func() error { return c.usable(ctx, client, w) }); err != nil {
				return reports, c.wrap("wait for topic "+w.Topic, err)
			}
		case errors.Is(err, kafkago.TopicAlreadyExists):
			if report.Differences, err = c.differences(ctx, client, w); err != nil {
				return reports, err
			}
		default:
			e := c.wrap("create topic "+w.Topic, err)
			var own *store.Error
			if errors.As(e, &own) && errors.Is(err, kafkago.InvalidReplicationFactor) {
				own.Err = shortened{fmt.Sprintf("there are fewer than %d brokers to hold its %d replicas", t.Replication, t.Replication), err}
				own.Hint = "start more, or ask for fewer (kafka.replication)"
			}
			return reports, e
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// usable says whether a new topic's partitions have their leaders.
func (c Config) usable(ctx context.Context, client *kafkago.Client, topic kafkago.TopicConfig) error {
	ask := make([]kafkago.OffsetRequest, topic.NumPartitions)
	for p := range ask {
		ask[p] = kafkago.LastOffsetOf(p)
	}
	answer, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic.Topic: ask}})
	if err != nil {
		return err
	}
	for _, p := range answer.Topics[topic.Topic] {
		if p.Error != nil {
			return p.Error
		}
	}
	return nil
}

// Names of topic settings.
const (
	retention = "retention.ms"
	minInSync = "min.insync.replicas"
	cleanup   = "cleanup.policy"
	unclean   = "unclean.leader.election.enable"
)

func (t Topics) topic(name string, partitions int, keep time.Duration) kafkago.TopicConfig {
	return kafkago.TopicConfig{
		Topic: name, NumPartitions: partitions, ReplicationFactor: t.Replication,
		ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: retention, ConfigValue: strconv.FormatInt(keep.Milliseconds(), 10)},
			{ConfigName: minInSync, ConfigValue: strconv.Itoa(t.MinInSync)},
			// Compaction would keep one message a sensor.
			{ConfigName: cleanup, ConfigValue: "delete"},
			// A replica that lacks messages never becomes leader: it would forget what was acknowledged.
			{ConfigName: unclean, ConfigValue: "false"},
		},
	}
}

// differences compares a topic with what is asked for.
func (c Config) differences(ctx context.Context, client *kafkago.Client, want kafkago.TopicConfig) ([]string, error) {
	var list []string
	note := func(what string, is, wanted any) {
		if is != wanted {
			list = append(list, fmt.Sprintf("%s is %v, not %v", what, is, wanted))
		}
	}
	metadata, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{want.Topic}})
	if err != nil {
		return nil, c.wrap("look at topic "+want.Topic, err)
	}
	for _, t := range metadata.Topics {
		if t.Error != nil {
			return nil, c.wrap("look at topic "+want.Topic, t.Error)
		}
		note("partitions", len(t.Partitions), want.NumPartitions)
		if len(t.Partitions) > 0 {
			note("replication", len(t.Partitions[0].Replicas), want.ReplicationFactor)
		}
	}
	names := make([]string, len(want.ConfigEntries))
	for i, e := range want.ConfigEntries {
		names[i] = e.ConfigName
	}
	answer, err := client.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: []kafkago.DescribeConfigRequestResource{
		{ResourceType: kafkago.ResourceTypeTopic, ResourceName: want.Topic, ConfigNames: names},
	}})
	if err != nil {
		return nil, c.wrap("look at topic "+want.Topic, err)
	}
	for _, resource := range answer.Resources {
		if resource.Error != nil {
			return nil, c.wrap("look at topic "+want.Topic, resource.Error)
		}
		for _, is := range resource.ConfigEntries {
			for _, w := range want.ConfigEntries {
				if is.ConfigName == w.ConfigName {
					note(w.ConfigName, is.ConfigValue, w.ConfigValue)
				}
			}
		}
	}
	return list, nil
}
