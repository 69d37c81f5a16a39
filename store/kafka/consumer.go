package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/rs/zerolog"

	"calltrail/store"
)

// ConsumerConfig says what a Consumer reads and how much at a time.
type ConsumerConfig struct {
	Config
	// Group is the consumer group: its members share the partitions and the place they have read up to. Empty: calltrail.
	Group string
	// MaxItems is how many entries a batch may hold. 0 means 1000.
	MaxItems int
	// MaxOctets is how many octets of records a batch may hold before it is closed. 0 means 8 MiB.
	MaxOctets int
	// MaxWait is how long a batch that has something waits for more. 0 means 50 ms.
	MaxWait time.Duration
	// UntilHead ends the feed (io.EOF) when everything was read that was in the topic when the consumer was made, be it by
	// this consumer or by others of its group.
	UntilHead bool
	// Logger gets what the connection to the brokers suffers while the consumer waits.
	Logger zerolog.Logger
}

// Defaults of ConsumerConfig.
const (
	defaultGroup     = "calltrail"
	defaultMaxItems  = 1000
	defaultMaxOctets = 8 << 20
	defaultMaxWait   = 50 * time.Millisecond
)

// Consumer is a store.Feed that begins in Kafka. It is for one goroutine. What was fetched and not acknowledged comes
// again, to this consumer's successor or to another of its group.
type Consumer struct {
	cfg    ConsumerConfig
	reader *kafkago.Reader
	head   *head // nil: the feed has no end
}

var _ store.Feed = (*Consumer)(nil)

// mark is the last message of each partition in a batch.
type mark map[int]kafkago.Message

// NewConsumer looks the records topic up, which must exist, and joins the group. A group that has read nothing yet
// begins at the oldest message.
func NewConsumer(ctx context.Context, c ConsumerConfig) (*Consumer, error) {
	var err error
	if c.Config, err = c.withDefaults(); err != nil {
		return nil, err
	}
	if c.Group == "" {
		c.Group = defaultGroup
	}
	if c.MaxItems <= 0 {
		c.MaxItems = defaultMaxItems
	}
	if c.MaxOctets <= 0 {
		c.MaxOctets = defaultMaxOctets
	}
	if c.MaxWait <= 0 {
		c.MaxWait = defaultMaxWait
	}
	h, err := newHead(ctx, c)
	if err != nil {
		return nil, err
	}
	if !c.UntilHead {
		h.close()
		h = nil
	}
	dialer, err := c.dialer()
	if err != nil {
		return nil, err
	}
	// A broker that is away is reported a few times a minute, not at every attempt.
	logger := c.Logger.Sample(&zerolog.BurstSampler{Burst: 3, Period: time.Minute})
	reader := kafkago.NewReader(kafkago.ReaderConfig{
		Brokers: c.Brokers, GroupID: c.Group, Topic: c.RecordsTopic,
		Dialer:      dialer,
		StartOffset: kafkago.FirstOffset,
		MinBytes:    1, MaxBytes: defaultMaxOctets, MaxWait: 250 * time.Millisecond,
		// 0: CommitMessages returns when the broker has the offsets.
		CommitInterval: 0,
		// A member that was killed keeps its partitions until the others, its successor among them, have waited for it:
		// no longer than the rebalance timeout. The living hear of it with their next heartbeat.
		SessionTimeout: 10 * time.Second, HeartbeatInterval: 500 * time.Millisecond, RebalanceTimeout: 2 * time.Second,
		// The library waits five seconds before it tries to join again.
		JoinGroupBackoff: 500 * time.Millisecond,
		ErrorLogger: kafkago.LoggerFunc(func(format string, args ...any) {
			logger.Warn().Str("detail", fmt.Sprintf(format, args...)).Msg("kafka reader")
		}),
	})
	return &Consumer{cfg: c, reader: reader, head: h}, nil
}

// Close leaves the group and ends the connections. A Fetch under way fails.
func (c *Consumer) Close() error {
	if c.head != nil {
		c.head.close()
	}
	return c.cfg.wrap("leave group "+c.cfg.Group, c.reader.Close())
}

// Fetch waits for a message and gathers what follows within MaxWait, up to the limits of a batch. The bytes are the
// batch's own and stay valid.
func (c *Consumer) Fetch(ctx context.Context) (store.Batch, error) {
	first, err := c.first(ctx)
	if err != nil {
		return store.Batch{}, err
	}
	last := mark{}
	batch := store.Batch{Mark: last}
	octets := 0
	add := func(m *kafkago.Message) {
		batch.Items = append(batch.Items, item(m))
		last[m.Partition] = kafkago.Message{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset}
		octets += len(m.Value)
		if c.head != nil {
			c.head.read(m)
		}
	}
	add(first)

	wait, cancel := context.WithTimeout(ctx, c.cfg.MaxWait)
	defer cancel()
	for len(batch.Items) < c.cfg.MaxItems && octets < c.cfg.MaxOctets {
		m, err := c.reader.FetchMessage(wait)
		if err != nil {
			// The time is up, or the reader had trouble, which it logs and deals with itself: this batch is good.
			break
		}
		add(&m)
	}
	return batch, nil
}

// first waits for the next message, or for the end of a feed that has one.
func (c *Consumer) first(ctx context.Context) (*kafkago.Message, error) {
	for {
		if c.head != nil && c.head.reached() {
			return nil, io.EOF
		}
		wait, cancel := ctx, context.CancelFunc(func() {})
		if c.head != nil {
			wait, cancel = context.WithTimeout(ctx, headPoll)
		}
		m, err := c.reader.FetchMessage(wait)
		cancel()
		switch {
		case err == nil:
			return &m, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, io.EOF):
			// The library's word for a reader that was closed; here io.EOF is a feed read to its end.
			return nil, &store.Error{System: system, Op: "read " + c.cfg.RecordsTopic, Err: errors.New("the consumer was closed"), Lasting: true}
		case !errors.Is(err, context.DeadlineExceeded):
			return nil, c.cfg.wrap("read "+c.cfg.RecordsTopic, err)
		}
		if err := settle(ctx, func() error { return c.head.refresh(ctx) }); err != nil {
			return nil, err
		}
	}
}

// Ack commits how far b reaches, for the group.
func (c *Consumer) Ack(ctx context.Context, b store.Batch) error {
	last, ok := b.Mark.(mark)
	if !ok {
		return &store.Error{System: system, Op: "acknowledge", Err: fmt.Errorf("a batch of another feed (%T)", b.Mark), Lasting: true}
	}
	messages := make([]kafkago.Message, 0, len(last))
	for _, m := range last {
		messages = append(messages, m)
	}
	return c.cfg.wrap("commit offsets of group "+c.cfg.Group, c.reader.CommitMessages(ctx, messages...))
}
