// Package kafka carries entries from the sensors' spools to the store: a Publisher is a store.Sink, a Consumer a
// store.Feed.
//
// In and out: numbered entries, the record's exact bytes as the message's value, its place on the chain in the headers,
// the sensor's name as the key, so that a sensor's entries stay in their order in one partition. Delivery is at least
// once: what a broker has not acknowledged from all in-sync replicas is sent again, and the store drops what it has.
// The package never changes or rebuilds a record, and never says that something is safe which is not.
package kafka

import (
	"cmp"
	"context"
	"errors"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// Names of the topics. The number is the version of the message's form: another form is another topic.
const (
	RecordsTopic = "calltrail.records.v1" // entries of all kinds, keyed by sensor
	ResendTopic  = "calltrail.resend.v1"  // requests of the store for missing numbers, keyed by sensor
)

// Config says where Kafka is.
type Config struct {
	// Brokers are host:port of some of the brokers; they name the others.
	Brokers []string
	// RecordsTopic carries the entries. Empty: calltrail.records.v1.
	RecordsTopic string
	// ResendTopic carries requests to send again. Empty: calltrail.resend.v1.
	ResendTopic string
	// Access is how the brokers are reached: plainly, or with TLS and an account.
	Access Access

	patience time.Duration // instead of timeout; by tests alone
	breach   breach        // by tests alone
}

const (
	clientID = "calltrail"
	timeout  = 15 * time.Second // of one request, its connection included
	reach    = 8 * time.Second  // of the first request, so that whoever starts the program soon knows
	settling = 10 * time.Second // a new topic or group may take this long to find its leaders
)

func (c Config) withDefaults() (Config, error) {
	if len(c.Brokers) == 0 {
		return c, &store.Error{System: system, Err: errors.New("no broker is named"), Hint: "set kafka.brokers", Lasting: true}
	}
	if c.RecordsTopic == "" {
		c.RecordsTopic = RecordsTopic
	}
	if c.ResendTopic == "" {
		c.ResendTopic = ResendTopic
	}
	return c, nil
}

// client makes a client and the transport that holds its connections, which the caller closes.
func (c Config) client() (*kafkago.Client, *kafkago.Transport, error) {
	transport := &kafkago.Transport{ClientID: clientID, DialTimeout: timeout / 3}
	var err error
	if transport.TLS, err = c.Access.tls(); err != nil {
		return nil, nil, err
	}
	if transport.SASL, err = c.Access.sasl(); err != nil {
		return nil, nil, err
	}
	if transport.TLS != nil && c.breach == unverified {
		transport.TLS.InsecureSkipVerify = true
	}
	return &kafkago.Client{Addr: kafkago.TCP(c.Brokers...), Timeout: cmp.Or(c.patience, timeout), Transport: transport}, transport, nil
}

// settle repeats ask while the brokers answer that something is on its way (a leader or coordinator that is being
// chosen), for a bounded time. Only for questions: what is published is sent again by whoever knows what to do meanwhile.
func settle(ctx context.Context, ask func() error) error {
	deadline := time.Now().Add(settling)
	for {
		err := ask()
		var answer kafkago.Error
		if !errors.As(err, &answer) || !answer.Temporary() || lasting(err) || errors.Is(err, kafkago.BrokerNotAvailable) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
