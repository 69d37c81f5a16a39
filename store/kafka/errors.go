package kafka

import (
	"errors"
	"net"
	"strings"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// system is the name of the other side in errors.
const system = "kafka"

// wrap makes an Error of err. A nil err stays nil.
func (c Config) wrap(op string, err error) error {
	var own *store.Error
	if err == nil || errors.As(err, &own) {
		return err
	}
	e := &store.Error{System: system, Op: op, Err: err, Lasting: lasting(err)}
	var network *net.OpError
	switch {
	case errors.As(err, &network) && network.Op == "dial":
		e.Op, e.Err = strings.Join(c.Brokers, ","), shortened{root(network).Error(), err}
		e.Hint = "is the broker running? (kafka.brokers)"
	case errors.Is(err, kafkago.UnknownTopicOrPartition):
		e.Err, e.Hint = shortened{"the topic does not exist", err}, "run calltrail kafka init"
	case errors.Is(err, kafkago.MessageSizeTooLarge), errors.Is(err, kafkago.RecordListTooLarge):
		e.Hint = "max.message.bytes of the topic must be at least 1 MiB"
	}
	return e
}

// lasting says whether a broker's answer will be the same next time. A topic that is not there is not among these: a
// broker that starts, or moves a partition, says so for a moment.
func lasting(err error) bool {
	for _, code := range []kafkago.Error{
		kafkago.TopicAuthorizationFailed, kafkago.GroupAuthorizationFailed, kafkago.ClusterAuthorizationFailed,
		kafkago.SASLAuthenticationFailed, kafkago.UnsupportedSASLMechanism, kafkago.UnsupportedVersion,
		kafkago.InvalidTopic, kafkago.InvalidRequiredAcks, kafkago.MessageSizeTooLarge, kafkago.RecordListTooLarge,
		kafkago.PolicyViolation, kafkago.InvalidReplicationFactor, kafkago.InvalidPartitionNumber, kafkago.InvalidConfiguration,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// root is the innermost error: "connection refused".
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// shortened is an error with another text.
type shortened struct {
	text string
	err  error
}

func (s shortened) Error() string { return s.text }
func (s shortened) Unwrap() error { return s.err }
