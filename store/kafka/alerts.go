package kafka

import (
	"context"
	"strconv"

	kafkago "github.com/segmentio/kafka-go"
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
type Alerts struct{ single }

// NewAlerts asks nothing of the brokers yet: that they are away is no reason not to store. The topic is made with one partition
// before the first alert, when it is not there; t says with how many copies and for how long.
func NewAlerts(c Config, topic string, t Topics) (*Alerts, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := c.free(topic, "alerts", "name another (watchlist.alerts_topic)"); err != nil {
		return nil, err
	}
	t = t.withDefaults()
	return &Alerts{single{cfg: c, name: topic, config: t.topic(topic, 1, t.Retention)}}, nil
}

// Publish sends alerts in their order; nil means that all in-sync replicas have them. After an error some may be in the
// topic: send the same again, readers tell them by their ID.
func (a *Alerts) Publish(ctx context.Context, alerts []Alert) error {
	list := make([]posted, len(alerts))
	for i := range alerts {
		list[i] = posted{[]byte(alerts[i].List), alerts[i].Body, []kafkago.Header{{Key: headerID, Value: strconv.AppendInt(nil, alerts[i].ID, 10)}}}
	}
	return a.publish(ctx, list)
}
