package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Kept is how long the broker keeps the messages of a topic.
type Kept struct {
	Topic string
	For   time.Duration // retention.ms; negative: for ever
}

// Retention asks the brokers how long they keep our topics, and those named besides: what is deleted from the database lives on
// there for so long. A topic that is not there keeps nothing and is left out.
func Retention(ctx context.Context, c Config, besides ...string) ([]Kept, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	client, transport, err := c.client()
	if err != nil {
		return nil, err
	}
	defer transport.CloseIdleConnections()

	topics := append([]string{c.RecordsTopic, c.ResendTopic}, besides...)
	metadata, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, c.wrap("look at the topics", err)
	}
	var ask []kafkago.DescribeConfigRequestResource
	for _, t := range metadata.Topics {
		switch {
		case t.Error == nil:
			ask = append(ask, kafkago.DescribeConfigRequestResource{ResourceType: kafkago.ResourceTypeTopic, ResourceName: t.Name, ConfigNames: []string{retention}})
		case !errors.Is(t.Error, kafkago.UnknownTopicOrPartition):
			return nil, c.wrap("look at topic "+t.Name, t.Error)
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	answer, err := client.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: ask})
	if err != nil {
		return nil, c.wrap("look at the topics", err)
	}
	var list []Kept
	for _, r := range answer.Resources {
		if r.Error != nil {
			return nil, c.wrap("look at topic "+r.ResourceName, r.Error)
		}
		for _, e := range r.ConfigEntries {
			if e.ConfigName != retention {
				continue
			}
			ms, err := strconv.ParseInt(e.ConfigValue, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("topic %s: %s is %q, no number of milliseconds", r.ResourceName, retention, e.ConfigValue)
			}
			// A number that time.Duration cannot hold is centuries: for ever.
			keep := time.Duration(-1)
			if ms >= 0 && ms < int64(1<<63-1)/int64(time.Millisecond) {
				keep = time.Duration(ms) * time.Millisecond
			}
			list = append(list, Kept{Topic: r.ResourceName, For: keep})
		}
	}
	slices.SortFunc(list, func(a, b Kept) int { return slices.Index(topics, a.Topic) - slices.Index(topics, b.Topic) })
	return list, nil
}
