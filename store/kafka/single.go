package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// single is a topic of one partition, and so of one order. Its first message makes it when it is not there. Its messages are rare:
// no connection is kept for them.
type single struct {
	cfg    Config
	name   string
	config kafkago.TopicConfig // to make it by
	ready  bool                // it was seen
}

// posted is one message of a single.
type posted struct {
	key, body []byte
	headers   []kafkago.Header
}

// free refuses a topic for what is neither a record nor a request when it has no name, or carries these.
func (c Config) free(topic, what, hint string) error {
	if topic == "" || topic == c.RecordsTopic || topic == c.ResendTopic {
		return &store.Error{System: system, Err: fmt.Errorf("topic %q cannot carry %s", topic, what), Hint: hint, Lasting: true}
	}
	return nil
}

// publish sends messages in their order; nil means that all in-sync replicas have them. After an error some may be in the topic.
func (s *single) publish(ctx context.Context, list []posted) error {
	client, transport, err := s.cfg.client()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	if !s.ready {
		if err := s.make(ctx, client); err != nil {
			return err
		}
		s.ready = true
	}
	for start := 0; start < len(list); {
		end, octets := start, 0
		for end < len(list) {
			if octets += len(list[end].body) + len(list[end].key) + 100; octets > maxRequest && end > start {
				break
			}
			end++
		}
		if err := s.produce(ctx, client, list[start:end]); err != nil {
			s.ready = false
			return s.cfg.wrap("publish to "+s.name, err)
		}
		start = end
	}
	return nil
}

// produce sends one request.
func (s *single) produce(ctx context.Context, client *kafkago.Client, list []posted) error {
	now := time.Now()
	records := make([]kafkago.Record, len(list))
	for i, m := range list {
		records[i] = kafkago.Record{Time: now, Key: kafkago.NewBytes(m.key), Value: kafkago.NewBytes(m.body), Headers: m.headers}
	}
	answer, err := client.Produce(ctx, &kafkago.ProduceRequest{Topic: s.name, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...)})
	if err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	for i, err := range answer.RecordErrors {
		return fmt.Errorf("message %d: %w", i, err)
	}
	return nil
}

// make makes the topic when it is not there.
func (s *single) make(ctx context.Context, client *kafkago.Client) error {
	if _, err := s.cfg.metadata(ctx, client, s.name); err != nil {
		return s.cfg.wrap("look for topic "+s.name, err)
	}
	answer, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{s.config}})
	if err == nil {
		err = answer.Errors[s.name]
	}
	switch {
	case errors.Is(err, kafkago.TopicAlreadyExists), errors.Is(err, kafkago.TopicAuthorizationFailed), errors.Is(err, kafkago.ClusterAuthorizationFailed):
		return nil // made before, or by who may; publishing tells what is wrong
	case err != nil:
		return s.cfg.wrap("create topic "+s.name, err)
	}
	return s.cfg.wrap("wait for topic "+s.name, settle(ctx, func() error { return s.cfg.usable(ctx, client, s.config) }))
}
