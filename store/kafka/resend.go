package kafka

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// request is the form of a message on the resend topic: {"sensor":"edge-1","epoch":1780000000000000,"first":17,"last":20}.
type request struct {
	Sensor string `json:"sensor"`
	Epoch  uint64 `json:"epoch"`
	First  uint64 `json:"first"`
	Last   uint64 `json:"last"`
}

// maxRequestOctets bounds a message that is looked at.
const maxRequestOctets = 1 << 10

// Ask puts requests on the resend topic, keyed by sensor.
func Ask(ctx context.Context, c Config, list []store.Request) error {
	c, err := c.withDefaults()
	if err != nil {
		return err
	}
	messages := make([]posted, len(list))
	for i, r := range list {
		text, err := json.Marshal(request(r))
		if err != nil {
			return err
		}
		messages[i] = posted{key: []byte(r.Sensor), body: text}
	}
	topic := single{cfg: c, name: c.ResendTopic, ready: true} // kafka init has made it
	return topic.publish(ctx, messages)
}

// Requests reads the resend topic. It is for one goroutine.
type Requests struct {
	cfg    Config
	reader *kafkago.Reader
}

// NewRequests begins with the requests that come from now on: what was asked before, and is missing still, is asked again.
// It belongs to no group, so every sensor sees each request.
func NewRequests(ctx context.Context, c Config) (*Requests, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	client, transport, err := c.client()
	if err != nil {
		return nil, err
	}
	defer transport.CloseIdleConnections()
	if _, err := c.partitions(ctx, client, c.ResendTopic); err != nil {
		return nil, err
	}
	dialer, err := c.dialer()
	if err != nil {
		return nil, err
	}
	reader := kafkago.NewReader(kafkago.ReaderConfig{
		Brokers: c.Brokers, Topic: c.ResendTopic, Partition: 0, Dialer: dialer, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second,
	})
	if err := reader.SetOffset(kafkago.LastOffset); err != nil {
		return nil, errors.Join(c.wrap("read "+c.ResendTopic, err), reader.Close())
	}
	return &Requests{cfg: c, reader: reader}, nil
}

// Next waits for a request to any sensor. One that cannot be read is passed over: whoever may write to the topic can only
// make a sensor send what it has sent before.
func (r *Requests) Next(ctx context.Context) (store.Request, error) {
	for {
		m, err := r.reader.ReadMessage(ctx)
		if errors.Is(err, io.EOF) {
			err = errors.New("the reader was closed")
		}
		if err != nil {
			return store.Request{}, r.cfg.wrap("read "+r.cfg.ResendTopic, err)
		}
		if q, err := parseRequest(m.Value); err == nil {
			return q, nil
		}
	}
}

func parseRequest(text []byte) (store.Request, error) {
	var q request
	if len(text) > maxRequestOctets {
		return store.Request{}, fmt.Errorf("request of %d octets", len(text))
	}
	if err := json.Unmarshal(text, &q); err != nil {
		return store.Request{}, err
	}
	if q.Sensor == "" || q.First == 0 || q.Last < q.First {
		return store.Request{}, errors.New("a request names a sensor and at least one number")
	}
	return store.Request(q), nil
}

// Close ends the connections.
func (r *Requests) Close() error { return r.reader.Close() }
