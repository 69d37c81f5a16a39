package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// AnchorsTopic is the usual name of the topic for signed heads. Its messages: key, the sensor; value, a line of a file of anchors
// (store/evidence, calltrail.anchor.v1).
const AnchorsTopic = "calltrail.anchors.v1"

// Anchor is one message of the anchors topic.
type Anchor struct {
	Sensor string // key
	Line   []byte
}

const (
	// maxAnchor is the longest message that is read as an anchor, in octets; they have some 400.
	maxAnchor = 4000
	// anchorWait is how long the brokers may take for the next message that they say is there.
	anchorWait = 30 * time.Second
)

// PublishAnchors puts anchors into a topic, which is made with one partition and kept for ever when it is not there; t says with how
// many copies. An account that may write there and not delete is what makes them anchors. nil means that all in-sync replicas have them.
func PublishAnchors(ctx context.Context, c Config, topic string, t Topics, list []Anchor) error {
	c, err := c.withDefaults()
	if err != nil {
		return err
	}
	if err := c.free(topic, "anchors", "name another (evidence.anchor_topic)"); err != nil {
		return err
	}
	const ever = -time.Millisecond // retention.ms=-1
	s := single{cfg: c, name: topic, config: t.withDefaults().topic(topic, 1, ever)}
	messages := make([]posted, len(list))
	for i := range list {
		messages[i] = posted{key: []byte(list[i].Sensor), body: list[i].Line}
	}
	return s.publish(ctx, messages)
}

// ReadAnchors writes all messages of the topic to w, one a line, as it stands when it begins. What is no single line, or too long for
// an anchor, comes as an empty object: whoever reads the lines counts it.
func ReadAnchors(ctx context.Context, c Config, topic string, w io.Writer) error {
	c, err := c.withDefaults()
	if err != nil {
		return err
	}
	if err := c.free(topic, "anchors", "name another (evidence.anchor_topic)"); err != nil {
		return err
	}
	from, behind, err := c.reach(ctx, topic)
	if err != nil || from == behind {
		return err
	}
	dialer, err := c.dialer()
	if err != nil {
		return err
	}
	reader := kafkago.NewReader(kafkago.ReaderConfig{Brokers: c.Brokers, Topic: topic, Partition: 0, Dialer: dialer, MinBytes: 1, MaxBytes: 4 << 20, MaxWait: time.Second})
	defer func() { _ = reader.Close() }() // it only read
	if err := reader.SetOffset(from); err != nil {
		return c.wrap("read "+topic, err)
	}
	for at := from; at < behind; {
		m, err := next(ctx, reader)
		if err != nil {
			return c.wrap("read "+topic, err)
		}
		at = m.Offset + 1
		line := m.Value
		if len(line) > maxAnchor || bytes.ContainsAny(line, "\r\n") {
			line = []byte("{}")
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

// next is the next message, or an error when the brokers do not bring it in time.
func next(ctx context.Context, reader *kafkago.Reader) (kafkago.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, anchorWait)
	defer cancel()
	m, err := reader.ReadMessage(ctx)
	if errors.Is(err, io.EOF) {
		err = errors.New("the reader was closed")
	}
	return m, err
}

// reach is the offset of the first message of a topic's only partition, and that behind its last.
func (c Config) reach(ctx context.Context, topic string) (first, behind int64, err error) {
	client, transport, err := c.client()
	if err != nil {
		return 0, 0, err
	}
	defer transport.CloseIdleConnections()
	if partitions, err := c.partitions(ctx, client, topic); err != nil {
		return 0, 0, err
	} else if len(partitions) != 1 {
		return 0, 0, &store.Error{System: system, Op: "read " + topic, Err: fmt.Errorf("it has %d partitions, anchors have one", len(partitions)), Hint: "name the topic that calltrail anchor has made", Lasting: true}
	}
	answer, err := client.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: {kafkago.FirstOffsetOf(0), kafkago.LastOffsetOf(0)}}})
	if err != nil {
		return 0, 0, c.wrap("read the ends of "+topic, err)
	}
	p := answer.Topics[topic][0]
	if p.Error != nil {
		return 0, 0, c.wrap("read the ends of "+topic, p.Error)
	}
	return p.FirstOffset, p.LastOffset, nil
}
