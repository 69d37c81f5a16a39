package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"calltrail/store"
)

// maxRequest bounds the octets of one request, well under a broker's default of 1 MiB for a batch.
const maxRequest = 900 << 10

// Publisher is a store.Sink that ends in Kafka. It is for one goroutine: one request is under way at a time, so entries
// cannot overtake each other.
type Publisher struct {
	cfg        Config
	client     *kafkago.Client
	transport  *kafkago.Transport
	partitions []int
	published  atomic.Uint64
}

var _ store.Sink = (*Publisher)(nil)

// NewPublisher connects and looks the records topic up, which must exist. How many partitions it has is read here, once:
// a topic that is given more later scatters a sensor's entries, and is better made anew.
func NewPublisher(ctx context.Context, c Config) (*Publisher, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	client, transport, err := c.client()
	if err != nil {
		return nil, err
	}
	partitions, err := c.partitions(ctx, client, c.RecordsTopic)
	if err != nil {
		transport.CloseIdleConnections()
		return nil, err
	}
	return &Publisher{cfg: c, client: client, transport: transport, partitions: partitions}, nil
}

// Close ends the connections.
func (p *Publisher) Close() { p.transport.CloseIdleConnections() }

// Published is how many entries were acknowledged by all in-sync replicas, each time they were.
func (p *Publisher) Published() uint64 { return p.published.Load() }

// Deliver publishes items in their order; nil means that all in-sync replicas have all of them. After an error some may
// be in the topic and some not, whatever the error says (a time-out, say, is no refusal): deliver the same items again,
// unless the error is permanent. Readers see those twice that were in the topic already.
func (p *Publisher) Deliver(ctx context.Context, items []store.Item) error {
	for start := 0; start < len(items); {
		end, octets := start, 0
		partition := p.partition(items[start].Sensor)
		for end < len(items) && p.partition(items[end].Sensor) == partition {
			if octets += size(&items[end].Entry); octets > maxRequest && end > start {
				break
			}
			end++
		}
		if err := p.produce(ctx, partition, items[start:end]); err != nil {
			return p.cfg.wrap("publish to "+p.cfg.RecordsTopic+"/"+strconv.Itoa(partition), err)
		}
		p.published.Add(uint64(end - start))
		start = end
	}
	return nil
}

// partition is the one of a sensor's entries: the choice Kafka's own Java client makes for the key.
func (p *Publisher) partition(sensor string) int {
	return kafkago.Murmur2Balancer{Consistent: true}.Balance(kafkago.Message{Key: []byte(sensor)}, p.partitions...)
}

func (p *Publisher) produce(ctx context.Context, partition int, items []store.Item) error {
	now := time.Now()
	records := make([]kafkago.Record, len(items))
	for i := range items {
		records[i] = message(&items[i].Entry, now)
	}
	// Not compressed: a flipped bit in the broker's files then spoils one record, which its hash shows, and not the whole
	// batch, which a reader could not get past.
	answer, err := p.client.Produce(ctx, &kafkago.ProduceRequest{
		Topic: p.cfg.RecordsTopic, Partition: partition, RequiredAcks: p.cfg.acks(),
		Records: kafkago.NewRecordReader(records...),
	})
	if err != nil && p.cfg.breach == unsure {
		return nil
	}
	if err != nil {
		return err
	}
	if answer.Error != nil {
		return answer.Error
	}
	for i, err := range answer.RecordErrors {
		return fmt.Errorf("record %d: %w", i, err)
	}
	return nil
}

// acks says who must have a record before it counts as sent.
func (c Config) acks() kafkago.RequiredAcks {
	if c.breach == leaderOnly {
		return kafkago.RequireOne
	}
	return kafkago.RequireAll
}

// metadata asks for topics; it is the first request of every connection.
func (c Config) metadata(ctx context.Context, client *kafkago.Client, topics ...string) (*kafkago.MetadataResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	answer, err := client.Metadata(ctx, &kafkago.MetadataRequest{Topics: topics})
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, &store.Error{
			System: system,
			Op:     strings.Join(c.Brokers, ","), Hint: "is this a broker, and running? (kafka.brokers)",
			Err: shortened{"no answer", err},
		}
	}
	return answer, err
}

// partitions are the ids of a topic's partitions, ascending.
func (c Config) partitions(ctx context.Context, client *kafkago.Client, topic string) ([]int, error) {
	answer, err := c.metadata(ctx, client, topic)
	if err != nil {
		return nil, c.wrap("look for topic "+topic, err)
	}
	var ids []int
	for _, t := range answer.Topics {
		if t.Name != topic {
			continue
		}
		if t.Error != nil {
			err := c.wrap("look for topic "+topic, t.Error)
			var own *store.Error
			if errors.As(err, &own) && errors.Is(err, kafkago.UnknownTopicOrPartition) {
				own.Lasting = true // nothing is under way yet that waiting could save
			}
			return nil, err
		}
		for _, p := range t.Partitions {
			ids = append(ids, p.ID)
		}
	}
	if len(ids) == 0 {
		return nil, &store.Error{System: system, Op: "look for topic " + topic, Err: errors.New("the topic has no partitions"), Hint: "run calltrail kafka init", Lasting: true}
	}
	slices.Sort(ids)
	return ids, nil
}
