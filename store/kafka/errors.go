package kafka

import (
	"crypto/tls"
	"errors"
	"io"
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
	var theirs *tls.CertificateVerificationError
	switch {
	case errors.As(err, &theirs):
		e.Op, e.Err = strings.Join(c.Brokers, ","), shortened{"the broker's certificate: " + root(theirs).Error(), err}
		e.Hint = "check its name and its dates, and kafka.ca_file"
	case errors.As(err, &network) && network.Op == "remote error": // crypto/tls has no better name for an alert
		e.Op, e.Err = strings.Join(c.Brokers, ","), shortened{"the broker refuses the connection: " + root(network).Error(), err}
		e.Hint = "does it ask for a certificate of ours? (kafka.cert_file, kafka.key_file)"
	case errors.Is(err, kafkago.SASLAuthenticationFailed):
		e.Op, e.Err = strings.Join(c.Brokers, ","), shortened{"the broker does not accept the account", err}
		e.Hint = "check kafka.user and kafka.password_file"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Hint = "does this port of the broker want TLS, or an account? (kafka.tls, kafka.user)"
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
