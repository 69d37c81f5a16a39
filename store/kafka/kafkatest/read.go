package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Message is one message as it stands in a topic.
type Message struct {
	Key, Value []byte
	Headers    map[string]string // of a name that stands there twice, both values with a space between
}

// Read returns what is in a topic now, one partition after the other. A topic that is not there is an error.
func Read(brokers []string, topic string) (list []Message, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	transport := &kafkago.Transport{}
	defer transport.CloseIdleConnections()
	client := &kafkago.Client{Addr: kafkago.TCP(brokers...), Transport: transport}
	meta, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, fmt.Errorf("look for topic %s: %w", topic, err)
	}
	for _, t := range meta.Topics {
		if t.Error != nil {
			return nil, fmt.Errorf("look for topic %s: %w", topic, t.Error)
		}
		for _, p := range t.Partitions {
			if list, err = partition(ctx, client, list, topic, p.ID); err != nil {
				return nil, fmt.Errorf("read partition %d of %s: %w", p.ID, topic, err)
			}
		}
	}
	return list, nil
}

// partition appends the messages of one partition.
func partition(ctx context.Context, client *kafkago.Client, list []Message, topic string, id int) ([]Message, error) {
	ends, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: {kafkago.FirstOffsetOf(id), kafkago.LastOffsetOf(id)}}})
	if err != nil {
		return nil, err
	}
	end := ends.Topics[topic][0]
	if end.Error != nil {
		return nil, end.Error
	}
	for at := end.FirstOffset; at < end.LastOffset; {
		answer, err := client.Fetch(ctx, &kafkago.FetchRequest{Topic: topic, Partition: id, Offset: at, MinBytes: 1, MaxBytes: 8 << 20})
		if err == nil {
			err = answer.Error
		}
		for err == nil {
			var r *kafkago.Record
			if r, err = answer.Records.ReadRecord(); err == nil && r.Offset >= at {
				at = r.Offset + 1
				var m Message
				m, err = read(r)
				list = append(list, m)
			}
		}
		if !errors.Is(err, io.EOF) {
			return nil, err
		}
	}
	return list, nil
}

func read(r *kafkago.Record) (m Message, err error) {
	m.Headers = make(map[string]string, len(r.Headers))
	for _, h := range r.Headers {
		m.Headers[h.Key] = strings.TrimPrefix(m.Headers[h.Key]+" "+string(h.Value), " ")
	}
	if r.Key != nil {
		if m.Key, err = io.ReadAll(r.Key); err != nil {
			return m, err
		}
	}
	if r.Value != nil {
		m.Value, err = io.ReadAll(r.Value)
	}
	return m, err
}
