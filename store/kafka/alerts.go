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

// AlertsTopic is the usual name of the topic for alerts of watchlists. Its messages: key, the list's name; value, JSON of the
// form calltrail.alert.v1; header id, decimal, the alert's identity: who has seen it has seen the alert.
const AlertsTopic = "calltrail.alerts.v1"

const headerID = "id"

// Alert is one message of the alerts topic.
type Alert struct {
	ID   int64  // of the hit
	List string // key
	Body []byte
}

// Alerts publishes alerts. It is for one goroutine.
type Alerts struct {
	cfg    Config
	topic  string
	topics Topics
	ready  bool // the topic was seen
}

// NewAlerts asks nothing of the brokers yet: that they are away is no reason not to store. The topic is made with one partition
// before the first alert, when it is not there; t says with how many copies and for how long.
func NewAlerts(c Config, topic string, t Topics) (*Alerts, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if topic == "" || topic == c.RecordsTopic || topic == c.ResendTopic {
		return nil, &store.Error{System: system, Err: fmt.Errorf("topic %q cannot carry alerts", topic), Hint: "name another (watchlist.alerts_topic)", Lasting: true}
	}
	return &Alerts{cfg: c, topic: topic, topics: t.withDefaults()}, nil
}

// Publish sends alerts in their order; nil means that all in-sync replicas have them. After an error some may be in the
// topic: send the same again, readers tell them by their ID.
func (a *Alerts) Publish(ctx context.Context, alerts []Alert) error {
	client, transport, err := a.cfg.client()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections() // alerts are rare
	if !a.ready {
		if err := a.make(ctx, client); err != nil {
			return err
		}
		a.ready = true
	}
	for start := 0; start < len(alerts); {
		end, octets := start, 0
		for end < len(alerts) {
			if octets += len(alerts[end].Body) + len(alerts[end].List) + 100; octets > maxRequest && end > start {
				break
			}
			end++
		}
		if err := a.produce(ctx, client, alerts[start:end]); err != nil {
			a.ready = false
			return a.cfg.wrap("publish to "+a.topic, err)
		}
		start = end
	}
	return nil
}

// produce sends one request to partition 0: one partition is one order.
func (a *Alerts) produce(ctx context.Context, client *kafkago.Client, alerts []Alert) error {
	now := time.Now()
	records := make([]kafkago.Record, len(alerts))
	for i, alert := range alerts {
		records[i] = kafkago.Record{
			Time: now, Key: kafkago.NewBytes([]byte(alert.List)), Value: kafkago.NewBytes(alert.Body),
			Headers: []kafkago.Header{{Key: headerID, Value: strconv.AppendInt(nil, alert.ID, 10)}},
		}
	}
	answer, err := client.Produce(ctx, &kafkago.ProduceRequest{Topic: a.topic, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...)})
	if err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	for i, err := range answer.RecordErrors {
		return fmt.Errorf("alert %d: %w", i, err)
	}
	return nil
}

// make makes the topic when it is not there.
func (a *Alerts) make(ctx context.Context, client *kafkago.Client) error {
	if _, err := a.cfg.metadata(ctx, client, a.topic); err != nil {
		return a.cfg.wrap("look for topic "+a.topic, err)
	}
	want := a.topics.topic(a.topic, 1, a.topics.Retention)
	answer, err := client.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{want}})
	if err == nil {
		err = answer.Errors[a.topic]
	}
	switch {
	case errors.Is(err, kafkago.TopicAlreadyExists), errors.Is(err, kafkago.TopicAuthorizationFailed), errors.Is(err, kafkago.ClusterAuthorizationFailed):
		return nil // made before, or by who may; publishing tells what is wrong
	case err != nil:
		return a.cfg.wrap("create topic "+a.topic, err)
	}
	return a.cfg.wrap("wait for topic "+a.topic, settle(ctx, func() error { return a.cfg.usable(ctx, client, want) }))
}
