// Package kafkatest clears away what tests leave on a broker, and reads what stands there by no code of the program's. In: names of
// topics. Only tests call it; no program deletes a topic.
package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Delete removes topics with all that is in them. One that is not there is no error.
func Delete(brokers []string, topics ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	transport := &kafkago.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafkago.Client{Addr: kafkago.TCP(brokers...), Transport: transport}
	answer, err := client.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: topics})
	if err != nil {
		return fmt.Errorf("delete topics: %w", err)
	}
	for topic, err := range answer.Errors {
		if err != nil && !errors.Is(err, kafkago.UnknownTopicOrPartition) {
			return fmt.Errorf("delete topic %s: %w", topic, err)
		}
	}
	return nil
}

// Write publishes messages to partition 0 of a topic.
func Write(brokers []string, topic string, messages ...Message) error {
	records := make([]kafkago.Record, len(messages))
	for i, m := range messages {
		records[i] = kafkago.Record{Time: time.Now(), Key: kafkago.NewBytes(m.Key), Value: kafkago.NewBytes(m.Value)}
		for name, value := range m.Headers {
			records[i].Headers = append(records[i].Headers, kafkago.Header{Key: name, Value: []byte(value)})
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	transport := &kafkago.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafkago.Client{Addr: kafkago.TCP(brokers...), Transport: transport}
	answer, err := client.Produce(ctx, &kafkago.ProduceRequest{Topic: topic, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...)})
	if err != nil {
		return err
	}
	return answer.Error
}
